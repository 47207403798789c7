"""All that is kept of a visitor: counted before it goes, and written out on request."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.exceptions import NotAllowed
from conversations.exporting.structure import (
    CHUNK,
    FORMAT,
    agent_fields,
    as_json,
    as_list,
    conversation_fields,
    message_fields,
    messages_of,
)
from conversations.models import Attachment, Conversation, Message
from supportdesk.accounts import audit
from supportdesk.accounts.models import User
from visitors.models import (
    Block,
    CustomerInformation,
    PageView,
    Visit,
    Visitor,
    VisitorMerge,
    VisitorNote,
)
from visitors.services import audit_target, parts_of


@dataclass(frozen=True)
class Belongings:
    """How much there is, profiles that are part of this one included."""

    profiles: int
    conversations: int
    messages: int
    notes: int
    files: int
    file_bytes: int
    visits: int
    pages: int
    customer_entries: int
    has_note: bool


def count_belongings(visitor: Visitor) -> Belongings:
    ids = parts_of(visitor)
    kinds = dict(
        Message.objects.filter(conversation__visitor__in=ids)
        .order_by()
        .values_list("kind")
        .annotate(number=Count("pk"))
    )
    files = Attachment.objects.filter(message__conversation__visitor__in=ids)
    of_files = files.order_by().aggregate(number=Count("pk"), size=Sum("size"))
    customer = CustomerInformation.objects.filter(visitor__in=ids)
    notes = VisitorNote.objects.filter(visitor__in=ids)
    return Belongings(
        profiles=len(ids),
        conversations=Conversation.objects.filter(visitor__in=ids).count(),
        messages=kinds.get(Message.Kind.MESSAGE, 0),
        notes=kinds.get(Message.Kind.NOTE, 0),
        files=of_files["number"],
        file_bytes=of_files["size"] or 0,
        visits=Visit.objects.filter(visitor__in=ids).count(),
        pages=PageView.objects.filter(visit__visitor__in=ids).count(),
        customer_entries=sum(len(row.items) for row in customer),
        has_note=notes.exclude(text="").exists(),
    )


def export_visitor(visitor: Visitor, agent: User | None) -> Iterator[str]:
    """The account's whole record of the visitor, as pieces of one JSON document.

    Whole means with private notes, event lines and what agents wrote about the
    person: who hands it on to the visitor decides what of it is the visitor's. Of
    files it names what they are; the files themselves are downloads of the desk.

    Without agent the account's own program asks. Raises NotAllowed for an agent
    without full access, before the first piece.
    """
    if agent is not None and not agent.has_full_access:
        raise NotAllowed(_("Only agents with full access can export a visitor."))
    audit.record(
        "visitor.exported",
        account_id=visitor.account_id,
        by=agent,
        target=audit_target(visitor),
    )
    return _document(visitor)


def _document(visitor: Visitor) -> Iterator[str]:
    ids = parts_of(visitor)
    head = {
        "format": FORMAT,
        "exported_at": timezone.now(),
        "account": visitor.account.name,
        "profile": _profile(visitor),
        "merged_profiles": [
            _profile(part) for part in Visitor.objects.filter(pk__in=ids[1:])
        ],
        "merges": [_merge(row) for row in _merges(ids)],
        "blocks": [_block(row) for row in Block.objects.filter(visitor__in=ids)],
    }
    yield as_json(head)[:-1]
    yield from as_list("visits", (_visit(row) for row in _visits(ids)))
    conversations = Conversation.objects.filter(visitor__in=ids).order_by("pk")
    yield ', "conversations": ['
    for index, row in enumerate(conversations.with_row().select_related("channel")):
        yield ", " if index else ""
        yield as_json(conversation_fields(row))[:-1]
        yield from as_list(
            "messages", (message_fields(each) for each in messages_of(row))
        )
        yield "}"
    yield "]}\n"


def _profile(visitor: Visitor) -> dict[str, Any]:
    note = VisitorNote.objects.filter(visitor=visitor).select_related("agent").first()
    customer = CustomerInformation.objects.filter(visitor=visitor).order_by("pk")
    return {
        "id": visitor.public_id,
        "name": visitor.name,
        "name_source": visitor.name_source,
        "email": visitor.email,
        "email_source": visitor.email_source,
        "phone": visitor.phone,
        "phone_source": visitor.phone_source,
        "user_id": visitor.user_id,
        "language": visitor.language,
        "first_seen_at": visitor.created_at,
        "last_seen_at": visitor.last_seen_at,
        "note": note
        and {
            "text": note.text,
            "agent": agent_fields(note.agent),
            "changed_at": note.changed_at,
        },
        "customer": [
            {"source": row.source, "changed_at": row.changed_at, "items": row.items}
            for row in customer
        ],
    }


def _merges(ids: list[int]) -> Iterator[VisitorMerge]:
    rows = VisitorMerge.objects.filter(kept__in=ids).order_by("pk")
    return rows.select_related("kept", "merged", "agent").iterator()


def _merge(row: VisitorMerge) -> dict[str, Any]:
    return {
        "kept": row.kept.public_id,
        "merged": row.merged.public_id,
        "agent": agent_fields(row.agent),
        "at": row.created_at,
        "undone_at": row.undone_at,
    }


def _block(row: Block) -> dict[str, Any]:
    return {
        "reason": row.reason,
        "agent": agent_fields(row.agent),
        "at": row.created_at,
        "ends_at": row.ends_at,
    }


def _visits(ids: list[int]) -> Iterator[Visit]:
    rows = Visit.objects.filter(visitor__in=ids).order_by("pk")
    return rows.prefetch_related("pages").iterator(CHUNK)


def _visit(row: Visit) -> dict[str, Any]:
    names = (
        *("started_at", "last_seen_at", "referrer", "campaign", "ip", "user_agent"),
        *("hints", "time_zone", "country", "city"),
    )
    pages = sorted(row.pages.all(), key=lambda page: (page.at, page.pk))
    return {name: getattr(row, name) for name in names} | {
        "pages": [
            {"url": page.url, "title": page.title, "at": page.at} for page in pages
        ]
    }
