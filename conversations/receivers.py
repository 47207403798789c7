"""Because something happened, the pages that show it are told."""

from typing import Any

from django.dispatch import receiver

from conversations import publisher, tasks
from conversations.events import (
    AgentSaw,
    ConversationMoved,
    ConversationsJoined,
    MessagePosted,
    ProfileMoved,
    VisitorSaw,
    agent_saw,
    conversation_moved,
    conversations_joined,
    message_posted,
    profile_moved,
    visitor_saw,
)
from conversations.models import Conversation, Message
from supportdesk.accounts.events import (
    AccessChanged,
    AgentDeactivated,
    AgentSignedOut,
    PresenceChanged,
    access_changed,
    agent_deactivated,
    agent_signed_out,
    presence_changed,
)
from visitors.events import (
    VisitorErased,
    VisitorUpdated,
    visitor_erased,
    visitor_updated,
)


@receiver(message_posted, dispatch_uid="conversations.push_message")
def push_message(event: MessagePosted, **kwargs: Any) -> None:
    publisher.publish_message(event.message)


# What leaves a conversation with nobody in a way that cannot wait for the beat task.
_NEEDS_SOMEBODY = frozenset(
    {Message.Event.STARTED, Message.Event.REOPENED, Message.Event.GROUP_CHANGED}
)


@receiver(message_posted, dispatch_uid="conversations.assign_automatically")
def assign_automatically(event: MessagePosted, **kwargs: Any) -> None:
    if event.message.event in _NEEDS_SOMEBODY:
        tasks.assign_automatically.delay(event.conversation_id)


@receiver(conversation_moved, dispatch_uid="conversations.push_moved")
def push_moved(event: ConversationMoved, **kwargs: Any) -> None:
    publisher.publish_moved(event.conversation_id, event.group_id, event.agent_ids)


@receiver(conversations_joined, dispatch_uid="conversations.push_joined")
def push_joined(event: ConversationsJoined, **kwargs: Any) -> None:
    publisher.publish_joined(
        event.kept_id, event.merged_id, event.group_id, event.agent_ids
    )


@receiver(profile_moved, dispatch_uid="conversations.renew_visitor_sockets")
def renew_visitor_sockets(event: ProfileMoved, **kwargs: Any) -> None:
    publisher.publish_profile_moved(event.visitor_id)


@receiver(visitor_saw, dispatch_uid="conversations.push_visitor_saw")
def push_visitor_saw(event: VisitorSaw, **kwargs: Any) -> None:
    publisher.publish_state(event.conversation_id)


@receiver(agent_saw, dispatch_uid="conversations.push_agent_saw")
def push_agent_saw(event: AgentSaw, **kwargs: Any) -> None:
    publisher.publish_state(event.conversation_id, to_visitor=True)


@receiver(visitor_updated, dispatch_uid="conversations.push_visitor")
def push_visitor(event: VisitorUpdated, **kwargs: Any) -> None:
    publisher.publish_visitor(event.visitor_id, event.sections)
    if "contact" not in event.sections:
        return
    tasks.index_visitor.delay(event.visitor_id)
    for pk in (
        Conversation.objects.filter(visitor=event.visitor_id)
        .order_by("-last_activity_at")
        .values_list("pk", flat=True)[:3]
    ):
        publisher.publish_state(pk)


@receiver(visitor_erased, dispatch_uid="conversations.push_erased")
def push_erased(event: VisitorErased, **kwargs: Any) -> None:
    publisher.publish_erased(event)


@receiver(visitor_erased, dispatch_uid="conversations.delete_erased_files")
def delete_erased_files(event: VisitorErased, **kwargs: Any) -> None:
    tasks.delete_files.delay()


@receiver(presence_changed, dispatch_uid="conversations.push_presence")
def push_presence(event: PresenceChanged, **kwargs: Any) -> None:
    publisher.publish_presence(event.account_id)


@receiver(access_changed, dispatch_uid="conversations.push_access")
def push_access(event: AccessChanged, **kwargs: Any) -> None:
    publisher.publish_access_changed(event.agent_id)


@receiver(agent_deactivated, dispatch_uid="conversations.hand_over")
def hand_over(event: AgentDeactivated, **kwargs: Any) -> None:
    tasks.hand_over.delay(event.agent_id, event.by_id)


@receiver(agent_signed_out, dispatch_uid="conversations.close_sockets")
def close_sockets(event: AgentSignedOut, **kwargs: Any) -> None:
    publisher.publish_signed_out(event.agent_id, event.session_key)
