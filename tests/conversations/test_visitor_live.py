"""Who hears that something on a visitor's card changed."""

import time

import pytest
import redis.exceptions
from channels.db import database_sync_to_async
from django.utils import timezone

from conversations import publisher, services, viewing
from supportdesk.accounts.models import Role
from supportdesk.core import later, layer
from supportdesk.core import redis as desk_redis
from tests.factories import (
    make_account,
    make_agent,
    make_conversation,
    make_group,
    make_visitor,
    owner_of,
)
from tests.sockets import Socket
from visitors.models import Source
from visitors.services import SeenPage, record_pages, save_note, update_contact

in_db = database_sync_to_async
transactional = pytest.mark.django_db(transaction=True)


async def desk_socket(client, agent):
    await in_db(client.force_login)(agent)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    return Socket("/ws/desk/", cookie=cookie, origin="http://testserver")


async def view(socket, conversation):
    await socket.send(type="view", conversation=str(conversation.public_id))
    await socket.frames()


def page():
    return SeenPage("https://shop.example.com/", "Home", timezone.now())


@transactional
@pytest.mark.asyncio
async def test_page_with_the_card_open_hears_which_sections_changed(client):
    conversation = await in_db(make_conversation)()
    visitor, owner = conversation.visitor, await in_db(owner_of)(conversation.account)
    async with await desk_socket(client, owner) as socket:
        await view(socket, conversation)

        await in_db(update_contact)(visitor=visitor, source=Source.FORM, name="Kat")
        await in_db(save_note)(visitor=visitor, agent=owner, text="Hi", version=0)
        await in_db(record_pages)(visitor=visitor, pages=[page()])
        frames = await socket.frames("visitor")

    assert frames == [
        {"type": "visitor", "sections": ["contact"]},
        {"type": "visitor", "sections": ["note"]},
        {"type": "visitor", "sections": ["history"]},
    ]


async def told_on_opening(client, conversation, owner, age):
    async with await desk_socket(client, owner) as socket:
        id = str(conversation.public_id)
        await socket.send(type="view", conversation=id, age=age)
        return await socket.frames("visitor")


@transactional
@pytest.mark.asyncio
async def test_page_on_its_way_hears_what_changed_meanwhile(client, monkeypatch):
    conversation = await in_db(make_conversation)()
    visitor, owner = conversation.visitor, await in_db(owner_of)(conversation.account)
    later_on = time.time() + 5
    await in_db(update_contact)(visitor=visitor, source=Source.FORM, name="Kat")
    await in_db(record_pages)(visitor=visitor, pages=[page()])
    monkeypatch.setattr(viewing.time, "time", lambda: later_on)

    [frame] = await told_on_opening(client, conversation, owner, age=6)

    assert {"contact", "history"} <= set(frame["sections"])
    assert await told_on_opening(client, conversation, owner, age=1) == []


@transactional
@pytest.mark.asyncio
async def test_what_changed_is_told_once(client):
    conversation = await in_db(make_conversation)()
    owner = await in_db(owner_of)(conversation.account)
    async with await desk_socket(client, owner) as socket:
        view = {"type": "view", "conversation": str(conversation.public_id), "age": 3}
        await socket.send(**view)
        assert len(await socket.frames("visitor")) == 1

        await socket.send(**view, hidden=True)

        assert await socket.frames("visitor") == []


@transactional
@pytest.mark.asyncio
@pytest.mark.parametrize("age", ["3", None, [3], {}])
async def test_age_is_a_number_of_seconds(client, age):
    conversation = await in_db(make_conversation)()
    owner = await in_db(owner_of)(conversation.account)
    async with await desk_socket(client, owner) as socket:
        await socket.frames()
        id = str(conversation.public_id)
        await socket.send(type="view", conversation=id, age=age)

        assert await socket.frames() == [{"type": "error", "code": "bad_request"}]


@transactional
@pytest.mark.asyncio
@pytest.mark.parametrize("age", [-1, 1.5, 10**30, -(10**400), 10**400])
async def test_any_number_is_an_age(client, age):
    conversation = await in_db(make_conversation)()
    owner = await in_db(owner_of)(conversation.account)
    async with await desk_socket(client, owner) as socket:
        id = str(conversation.public_id)
        await socket.send(type="view", conversation=id, age=age)

        assert await socket.frames("error") == []


@transactional
@pytest.mark.asyncio
async def test_without_redis_a_view_is_one_all_the_same(client, monkeypatch):
    conversation = await in_db(make_conversation)()
    owner = await in_db(owner_of)(conversation.account)

    def fail(*_args, **_options):
        raise redis.exceptions.ConnectionError

    async with await desk_socket(client, owner) as socket:
        await socket.frames()
        monkeypatch.setattr(desk_redis.client(), "zrangebyscore", fail)
        id = str(conversation.public_id)
        await socket.send(type="view", conversation=id, age=3)

        kinds = {frame["type"] for frame in await socket.frames()}
        assert not kinds & {"visitor", "error", "close"}


@transactional
@pytest.mark.asyncio
async def test_row_still_comes_with_new_contact_data(client):
    conversation = await in_db(make_conversation)()
    owner = await in_db(owner_of)(conversation.account)
    async with await desk_socket(client, owner) as socket:
        await socket.frames()

        await in_db(update_contact)(
            visitor=conversation.visitor, source=Source.FORM, name="Kat Voss"
        )
        [frame] = await socket.frames("conversation")

    assert "Kat Voss" in frame["row"]


@transactional
@pytest.mark.asyncio
async def test_who_looks_elsewhere_hears_nothing(client):
    account = await in_db(make_account)()
    shown = await in_db(make_conversation)(account)
    other = await in_db(make_conversation)(account)
    owner = await in_db(owner_of)(account)
    async with await desk_socket(client, owner) as socket:
        await view(socket, shown)

        await in_db(update_contact)(
            visitor=other.visitor, source=Source.FORM, name="Kat"
        )
        await socket.send(type="view", conversation=None)
        await in_db(update_contact)(
            visitor=shown.visitor, source=Source.FORM, name="Kat"
        )

        assert await socket.frames("visitor") == []


@transactional
@pytest.mark.asyncio
async def test_agent_who_lost_sight_of_the_conversation_hears_nothing(client):
    account = await in_db(make_account)()
    sales = await in_db(make_group)(account, "Sales")
    repairs = await in_db(make_group)(account, "Repairs")
    agent = await in_db(make_agent)(account, "Jonas", groups=(sales,))
    conversation = await in_db(make_conversation)(account, group=sales)
    owner = await in_db(owner_of)(account)
    async with await desk_socket(client, agent) as socket:
        await view(socket, conversation)
        await in_db(services.change_group)(
            conversation_id=conversation.pk, group=repairs, by=owner
        )
        await socket.frames()

        await in_db(save_note)(
            visitor=conversation.visitor, agent=owner, text="Secret", version=0
        )

        assert await socket.frames("visitor") == []


@transactional
@pytest.mark.asyncio
async def test_other_conversations_on_the_card_are_named_when_they_change(client):
    account = await in_db(make_account)()
    anna = await in_db(make_agent)(account, "Anna", Role.FULL)
    conversation = await in_db(make_conversation)(account)
    async with await desk_socket(client, anna) as socket:
        await view(socket, conversation)

        other = await in_db(make_conversation)(account, visitor=conversation.visitor)
        await in_db(services.resolve_conversation)(conversation_id=other.pk, agent=anna)
        frames = await socket.frames("visitor")

    assert frames == [{"type": "visitor", "sections": ["conversations"]}] * 2


# Nobody looks


@pytest.fixture
def sent(monkeypatch):
    events = []
    monkeypatch.setattr(
        layer, "send", lambda sends: events.extend(event for _name, event in sends)
    )
    return events


@pytest.mark.django_db
def test_nothing_is_sent_while_nobody_looks(sent, django_assert_num_queries):
    visitor = make_visitor(make_account())

    with django_assert_num_queries(0):
        publisher.publish_visitor(visitor.pk, ["history"])
        publisher.publish_visitor(visitor.pk, ["contact"])

    assert sent == []


@pytest.mark.django_db
def test_page_views_wait_for_each_other(settings, sent, monkeypatch):
    settings.HISTORY_PAUSE = 0.5
    waiting = {}
    monkeypatch.setattr(
        later, "once", lambda key, pause, do, *args: waiting.setdefault(key, (do, args))
    )
    account, other = make_account(), make_account("Other")
    seen, unseen = make_visitor(account), make_visitor(other)
    viewing.look_at(account.pk, "a", seen.pk)

    for visitor in (seen, unseen, seen):
        publisher.publish_visitor(visitor.pk, ["history"])
    assert sent == []
    [(do, args)] = waiting.values()
    do(*args)

    assert sent == [
        {"type": "desk.visitor", "visitor": seen.pk, "sections": ["history"]}
    ]


def test_card_nobody_has_looked_at_for_long_is_closed():
    viewing.look_at(7, "a", 70)
    assert viewing.open_cards() == {70: 7}

    desk_redis.client().zadd(desk_redis.key("viewing-cards"), {"70.7": 1000.0})

    assert viewing.open_cards() == {}


def test_silent_redis_means_nobody(monkeypatch):
    def refuse():
        raise redis.exceptions.ConnectionError

    viewing.look_at(7, "a", 70)
    monkeypatch.setattr(desk_redis, "client", refuse)

    assert viewing.open_cards() == {}
