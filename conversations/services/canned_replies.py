"""Texts that are written once and sent often."""

import re
import unicodedata
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from conversations.exceptions import AttachmentError, ConversationError, NotAllowed
from conversations.models import CannedReply, CannedReplyFile, DoomedFile
from conversations.services.attachments import CheckedUpload
from supportdesk.accounts import audit
from supportdesk.accounts.models import Account, User
from supportdesk.core.text import redact_line, redact_text

MAX_TEXT_LENGTH = 10_000
MAX_TITLE_LENGTH = 120
MAX_SHORTCUT_LENGTH = 40
MAX_SHARED = 500
MAX_OWN = 100
MAX_FILES = 10


class ShortcutError(ConversationError):
    """A shortcut that cannot be one, or is taken."""


# One word, since a space ends what is typed after the slash.
_SHORTCUT = re.compile(rf"[\w.-]{{1,{MAX_SHORTCUT_LENGTH}}}")


@transaction.atomic
def save_canned_reply(
    *,
    agent: User,
    shortcut: str,
    text: str,
    title: str = "",
    is_shared: bool = False,
    reply: CannedReply | None = None,
    uploads: Sequence[CheckedUpload] = (),
    removed: Collection[uuid.UUID] = (),
) -> CannedReply:
    """Store a new canned reply, or `reply` changed, with files added and `removed`.

    Raises NotAllowed if it is or becomes shared and the agent has no full access,
    ConversationError for a text, shortcut or number of replies that cannot be, and
    CannedReply.DoesNotExist for one that the agent does not see.
    """
    account = _lock_account(agent)
    stored = _lock(agent, reply.pk) if reply else CannedReply(account=account)
    if is_shared or (reply and stored.is_shared):
        _check_may_share(agent)
    becomes_another = reply is None or stored.is_shared != is_shared
    was_shared = reply is not None and stored.is_shared
    before = _state(stored) if was_shared else {}
    owner = None if is_shared else agent
    if becomes_another:
        _check_room(account, owner)
    stored.agent = owner
    stored.shortcut = _checked_shortcut(shortcut)
    stored.title = redact_line(title, MAX_TITLE_LENGTH)
    stored.text = _checked_text(text)
    _check_free(stored)
    stored.save()
    if removed:
        _delete_files(stored.files.filter(public_id__in=removed))
    _add_files(stored, uploads)
    if is_shared or was_shared:
        action = "canned_reply.changed" if reply else "canned_reply.created"
        _record(action, stored, agent, audit.difference(before, _state(stored)))
    return stored


@transaction.atomic
def delete_canned_reply(*, agent: User, reply: CannedReply) -> None:
    """Delete it with its files; messages keep their copies.

    Raises NotAllowed for a shared one without full access.
    """
    stored = _lock(agent, reply.pk)
    if stored.is_shared:
        _check_may_share(agent)
        _record("canned_reply.deleted", stored, agent)
    _delete_files(stored.files.all())
    stored.delete()


def count_canned_reply_use(*, agent: User, reply: CannedReply) -> None:
    """Count that it was put into an answer: what is used most is offered first."""
    mine = CannedReply.objects.visible_to(agent).filter(pk=reply.pk)
    mine.update(use_count=F("use_count") + 1)


@contextmanager
def open_canned_files(
    *, agent: User, public_ids: Sequence[uuid.UUID]
) -> Iterator[list[CheckedUpload]]:
    """Files of canned replies as uploads, to be copied into a message; in this order.

    They were checked when they came. Raises AttachmentError if one is gone or was
    never the agent's to send.
    """
    wanted = list(dict.fromkeys(public_ids))
    visible = CannedReplyFile.objects.visible_to(agent).in_bulk(
        wanted, field_name="public_id"
    )
    gone = AttachmentError(_("A file of the canned reply does not exist any more."))
    if len(visible) < len(wanted):
        raise gone
    with ExitStack() as opened:
        copies = []
        for public_id in wanted:
            row = visible[public_id]
            try:
                content = default_storage.open(str(row.file.name), "rb")
            except FileNotFoundError as error:
                raise gone from error
            copies.append(_copy_of(row, opened.enter_context(content)))
        yield copies


def _copy_of(row: CannedReplyFile, content: File) -> CheckedUpload:
    return CheckedUpload(
        file=File(content.file, name=row.name),
        name=row.name,
        content_type=row.content_type,
        size=row.size,
        width=row.width,
        height=row.height,
    )


def _state(reply: CannedReply) -> dict[str, object]:
    files = sorted(reply.files.values_list("name", flat=True))
    return audit.state_of(reply, "shortcut", "title", "text", "is_shared") | {
        "files": files
    }


def _record(
    action: str,
    reply: CannedReply,
    agent: User,
    changes: audit.Changes | None = None,
) -> None:
    """Shared ones only: what agents keep for themselves is their own matter."""
    audit.record(
        action,
        account_id=reply.account_id,
        by=agent,
        target=reply,
        changes=changes,
    )


def _lock_account(agent: User) -> Account:
    """One after another per account: what is counted and compared stays true."""
    # Not against those who only point at the account, which is everybody.
    accounts = Account.objects.select_for_update(of=("self",), no_key=True)
    return accounts.get(agents=agent)


def _lock(agent: User, pk: int) -> CannedReply:
    return CannedReply.objects.visible_to(agent).select_for_update().get(pk=pk)


def _check_may_share(agent: User) -> None:
    if not agent.has_full_access:
        raise NotAllowed(_("Only agents with full access can change shared replies."))


def _check_room(account: Account, owner: User | None) -> None:
    number = CannedReply.objects.filter(account=account, agent=owner).count()
    if owner is None and number >= MAX_SHARED:
        raise ConversationError(
            _("There can be at most %(max)s shared canned replies.")
            % {"max": MAX_SHARED}
        )
    if owner is not None and number >= MAX_OWN:
        raise ConversationError(
            _("You can have at most %(max)s canned replies of your own.")
            % {"max": MAX_OWN}
        )


def _checked_shortcut(shortcut: str) -> str:
    # More than fits: what is too long is refused, not cut.
    line = redact_line(shortcut, MAX_SHORTCUT_LENGTH + 2).removeprefix("/")
    # Some keyboards write an accent as a character of its own.
    line = unicodedata.normalize("NFC", line)
    if not _SHORTCUT.fullmatch(line):
        raise ShortcutError(
            _(
                "A shortcut is one word of letters, digits, - . and _, "
                "with at most %(max)s characters."
            )
            % {"max": MAX_SHORTCUT_LENGTH}
        )
    return line


def _checked_text(text: str) -> str:
    if len(text) > MAX_TEXT_LENGTH:
        raise ConversationError(
            _("The text is too long: at most %(max)s characters.")
            % {"max": MAX_TEXT_LENGTH}
        )
    cleaned = redact_text(text).text
    if not cleaned:
        raise ConversationError(_("The text is empty."))
    return cleaned


def _check_free(reply: CannedReply) -> None:
    same = CannedReply.objects.filter(account=reply.account, agent=reply.agent)
    same = same.annotate(lower=Lower("shortcut"))
    if same.filter(lower=Lower(Value(reply.shortcut))).exclude(pk=reply.pk).exists():
        raise ShortcutError(
            _("There is another reply with the shortcut /%(shortcut)s.")
            % {"shortcut": reply.shortcut}
        )


def _add_files(reply: CannedReply, uploads: Sequence[CheckedUpload]) -> None:
    if uploads and reply.files.count() + len(uploads) > MAX_FILES:
        raise AttachmentError(_("At most %(max)s files at once.") % {"max": MAX_FILES})
    for upload in uploads:
        CannedReplyFile.objects.create(
            reply=reply,
            file=upload.file,
            name=upload.name,
            content_type=upload.content_type,
            size=upload.size,
            width=upload.width,
            height=upload.height,
        )


def _delete_files(files: QuerySet[CannedReplyFile]) -> None:
    """By way of the list that is worked off: a rollback brings the rows back."""
    paths = files.values_list("file", flat=True)
    DoomedFile.objects.bulk_create(DoomedFile(path=path) for path in paths)
    files.delete()
