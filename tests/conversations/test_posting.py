import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from conversations import services
from conversations.exceptions import ConversationError
from conversations.models import Conversation, Message
from conversations.services.posting import MAX_TEXT_LENGTH, is_continued
from tests.factories import (
    agent_writes,
    fresh,
    make_account,
    make_agent,
    make_conversation,
    owner_of,
    visitor_writes,
)

pytestmark = pytest.mark.django_db


def test_visitor_message_is_stored_with_the_next_seq():
    conversation = make_conversation(text="")

    first = visitor_writes(conversation, "Hello")
    second = visitor_writes(conversation, "Anybody there?")

    # 1 is the event line that says where the conversation started.
    assert [first.seq, second.seq] == [2, 3]
    assert [first.public_seq, second.public_seq] == [1, 2]
    assert first.by_visitor


def test_visitor_message_updates_what_the_list_shows():
    conversation = make_conversation(text="")

    message = visitor_writes(conversation, "Hello\n\nAnybody there?")

    row = fresh(conversation)
    assert row.preview == "Hello Anybody there?"
    assert row.preview_by_agent is False
    assert row.last_activity_at == message.created_at
    assert row.waiting_since == message.created_at
    assert row.visitor_message_count == 1


def test_waiting_begins_with_the_first_unanswered_message_and_ends_with_the_answer():
    conversation = make_conversation(text="")
    agent = make_agent(conversation.account)
    first = visitor_writes(conversation)
    visitor_writes(conversation)

    assert fresh(conversation).waiting_since == first.created_at

    agent_writes(conversation, agent)

    assert fresh(conversation).waiting_since is None


def test_same_client_id_is_stored_once_and_answered_with_the_stored_message():
    conversation = make_conversation(text="")
    client_id = uuid.uuid4()

    first = visitor_writes(conversation, "Hello", client_id=client_id)
    again = visitor_writes(conversation, "Hello", client_id=client_id)

    assert again == first
    assert conversation.messages.filter(kind=Message.Kind.MESSAGE).count() == 1
    assert fresh(conversation).visitor_message_count == 1


@pytest.mark.parametrize("write", [services.post_agent_message, services.add_note])
def test_same_client_id_of_an_agent_is_stored_once(write):
    conversation = make_conversation()
    agent = make_agent(conversation.account)
    fields = {"conversation_id": conversation.pk, "agent": agent, "text": "Hello"}
    client_id = uuid.uuid4()

    first = write(**fields, client_id=client_id)
    again = write(**fields, client_id=client_id)

    assert again == first
    assert conversation.messages.filter(text="Hello").count() == 1


def test_visitor_message_reopens_keeps_the_assignee_and_writes_an_event_line():
    conversation = make_conversation()
    agent = make_agent(conversation.account)
    services.join_conversation(conversation_id=conversation.pk, agent=agent)
    services.resolve_conversation(conversation_id=conversation.pk, agent=agent)

    visitor_writes(conversation, "One more thing")

    row = fresh(conversation)
    assert row.status == Conversation.Status.OPEN
    assert row.resolved_at is None
    assert [person.id for person in row.people] == [agent.pk]
    *_, event, message = row.messages.order_by("seq")
    assert (event.event, event.agent) == (Message.Event.REOPENED, None)
    assert message.text == "One more thing"


def test_answer_to_an_unassigned_conversation_joins_it():
    conversation = make_conversation()
    agent = make_agent(conversation.account)

    agent_writes(conversation, agent)

    row = fresh(conversation)
    assert [person.id for person in row.people] == [agent.pk]
    assert row.is_assigned
    assert list(row.messages.order_by("seq").values_list("kind", "event")) == [
        ("event", "started"),
        ("message", ""),
        ("event", "joined"),
        ("message", ""),
    ]


def test_answer_to_a_colleagues_conversation_leaves_it_with_the_colleague():
    conversation = make_conversation()
    anna, jonas = make_agent(conversation.account), make_agent(conversation.account)
    services.join_conversation(conversation_id=conversation.pk, agent=anna)

    agent_writes(conversation, jonas)

    assert [person.id for person in fresh(conversation).people] == [anna.pk]


def test_note_is_no_public_message_and_does_not_answer_the_visitor():
    conversation = make_conversation()
    agent = make_agent(conversation.account)
    before = fresh(conversation)

    note = services.add_note(
        conversation_id=conversation.pk, agent=agent, text="Third crack this week."
    )

    row = fresh(conversation)
    assert note.public_seq is None
    assert row.last_public_seq == before.last_public_seq
    assert row.preview == before.preview
    assert row.waiting_since == before.waiting_since
    assert not row.is_assigned


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00", "\u202e", "\ud800"])
def test_message_without_anything_to_read_is_refused(text):
    conversation = make_conversation(text="")

    with pytest.raises(ConversationError, match="The message is empty"):
        visitor_writes(conversation, text)

    assert not conversation.messages.filter(kind=Message.Kind.MESSAGE).exists()


def test_message_of_a_megabyte_is_refused_with_the_limit():
    conversation = make_conversation(text="")

    with pytest.raises(ConversationError, match=str(MAX_TEXT_LENGTH)):
        visitor_writes(conversation, "a" * 1_000_000)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("a\x00b", "ab"),
        ("broken \ud83d half", "broken  half"),
        ("invoice \u202egpj.exe", "invoice gpj.exe"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("  tab\tstays  ", "tab\tstays"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("Bücher für 😀 שלום", "Bücher für 😀 שלום"),
    ],
)
def test_text_is_stored_as_written_but_for_what_cannot_be_shown(sent, stored):
    conversation = make_conversation(text="")

    message = visitor_writes(conversation, sent)

    message.refresh_from_db()
    assert message.text == stored


def test_card_number_is_in_no_column():
    conversation = make_conversation(text="")
    agent = make_agent(conversation.account)
    card = "4111 1111 1111 1111"

    visitor_writes(conversation, f"my card {card}")
    agent_writes(conversation, agent, f"you wrote {card}")
    services.add_note(conversation_id=conversation.pk, agent=agent, text=f"note {card}")

    with connection.cursor() as cursor:
        cursor.execute("SELECT m::text FROM conversations_message m")
        rows = " ".join(row[0] for row in cursor.fetchall())
        cursor.execute("SELECT c::text FROM conversations_conversation c")
        rows += " ".join(row[0] for row in cursor.fetchall())
    assert "1111 1111" not in rows
    assert rows.count("card ····1111") == 4  # three texts and the preview
    assert list(
        conversation.messages.exclude(kind="event").values_list(
            "hidden_cards", flat=True
        )
    ) == [1, 1, 1]


@pytest.mark.parametrize(
    ("days", "window", "continued"),
    [(400, None, True), (6, 7, True), (8, 7, False), (0, 0, True)],
)
def test_reopen_window_decides_whether_a_resolved_one_goes_on(days, window, continued):
    account = make_account()
    conversation = make_conversation(account)
    services.resolve_conversation(
        conversation_id=conversation.pk, agent=owner_of(account)
    )
    row = fresh(conversation)
    row.resolved_at = timezone.now() - timedelta(days=days) + timedelta(seconds=5)

    assert is_continued(row, window) is continued


@pytest.mark.django_db(transaction=True)
def test_seq_has_no_gap_when_many_write_at_once():
    conversation = make_conversation(text="")
    agent = make_agent(conversation.account)
    errors: list[Exception] = []

    def write() -> None:
        try:
            for _ in range(5):
                visitor_writes(conversation)
                agent_writes(conversation, agent)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    row = fresh(conversation)
    seqs = list(row.messages.order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, row.last_seq + 1))
    public = row.messages.public().order_by("public_seq")
    assert list(public.values_list("public_seq", flat=True)) == list(
        range(1, row.last_public_seq + 1)
    )
    assert row.visitor_message_count == 20


@pytest.mark.django_db(transaction=True)
def test_retry_that_races_its_first_try_is_stored_once():
    conversation = make_conversation(text="")
    client_id = uuid.uuid4()
    stored: list[int] = []

    def write() -> None:
        try:
            stored.append(visitor_writes(conversation, client_id=client_id).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(stored) == 6
    assert len(set(stored)) == 1
    assert fresh(conversation).visitor_message_count == 1


def test_clock_of_a_thread_does_not_run_back(monkeypatch):
    """Two messages wait for one lock: which read the clock first does not matter."""
    conversation = make_conversation()
    early = timezone.now() - timedelta(seconds=1)
    latest = visitor_writes(conversation, "first").created_at
    monkeypatch.setattr(timezone, "now", lambda: early)

    message = visitor_writes(conversation, "second")

    conversation.refresh_from_db()
    assert message.created_at == conversation.last_activity_at == latest


def test_preview_hides_a_card_number_whose_groups_stand_far_apart():
    conversation = make_conversation(text="")

    visitor_writes(conversation, ("\n" * 60).join(["4111"] + ["1111"] * 3))

    conversation.refresh_from_db()
    assert conversation.preview == "[card ····1111]"
