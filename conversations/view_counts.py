"""How many conversations each saved view holds: as far as there is time to look."""

import time
from collections.abc import Iterable

from django.db import DatabaseError, transaction
from django.http import QueryDict

from conversations.exceptions import TookTooLong
from conversations.inbox import InboxQuery, count_found, count_visited
from conversations.models import SavedView
from conversations.time_limits import limited
from supportdesk.accounts.models import User

MAX_COUNT = 999
# Milliseconds: for one view, and for all of an agent.
TIME_EACH = 200
TIME_ALL = 1_500


def counts_of(agent: User, views: Iterable[SavedView]) -> dict[int, str]:
    """`7`, `999+`, or nothing where it would take too long.

    With a page URL only the latest conversations are looked at: `7+` of them have it,
    and nothing is said where none has.
    """
    counts: dict[int, str] = {}
    end = time.monotonic() + TIME_ALL / 1_000
    with transaction.atomic():
        for view in views:
            left = int((end - time.monotonic()) * 1_000)
            if left <= 0:
                break
            query = InboxQuery.parse(QueryDict(view.query))
            number = _count(agent, query, min(left, TIME_EACH))
            if number:
                counts[view.pk] = number
    return counts


def _count(agent: User, query: InboxQuery, milliseconds: int) -> str:
    try:
        with limited(milliseconds):
            if query.url:
                number, is_more = count_visited(agent, query)
            else:
                number, is_more = count_found(agent, query, at_most=MAX_COUNT), False
    except TookTooLong:
        return ""
    except DatabaseError:
        # Kept long ago, it may ask for what no database understands. The others are
        # counted all the same.
        return ""
    if is_more and not number:
        return ""
    is_more = is_more or number > MAX_COUNT
    return f"{min(number, MAX_COUNT)}{'+' if is_more else ''}"
