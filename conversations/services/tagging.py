"""Tags on a conversation."""

from django.db import transaction
from django.utils.translation import gettext as _

from conversations.exceptions import ConversationError
from conversations.models import Conversation, Message, Tag, Tagging
from conversations.services.tags import find_or_create_tag, hold_tag
from conversations.services.thread import append_event, lock_seen
from supportdesk.accounts.models import User

MAX_ON_CONVERSATION = 20


@transaction.atomic
def tag_conversation(
    *, conversation_id: int, tag: Tag, agent: User | None
) -> Conversation:
    """Put a tag on it; a second time changes nothing. Without agent the desk did it.

    Raises ConversationError for a tag that is gone, archived or another account's,
    and for more than a conversation may have.
    """
    conversation = lock_seen(conversation_id, agent)
    return _add(conversation, tag.pk, agent)


@transaction.atomic
def tag_conversation_by_name(
    *, conversation_id: int, name: str, agent: User
) -> Conversation:
    """Put the tag of this name on it; if there is none, it is made on the spot."""
    conversation = lock_seen(conversation_id, agent)
    tag = find_or_create_tag(account=conversation.account, name=name)
    return _add(conversation, tag.pk, agent)


@transaction.atomic
def untag_conversation(
    *, conversation_id: int, tag: Tag, agent: User | None
) -> Conversation:
    """Take a tag off it; a second time changes nothing."""
    conversation = lock_seen(conversation_id, agent)
    taggings = Tagging.objects.filter(conversation=conversation, tag=tag)
    if not taggings.delete()[0]:
        return conversation
    conversation.tag_ids = [pk for pk in conversation.tag_ids if pk != tag.pk]
    _write_down(conversation, Message.Event.UNTAGGED, tag, agent)
    return conversation


def _add(conversation: Conversation, tag_id: int, agent: User | None) -> Conversation:
    """Tag a locked conversation."""
    if tag_id in conversation.tag_ids:
        return conversation
    tag = hold_tag(tag_id)
    if tag is None or tag.account_id != conversation.account_id:
        raise ConversationError(_("This tag does not exist any more."))
    if tag.archived_at is not None:
        raise ConversationError(
            _("The tag “%(name)s” is archived.") % {"name": tag.name}
        )
    if len(conversation.tag_ids) >= MAX_ON_CONVERSATION:
        raise ConversationError(
            _("A conversation can have at most %(max)s tags.")
            % {"max": MAX_ON_CONVERSATION}
        )
    Tagging.objects.create(conversation=conversation, tag=tag, agent=agent)
    conversation.tag_ids = sorted([*conversation.tag_ids, tag.pk])
    _write_down(conversation, Message.Event.TAGGED, tag, agent)
    return conversation


def _write_down(
    conversation: Conversation, event: Message.Event, tag: Tag, agent: User | None
) -> None:
    """The line keeps the name: tags are renamed, merged and deleted."""
    append_event(
        conversation,
        event,
        agent=agent,
        data={"tag_id": tag.pk, "name": tag.name},
        changed=["tag_ids"],
    )
