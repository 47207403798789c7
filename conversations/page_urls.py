"""Which conversations have to do with a page of the website, by a part of its address.

No index knows parts of addresses: every page of every row that is asked about is read,
so they must not be many.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection

from conversations.models import Conversation, Message

# Of each visitor, the latest; a list cannot wait for more. A file can.
MAX_VISITS = 200
ALL_VISITS = 2**31

# Visitor by visitor: with the visits of all in one condition PostgreSQL would rather
# read all pages of everybody.
_SEEN = """
SELECT asked.visitor_id, CASE
    WHEN EXISTS (
        SELECT FROM (
            SELECT id FROM visitors_visit WHERE visitor_id = asked.visitor_id
            ORDER BY last_seen_at DESC LIMIT %(most)s
        ) AS visit
        CROSS JOIN LATERAL (
            SELECT FROM visitors_pageview WHERE visit_id = visit.id
            AND strpos(upper(url), upper(%(url)s)) > 0 LIMIT 1
        ) AS page
    ) THEN 'seen'
    WHEN EXISTS (
        SELECT FROM visitors_visit WHERE visitor_id = asked.visitor_id
        OFFSET %(most)s
    ) THEN 'unknown'
END
FROM unnest(%(visitors)s::bigint[]) AS asked (visitor_id)
"""


class Visited(NamedTuple):
    keys: set[int]
    # Some of the others have visits that nobody looked at.
    is_cut: bool


def visited(keys: Sequence[int], url: str, *, visits: int = MAX_VISITS) -> Visited:
    """Of these, what began on an address with this in it, or whose visitor saw one.

    Of each visitor the latest visits are looked at. Four queries, however many are asked about.
    """
    began = Message.objects.filter(
        conversation__in=keys, event=Message.Event.STARTED, data__url__icontains=url
    ).order_by()
    # The line that says where it began is the thread's first, but that of a thread
    # which was taken in stands anywhere.
    first, moved = began.filter(seq=1), began.filter(written_in__isnull=False)
    found = {
        key
        for part in (first, moved)
        for key in part.values_list("conversation", flat=True)
    }
    rows = Conversation.objects.filter(pk__in=keys).exclude(pk__in=found)
    visitors = dict(rows.values_list("pk", "visitor_id"))
    values: dict[str, Any] = {
        "url": url,
        "most": visits,
        "visitors": sorted(set(visitors.values())),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, values)
        known: dict[int, str | None] = dict(cursor.fetchall())
    found |= {pk for pk, visitor in visitors.items() if known[visitor] == "seen"}
    return Visited(found, "unknown" in known.values())
