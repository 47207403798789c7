"""An account's tags: made, changed, merged, put away."""

import unicodedata
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Count, OuterRef, Value
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.exceptions import ConversationError, NotAllowed
from conversations.models import Conversation, Tag, Tagging
from conversations.services.counting import merge_tag_figures
from conversations.services.saved_views import replace_tag
from supportdesk.accounts import audit
from supportdesk.accounts.models import Account, User
from supportdesk.core.text import redact_line

MAX_TAGS = 200
"""Of an account."""
NAME_LENGTH = 40
DESCRIPTION_LENGTH = 200
HUES = range(1, 9)
MERGED_AT_ONCE = 500
_FIELDS = ("name", "hue", "description")


@transaction.atomic
def create_tag(
    *, account: Account, name: str, hue: int | None = None, description: str = ""
) -> Tag:
    """Add a tag; without a colour it gets the one that is used least.

    Raises ConversationError for a name that is none or in use, and when the account
    has as many as it may have.
    """
    name, description = _clean_name(name), _clean_description(description)
    # One after the other: otherwise two could both be the last that is allowed.
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    tags = Tag.objects.filter(account=account)
    _check_free(find_tag(account, name), name)
    used = dict(tags.order_by().values_list("hue").annotate(number=Count("pk")))
    if sum(used.values()) >= MAX_TAGS:
        raise ConversationError(
            _("There are %(max)s tags already. Merge or delete some of them first.")
            % {"max": MAX_TAGS}
        )
    if hue is None:
        hue = min(HUES, key=lambda each: used.get(each, 0))
    tag = Tag.objects.create(
        account=account, name=name, hue=_clean_hue(hue), description=description
    )
    audit.record("tag.created", account_id=account.pk, target=tag)
    return tag


def find_tag(account: Account, name: str) -> Tag | None:
    """The tag of this name, however it is written; archived ones too."""
    tags = Tag.objects.filter(account=account).alias(lower_name=Lower("name"))
    return tags.filter(lower_name=Lower(Value(_clean_name(name)))).first()


@transaction.atomic
def find_or_create_tag(*, account: Account, name: str) -> Tag:
    """The tag of this name, made if there is none: also when two ask at once."""
    found = find_tag(account, name)
    if found is not None:
        return found
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    return find_tag(account, name) or create_tag(account=account, name=name)


def hold_tag(pk: int) -> Tag | None:
    """The tag as it is now; it cannot be deleted before this transaction ends.

    Shared, which the ORM cannot say: those who tag with the same word at the same time
    must not wait for each other.
    """
    statement = "SELECT * FROM conversations_tag WHERE id = %s FOR KEY SHARE"
    return next(iter(Tag.objects.raw(statement, [pk])), None)


@transaction.atomic
def change_tag(
    *,
    tag: Tag,
    by: User,
    name: str | None = None,
    hue: int | None = None,
    description: str | None = None,
) -> Tag:
    """Rename, recolour or describe a tag; what is not given stays.

    Raises ConversationError for a name that is none or in use.
    """
    tag = _manageable(tag, by)
    before = audit.state_of(tag, *_FIELDS)
    if name is not None:
        name = _clean_name(name)
        # Against a tag of this name that is made meanwhile.
        Account.objects.select_for_update(no_key=True).get(pk=tag.account_id)
        other = find_tag(tag.account, name)
        _check_free(other if other != tag else None, name)
        tag.name = name
    if hue is not None:
        tag.hue = _clean_hue(hue)
    if description is not None:
        tag.description = _clean_description(description)
    tag.save(update_fields=_FIELDS)
    changes = audit.difference(before, audit.state_of(tag, *_FIELDS))
    if changes:
        _record("tag.changed", tag, by, changes)
    return tag


@transaction.atomic
def archive_tag(*, tag: Tag, by: User) -> Tag:
    """Offer it no more; conversations keep it. A second time changes nothing."""
    tag = _manageable(tag, by)
    if tag.archived_at is None:
        tag.archived_at = timezone.now()
        tag.save(update_fields=["archived_at"])
        _record("tag.archived", tag, by)
    return tag


@transaction.atomic
def restore_tag(*, tag: Tag, by: User) -> Tag:
    """Offer an archived tag again."""
    tag = _manageable(tag, by)
    if tag.archived_at is not None:
        tag.archived_at = None
        tag.save(update_fields=["archived_at"])
        _record("tag.restored", tag, by)
    return tag


@transaction.atomic
def delete_tag(*, tag: Tag, by: User) -> None:
    """Delete a tag that no conversation has; raises ConversationError otherwise."""
    tag = _manageable(tag, by)
    if not _delete_unused(tag.pk):
        raise ConversationError(
            _("Conversations have this tag. Merge it into another one, or archive it.")
        )
    _record("tag.deleted", tag, by)


def merge_tags(*, tag: Tag, into: Tag, by: User) -> int:
    """Give every conversation with `tag` the tag `into` instead; returns how many.

    No transaction of its own around all of it: conversations are locked some hundred
    at a time, so that nobody waits for a merge of many. What is left by a merge that
    was interrupted is an archived tag, and the next try goes on there. With the tag go,
    in one transaction, the figures of reports and the saved views that name it.

    Conversations get no event line: it is the tag that changes, not they.
    """
    if tag.pk == into.pk:
        raise ConversationError(_("A tag cannot be merged into itself."))
    with transaction.atomic():
        # By key, as everybody locks several.
        first, second = sorted((tag, into), key=lambda each: each.pk)
        locked = {
            row.pk: row for row in (_manageable(first, by), _manageable(second, by))
        }
        if locked[into.pk].archived_at is not None:
            raise ConversationError(_("The other tag is archived."))
        archive_tag(tag=tag, by=by)
        _record(
            "tag.merged",
            locked[tag.pk],
            by,
            {"into": (None, locked[into.pk].name)},
        )
    moved = 0
    while True:
        number = _move_some(tag.pk, into.pk)
        moved += number
        # Who was tagging at that moment may have been faster than the archiving.
        if not number and _finish_merge(tag.pk, into.pk):
            return moved


@transaction.atomic
def _move_some(source: int, target: int) -> int:
    tagged = Tagging.objects.filter(tag=source).order_by("conversation")
    keys = list(tagged.values_list("conversation", flat=True)[:MERGED_AT_ONCE])
    rows = Conversation.objects.filter(pk__in=keys)
    _hold_existing(target)
    list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))
    moving = Tagging.objects.filter(tag=source, conversation__in=keys)
    both = Tagging.objects.filter(tag=target, conversation__in=keys)
    moving.filter(conversation__in=list(both.values_list("conversation"))).delete()
    moving.update(tag=target)
    own = Tagging.objects.filter(conversation=OuterRef("pk")).order_by("tag")
    rows.update(tag_ids=ArraySubquery(own.values("tag")))
    return len(keys)


@transaction.atomic
def _finish_merge(source: int, target: int) -> bool:
    """Whether the tag is gone, and what named it names the other one."""
    account_id = _hold_existing(target).account_id
    if not _delete_unused(source):
        return False
    replace_tag(account_id=account_id, tag_id=source, into_id=target)
    # Last: whoever counts waits for this transaction's end.
    merge_tag_figures(tag_id=source, into_id=target)
    return True


def _hold_existing(pk: int) -> Tag:
    tag = hold_tag(pk)
    if tag is None:
        raise ConversationError(_("This tag does not exist any more."))
    return tag


@transaction.atomic
def _delete_unused(pk: int) -> bool:
    """Whether it is gone: not while a conversation has it, or is about to get it."""
    # Whoever tags a conversation holds the tag's key; this waits for them.
    tag = Tag.objects.select_for_update().filter(pk=pk).first()
    if tag is None:
        return True
    if Tagging.objects.filter(tag=pk).exists():
        return False
    tag.delete()
    return True


def _record(
    action: str, tag: Tag, by: User, changes: audit.Changes | None = None
) -> None:
    audit.record(action, account_id=tag.account_id, by=by, target=tag, changes=changes)


def _manageable(tag: Tag, by: User) -> Tag:
    """The tag as it is now, locked, for somebody who may change it."""
    if not by.has_full_access:
        raise NotAllowed(_("Only agents with full access can change tags."))
    rows = Tag.objects.visible_to(by).select_for_update(no_key=True)
    found = rows.filter(pk=tag.pk).first()
    if found is None:
        raise ConversationError(_("This tag does not exist any more."))
    return found


def _check_free(other: Tag | None, name: str) -> None:
    if other is None:
        return
    message = _("There is a tag “%(name)s” already.")
    if other.archived_at is not None:
        message = _("There is an archived tag “%(name)s”.")
    raise ConversationError(message % {"name": other.name})


def _clean_name(name: str) -> str:
    # Composed, so that two that look the same are the same.
    name = unicodedata.normalize("NFC", redact_line(name[:1000], 1000))
    if not any(unicodedata.category(char)[0] not in "CZM" for char in name):
        raise ConversationError(_("Please enter a name."))
    return _within(
        name, NAME_LENGTH, _("The name is too long: at most %(max)s characters.")
    )


def _clean_description(text: str) -> str:
    return _within(
        redact_line(text[:2000], 2000),
        DESCRIPTION_LENGTH,
        _("The description is too long: at most %(max)s characters."),
    )


def _within(text: str, length: int, refusal: str) -> str:
    if len(text) > length:
        raise ConversationError(refusal % {"max": length})
    return text


def _clean_hue(hue: Any) -> int:
    if hue not in HUES:
        raise ConversationError(_("Please choose one of the eight colours."))
    return int(hue)
