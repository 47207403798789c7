"""No frame from outside is heard, and no frame of theirs is answered."""

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from django.test import Client
from django.utils import timezone

from channels_integration.website import services as website
from channels_integration.website.consumers import VisitorConsumer
from channels_integration.website.models import VisitorSession
from conversations import groups, services
from conversations.consumers import DeskConsumer
from supportdesk.accounts import services as accounts
from supportdesk.core import layer
from supportdesk.core.sockets import SocketConsumer
from tests.factories import agent_writes, visitor_writes
from tests.isolation.house import furnish
from tests.sockets import Socket
from visitors import services as visitors

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]

in_db = database_sync_to_async
SHOP = "https://shop.example.com"
PATIENCE = 20
# What a socket says of itself, not what it is told.
OF_THE_SOCKET = {"websocket_connect", "websocket_receive", "websocket_disconnect"}


@pytest.fixture
def theirs():
    return furnish("Quitte")


@pytest.fixture
def ours():
    return furnish("Mispel")


@pytest.fixture
def told(monkeypatch):
    """What sockets are told by the layer: the account, and the consumer's method."""
    found = []
    dispatch = SocketConsumer.dispatch

    async def noted(self, message):
        name = get_handler_name(message)
        if name not in OF_THE_SOCKET:
            if isinstance(self, DeskConsumer):
                found.append((self.agent.account_id, name))
            elif self.session is not None:
                found.append((self.session.channel.account_id, name))
        await dispatch(self, message)

    monkeypatch.setattr(SocketConsumer, "dispatch", noted)
    return found


def handlers():
    """Every way in which the layer reaches a socket, by the name of the method."""
    return {
        name
        for consumer, prefix in ((DeskConsumer, "desk_"), (VisitorConsumer, "visitor_"))
        for name in vars(consumer)
        if name.startswith(prefix)
    }


async def desk_socket(agent):
    client = Client()
    await in_db(client.force_login)(agent)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    return Socket("/ws/desk/", cookie=cookie, origin="http://testserver")


async def widget_socket(key):
    socket = Socket("/ws/widget/", origin=SHOP)
    assert await socket.connect() is None
    await socket.send(type="hello", token=key, after=None)
    return socket, await until(socket, "ready")


async def until(socket, kind, **values):
    """Frames up to one of this kind: no waiting for silence."""
    frames = []
    while True:
        output = await asyncio.wait_for(socket.output_queue.get(), PATIENCE)
        if output["type"] == "websocket.close":
            frame = {"type": "close", "code": output.get("code")}
        else:
            frame = json.loads(output["text"])
        frames.append(frame)
        if frame["type"] == kind and values.items() <= frame.items():
            return frames


async def answers(socket):
    """All that the socket has said by the time it answers a ping."""
    await socket.send(type="ping")
    return await until(socket, "pong")


async def caught_up(house, desks, widgets):
    """What was told before this has been heard: the layer keeps the order."""
    states, back = {"0": "online"}, timezone.now().isoformat()
    online = {"is_staffed": False, "is_open": False, "back": back}
    await in_db(layer.send)(
        [
            (
                groups.desk(house.account.pk),
                {"type": "desk.presence", "states": states},
            ),
            (groups.website(house.account.pk), {"type": "visitor.online", **online}),
        ]
    )
    heard = [await until(socket, "presence", states=states) for socket in desks]
    return heard + [await until(socket, "online", back=back) for socket in widgets]


def write(house):
    """Whatever happens in a house and lets its sockets stay."""
    owner, conversation = house.people["owner"], house.conversation
    key = {"conversation_id": conversation.pk}
    visitor_writes(conversation, f"{house.word} writes")
    agent_writes(conversation, owner, f"{house.word} answers again")
    services.add_note(**key, agent=owner, text=f"{house.word} notes again")
    services.assign_conversation(**key, agent=house.people["full"], by=owner)
    services.change_group(**key, group=None, by=owner)
    services.change_priority(**key, priority=2, by=owner)
    services.tag_conversation(**key, tag=house.other_tag, agent=owner)
    services.snooze_conversation(
        **key, agent=owner, until=timezone.now() + timedelta(hours=1)
    )
    services.resolve_conversation(**key, agent=owner)
    services.rate_conversation(**key, rating=5, comment=f"{house.word} is happy")
    services.reopen_conversation(**key, agent=owner)
    services.change_contact(**key, agent=owner, name=f"{house.word} Eve")
    visitors.save_note(
        visitor=house.visitor, agent=owner, text=f"{house.word} likes tea", version=0
    )
    page = visitors.SeenPage(
        url=f"{SHOP}/{house.word}", title=f"{house.word} page", at=timezone.now()
    )
    visitors.record_pages(visitor=house.visitor, pages=[page])
    services.join_conversations(
        kept_id=conversation.pk, merged_id=house.second.pk, agent=owner
    )
    accounts.set_presence(agent=owner, presence="away")
    accounts.change_access(
        agent=house.people["full"], by=owner, groups=[house.other_group]
    )
    # Not the one in which the socket is open, nor the address from which it is.
    accounts.end_agent_session(agent=owner, session=house.agent_session)
    visitors.block_network(account=house.account, agent=owner, network="192.0.2.0/24")
    other, _key = website.open_session(channel=house.channel, language="en")
    VisitorSession.objects.filter(pk=other.pk).update(visitor=house.visitor)
    website.revoke_session(session=VisitorSession.objects.get(pk=other.pk))


def end(house):
    """What ends the sockets of two visitors: merged, and erased."""
    owner = house.people["owner"]
    services.merge_visitors(
        kept=house.newcomer, merged=house.other_visitor, agent=owner
    )
    services.erase_visitor(visitor=house.visitor, agent=owner)


def second_browser(house):
    """The key of a browser of the house's other visitor."""
    session, key = website.open_session(channel=house.channel, language="en")
    VisitorSession.objects.filter(pk=session.pk).update(visitor=house.other_visitor)
    return key


async def stir(house):
    """Everything that sockets are told of happens in this house, with sockets of its
    own; returns what two of its agents heard."""
    public_id = str(house.conversation.public_id)
    async with AsyncExitStack() as stack:
        owner, colleague = [
            await stack.enter_async_context(await desk_socket(house.people[role]))
            for role in ("owner", "full")
        ]
        visitor, _ready = await widget_socket(house.browser_key)
        merged, _ready = await widget_socket(await in_db(second_browser)(house))
        for socket in (owner, colleague):
            await socket.send(type="view", conversation=public_id)
            await answers(socket)
        await colleague.send(type="typing", active=True)
        await visitor.send(type="typing", active=True)
        await answers(colleague)
        await answers(visitor)
        await in_db(write)(house)
        heard = await caught_up(house, [owner, colleague], [visitor, merged])
        await in_db(end)(house)
        for socket in (visitor, merged):
            await until(socket, "close")
            await socket.leave()
        return heard + await caught_up(house, [owner, colleague], [])


async def ask_for(house, desk, widget):
    """Every frame that a page sends, with their ids; returns the answers."""
    names = {
        "account": house.account.pk,
        "visitor": str(house.visitor.public_id),
        "group": house.group.key,
        "client_id": str(house.answer.client_id),
        "text": "Hello?",
        "seq": 1,
        "active": True,
        "token": "",
    }
    for kind in sorted(DeskConsumer.handlers):
        for id_ in (house.conversation.public_id, house.visitor.public_id):
            await desk.send(**names, type=kind, conversation=str(id_), id=str(id_))
    for kind in sorted(VisitorConsumer.handlers):
        id_ = str(house.conversation.public_id)
        await widget.send(**names, type=kind, conversation=id_, id=id_)
    return await answers(desk) + await answers(widget)


async def test_no_socket_hears_of_another_account_whatever_it_asks_for(
    theirs, ours, told
):
    async with AsyncExitStack() as stack:
        desks = [
            await stack.enter_async_context(await desk_socket(agent))
            for agent in (*ours.people.values(), ours.limited)
        ]
        widget, _ready = await widget_socket(ours.browser_key)
        said = [await ask_for(theirs, desk, widget) for desk in desks]
        said += await caught_up(ours, desks, [widget])
        told.clear()

        heard = await stir(theirs)
        their_own, of_ours = (
            {name for account, name in told if account == house.account.pk}
            for house in (theirs, ours)
        )
        said += await caught_up(ours, desks, [widget])
        await widget.leave()

    assert theirs.word not in str(said)
    assert of_ours == set()
    # Silence means something only where there was something to hear: a new kind of
    # event has to happen in `write` or `end`.
    assert their_own == handlers()
    assert theirs.word in str(heard)


async def test_visitor_never_hears_what_is_private(ours):
    socket, ready = await widget_socket(ours.browser_key)

    await in_db(write)(ours)
    heard = str(ready) + str(await caught_up(ours, [], [socket]))
    await socket.leave()

    assert f"{ours.word} answers" in heard
    assert f"{ours.word} answers again" in heard
    for private in ("notes", "tag", "other tag", "likes", "group"):
        assert f"{ours.word} {private}" not in heard
    assert ours.people["owner"].email not in heard


async def test_visitor_hears_of_no_other_browser(ours):
    socket, _ready = await widget_socket(await in_db(second_browser)(ours))

    await in_db(write)(ours)
    heard = str(await caught_up(ours, [], [socket]))
    await socket.leave()

    assert f"{ours.word} " not in heard


async def test_key_of_one_door_opens_no_other(ours):
    """An API token or an agent's session is no visitor's key, and the reverse."""
    client = Client()
    await in_db(client.force_login)(ours.people["owner"])
    session = client.cookies["sessionid"].value

    for key in ("", "0", ours.api_key, session):
        socket = Socket("/ws/widget/", origin=SHOP)
        assert await socket.connect() is None
        await socket.send(type="hello", token=key, after=None)
        frames = await until(socket, "close")
        assert [frame["type"] for frame in frames] == ["close"]
        await socket.leave()
    desks = [
        Socket("/ws/desk/", cookie=f"sessionid={key}", origin="http://testserver")
        for key in ("", "0", ours.api_key, ours.browser_key)
    ]
    # At once: a socket that is refused lingers.
    codes = await asyncio.gather(*(desk.connect() for desk in desks))
    assert None not in codes
