"""Because something happened, the pages that show it are told."""

from typing import Any

from django.dispatch import receiver

from conversations import publisher
from conversations.events import (
    AgentSaw,
    ConversationMoved,
    MessagePosted,
    ProfileMoved,
    VisitorSaw,
    agent_saw,
    conversation_moved,
    message_posted,
    profile_moved,
    visitor_saw,
)
from conversations.models import Conversation
from conversations.tasks import delete_files
from supportdesk.accounts.events import (
    AccessChanged,
    AgentSignedOut,
    PresenceChanged,
    access_changed,
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


@receiver(conversation_moved, dispatch_uid="conversations.push_moved")
def push_moved(event: ConversationMoved, **kwargs: Any) -> None:
    publisher.publish_moved(event.conversation_id, event.group_id, event.agent_ids)


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
    delete_files.delay()


@receiver(presence_changed, dispatch_uid="conversations.push_presence")
def push_presence(event: PresenceChanged, **kwargs: Any) -> None:
    publisher.publish_presence(event.account_id)


@receiver(access_changed, dispatch_uid="conversations.push_access")
def push_access(event: AccessChanged, **kwargs: Any) -> None:
    publisher.publish_access_changed(event.agent_id)


@receiver(agent_signed_out, dispatch_uid="conversations.close_sockets")
def close_sockets(event: AgentSignedOut, **kwargs: Any) -> None:
    publisher.publish_signed_out(event.agent_id, event.session_key)
