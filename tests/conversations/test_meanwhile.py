"""Two agents answer the same visitor: the second one is asked first."""

import threading
import time
import uuid

import pytest
from django.db import connection, transaction

from conversations import services
from conversations.exceptions import AnsweredMeanwhile
from conversations.models import Message
from conversations.services import posting
from conversations.services.thread import Seen
from supportdesk.accounts.models import Role
from tests import factories
from tests.conversations.desk import HTMX, address, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def jonas(account):
    return factories.make_agent(account, "Jonas Adler", Role.FULL)


@pytest.fixture
def joined(anna, jonas, conversation):
    """Both are responsible, so an answer is a single statement."""
    for agent in (anna, jonas):
        services.join_conversation(conversation_id=conversation.pk, agent=agent)
    return factories.fresh(conversation)


def texts(conversation):
    messages = conversation.messages.exclude(kind=Message.Kind.EVENT).order_by("seq")
    return list(messages.values_list("text", flat=True))[1:]


def seen(conversation):
    return factories.fresh(conversation).last_seq


def form(text="Mine", **fields):
    return {"text": text, "client_id": str(uuid.uuid4()), **fields}


def test_colleagues_answer_that_was_not_seen_refuses(anna, jonas, joined):
    begun = seen(joined)
    factories.agent_writes(joined, jonas, "It was sent today")
    newest = factories.agent_writes(joined, jonas, "With DHL")
    factories.visitor_writes(joined, "Thanks")

    with pytest.raises(AnsweredMeanwhile) as refused:
        factories.agent_writes(joined, anna, "Mine", seen=Seen(begun))

    assert str(refused.value) == "Jonas Adler answered meanwhile."
    assert refused.value.message == newest
    assert refused.value.seen_seq == newest.seq + 1
    assert texts(joined) == ["It was sent today", "With DHL", "Thanks"]

    factories.agent_writes(joined, anna, "Mine", seen=Seen(refused.value.seen_seq))

    assert texts(joined)[-1] == "Mine"


def test_everything_else_that_came_meanwhile_is_no_reason(anna, jonas, joined):
    begun = seen(joined)
    factories.visitor_writes(joined, "And?")
    services.add_note(conversation_id=joined.pk, agent=jonas, text="Ask Mira")
    services.change_priority(conversation_id=joined.pk, priority=1, by=jonas)
    factories.agent_writes(joined, anna, "From the other tab")

    factories.agent_writes(joined, anna, "Mine", seen=Seen(begun))

    assert texts(joined)[-1] == "Mine"


def test_answer_of_a_former_colleague_counts(anna, jonas, joined):
    begun = seen(joined)
    message = factories.agent_writes(joined, jonas, "Theirs")
    Message.objects.filter(pk=message.pk).update(agent=None)

    with pytest.raises(AnsweredMeanwhile, match="Former colleague answered meanwhile"):
        factories.agent_writes(joined, anna, "Mine", seen=Seen(begun))


def test_who_says_nothing_of_what_they_saw_is_not_asked(anna, jonas, joined):
    factories.agent_writes(joined, jonas, "Theirs")

    factories.agent_writes(joined, anna, "By mail")

    assert texts(joined) == ["Theirs", "By mail"]


def test_refusal_changes_nothing(anna, jonas, conversation):
    begun = seen(conversation)
    factories.agent_writes(conversation, jonas, "Theirs")
    services.resolve_conversation(conversation_id=conversation.pk, agent=jonas)
    before = seen(conversation)

    with pytest.raises(AnsweredMeanwhile):
        factories.agent_writes(conversation, anna, "Mine", seen=Seen(begun))

    conversation = factories.fresh(conversation)
    assert not conversation.is_open
    assert conversation.last_seq == before
    assert [person.id for person in conversation.people] == [jonas.pk]


def test_retry_of_what_was_stored_is_acknowledged(anna, jonas, joined):
    begun, client_id = seen(joined), uuid.uuid4()
    mine = factories.agent_writes(
        joined, anna, "Mine", client_id=client_id, seen=Seen(begun)
    )
    factories.agent_writes(joined, jonas, "Theirs")

    again = factories.agent_writes(
        joined, anna, "Mine", client_id=client_id, seen=Seen(begun)
    )

    assert again == mine
    assert texts(joined) == ["Mine", "Theirs"]


def test_answer_costs_no_more_when_all_was_seen(
    anna, joined, django_assert_num_queries
):
    begun = seen(joined)

    # In a transaction of the test: a savepoint around the one statement.
    with django_assert_num_queries(3):
        factories.agent_writes(joined, anna, "Mine")
    with django_assert_num_queries(3):
        factories.agent_writes(joined, anna, "Mine", seen=Seen(begun + 1))


@pytest.fixture
def split(anna, jonas, joined):
    """What was seen of a long thread, most of which is another conversation's now; in
    this one Jonas answered since."""
    matter = factories.visitor_writes(joined, "Another thing")
    for _ in range(9):
        factories.visitor_writes(joined, "Hello?")
    joined = factories.fresh(joined)
    services.mark_read(conversation=joined, agent=anna)
    services.split_conversation(message=matter, agent=anna)
    factories.agent_writes(joined, jonas, "Theirs")
    return Seen(joined.last_seq, joined.numbering)


@pytest.mark.parametrize("is_said", [True, False])
def test_numbers_from_before_a_split_hide_no_answer(anna, joined, split, is_said):
    begun = split if is_said else Seen(split.seq)

    with pytest.raises(AnsweredMeanwhile) as refused:
        factories.agent_writes(joined, anna, "Mine", seen=begun)

    assert refused.value.message.text == "Theirs"
    again = Seen(refused.value.seen_seq, refused.value.numbering)
    factories.agent_writes(joined, anna, "Mine", seen=again)
    assert texts(joined) == ["Theirs", "Mine"]


def test_numbers_from_before_a_split_are_void_when_it_is_long_again(
    anna, joined, split
):
    for _ in range(split.seq):
        services.add_note(conversation_id=joined.pk, agent=anna, text="Hm.")

    with pytest.raises(AnsweredMeanwhile):
        factories.agent_writes(joined, anna, "Mine", seen=split)


def test_what_was_read_since_a_split_counts_as_seen(anna, joined, split):
    services.mark_read(conversation=factories.fresh(joined), agent=anna)

    factories.agent_writes(joined, anna, "Mine", seen=split)

    assert texts(joined) == ["Theirs", "Mine"]


def test_page_from_before_a_split_has_read_nothing_since(anna, joined, split):
    said = {"seen_seq": split.seq, "numbering": split.numbering}

    answer = signed_in(anna).post(address("read", joined), said, headers=HTMX)

    assert answer.status_code == 204
    with pytest.raises(AnsweredMeanwhile):
        factories.agent_writes(joined, anna, "Mine", seen=split)


def test_page_has_read_up_to_what_it_shows(anna, jonas, joined):
    shown = factories.fresh(joined)
    factories.agent_writes(joined, jonas, "Theirs")
    said = {"seen_seq": shown.last_seq, "numbering": shown.numbering}

    signed_in(anna).post(address("read", joined), said, headers=HTMX)

    assert joined.reads.get(agent=anna).seen_seq == shown.last_seq


def test_numbers_of_one_that_was_merged_are_void_in_the_other(
    account, anna, jonas, joined
):
    other = factories.make_conversation(account, visitor=joined.visitor)
    factories.agent_writes(other, jonas)
    matter = factories.visitor_writes(other, "Another thing")
    services.split_conversation(message=matter, agent=anna)
    other = factories.fresh(other)

    services.join_conversations(kept_id=joined.pk, merged_id=other.pk, agent=anna)

    assert (joined.numbering, other.numbering) == (0, 1)
    assert factories.fresh(joined).numbering == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_assigned", [True, False])
def test_of_two_who_send_at_once_one_is_asked(account, is_assigned, monkeypatch):
    agents = [factories.make_agent(account, name) for name in ("Anna", "Jonas")]
    conversation = factories.make_conversation(account)
    for agent in agents if is_assigned else ():
        services.join_conversation(conversation_id=conversation.pk, agent=agent)
    begun = seen(conversation)
    gate = threading.Barrier(2)
    simple = posting.append_if_simple

    def both_at_once(*args, **kwargs):
        gate.wait(10)
        return simple(*args, **kwargs)

    monkeypatch.setattr(posting, "append_if_simple", both_at_once)
    outcomes = []

    def answer(agent):
        try:
            factories.agent_writes(conversation, agent, agent.name, seen=Seen(begun))
            outcomes.append("stored")
        except AnsweredMeanwhile as refused:
            outcomes.append(refused.message.text)
        finally:
            connection.close()

    threads = [threading.Thread(target=answer, args=(agent,)) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    [stored] = texts(conversation)
    assert sorted(outcomes) == sorted(["stored", stored])


def somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0] > 0


@pytest.mark.django_db(transaction=True)
def test_answer_that_commits_while_the_other_waits_is_seen(account):
    """The lock is waited for with a snapshot from before the colleague's answer."""
    anna, jonas = (factories.make_agent(account, name) for name in ("Anna", "Jonas"))
    conversation = factories.make_conversation(account)
    for agent in (anna, jonas):
        services.join_conversation(conversation_id=conversation.pk, agent=agent)
    begun = seen(conversation)
    outcomes = []

    def answer():
        try:
            factories.agent_writes(conversation, anna, "Mine", seen=Seen(begun))
            outcomes.append("stored")
        except AnsweredMeanwhile:
            outcomes.append("asked")
        finally:
            connection.close()

    waiting = threading.Thread(target=answer)
    with transaction.atomic():
        factories.agent_writes(conversation, jonas, "Theirs", seen=Seen(begun))
        waiting.start()
        deadline = time.monotonic() + 10
        while not somebody_waits() and time.monotonic() < deadline:
            time.sleep(0.01)
    waiting.join(20)

    assert outcomes == ["asked"]
    assert texts(conversation) == ["Theirs"]


# The composer


def test_reply_is_asked_about_and_sent_with_the_next_try(anna, jonas, joined):
    client = signed_in(anna)
    data = form("My <answer>", seen_seq=seen(joined), then="resolve")
    factories.agent_writes(joined, jonas, "Sent <b>today</b> 4111 1111 1111 1111")

    for headers in (HTMX, {}):
        refused = client.post(address("reply", joined), data, headers=headers)
        assert refused.status_code == 409
        assert ">My &lt;answer&gt;</textarea>" in refused.text
        assert "Jonas Adler answered meanwhile." in refused.text
        assert "Sent &lt;b&gt;today&lt;/b&gt;" in refused.text
        assert "····1111" in refused.text
        assert 'name="then" value="resolve">Send anyway</button>' in refused.text
        assert f'name="seen_seq" value="{seen(joined)}"' in refused.text
        assert f'value="{data["client_id"]}"' in refused.text
        assert ("<html" in refused.text) is (not headers)
    assert factories.fresh(joined).is_open

    sent = client.post(address("reply", joined), data | {"seen_seq": seen(joined)})

    assert sent.status_code == 302
    assert texts(joined)[-1] == "My <answer>"
    assert not factories.fresh(joined).is_open


def test_form_from_before_a_split_is_asked_about_and_sent_with_the_next_try(
    anna, joined, split
):
    client = signed_in(anna)
    data = form(seen_seq=split.seq, numbering=split.numbering)

    refused = client.post(address("reply", joined), data, headers=HTMX)
    given = {"seen_seq": seen(joined), "numbering": 1}
    sent = client.post(address("reply", joined), data | given, headers=HTMX)

    assert (refused.status_code, sent.status_code) == (409, 200)
    for name, value in given.items():
        assert f'name="{name}" value="{value}"' in refused.text
    assert texts(joined) == ["Theirs", "Mine"]


def test_plain_send_is_offered_as_a_plain_send(anna, jonas, joined):
    data = form(seen_seq=seen(joined))
    factories.agent_writes(joined, jonas, "Theirs")

    refused = signed_in(anna).post(address("reply", joined), data)

    assert '<button class="btn btn--sm">Send anyway</button>' in refused.text
    assert "Theirs" in refused.text.partition('id="log"')[2].partition("<form")[0]


@pytest.mark.parametrize("name", ["note", "reply"])
def test_notes_are_never_asked_about(anna, jonas, joined, name):
    data = form("Inside", seen_seq=seen(joined), kind="note")
    factories.agent_writes(joined, jonas, "Theirs")

    response = signed_in(anna).post(address(name, joined), data)

    assert response.status_code == 302
    assert texts(joined) == ["Theirs", "Inside"]


def test_retry_by_form_is_one_message(anna, jonas, joined):
    client, data = signed_in(anna), form(seen_seq=seen(joined))
    client.post(address("reply", joined), data, headers=HTMX)
    factories.agent_writes(joined, jonas, "Theirs")

    again = client.post(address("reply", joined), data, headers=HTMX)

    assert again.status_code == 200
    assert texts(joined) == ["Mine", "Theirs"]


def test_page_says_what_it_showed_and_an_older_one_sends_without(anna, joined):
    client = signed_in(anna)

    page = client.get(address("conversation", joined))
    response = client.post(address("reply", joined), form())

    assert f'name="seen_seq" value="{joined.last_seq}"' in page.text
    assert 'name="numbering" value="0"' in page.text
    assert 'id="meanwhile" role="status" hidden></div>' in page.text
    assert response.status_code == 302


@pytest.mark.parametrize("odd", ["-1", "x", "1e3", "2147483648", "9" * 400, "\u0661x"])
@pytest.mark.parametrize("name", ["seen_seq", "numbering"])
def test_odd_numbers_are_refused_and_replaced(anna, joined, name, odd):
    refused = signed_in(anna).post(
        address("reply", joined), form(**{name: odd}), headers=HTMX
    )

    assert refused.status_code == 422
    assert "Please send it once more." in refused.text
    assert f'name="seen_seq" value="{joined.last_seq}"' in refused.text
    assert 'name="numbering" value="0"' in refused.text
    assert texts(joined) == []


def test_refusal_for_another_reason_keeps_what_was_seen(anna, joined):
    factories.visitor_writes(joined)

    refused = signed_in(anna).post(
        address("reply", joined), form(" ", seen_seq="1"), headers=HTMX
    )

    assert 'name="seen_seq" value="1"' in refused.text
