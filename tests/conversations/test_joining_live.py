"""What open pages hear when conversations are joined or split."""

import pytest
from channels.db import database_sync_to_async
from django.test import Client

from conversations import services
from supportdesk.accounts.models import Role
from tests.conversations.test_consumers import desk_socket
from tests.factories import (
    agent_writes,
    make_account,
    make_agent,
    make_conversation,
    make_group,
    visitor_writes,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]

in_db = database_sync_to_async


@in_db
def cast():
    """Anna sees all, Lena only Sales; a conversation of each group, one visitor."""
    account = make_account()
    sales, repairs = make_group(account, "Sales"), make_group(account, "Repairs")
    anna = make_agent(account, "Anna", Role.FULL)
    lena = make_agent(account, "Lena", groups=(sales,))
    kept = make_conversation(account, group=repairs, text="Secret repair")
    merged = make_conversation(account, visitor=kept.visitor, group=sales)
    return anna, lena, kept, merged


async def looking(agent, conversation):
    """A socket of its agent's page that shows the conversation."""
    socket = await desk_socket(Client(), agent)
    await socket.__aenter__()
    await socket.send(type="view", conversation=str(conversation.public_id))
    await socket.frames()
    return socket


@in_db
def join(kept, merged, agent):
    services.join_conversations(kept_id=kept.pk, merged_id=merged.pk, agent=agent)


def of(frames, kind, conversation):
    id = str(conversation.public_id)
    return [frame for frame in frames if frame["type"] == kind and frame["id"] == id]


async def test_page_of_the_merged_one_is_told_where_it_went():
    anna, _lena, kept, merged = await cast()
    socket = await looking(anna, merged)

    await join(kept, merged, anna)

    frames = await socket.frames_until("counts")
    assert of(frames, "gone", merged) == [
        {
            "type": "gone",
            "id": str(merged.public_id),
            "into": str(kept.public_id),
        }
    ]
    assert of(frames, "conversation", merged) == []
    assert of(frames, "conversation", kept)[-1]["numbering"] == 1
    await socket.leave()


async def test_who_does_not_see_the_other_one_learns_nothing_of_it():
    anna, lena, kept, merged = await cast()
    socket = await looking(lena, merged)

    await join(kept, merged, anna)

    frames = await socket.frames_until("gone")
    assert of(frames, "gone", merged) == [{"type": "gone", "id": str(merged.public_id)}]
    assert str(kept.public_id) not in str(frames)
    assert "Secret repair" not in str(frames)
    await socket.leave()


async def test_a_page_that_has_not_said_yet_what_it_shows_is_told_the_same():
    anna, _lena, kept, merged = await cast()
    socket = await desk_socket(Client(), anna)
    await socket.__aenter__()
    await socket.frames()

    await join(kept, merged, anna)

    frames = await socket.frames_until("counts")
    [gone] = of(frames, "gone", merged)
    assert gone["into"] == str(kept.public_id)
    await socket.leave()


async def test_pages_of_both_parts_are_told_of_a_split():
    anna, _lena, kept, _merged = await cast()
    await in_db(agent_writes)(kept, anna)
    question = await in_db(visitor_writes)(kept, "Another thing")
    socket = await looking(anna, kept)

    new = await in_db(services.split_conversation)(message=question, agent=anna)

    frames = await socket.frames_until("counts")
    assert of(frames, "conversation", kept)[-1]["numbering"] == 1
    assert "Another thing" in of(frames, "conversation", new)[-1]["row"]
    await socket.leave()
