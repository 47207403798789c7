"""Pages by key: each begins where the one before ended, however many there are."""

from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from supportdesk.api.errors import invalid
from supportdesk.core.sealing import SealBroken, seal, unseal
from visitors.models import Visitor

_PURPOSE = "api-visitors:"


def page_of(
    visitors: QuerySet[Visitor], cursor: str, limit: int, *, sought: bool
) -> tuple[list[Visitor], str | None]:
    """The newest visitors after the cursor, and the cursor of what follows.

    `sought` says that they are picked by a value that hardly any others have.
    A cursor is sealed: it holds a key of the database, which is nobody's business.
    """
    if cursor:
        visitors = visitors.filter(pk__lt=_opened(cursor))
    # By an expression if few are sought: else the database walks along all keys, as it
    # expects to meet a whole page of them soon.
    order = (F("pk") + 0).desc() if sought else F("pk").desc()
    found = list(visitors.order_by(order)[: limit + 1])
    page = found[:limit]
    if len(found) <= limit:
        return page, None
    return page, seal(f"{_PURPOSE}{page[-1].pk}")


def _opened(cursor: str) -> int:
    try:
        purpose, _colon, number = unseal(cursor).rpartition(":")
    except SealBroken:
        purpose, number = "", ""
    if f"{purpose}:" != _PURPOSE or not number.isdecimal():
        raise invalid({"cursor": _("This is not the cursor of a page.")})
    return int(number)
