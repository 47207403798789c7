"""A house: one account with one of everything that a stranger might ask for.

Whatever somebody wrote in it carries the house's word, so that a page of another
account that shows anything of it is caught, whatever it shows.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from channels_integration.website import services as website
from channels_integration.website.identity_services import create_identity_secret
from channels_integration.website.models import VisitorSession
from conversations import services
from conversations.exporting.results import rights_of
from conversations.models import (
    Attachment,
    CannedReply,
    Channel,
    Conversation,
    Export,
    Message,
    SavedView,
    Tag,
)
from notifications.models import PushSubscription
from supportdesk.accounts import services as accounts
from supportdesk.accounts import tokens
from supportdesk.accounts.models import (
    Account,
    AccountExport,
    AgentGroup,
    AgentSession,
    ApiToken,
    Invitation,
    Role,
    User,
)
from tests.accounts.second_factors import CREDENTIAL, add_app
from tests.factories import (
    PASSWORD,
    agent_writes,
    make_account,
    make_agent,
    make_channel,
    make_conversation,
    make_group,
    make_visitor,
    owner_of,
    visitor_writes,
)
from visitors import services as visitors
from visitors.models import Block, Visit, Visitor, VisitorMerge

ROLES = (Role.AGENT, Role.FULL, Role.OWNER)
# Whoever runs the installation, and belongs to no account.
OPERATOR = "operator"
# Of a browser that wants to be notified: a point on the curve, and any 16 bytes.
P256DH = (
    "BI5TO2-gv3tGJbswZnwB-2B--fi4qA_vWzAGKHAxh7Kjc"
    "-sdveAzGDZtBp-DpvWQAFPHNjPLBBshxV4ahsH0ALQ"
)
AUTH = "b25seS1mb3ItdGVzdHMuLg"


@dataclass
class House:
    word: str
    account: Account
    group: AgentGroup
    # None of the conversations is in it.
    other_group: AgentGroup
    # Of no group, with every right of their role.
    people: dict[str, User]
    # Of the other group.
    limited: User
    channel: Channel
    visitor: Visitor
    other_visitor: Visitor
    # Nobody has talked with them yet.
    newcomer: Visitor
    merge: VisitorMerge
    visit: Visit
    conversation: Conversation
    # Of the same visitor.
    second: Conversation
    # An answer of the owner, with what belongs to it.
    answer: Message
    attachment: Attachment
    tag: Tag
    # No conversation has it.
    other_tag: Tag
    canned_reply: CannedReply
    view: SavedView
    export: Export
    block: Block
    api_token: ApiToken
    api_key: str
    invitation: Invitation
    agent_session: AgentSession
    subscription: PushSubscription
    security_key: Authenticator
    account_export: AccountExport
    session: VisitorSession
    browser_key: str


def furnish(word: str) -> House:
    account = make_account(f"{word} Ltd")
    people: dict[str, User] = {Role.OWNER: owner_of(account)}
    for role in (Role.AGENT, Role.FULL):
        people[role] = make_agent(account, f"{word} {role}", role=role)
    for agent in people.values():
        agent.name = f"{word} {agent.role}"
        agent.save(update_fields=["name"])
    owner = people[Role.OWNER]
    owner.set_password(PASSWORD)
    owner.save(update_fields=["password"])
    picture = ContentFile(b"not looked at", name="face.png")
    owner.picture.save("face.png", picture)
    group = make_group(account, f"{word} group")
    other_group = make_group(account, f"{word} other")
    limited = make_agent(account, f"{word} limited", groups=(other_group,))
    channel = make_channel(account)
    Channel.objects.filter(pk=channel.pk).update(name=f"{word} shop")
    create_identity_secret(channel=channel)
    visitor = make_visitor(account, name=f"{word} Ada", email=f"ada@{word}.example")
    other = make_visitor(account, name=f"{word} Ben", email=f"ben@{word}.example")
    third = make_visitor(account, name=f"{word} Cid", email=f"cid@{word}.example")
    newcomer = make_visitor(account, name=f"{word} Dot", email=f"dot@{word}.example")
    Visitor.objects.filter(pk=visitor.pk).update(user_id=f"{word}-1")
    merge = services.merge_visitors(kept=visitor, merged=third, agent=owner)
    session, browser_key = website.open_session(channel=channel, language="en")
    VisitorSession.objects.filter(pk=session.pk).update(visitor=visitor)
    page = visitors.SeenPage(
        url=f"https://shop.example.com/{word}", title=word, at=timezone.now()
    )
    visit = visitors.record_pages(
        visitor=visitor, pages=[page], browser=visitors.Browser(ip="203.0.113.9")
    )
    conversation = make_conversation(
        channel=channel, visitor=visitor, group=group, text=f"{word} asks"
    )
    VisitorSession.objects.filter(pk=session.pk).update(conversation=conversation)
    make_conversation(
        channel=channel, visitor=other, group=group, text=f"{word} asks too"
    )
    second = make_conversation(
        channel=channel, visitor=visitor, group=group, text=f"{word} asks again"
    )
    upload = services.check_upload(
        SimpleUploadedFile(f"{word}.txt", f"{word} in a file".encode())
    )
    answer = agent_writes(conversation, owner, f"{word} answers", uploads=[upload])
    visitor_writes(conversation, f"{word} thanks")
    services.add_note(
        conversation_id=conversation.pk, agent=owner, text=f"{word} notes"
    )
    tag = services.create_tag(account=account, name=f"{word} tag")
    other_tag = services.create_tag(account=account, name=f"{word} other tag")
    services.tag_conversation(conversation_id=conversation.pk, tag=tag, agent=owner)
    canned_reply = services.save_canned_reply(
        agent=owner,
        shortcut=f"{word.lower()}",
        title=f"{word} reply",
        text=f"{word} says",
        is_shared=True,
        uploads=[upload],
    )
    view = services.save_view(
        agent=owner, name=f"{word} view", query="status=open&missed=1", is_shared=True
    )
    export = services.request_export(agent=owner, query=f"q={word}", now=timezone.now())
    _finish(export, word, rights=rights_of(owner))
    block = visitors.block_network(
        account=account,
        agent=owner,
        network="198.51.100.0/24",
        reason=f"{word} blocks",
        ends_at=timezone.now() + timedelta(days=1),
    )
    api_token, api_key = tokens.create_api_token(
        account=account, agent=owner, name=f"{word} server"
    )
    now = timezone.now()
    invitation = accounts.invite_agent(
        account=account, by=owner, email=f"new@{word}.example", name=f"{word} New"
    )
    agent_session = AgentSession.objects.create(
        agent=owner,
        session_key=f"{word}-session",
        user_agent=f"{word} browser",
        created_at=now,
        last_active_at=now,
    )
    subscription = PushSubscription.objects.create(
        agent=owner,
        device=f"{word} browser",
        endpoint=f"https://push.example.com/{word}",
        p256dh=P256DH,
        auth=AUTH,
    )
    add_app(owner)
    security_key = Authenticator.objects.create(
        user=owner,
        type=Authenticator.Type.WEBAUTHN,
        data={"name": f"{word} key", "credential": CREDENTIAL},
    )
    account_export = accounts.request_account_export(account=account, by=owner, now=now)
    _finish(account_export, word)
    return House(
        word=word,
        account=account,
        group=group,
        other_group=other_group,
        people=people,
        limited=limited,
        channel=channel,
        visitor=Visitor.objects.get(pk=visitor.pk),
        other_visitor=other,
        newcomer=newcomer,
        merge=merge,
        visit=visit,
        conversation=conversation,
        second=second,
        answer=answer,
        attachment=Attachment.objects.get(message__conversation=conversation),
        tag=tag,
        other_tag=other_tag,
        canned_reply=canned_reply,
        view=view,
        export=export,
        block=block,
        api_token=api_token,
        api_key=api_key,
        invitation=invitation,
        agent_session=agent_session,
        subscription=subscription,
        security_key=security_key,
        account_export=account_export,
        session=VisitorSession.objects.get(pk=session.pk),
        browser_key=browser_key,
    )


def _finish(export: Export | AccountExport, word: str, **fields: str) -> None:
    """Written, with a file that has the house's word in it."""
    path = default_storage.save(
        f"exports/{uuid.uuid4()}", ContentFile(f"{word} in a file".encode())
    )
    for name, value in {"state": "done", "path": path, **fields}.items():
        setattr(export, name, value)
    export.save()
