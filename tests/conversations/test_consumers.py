import uuid

import pytest
from channels.db import database_sync_to_async
from django.test import Client
from django.utils import timezone

from conversations import consumers, publisher, services
from conversations.consumers import CLOSE_SIGNED_OUT
from supportdesk.accounts import presence
from supportdesk.accounts import services as accounts
from supportdesk.accounts.models import Account, Role, User
from tests.factories import (
    agent_writes,
    make_account,
    make_agent,
    make_conversation,
    make_group,
    make_visitor,
    owner_of,
    visitor_writes,
)
from tests.sockets import Socket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]

in_db = database_sync_to_async


async def desk_socket(client, agent):
    await in_db(client.force_login)(agent)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    return Socket("/ws/desk/", cookie=cookie, origin="http://testserver")


async def test_visitor_message_arrives_as_row_for_all_and_as_message_for_who_looks(
    client, django_user_model
):
    conversation = await in_db(make_conversation)()
    owner = await in_db(owner_of)(conversation.account)
    async with await desk_socket(client, owner) as socket:
        await socket.frames()

        await in_db(visitor_writes)(conversation, "First")
        [unseen] = await socket.frames("conversation")
        await socket.send(type="view", conversation=str(conversation.public_id))
        await socket.send(type="ping")
        await socket.frames("pong")
        await in_db(visitor_writes)(conversation, "Second <b>")
        [seen] = await socket.frames("conversation")

    assert "message" not in unseen
    assert "First" in unseen["row"]
    assert (unseen["unread"], unseen["by"], unseen["seq"]) == (2, "visitor", 3)
    assert "Second &lt;b&gt;" in seen["message"]
    assert seen["seq"] == 4


async def test_own_language_and_no_other(client):
    account = await in_db(make_account)()
    agent = await in_db(make_agent)(account, role=Role.FULL, language="de")
    conversation = await in_db(make_conversation)(account)
    async with await desk_socket(client, agent) as socket:
        await socket.frames()
        await in_db(visitor_writes)(conversation)
        [frame] = await socket.frames("conversation")

    assert isinstance(frame["row"], str)
    assert "reads" not in frame


async def test_agent_of_another_group_or_account_hears_nothing(client):
    account = await in_db(make_account)()
    sales = await in_db(make_group)(account, "Sales")
    repairs = await in_db(make_group)(account, "Repairs")
    stranger = await in_db(make_agent)(account, groups=(sales,))
    elsewhere = await in_db(owner_of)(await in_db(make_account)("Another"))
    conversation = await in_db(make_conversation)(account, group=repairs)
    for agent in (stranger, elsewhere):
        async with await desk_socket(client, agent) as socket:
            await socket.frames()
            await socket.send(type="view", conversation=str(conversation.public_id))
            assert await socket.frames() == [{"type": "error", "code": "bad_request"}]

            await in_db(visitor_writes)(conversation, "secret")
            await in_db(services.add_note)(
                conversation_id=conversation.pk,
                agent=await in_db(owner_of)(account),
                text="secret note",
            )

            assert await socket.frames("conversation") == []


async def test_moving_a_conversation_away_cuts_the_stream_at_once(client):
    account = await in_db(make_account)()
    sales = await in_db(make_group)(account, "Sales")
    repairs = await in_db(make_group)(account, "Repairs")
    owner = await in_db(owner_of)(account)
    agent = await in_db(make_agent)(account, groups=(sales,))
    conversation = await in_db(make_conversation)(account, group=sales)
    async with await desk_socket(client, agent) as socket:
        await socket.send(type="view", conversation=str(conversation.public_id))
        await socket.frames()

        await in_db(services.change_group)(
            conversation_id=conversation.pk, group=repairs, by=owner
        )
        gone = await socket.frames("gone")
        await in_db(visitor_writes)(conversation, "secret")

        assert gone == [{"type": "gone", "id": str(conversation.public_id)}]
        assert await socket.frames("conversation") == []


async def test_losing_the_group_while_connected_cuts_the_stream(client):
    account = await in_db(make_account)()
    sales = await in_db(make_group)(account, "Sales")
    repairs = await in_db(make_group)(account, "Repairs")
    owner = await in_db(owner_of)(account)
    agent = await in_db(make_agent)(account, groups=(sales, repairs))
    conversation = await in_db(make_conversation)(account, group=sales)
    async with await desk_socket(client, agent) as socket:
        await socket.send(type="view", conversation=str(conversation.public_id))
        await socket.frames()

        await in_db(accounts.change_access)(agent=agent, by=owner, groups=[repairs])
        told = [frame["type"] for frame in await socket.frames_until("access")]
        await in_db(visitor_writes)(conversation, "secret")

        assert "gone" in told
        assert "access" in told
        assert await socket.frames("conversation") == []


async def test_deactivated_agent_is_thrown_out(client):
    account = await in_db(make_account)()
    owner = await in_db(owner_of)(account)
    agent = await in_db(make_agent)(account)
    async with await desk_socket(client, agent) as socket:
        await socket.frames()

        await in_db(accounts.change_access)(agent=agent, by=owner, is_active=False)

        assert {"type": "close", "code": CLOSE_SIGNED_OUT} in await socket.frames()


# When the layer lost what would have cut the stream


@pytest.fixture
def watchful(monkeypatch):
    monkeypatch.setattr(consumers, "CHECK_PAUSE", 0.0)


def switch_off(agent, session):
    User.objects.filter(pk=agent.pk).update(is_active=False)


def suspend(agent, session):
    Account.objects.filter(pk=agent.account_id).update(suspended_at=timezone.now())


def end_session(agent, session):
    session.delete()


def change_password(agent, session):
    agent.set_password("nine lives of a cat")
    agent.save(update_fields=["password"])


@pytest.mark.parametrize(
    "silently", [switch_off, suspend, end_session, change_password]
)
async def test_ping_closes_what_was_to_be_closed(client, watchful, silently):
    agent = await in_db(make_agent)(await in_db(make_account)())
    async with await desk_socket(client, agent) as socket:
        await socket.send(type="ping")
        assert "pong" in [frame["type"] for frame in await socket.frames_until("pong")]

        await in_db(silently)(agent, await in_db(lambda: client.session)())
        await socket.send(type="ping")

        assert await socket.frames() == [{"type": "close", "code": CLOSE_SIGNED_OUT}]


async def test_ping_cuts_the_stream_of_a_lost_group(client, watchful):
    account = await in_db(make_account)()
    group = await in_db(make_group)(account)
    agent = await in_db(make_agent)(account, groups=(group,))
    conversation = await in_db(make_conversation)(account, group=group)
    async with await desk_socket(client, agent) as socket:
        await socket.frames()

        other = await in_db(make_group)(account, "Repairs")
        await in_db(agent.groups.set)([other])
        await socket.send(type="ping")
        told = [frame["type"] for frame in await socket.frames_until("pong")]
        await in_db(visitor_writes)(conversation, "secret")

        assert "access" in told
        assert await socket.frames("conversation") == []


async def test_not_every_ping_looks(client):
    agent = await in_db(make_agent)(await in_db(make_account)())
    async with await desk_socket(client, agent) as socket:
        await in_db(switch_off)(agent, None)
        await socket.send(type="ping")

        assert "pong" in [frame["type"] for frame in await socket.frames_until("pong")]


async def test_counts_are_each_agents_own(client):
    account = await in_db(make_account)()
    agent = await in_db(make_agent)(account)
    conversation = await in_db(make_conversation)(account)
    async with await desk_socket(client, agent) as socket:
        await socket.frames()
        await in_db(services.join_conversation)(
            conversation_id=conversation.pk, agent=agent
        )
        *_, counts = await socket.frames("counts")

    assert (counts["all"], counts["mine"], counts["unassigned"]) == (1, 1, 0)
    assert counts["agents"] == {str(agent.pk): 1}


async def test_connecting_makes_the_agent_reachable(client):
    agent = await in_db(make_agent)(await in_db(make_account)())

    async with await desk_socket(client, agent) as socket:
        await socket.send(type="ping")
        assert {"type": "pong"} in await socket.frames()

    assert await in_db(presence.is_online)(agent.account_id)


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "not json",
        "[]",
        "null",
        "7",
        "{}",
        '{"type": "base"}',
        '{"type": ["view"]}',
        '{"type": "view"}',
        '{"type": "view", "conversation": 7}',
        '{"type": "view", "conversation": "0"}',
        '{"type": "view", "conversation": "\' OR 1=1--"}',
        '{"type": "desk.access"}',
        "[" * 2000,
        '{"type": "ping", "x": "' + "a" * 5000 + '"}',
    ],
)
async def test_odd_frames_get_one_fixed_error(client, frame):
    agent = await in_db(make_agent)(await in_db(make_account)())
    async with await desk_socket(client, agent) as socket:
        await socket.frames()

        await socket.send_text(frame)

        assert await socket.frames() == [{"type": "error", "code": "bad_request"}]


async def test_binary_frame_gets_the_same_error(client):
    agent = await in_db(make_agent)(await in_db(make_account)())
    async with await desk_socket(client, agent) as socket:
        await socket.frames()

        await socket.send_bytes(b"\x00\xff")

        assert await socket.frames() == [{"type": "error", "code": "bad_request"}]


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null"])
async def test_foreign_origin_is_refused(client, origin):
    agent = await in_db(make_agent)(await in_db(make_account)())
    await in_db(client.force_login)(agent)
    cookie = f"sessionid={client.cookies['sessionid'].value}"

    refused = await Socket("/ws/desk/", cookie=cookie, origin=origin).connect()

    assert refused is not None


async def test_without_a_session_there_is_no_socket():
    refused = await Socket("/ws/desk/", origin="http://testserver").connect()

    assert refused == CLOSE_SIGNED_OUT


async def test_answer_reaches_the_colleague_who_watches_too(client):
    account = await in_db(make_account)()
    anna = await in_db(make_agent)(account, "Anna Berger")
    jonas = await in_db(make_agent)(account, "Jonas Adler")
    conversation = await in_db(make_conversation)(account)
    async with await desk_socket(client, jonas) as socket:
        await socket.send(type="view", conversation=str(conversation.public_id))
        await socket.frames()

        await in_db(agent_writes)(conversation, anna, "On its way")

        messages = [f["message"] for f in await socket.frames() if "message" in f]
    assert any("On its way" in html for html in messages)


async def test_erased_conversations_leave_every_page_that_showed_them(client):
    account = await in_db(make_account)()
    sales = await in_db(make_group)(account, "Sales")
    repairs = await in_db(make_group)(account, "Repairs")
    elsewhere = await in_db(make_agent)(account, groups=(sales,))
    conversation = await in_db(make_conversation)(account, group=repairs)
    owner = await in_db(owner_of)(account)
    async with (
        await desk_socket(client, owner) as socket,
        await desk_socket(client, elsewhere) as unaware,
    ):
        await socket.send(type="view", conversation=str(conversation.public_id))
        await socket.frames()
        await unaware.frames()

        await in_db(services.erase_visitor)(visitor=conversation.visitor, agent=owner)

        frames = await socket.frames()
        others = await unaware.frames()

    gone = {"type": "gone", "id": str(conversation.public_id)}
    assert [frame for frame in frames if frame["type"] == "gone"] == [gone]
    [counts] = [frame for frame in frames if frame["type"] == "counts"]
    assert counts["all"] == 0
    assert [frame["type"] for frame in others] == ["counts"]


async def test_rows_of_merged_conversations_show_the_kept_profile(client):
    account = await in_db(make_account)()
    kept = await in_db(make_visitor)(account, name="Lena Hofmann")
    merged = await in_db(make_visitor)(account, name="L. H.")
    await in_db(make_conversation)(account, visitor=merged)
    owner = await in_db(owner_of)(account)
    async with await desk_socket(client, owner) as socket:
        await socket.frames()

        await in_db(services.merge_visitors)(kept=kept, merged=merged, agent=owner)

        rows = [frame["row"] for frame in await socket.frames("conversation")]

    assert rows
    assert all("Lena Hofmann" in row and "L. H." not in row for row in rows)


async def test_page_learns_what_is_for_its_agent_and_of_nobody_else(client):
    account = await in_db(make_account)()
    owner = await in_db(owner_of)(account)
    agent = await in_db(make_agent)(account)
    conversation = await in_db(make_conversation)(account)
    async with await desk_socket(client, agent) as socket:
        await socket.frames()

        for assigned, by in ((agent, owner), (owner, owner)):
            await in_db(services.assign_conversation)(
                conversation_id=conversation.pk, agent=assigned, by=by
            )
        frames = await socket.frames("conversation")

    told = [frame for frame in frames if frame.get("kind") == "event"]
    assert [frame["event"] for frame in told] == ["assigned", "joined"]
    assert [frame.get("for_me", False) for frame in told] == [True, False]
    assert not any("to" in frame for frame in frames)


async def test_who_assigns_themselves_or_mentions_themselves_is_not_told(client):
    account = await in_db(make_account)()
    owner = await in_db(owner_of)(account)
    conversation = await in_db(make_conversation)(account)
    note = await in_db(services.add_note)(
        conversation_id=conversation.pk,
        agent=owner,
        text="For both of us",
        client_id=uuid.uuid4(),
    )
    agent = await in_db(make_agent)(account)
    note.data["mentions"] = [owner.pk, agent.pk]
    async with (
        await desk_socket(client, owner) as author,
        await desk_socket(Client(), agent) as mentioned,
    ):
        await author.frames()
        await mentioned.frames()
        await in_db(publisher.publish_message)(note)

        [own] = await author.frames("conversation")
        [other] = await mentioned.frames("conversation")

    assert "for_me" not in own
    assert other["for_me"] is True
    assert other["kind"] == "note"
