"""The later part of a conversation goes on by itself."""

import pytest
from django.utils import timezone

from conversations import services
from conversations.exceptions import ConversationError
from conversations.models import Conversation, ConversationRead, SearchDocument
from supportdesk.accounts.models import Role
from tests.factories import (
    agent_writes,
    fresh,
    make_account,
    make_agent,
    make_conversation,
    make_group,
    visitor_writes,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def answered(conversation, anna):
    """Anna has joined and answered; the first four entries."""
    agent_writes(conversation, anna, "It is on its way")
    return conversation


@pytest.fixture
def question(answered):
    """The visitor's next matter."""
    return visitor_writes(answered, "And my invoice?")


def split(message, agent):
    return services.split_conversation(message=message, agent=agent)


def thread(conversation):
    rows = conversation.messages.order_by("seq")
    return list(rows.values_list("seq", "public_seq", "event", "text"))


def numbers(conversation):
    row = fresh(conversation)
    return row.last_seq, row.last_public_seq, row.visitor_message_count


def test_later_entries_begin_a_conversation(answered, question, anna):
    agent_writes(answered, anna, "Here it is")

    new = split(question, anna)

    assert thread(answered) == [
        (1, None, "started", ""),
        (2, 1, "", "Where is my parcel?"),
        (3, 2, "joined", ""),
        (4, 3, "", "It is on its way"),
        (5, None, "split_off", ""),
    ]
    assert thread(new) == [
        (1, None, "started", ""),
        (2, 1, "", "And my invoice?"),
        (3, 2, "", "Here it is"),
        (4, None, "split_off", ""),
    ]
    assert numbers(answered) == (5, 3, 1)
    assert numbers(new) == (4, 2, 1)
    assert fresh(answered).numbering == 1


def test_lines_name_each_other(answered, question, anna):
    new = split(question, anna)

    lines = [each.messages.get(event="split_off") for each in (answered, new)]
    assert [line.data for line in lines] == [
        {"into": str(new.public_id)},
        {"from": str(answered.public_id)},
    ]
    assert [line.agent for line in lines] == [anna, anna]
    started = new.messages.get(event="started")
    assert started.created_at == question.created_at


def test_new_one_is_like_the_old_one(account, anna):
    repairs = make_group(account)
    old = make_conversation(account, group=repairs)
    agent_writes(old, anna)
    services.tag_conversation_by_name(conversation_id=old.pk, name="Mill", agent=anna)
    services.change_priority(conversation_id=old.pk, priority=1, by=anna)
    jonas = make_agent(account, "Jonas Lind", groups=(repairs,))
    services.follow_conversation(conversation_id=old.pk, agent=jonas)

    new = fresh(split(visitor_writes(old, "Another thing"), anna))

    old = fresh(old)
    for name in ("visitor", "account", "channel", "channel_kind", "group", "language"):
        assert getattr(new, name) == getattr(old, name)
    assert new.tags == old.tags
    assert new.tag_ids == old.tag_ids
    assert [person.id for person in new.people] == [anna.pk]
    for each in (old, new):
        assert list(each.follows.values_list("agent", flat=True)) == [jonas.pk]
    assert (new.is_assigned, new.priority, new.is_open) == (True, 1, True)


def test_rows_show_what_is_left_and_what_went(answered, question, anna):
    before = fresh(answered)
    new = split(question, anna)

    old, new = fresh(answered), fresh(new)
    assert (old.preview, old.preview_by_agent) == ("It is on its way", True)
    assert (new.preview, new.preview_by_agent) == ("And my invoice?", False)
    assert old.waiting_since is None
    assert new.waiting_since == before.waiting_since == question.created_at
    assert old.last_activity_at < new.last_activity_at == question.created_at


def test_old_one_waits_if_its_last_answer_went(conversation, anna):
    first = conversation.messages.get(by_visitor=True)
    later = visitor_writes(conversation, "Another thing")
    agent_writes(conversation, anna)
    assert fresh(conversation).waiting_since is None

    new = split(later, anna)

    assert fresh(conversation).waiting_since == first.created_at
    assert fresh(new).waiting_since is None


def test_missed_is_what_still_waits(answered, question, anna):
    services.mark_missed(conversation_id=answered.pk, left_at=timezone.now())

    new = split(question, anna)

    assert fresh(answered).missed_at is None
    assert fresh(new).missed_at is not None


def test_resolved_one_stays_resolved_and_keeps_its_rating(answered, anna):
    services.resolve_conversation(conversation_id=answered.pk, agent=anna)
    services.rate_conversation(conversation_id=answered.pk, rating=5)
    question = visitor_writes(answered, "Another thing")
    services.resolve_conversation(conversation_id=answered.pk, agent=anna)

    new = split(question, anna)

    assert not fresh(answered).is_open
    assert fresh(new).is_open
    assert (fresh(answered).rating, fresh(new).rating) == (5, None)


def test_rating_goes_with_its_line(answered, question, anna):
    agent_writes(answered, anna)
    services.resolve_conversation(conversation_id=answered.pk, agent=anna)
    services.rate_conversation(conversation_id=answered.pk, rating=1, comment="Slow")

    new = split(question, anna)

    assert fresh(answered).rating is None
    assert (fresh(new).rating, fresh(new).rating_comment) == (1, "Slow")


def test_read_states_stay_true_on_both_sides(answered, question, anna, account):
    ben = make_agent(account, "Ben", Role.FULL)
    services.mark_read(conversation=fresh(answered), agent=anna)
    visitor_writes(answered, "Hello?")
    ConversationRead.objects.create(
        conversation=answered, agent=ben, visitor_messages=1, seen_seq=2
    )

    new = split(question, anna)

    def unread(conversation, agent):
        return Conversation.objects.with_unread(agent).get(pk=conversation.pk).unread

    assert [unread(answered, agent) for agent in (anna, ben)] == [0, 0]
    assert [unread(new, agent) for agent in (anna, ben)] == [1, 2]
    seen = ConversationRead.objects.order_by("conversation", "agent")
    assert list(seen.values_list("conversation", "agent", "seen_seq")) == [
        (answered.pk, anna.pk, 4),
        (answered.pk, ben.pk, 2),
        (new.pk, anna.pk, 2),
        (new.pk, ben.pk, 0),
    ]


def test_what_the_visitor_has_seen_stays_seen(answered, question, anna):
    agent_writes(answered, anna, "Here it is")
    agent_writes(answered, anna, "Anything else?")
    services.mark_seen_by_visitor(conversation_id=answered.pk, public_seq=5)

    new = split(question, anna)

    assert (fresh(answered).visitor_seen_seq, fresh(new).visitor_seen_seq) == (3, 2)


def test_both_are_found_by_their_own_words_at_once(answered, question, anna):
    services.rebuild_documents()

    new = split(question, anna)

    words = {
        document.conversation_id: document.words
        for document in SearchDocument.objects.all()
    }
    assert "'invoice'" in words[new.pk]
    assert "'invoice'" not in words[answered.pk]
    assert "'parcel'" in words[answered.pk]
    assert "'parcel'" not in words[new.pk]


def test_split_takes_a_merge_apart_again(answered, anna, account):
    other = make_conversation(account, visitor=answered.visitor, text="My invoice?")
    services.join_conversations(kept_id=answered.pk, merged_id=other.pk, agent=anna)
    message = answered.messages.get(text="My invoice?")

    new = split(message, anna)

    assert message.written_in is not None
    assert [entry[3] for entry in thread(new)] == ["", "My invoice?", "", ""]
    assert fresh(answered).preview == "It is on its way"
    assert fresh(new).preview == "My invoice?"


def refusal(message, agent):
    with pytest.raises(ConversationError) as error:
        split(message, agent)
    return str(error.value)


def test_refusals(answered, question, anna, account):
    stay = "At least one message has to stay: choose a later one."
    go = "At least one message has to move: choose an earlier one."
    gone = "This message does not exist any more."
    first = answered.messages.get(text="Where is my parcel?")
    note = services.add_note(conversation_id=answered.pk, agent=anna, text="Hm.")
    sales = make_group(account, "Sales")
    limited = make_agent(account, "Lena", groups=(sales,))
    foreign = make_agent(make_account("Other"), "Eve", Role.FULL)

    assert refusal(first, anna) == stay
    assert refusal(note, anna) == go
    assert refusal(question, foreign) == gone
    services.change_group(
        conversation_id=answered.pk, group=make_group(account), by=anna
    )
    assert refusal(question, limited) == gone
    assert Conversation.objects.count() == 1


def test_message_that_moved_meanwhile_is_looked_for_where_it_is(
    answered, question, anna
):
    new = split(question, anna)

    # As it was read before, when it stood in the other conversation.
    assert question.conversation_id == answered.pk
    assert refusal(question, anna) == "This message does not exist any more."
    assert numbers(new)[2] == 1


def test_statements_do_not_grow_with_the_thread(
    answered, anna, account, django_assert_max_num_queries
):
    short = visitor_writes(answered, "Short")
    with django_assert_max_num_queries(70) as few:
        new = split(short, anna)
    long = [visitor_writes(new, f"More {number}") for number in range(20)]

    with django_assert_max_num_queries(len(few) + 2):
        split(long[0], anna)
