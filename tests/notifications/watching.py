"""Agents and visitors who come and go, and a lookout whose clock the test holds."""

import time
from datetime import timedelta

from django.utils import timezone

from conversations import services as conversations
from notifications import services
from notifications.models import Burst, Notification, PushSubscription
from supportdesk.accounts import presence
from supportdesk.core import redis
from tests import factories
from visitors import here


def settle():
    """A Redis that has heard of everybody who is there."""
    redis.client().set(redis.key("presence-since"), repr(time.time() - 3600))


def unsettle():
    redis.client().delete(redis.key("presence-since"))


def comes_online(agent):
    presence.touch(agent.account_id, agent.pk, "laptop")


def goes_offline(agent):
    presence.forget(agent.account_id, agent.pk)


def visitor_is_here(conversation):
    here.renew(conversation.account_id, [conversation.visitor_id])


def write(account, **fields):
    """A conversation whose visitor has just written and is there."""
    conversation = factories.make_conversation(account, **fields)
    visitor_is_here(conversation)
    return conversation


def visitor_leaves(conversation):
    here.leave(conversation.account_id, conversation.visitor_id)


def later(minutes=0, seconds=0):
    return timezone.now() + timedelta(minutes=minutes, seconds=seconds)


def look(minutes=0, seconds=0, **kwargs):
    services.look_out(now=later(minutes, seconds), **kwargs)


def bursts(conversation):
    """Kind, state and reason of each, oldest first."""
    rows = Burst.objects.filter(conversation=conversation).order_by("first_seq")
    return [" ".join(filter(None, (row.kind, row.state, row.reason))) for row in rows]


def told(**fields):
    """Who is told of what and how, in order."""
    rows = Notification.objects.filter(**fields).select_related("agent")
    return sorted(
        (row.kind, row.way, row.recipient_email or (row.agent and row.agent.email))
        for row in rows
    )


def events(conversation):
    """The event lines about waiting."""
    rows = conversation.messages.filter(event__in=["offline", "missed"])
    return list(rows.order_by("seq").values_list("event", flat=True))


def subscribe(agent, device="laptop"):
    return PushSubscription.objects.create(
        agent=agent,
        endpoint=f"https://push.example.com/{agent.pk}/{device}",
        p256dh="key",
        auth="auth",
        device=device,
    )


# What may happen while somebody waits


def answer(conversation, agent):
    factories.agent_writes(conversation, agent)


def resolve(conversation, agent):
    conversations.resolve_conversation(conversation_id=conversation.pk, agent=agent)


def open_it(conversation, agent):
    conversation.refresh_from_db()
    conversations.mark_read(conversation=conversation, agent=agent)


def come_online(conversation, agent):
    comes_online(agent)


def join(conversation, agent):
    comes_online(agent)
    conversations.join_conversation(conversation_id=conversation.pk, agent=agent)


def block(conversation, agent):
    conversations.block_from_conversation(conversation_id=conversation.pk, agent=agent)
