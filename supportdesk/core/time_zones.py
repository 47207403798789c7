"""The time zones that everything of the desk knows."""

import zoneinfo
from functools import cache


@cache
def known_time_zones() -> frozenset[str]:
    """Names that Python, PostgreSQL and browsers understand.

    Systems list two more, which mean nothing elsewhere. Read once: the names are
    collected from hundreds of files.
    """
    return frozenset(zoneinfo.available_timezones() - {"Factory", "localtime"})
