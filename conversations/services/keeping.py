"""Conversations, files and visitors that are older than the account keeps them."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from conversations.models import Attachment, Conversation, DoomedFile, Message
from conversations.services.erasing import lock_above
from conversations.services.word_list import forget_words, words_in
from supportdesk.accounts import keeping
from supportdesk.accounts.models import Account
from visitors import services as visitors
from visitors.models import Block, Visitor, VisitorNote

AT_ONCE = 100


def old_conversations(account: Account, before: datetime) -> QuerySet[Conversation]:
    """Resolved, and nothing happened in them since."""
    return Conversation.objects.filter(
        account=account,
        status=Conversation.Status.RESOLVED,
        last_activity_at__lt=before,
    )


@transaction.atomic
def delete_old_conversations(account: Account, before: datetime) -> int:
    """Some of the oldest, with all that is in them; returns how many.

    The reports keep what was counted: their figures hold no person.
    """
    oldest = old_conversations(account, before).order_by("last_activity_at", "pk")
    found = dict(oldest.values_list("pk", "visitor")[:AT_ONCE])
    lock_above(list(found.values()))
    # One that was written in meanwhile is open again, and stays.
    rows = old_conversations(account, before).filter(pk__in=found)
    rows = rows.select_for_update(of=("self",)).order_by("pk")
    keys = list(rows.values_list("pk", flat=True))
    _doom(Attachment.objects.filter(message__conversation__in=keys))
    words = words_in(keys)
    Conversation.objects.filter(pk__in=keys).delete()
    forget_words(account_id=account.pk, words=words)
    return len(keys)


def old_attachments(account: Account, before: datetime) -> QuerySet[Attachment]:
    return Attachment.objects.filter(
        message__conversation__account=account, message__created_at__lt=before
    )


@transaction.atomic
def delete_old_attachments(account: Account, before: datetime) -> int:
    """Some of the oldest files; their messages stay and say that there was one."""
    rows = old_attachments(account, before).order_by("pk")
    rows = rows.select_for_update(of=("self",), skip_locked=True)
    files = dict(rows.values_list("pk", "message")[:AT_ONCE])
    _doom(Attachment.objects.filter(pk__in=files))
    Attachment.objects.filter(pk__in=files).delete()
    rest = Attachment.objects.filter(message=OuterRef("pk"))
    empty = Message.objects.filter(pk__in=set(files.values())).exclude(Exists(rest))
    for message in empty.order_by("pk"):
        message.data["files_deleted"] = message.attachment_count
        message.attachment_count = 0
        message.save(update_fields=["data", "attachment_count"])
    return len(files)


def old_visitors(account: Account, before: datetime) -> QuerySet[Visitor]:
    """Whom nobody knows: no conversation, customer id, note, block or merge."""
    return (
        Visitor.objects.filter(
            account=account,
            user_id="",
            merged_into__isnull=True,
            created_at__lt=before,
        )
        .filter(Q(last_seen_at__lt=before) | Q(last_seen_at__isnull=True))
        .exclude(Exists(Conversation.objects.filter(visitor=OuterRef("pk"))))
        .exclude(Exists(Visitor.objects.filter(merged_into=OuterRef("pk"))))
        .exclude(Exists(Block.objects.filter(visitor=OuterRef("pk"))))
        .exclude(
            Exists(VisitorNote.objects.filter(visitor=OuterRef("pk")).exclude(text=""))
        )
    )


@transaction.atomic
def delete_old_visitors(account: Account, before: datetime) -> int:
    """Some of the oldest, with their visits and browsers; returns how many."""
    oldest = old_visitors(account, before).order_by("pk")
    keys = list(oldest.values_list("pk", flat=True)[:AT_ONCE])
    lock_above(keys)
    rows = old_visitors(account, before).filter(pk__in=keys)
    gone = list(rows.select_for_update(of=("self",)).order_by("pk"))
    for visitor in gone:
        visitors.delete_profile(profile=visitor)
    return len(gone)


def _doom(files: QuerySet[Attachment]) -> None:
    """By way of the list that is worked off: a rollback brings the rows back."""
    DoomedFile.objects.bulk_create(
        DoomedFile(path=path) for path in files.values_list("file", flat=True)
    )


keeping.keep(
    keeping.Kind(
        field="keep_conversations_days",
        unit=_("resolved conversations"),
        find=old_conversations,
        delete=delete_old_conversations,
    )
)
keeping.keep(
    keeping.Kind(
        field="keep_attachments_days",
        unit=_("files in conversations"),
        find=old_attachments,
        delete=delete_old_attachments,
    )
)
keeping.keep(
    keeping.Kind(
        field="keep_visitors_days",
        unit=_("visitors without a conversation"),
        find=old_visitors,
        delete=delete_old_visitors,
    )
)
