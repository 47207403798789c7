"""Who else has the conversation open, and who is writing in it."""

import asyncio
import contextlib
import time

import pytest
import redis.exceptions
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.test import Client

from conversations import groups, services, together
from supportdesk.accounts import services as accounts
from supportdesk.accounts.models import Role
from supportdesk.core import redis as desk_redis
from tests import factories
from tests.sockets import QUIET, Socket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]

in_db = database_sync_to_async


@pytest.fixture
def jonas(account):
    return factories.make_agent(account, "Jonas Adler", Role.FULL)


async def desk_socket(agent):
    client = Client()
    await in_db(client.force_login)(agent)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    return Socket("/ws/desk/", cookie=cookie, origin="http://testserver")


async def view(socket, conversation, **more):
    """Open it, and what the page is told of then."""
    id = str(conversation.public_id) if conversation else None
    await socket.send(type="view", conversation=id, **more)
    if id is None:
        return await told(socket)
    frames = await socket.frames_until("together")
    return [names(frame) for frame in frames if frame["type"] == "together"]


async def told(socket):
    return [names(frame) for frame in await socket.frames("together")]


def names(frame):
    return [person["name"] for person in frame["looking"]]


async def test_each_learns_of_the_other_and_of_their_going(anna, jonas, conversation):
    async with await desk_socket(anna) as first:
        assert await view(first, conversation) == [[]]
        async with await desk_socket(jonas) as second:
            await second.send(type="view", conversation=str(conversation.public_id))
            frame, *_later = await second.frames("together")
            assert frame == {
                "type": "together",
                "id": str(conversation.public_id),
                "looking": [
                    {
                        "id": anna.pk,
                        "name": "Anna Berger",
                        "first_name": "Anna",
                        "initials": "AB",
                        "hue": anna.hue,
                    }
                ],
            }
            assert await told(first) == [["Jonas Adler"]]

            await view(second, None)
            assert await told(first) == [[]]
            await view(second, conversation)
            assert await told(first) == [["Jonas Adler"]]

        # The connection is gone.
        assert await told(first) == [[]]


async def test_who_opens_another_one_is_seen_there(account, anna, jonas, conversation):
    another = await in_db(factories.make_conversation)(account)
    async with await desk_socket(anna) as first, await desk_socket(jonas) as second:
        await view(first, conversation)
        await view(second, another)
        await told(first)

        assert (await view(first, another))[0] == ["Jonas Adler"]
        assert (await told(second))[-1] == ["Anna Berger"]
        assert (await view(first, conversation))[0] == []
        assert (await told(second))[-1] == []


async def test_several_tabs_are_one_person_who_never_sees_themselves(
    anna, jonas, conversation
):
    async with (
        await desk_socket(anna) as first,
        await desk_socket(anna) as tab,
        await desk_socket(jonas) as second,
    ):
        for socket in (first, tab):
            assert await view(socket, conversation) == [[]]
        assert (await view(second, conversation))[0] == ["Anna Berger"]
        assert await told(first) == [["Jonas Adler"]]

        await view(tab, None)

        assert await told(second) == []
        assert (await view(second, conversation))[0] == ["Anna Berger"]


async def test_tab_in_the_background_does_not_look(anna, jonas, conversation):
    async with await desk_socket(anna) as first, await desk_socket(jonas) as second:
        await view(first, conversation)
        await view(second, conversation)
        await told(first)

        assert await view(second, conversation, hidden=True) == [[]]
        assert await told(first) == [[]]
        await second.send(type="ping")
        await second.frames("pong")
        assert await told(first) == []

        assert (await view(second, conversation, hidden=False))[0] == ["Anna Berger"]
        assert await told(first) == [["Jonas Adler"]]


async def test_who_went_without_a_word_is_missed(anna, jonas, conversation):
    id = str(conversation.public_id)
    async with await desk_socket(anna) as socket:
        await view(socket, conversation)
        together.look(anna.account_id, id, jonas.pk, "tab")
        await socket.send(type="ping")
        assert await told(socket) == [["Jonas Adler"]]

        key = desk_redis.key("together", anna.account_id, id)
        long_ago = time.time() - together.LIFETIME - 1
        desk_redis.client().zadd(key, {f"{jonas.pk}:tab": long_ago})
        await socket.send(type="ping")

        assert await told(socket) == [[]]


async def test_what_is_older_than_what_was_told_is_not_told(anna, jonas, conversation):
    layer = get_channel_layer()
    id = str(conversation.public_id)
    async with await desk_socket(anna) as socket:
        await view(socket, conversation)
        event = {"type": "desk.together", "id": id, "at": 1, "looking": [{"id": 1}]}

        await layer.group_send(groups.onlookers(anna.account_id, id), event)

        assert await told(socket) == []


async def test_deactivated_colleague_is_not_shown(anna, jonas, conversation):
    id = str(conversation.public_id)
    together.look(anna.account_id, id, jonas.pk, "tab")
    jonas.is_active = False
    await in_db(jonas.save)(update_fields=["is_active"])

    async with await desk_socket(anna) as socket:
        assert await view(socket, conversation) == [[]]


async def test_nobody_is_seen_through_what_one_may_not_see(account):
    sales = await in_db(factories.make_group)(account, "Sales")
    repairs = await in_db(factories.make_group)(account, "Repairs")
    conversation = await in_db(factories.make_conversation)(account, group=repairs)
    owner = await in_db(factories.owner_of)(account)
    stranger = await in_db(factories.make_agent)(account, groups=(sales,))
    elsewhere = await in_db(factories.owner_of)(
        await in_db(factories.make_account)("Another")
    )
    for agent in (stranger, elsewhere):
        async with await desk_socket(agent) as socket, await desk_socket(owner) as own:
            await socket.send(type="view", conversation=str(conversation.public_id))
            await view(own, conversation)
            await own.send(type="typing", active=True)
            await socket.send(type="typing", active=True)

            told_stranger = [frame["type"] for frame in await socket.frames()]
            assert "together" not in told_stranger
            assert "writing" not in told_stranger
            assert await own.frames("writing") == []
            assert (await view(own, conversation))[0] == []


@pytest.mark.parametrize("way", ["moved", "access"])
async def test_who_loses_sight_neither_sees_nor_is_seen(account, way):
    sales = await in_db(factories.make_group)(account, "Sales")
    repairs = await in_db(factories.make_group)(account, "Repairs")
    owner = await in_db(factories.owner_of)(account)
    agent = await in_db(factories.make_agent)(account, groups=(sales, repairs))
    conversation = await in_db(factories.make_conversation)(account, group=sales)
    if way == "moved":
        agent = await in_db(factories.make_agent)(account, groups=(sales,))
    async with await desk_socket(owner) as own, await desk_socket(agent) as socket:
        await view(own, conversation)
        await view(socket, conversation)
        assert await told(own) == [["Anna Berger"]]

        if way == "moved":
            await in_db(services.change_group)(
                conversation_id=conversation.pk, group=repairs, by=owner
            )
        else:
            await in_db(accounts.change_access)(agent=agent, by=owner, groups=[repairs])
        await socket.frames_until("gone")

        assert await told(own) == [[]]
        assert (await view(own, conversation))[0] == []
        await own.send(type="typing", active=True)
        assert await socket.frames("writing") == []
        await view(own, None)
        assert await told(socket) == []


async def test_price_does_not_depend_on_how_many_look_on(
    account, anna, django_assert_num_queries
):
    conversation = await in_db(factories.make_conversation)(account)
    id = str(conversation.public_id)

    def read():
        return together.people_of(account.pk, together.lookers(account.pk, id))

    for number in (1, 3, 30):
        for _more in range(number):
            agent = await in_db(factories.make_agent)(account)
            together.look(account.pk, id, agent.pk, "tab")

        def counted():
            with django_assert_num_queries(1):
                return read()

        found = await in_db(counted)()
    assert len(found) == 34


# Writing


async def writing(socket):
    return [(f["agent"], f["kind"]) for f in await socket.frames("writing")]


class Listener:
    """What of one type is sent to a layer group, as any socket in it would get it.

    Other types may still be on their way from what a test was given.
    """

    def __init__(self, group, type):
        self.group = group
        self.type = type
        self.events = asyncio.Queue()

    async def __aenter__(self):
        layer = get_channel_layer()
        name = await layer.new_channel()
        await layer.group_add(self.group, name)
        self.task = asyncio.create_task(self._listen(layer, name))
        return self

    async def __aexit__(self, *error):
        self.task.cancel()

    async def _listen(self, layer, name):
        while True:
            event = await layer.receive(name)
            if event["type"] == self.type:
                await self.events.put(event)

    async def heard(self):
        found = []
        with contextlib.suppress(TimeoutError):
            while True:
                found.append(await asyncio.wait_for(self.events.get(), QUIET))
        return found


async def test_reply_is_told_to_colleagues_and_to_the_visitor_and_a_note_not(
    anna, jonas, conversation, monkeypatch
):
    monkeypatch.setattr("conversations.consumers.TYPING_PAUSE", 0.0)
    async with (
        Listener(groups.visitor(conversation.visitor_id), "visitor.typing") as visitor,
        await desk_socket(anna) as first,
        await desk_socket(anna) as tab,
        await desk_socket(jonas) as second,
    ):
        for socket in (first, tab, second):
            await view(socket, conversation)

        await first.send(type="typing", active=True)
        assert await writing(second) == [(anna.pk, "reply")]
        assert [event["active"] for event in await visitor.heard()] == [True]

        # The same agent goes on with a note: the visitor hears that nobody writes.
        await first.send(type="typing", active=True, note=True)
        assert await writing(second) == [(anna.pk, "note")]
        assert [event["active"] for event in await visitor.heard()] == [False]

        await first.send(type="typing", active=True, note=True)
        await first.send(type="typing", active=False)
        await first.send(type="typing", active=False)
        assert await writing(second) == [(anna.pk, "note"), (anna.pk, "")]
        assert await visitor.heard() == []
        assert await writing(first) == []
        assert await writing(tab) == []


async def test_typing_is_told_once_in_a_while(anna, conversation):
    id = str(conversation.public_id)
    async with (
        Listener(groups.visitor(conversation.visitor_id), "visitor.typing") as visitor,
        Listener(groups.onlookers(anna.account_id, id), "desk.writing") as onlookers,
        await desk_socket(anna) as socket,
    ):
        await view(socket, conversation)

        for _ in range(20):
            await socket.send(type="typing", active=True)
            await socket.send(type="typing", active=False)
        await socket.frames()

        told = await onlookers.heard()
        assert [event["kind"] for event in told] == ["reply", ""]
        assert len(await visitor.heard()) == 2


async def test_who_shows_nothing_tells_nobody(anna, conversation):
    async with (
        Listener(groups.visitor(conversation.visitor_id), "visitor.typing") as visitor,
        await desk_socket(anna) as socket,
    ):
        await view(socket, conversation)
        await view(socket, None)

        await socket.send(type="typing", active=True)

        assert await socket.frames() == []
        assert await visitor.heard() == []


@pytest.mark.parametrize(
    "frame",
    [
        '{"type": "view", "conversation": "%s", "hidden": 1}',
        '{"type": "view", "conversation": "%s", "hidden": "no"}',
        '{"type": "view", "conversation": ["%s"]}',
        '{"type": "typing", "note": true, "x": "%s"}',
        '{"type": "together", "id": "%s", "looking": []}',
        '{"type": "desk.writing", "id": "%s", "agent": 1, "kind": "reply"}',
    ],
)
async def test_odd_frames_are_errors_and_nobody_is_seen(
    anna, jonas, conversation, frame
):
    async with await desk_socket(anna) as first, await desk_socket(jonas) as second:
        await view(second, conversation)
        await first.frames()

        await first.send_text(frame % conversation.public_id)

        assert await first.frames() == [{"type": "error", "code": "bad_request"}]
        assert await second.frames() == []


async def test_without_redis_nobody_is_shown_and_the_page_goes_on(
    anna, conversation, monkeypatch
):
    def down():
        raise redis.exceptions.ConnectionError

    found = together.look(anna.account_id, "a", anna.pk, "tab")
    assert found.agent_ids == {anna.pk}
    monkeypatch.setattr("conversations.together.desk_redis.client", down)

    assert together.look(anna.account_id, "a", 7, "tab") == together.Lookers()
    assert together.leave(anna.account_id, "a", 7, "tab") == together.Lookers()
    assert together.lookers(anna.account_id, "a") == together.Lookers()
