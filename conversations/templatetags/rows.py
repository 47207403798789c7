"""What a row of the list is made of.

A page has thirty rows of some forty values each. Looked up one by one in the template
they were most of the time that the page took; here they are put together at once, and
the template says where they stand.
"""

from functools import cache
from typing import Any
from uuid import UUID

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from conversations.access import can_resolve
from conversations.models import Conversation
from conversations.templatetags.desk import avatar, epoch_ms, row_time

register = template.Library()

_NOBODY = UUID(int=0)


@register.simple_tag(takes_context=True)
def row_parts(context: template.Context, conversation: Conversation) -> dict[str, Any]:
    """The attributes and texts of one row, escaped; `may_resolve` for who looks at it.

    A pushed row is for everybody: nothing is selected, and the page decides.
    """
    visitor = conversation.visitor
    unread = getattr(conversation, "unread", None) or 0
    address = escape(_address(conversation.public_id))
    active_at = conversation.last_activity_at
    is_pushed = "pushed" in context
    return {
        "attributes": _attributes(conversation, unread),
        "address": address,
        "link": _link(context, conversation, address),
        "avatar": avatar(visitor, channel=conversation.channel_kind),
        "name": escape(visitor.display_name),
        "moment": timezone.localtime(active_at).isoformat(),
        "time": row_time(active_at),
        "unread": unread,
        "unread_hidden": "" if unread else " hidden",
        "owners": _owners(conversation),
        "id": str(conversation.public_id),
        "hit": getattr(conversation, "hit", None),
        "may_resolve": conversation.is_open
        and (is_pushed or can_resolve(context["request"].user, conversation)),
    }


def _link(
    context: template.Context, conversation: Conversation, address: SafeString
) -> SafeString:
    """Of the `a`: where it leads, with the list beside it, and whether one is there."""
    query = context.get("query")
    link = format_html("{}{}", address, query.suffix) if query else address
    hit = "#hit" if query and query.q else ""
    is_selected = context.get("selected_id") == conversation.public_id
    current = ' aria-current="true"' if is_selected else ""
    return SafeString(f'href="{link}{hit}"{current} hx-get="{link}"')


def _attributes(row: Conversation, unread: int) -> SafeString:
    """Of the `li`; the script reads there what differs from agent to agent."""
    key = row.public_id
    classes = "conv is-unread" if unread else "conv"
    if not row.is_open:
        classes += " is-resolved"
    # Keys, times and choices: nothing of it was written by anybody.
    return SafeString(
        f'class="{classes}" id="conv-{key}" data-id="{key}" data-status="{row.status}"'
        f' data-group="{row.group_id or ""}"'
        f' data-assignees="{" ".join(str(person.id) for person in row.people)}"'
        f' data-activity="{epoch_ms(row.last_activity_at)}"'
        f' data-waiting="{epoch_ms(row.waiting_since)}"'
        f' data-missed="{epoch_ms(row.missed_at)}"'
        f' data-tags="{" ".join(map(str, row.tag_ids))}" data-unread="{unread}"'
        f' data-snoozed="{epoch_ms(row.snoozed_until)}"'
        f' data-priority="{row.priority}"'
    )


def _owners(conversation: Conversation) -> SafeString:
    owners = SafeString("")
    for person in conversation.people:
        owners += format_html(
            '<span class="conv__owner">{}<span class="truncate">{}</span></span>',
            avatar(person, size="xs", agent=True),
            person.first_name,
        )
    return owners or format_html(
        '<span class="conv__owner{}">{}</span>',
        " conv__owner--none" if conversation.is_open else "",
        _("Unassigned"),
    )


def _address(public_id: UUID) -> str:
    return _pattern().replace(str(_NOBODY), str(public_id))


@cache
def _pattern() -> Any:
    """Resolved once: the addresses of rows differ by the key alone."""
    return reverse("conversations:conversation", args=[_NOBODY])
