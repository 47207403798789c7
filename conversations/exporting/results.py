"""What a search finds, as rows of a table that a spreadsheet opens.

Keys first, in one walk along the list's index, then their rows by chunks: what is
written to while the file grows can neither come twice nor be passed by.
"""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.exporting.wording import with_words
from conversations.inbox import InboxQuery, matching
from conversations.models import Channel, Conversation
from conversations.page_urls import ALL_VISITS, visited
from supportdesk.accounts.models import User
from supportdesk.core.spreadsheet import BOM, Cell, as_lines

MAX_ROWS = 100_000
CHUNK = 500


def rights_of(agent: User) -> str:
    """What decides which conversations an agent sees; empty for one who sees none."""
    if not agent.is_active or agent.account_id is None:
        return ""
    if agent.sees_all_groups:
        return f"{agent.account_id}:all"
    groups = ",".join(map(str, sorted(agent.group_ids)))
    return f"{agent.account_id}:{groups}"


class Results:
    """The keys of all that is found, and each chunk of them as text."""

    def __init__(self, agent: User, query: str) -> None:
        self.query = InboxQuery.parse(QueryDict(query))
        found = matching(agent, self.query).order_by("-last_activity_at", "-id")
        keys = list(found.values_list("pk", flat=True)[: MAX_ROWS + 1])
        self.is_cut = len(keys) > MAX_ROWS
        self.keys = keys[:MAX_ROWS]

    @property
    def total(self) -> int:
        return len(self.keys)

    def head(self) -> str:
        columns: list[Cell] = [
            *(_("Number"), _("Address"), _("Status"), _("Visitor"), _("E-mail")),
            *(_("Phone"), _("Language"), _("Channel"), _("Channel name"), _("Group")),
            *(_("Assignees"), _("Tags"), _("Priority"), _("Rating"), _("Comment")),
            *(_("Visitor messages"), _("Created"), _("Last activity")),
            *(_("Resolved"), _("Missed"), _("Last message")),
        ]
        return BOM + as_lines([columns])

    def chunks(self) -> Iterator[list[int]]:
        for first in range(0, len(self.keys), CHUNK):
            yield self.keys[first : first + CHUNK]

    def rows(self, agent: User, keys: list[int]) -> tuple[str, int]:
        """Of these what the agent still sees, and how many they are."""
        if self.query.url:
            hits = visited(keys, self.query.url, visits=ALL_VISITS)
            keys = [pk for pk in keys if pk in hits.keys]
        visible = Conversation.objects.visible_to(agent).filter(pk__in=keys)
        found = {row.pk: row for row in visible.with_row().select_related("channel")}
        rows = [found[pk] for pk in keys if pk in found]
        return as_lines(map(_cells, rows)), len(rows)


def _cells(row: Conversation) -> list[Cell]:
    visitor = row.visitor
    address = reverse("conversations:conversation", args=[row.public_id])
    return [
        row.pk,
        f"{settings.SITE_URL}{address}",
        row.get_status_display(),
        visitor.display_name,
        visitor.email,
        visitor.phone,
        row.get_language_display(),
        str(Channel.Kind(row.channel_kind).label),
        row.channel.name,
        row.group.name if row.group else "",
        ", ".join(str(person) for person in row.people),
        ", ".join(tag.name for tag in row.tags),
        row.get_priority_display(),
        row.rating,
        with_words(row.rating_comment),
        row.visitor_message_count,
        _moment(row.created_at),
        _moment(row.last_activity_at),
        _moment(row.resolved_at),
        _moment(row.missed_at),
        with_words(row.preview),
    ]


def _moment(at: datetime | None) -> str:
    """As every spreadsheet reads it, on the account's clock."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""
