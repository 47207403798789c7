"""How long PostgreSQL may think about what somebody waits for."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from conversations.exceptions import TookTooLong

# What PostgreSQL says of a statement that it gave up.
_CANCELED = "57014"


@contextmanager
def limited(milliseconds: int) -> Iterator[None]:
    """No statement within takes longer; raises TookTooLong for one that would have."""
    is_outermost = not connection.in_atomic_block
    try:
        with transaction.atomic():
            before = _limit_to(str(milliseconds))
            yield
            # Else it ends with the transaction.
            if not is_outermost:
                _limit_to(before)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != _CANCELED:
            raise
        message = _("This search takes too long. Add another word or filter.")
        raise TookTooLong(message) from error


def _limit_to(value: str) -> str:
    """Sets the limit, and returns what it was."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'),"
            " set_config('statement_timeout', %s, true)",
            [value],
        )
        [before, _now] = cursor.fetchone()
    return str(before)
