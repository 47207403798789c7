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
    query = context.get("query")
    suffix = query.suffix if query else ""
    address = escape(_address(conversation.public_id))
    active_at = conversation.last_activity_at
    is_pushed = "pushed" in context
    return {
        "attributes": _attributes(conversation, unread),
        "address": address,
        "link": format_html("{}{}", address, suffix) if suffix else address,
        "avatar": avatar(visitor, channel=conversation.channel_kind),
        "name": escape(visitor.display_name),
        "moment": timezone.localtime(active_at).isoformat(),
        "time": row_time(active_at),
        "unread": str(unread),
        "owners": _owners(conversation),
        "id": str(conversation.public_id),
        "is_selected": context.get("selected_id") == conversation.public_id,
        "is_found": bool(query and query.q),
        "hit": getattr(conversation, "hit", None),
        "is_pushed": is_pushed,
        "may_resolve": conversation.is_open
        and (is_pushed or can_resolve(context["request"].user, conversation)),
    }


def _attributes(row: Conversation, unread: int) -> SafeString:
    """Of the `li`; the script reads there what differs from agent to agent."""
    return format_html(
        'class="conv{}{}" id="conv-{}" data-id="{}" data-status="{}" data-group="{}"'
        ' data-assignees="{}" data-activity="{}" data-waiting="{}" data-missed="{}"'
        ' data-tags="{}" data-unread="{}" data-snoozed="{}" data-priority="{}"',
        " is-unread" if unread else "",
        "" if row.is_open else " is-resolved",
        row.public_id,
        row.public_id,
        row.status,
        row.group_id or "",
        " ".join(str(person.id) for person in row.people),
        epoch_ms(row.last_activity_at),
        epoch_ms(row.waiting_since),
        epoch_ms(row.missed_at),
        " ".join(map(str, row.tag_ids)),
        unread,
        epoch_ms(row.snoozed_until),
        row.priority,
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
