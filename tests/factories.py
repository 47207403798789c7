"""One cast of people and things for all tests; made through the services."""

import itertools
import uuid
from typing import Any

from django.utils import timezone

from conversations import services
from conversations.models import Channel, Conversation, Message
from supportdesk.accounts import services as accounts
from supportdesk.accounts.models import Account, AgentGroup, Role, User
from visitors import live
from visitors import services as visitors
from visitors.models import Source, Visit, Visitor

PASSWORD = "correct horse battery staple"

_numbers = itertools.count(1)


def make_account(name: str = "Moor & Mühle", **fields: Any) -> Account:
    """An account with its owner, who has no password: tests use `force_login`."""
    return accounts.create_account(
        name=name,
        owner_email=f"owner-{next(_numbers)}@example.com",
        owner_name="Olga Owner",
        password=None,
        **fields,
    )


def owner_of(account: Account) -> User:
    return User.objects.get(account=account, role=Role.OWNER)


def make_group(account: Account, name: str = "Repairs") -> AgentGroup:
    return AgentGroup.objects.create(
        account=account, name=name, key=f"group-{next(_numbers)}"
    )


def make_agent(
    account: Account,
    name: str = "Anna Berger",
    role: str = Role.AGENT,
    groups: tuple[AgentGroup, ...] = (),
    password: str | None = None,
    language: str = "en",
) -> User:
    return accounts.create_agent(
        account=account,
        email=f"agent-{next(_numbers)}@example.com",
        name=name,
        role=role,
        password=password,
        groups=groups,
        language=language,
    )


def make_former_agent(account: Account, name: str) -> User:
    agent = make_agent(account, name)
    agent.is_active = False
    agent.save(update_fields=["is_active"])
    return agent


def make_channel(account: Account, **config: Any) -> Channel:
    """A website channel that allows the shop's domain."""
    settings = {"allowed_domains": ["shop.example.com"], **config}
    return services.create_channel(
        account=account, kind=Channel.Kind.WEBSITE, name="Shop", config=settings
    )


def make_visitor(account: Account, language: str = "en", **contact: str) -> Visitor:
    visitor = visitors.create_visitor(account=account, language=language)
    return (
        visitors.update_contact(visitor=visitor, source=Source.FORM, **contact)
        if contact
        else visitor
    )


def make_conversation(
    account: Account | None = None,
    *,
    channel: Channel | None = None,
    visitor: Visitor | None = None,
    group: AgentGroup | None = None,
    text: str = "Where is my parcel?",
) -> Conversation:
    """An open, unassigned conversation; with `text` the visitor has written once."""
    if account is None:
        account = channel.account if channel else make_account()
    channel = channel or account.channels.first() or make_channel(account)
    conversation = services.start_conversation(
        visitor=visitor or make_visitor(account), channel=channel, group=group
    )
    if text:
        visitor_writes(conversation, text)
    return fresh(conversation)


def visitor_writes(
    conversation: Conversation, text: str = "Hello?", **fields: Any
) -> Message:
    return services.post_visitor_message(
        conversation_id=conversation.pk,
        channel=conversation.channel,
        text=text,
        client_id=fields.pop("client_id", uuid.uuid4()),
        **fields,
    )


def agent_writes(
    conversation: Conversation, agent: User, text: str = "Good morning!", **fields: Any
) -> Message:
    return services.post_agent_message(
        conversation_id=conversation.pk,
        agent=agent,
        text=text,
        client_id=fields.pop("client_id", uuid.uuid4()),
        **fields,
    )


def fresh(conversation: Conversation) -> Conversation:
    """The row as it is now, with what lists and pushes need."""
    return Conversation.objects.with_row().get(pk=conversation.pk)


def put_on_website(
    visitor: Visitor,
    *,
    channel: Channel | None = None,
    url: str = "https://shop.example.com/mill",
    title: str = "The mill",
    **first_page: Any,
) -> Visit:
    """A visitor who has just opened a page."""
    channel = channel or visitor.account.channels.first()
    channel = channel or make_channel(visitor.account)
    page = visitors.SeenPage(url=url, title=title, at=timezone.now())
    visit = visitors.record_pages(visitor=visitor, pages=[page], **first_page)
    live.touch(visitor.account_id, visit.pk, live.LivePage(url, title, channel.pk, 0))
    return visit
