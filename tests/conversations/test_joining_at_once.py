"""Two who join at once, and a message that comes while two conversations are joined."""

import threading
import time

import pytest
from django.db import connection, transaction

from conversations import services
from conversations.exceptions import ConversationError
from conversations.models import Conversation, Message
from tests.conversations.test_merged_meanwhile import waiting
from tests.factories import (
    agent_writes,
    fresh,
    make_conversation,
    visitor_writes,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other(account, conversation):
    return make_conversation(account, visitor=conversation.visitor, text="Another")


def at_once(first, *others):
    """Let `others` wait for what `first` has locked; gives back what they raised."""
    errors = []

    def run(work):
        try:
            work()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in others]
    with transaction.atomic():
        first()
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 10
        while waiting() < len(threads) and time.monotonic() < deadline:
            time.sleep(0.01)
    for thread in threads:
        thread.join()
    return errors


def join(kept, merged, agent):
    return lambda: services.join_conversations(
        kept_id=kept.pk, merged_id=merged.pk, agent=agent
    )


def is_gapless(conversation):
    seqs = conversation.messages.order_by("seq").values_list("seq", flat=True)
    return list(seqs) == list(range(1, fresh(conversation).last_seq + 1))


def test_messages_that_wait_land_in_what_was_made(conversation, other, anna):
    errors = at_once(
        join(conversation, other, anna),
        lambda: visitor_writes(other, "From the merged one"),
        lambda: visitor_writes(conversation, "From the kept one"),
        lambda: agent_writes(other, anna, "An answer"),
        lambda: services.add_note(conversation_id=other.pk, agent=anna, text="A note"),
    )

    assert errors == []
    texts = set(conversation.messages.values_list("text", flat=True))
    assert {
        "From the merged one",
        "From the kept one",
        "An answer",
        "A note",
    } <= texts
    assert is_gapless(conversation)
    assert not Message.objects.filter(conversation=other.pk).exists()
    assert fresh(conversation).visitor_message_count == 4


def test_of_two_who_join_the_other_way_round_one_is_refused(conversation, other, anna):
    errors = at_once(
        join(conversation, other, anna),
        join(other, conversation, anna),
        join(conversation, other, anna),
        lambda: visitor_writes(other, "Late"),
    )

    assert [type(error) for error in errors] == [ConversationError] * 2
    assert conversation.messages.filter(text="Late").count() == 1
    assert list(Conversation.objects.all()) == [conversation]
    assert fresh(conversation).numbering == 1
    assert is_gapless(conversation)


def test_chain_that_is_made_at_once_leads_to_its_end(
    account, conversation, other, anna
):
    third = make_conversation(account, visitor=conversation.visitor, text="Third")

    errors = at_once(
        join(other, third, anna),
        join(conversation, other, anna),
        lambda: visitor_writes(third, "Late"),
    )

    assert errors == []
    pointers = Conversation.with_merged.values_list("pk", "merged_into")
    assert dict(pointers) == {
        conversation.pk: None,
        other.pk: conversation.pk,
        third.pk: conversation.pk,
    }
    assert conversation.messages.filter(text="Late").count() == 1
    assert is_gapless(conversation)


def test_message_that_waits_for_a_split_is_in_one_of_them(conversation, anna):
    agent_writes(conversation, anna)
    question = visitor_writes(conversation, "Another thing")

    errors = at_once(
        lambda: services.split_conversation(message=question, agent=anna),
        lambda: services.split_conversation(message=question, agent=anna),
        lambda: visitor_writes(conversation, "Late"),
    )

    assert [type(error) for error in errors] == [ConversationError]
    assert Message.objects.filter(text="Late").count() == 1
    assert Conversation.objects.count() == 2
    for each in Conversation.objects.all():
        assert is_gapless(each)
