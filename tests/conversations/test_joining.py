"""Two conversations of one visitor become one thread."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from conversations import services
from conversations.belongings import count_belongings, export_visitor
from conversations.exceptions import ConversationError
from conversations.models import (
    Assignment,
    Conversation,
    ConversationRead,
    Follow,
    Message,
    SearchDocument,
    Tag,
    Tagging,
)
from conversations.services import joining
from conversations.services.tagging import MAX_ON_CONVERSATION
from supportdesk.accounts.models import Role
from tests.factories import (
    agent_writes,
    fresh,
    make_account,
    make_agent,
    make_conversation,
    make_group,
    make_visitor,
    visitor_writes,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(account, conversation):
    """Another conversation of the same visitor, begun later."""
    return make_conversation(
        account, visitor=conversation.visitor, text="And my invoice?"
    )


def join(kept, merged, agent):
    return services.join_conversations(
        kept_id=kept.pk, merged_id=merged.pk, agent=agent
    )


def thread(conversation):
    rows = conversation.messages.order_by("seq")
    return list(rows.values_list("seq", "public_seq", "kind", "event", "text"))


def row(conversation):
    return Conversation.with_merged.get(pk=conversation.pk)


def at(message, when):
    Message.objects.filter(pk=message.pk).update(created_at=when)


def test_entries_become_one_thread_in_order_of_time(conversation, other, anna):
    agent_writes(conversation, anna, "It is on its way")
    visitor_writes(other, "Number 1042")

    join(conversation, other, anna)

    assert thread(conversation) == [
        (1, None, "event", "started", ""),
        (2, 1, "message", "", "Where is my parcel?"),
        (3, None, "event", "started", ""),
        (4, 2, "message", "", "And my invoice?"),
        (5, 3, "event", "joined", ""),
        (6, 4, "message", "", "It is on its way"),
        (7, 5, "message", "", "Number 1042"),
        (8, None, "event", "joined_with", ""),
    ]
    kept = row(conversation)
    assert (kept.last_seq, kept.last_public_seq, kept.visitor_message_count) == (
        8,
        5,
        3,
    )
    assert kept.numbering == 1


def test_what_came_from_the_other_one_remembers_it(conversation, other, anna):
    join(conversation, other, anna)

    moved = conversation.messages.filter(written_in=other.pk)
    assert list(moved.order_by("seq").values_list("event", "text")) == [
        ("started", ""),
        ("", "And my invoice?"),
    ]
    assert conversation.messages.filter(written_in=None).count() == 3


def test_clocks_that_differ_change_no_thread_s_own_order(conversation, other, anna):
    first, second = visitor_writes(other, "One"), visitor_writes(other, "Two")
    at(second, first.created_at - timedelta(hours=1))

    join(conversation, other, anna)

    texts = [entry[4] for entry in thread(conversation)]
    assert texts.index("One") < texts.index("Two")


def test_event_line_says_what_came(conversation, other, anna):
    join(conversation, other, anna)

    line = conversation.messages.get(event="joined_with")
    assert line.agent == anna
    assert line.data == {
        "conversation": str(other.public_id),
        "began_at": other.created_at.isoformat(),
        "messages": 1,
    }


def test_row_shows_the_last_message_of_both(conversation, other, anna, account):
    visitor_writes(conversation, "Never mind the parcel")

    join(other, conversation, anna)

    kept = fresh(other)
    assert kept.preview == "Never mind the parcel"
    assert not kept.preview_by_agent
    assert kept.last_activity_at == row(conversation).last_activity_at


def test_who_waited_still_waits_since_then(conversation, other, anna):
    since = conversation.waiting_since
    agent_writes(other, anna)

    join(other, conversation, anna)

    assert fresh(other).waiting_since == since


def test_missed_stays_missed_until_somebody_answers(conversation, other, anna):
    services.mark_missed(conversation_id=conversation.pk, left_at=timezone.now())

    join(other, conversation, anna)

    assert fresh(other).missed_at == row_missed(conversation, other)
    agent_writes(other, anna)
    assert fresh(other).missed_at is None


def row_missed(merged, kept):
    assert row(merged).missed_at is None
    return fresh(kept).missed_at or "not missed"


def test_more_tags_than_are_given_by_hand_stay_and_can_be_taken_off(
    account, conversation, other, anna
):
    for number in range(MAX_ON_CONVERSATION):
        for row in (conversation, other):
            services.tag_conversation_by_name(
                conversation_id=row.pk, name=f"{row.pk} {number}", agent=anna
            )

    kept = fresh(join(conversation, other, anna))

    assert len(kept.tags) == len(kept.tag_ids) == 2 * MAX_ON_CONVERSATION
    with pytest.raises(ConversationError, match="at most 20 tags"):
        services.tag_conversation_by_name(
            conversation_id=kept.pk, name="One more", agent=anna
        )
    for tag in Tag.objects.filter(pk__in=kept.tag_ids[: MAX_ON_CONVERSATION + 1]):
        services.untag_conversation(conversation_id=kept.pk, tag=tag, agent=anna)
    tagged = services.tag_conversation_by_name(
        conversation_id=kept.pk, name="One more", agent=anna
    )
    assert len(tagged.tag_ids) == MAX_ON_CONVERSATION
    last = kept.messages.filter(kind="message").order_by("seq").last()
    new = services.split_conversation(message=last, agent=anna)
    assert fresh(new).tag_ids == tagged.tag_ids


def test_people_and_tags_are_those_of_both(conversation, other, anna, account):
    ben = make_agent(account, "Ben", Role.FULL)
    for agent in (anna, ben):
        services.join_conversation(conversation_id=other.pk, agent=agent)
        services.follow_conversation(conversation_id=other.pk, agent=agent)
    services.join_conversation(conversation_id=conversation.pk, agent=anna)
    services.follow_conversation(conversation_id=conversation.pk, agent=anna)
    for name in ("Invoice", "Parcel"):
        services.tag_conversation_by_name(
            conversation_id=other.pk, name=name, agent=anna
        )
    services.tag_conversation_by_name(
        conversation_id=conversation.pk, name="Parcel", agent=anna
    )

    join(conversation, other, anna)

    kept = fresh(conversation)
    assert {person.name for person in kept.people} == {"Anna Berger", "Ben"}
    assert [tag.name for tag in kept.tags] == ["Invoice", "Parcel"]
    assert kept.tag_ids == sorted(tag.id for tag in kept.tags)
    assert set(kept.follows.values_list("agent", flat=True)) == {anna.pk, ben.pk}
    assert kept.is_assigned


def test_higher_priority_and_the_kept_one_s_group_and_rating_count(
    conversation, other, anna, account
):
    repairs = make_group(account)
    services.change_group(conversation_id=conversation.pk, group=repairs, by=anna)
    services.change_priority(conversation_id=other.pk, priority=2, by=anna)
    for each, rating in ((conversation, 5), (other, 1)):
        services.resolve_conversation(conversation_id=each.pk, agent=anna)
        services.rate_conversation(conversation_id=each.pk, rating=rating)

    join(conversation, other, anna)

    kept = fresh(conversation)
    assert (kept.group, kept.priority, kept.rating) == (repairs, 2, 5)


def test_rating_of_the_other_one_counts_if_there_is_none(conversation, other, anna):
    services.resolve_conversation(conversation_id=other.pk, agent=anna)
    services.rate_conversation(conversation_id=other.pk, rating=1, comment="Slow")

    join(conversation, other, anna)

    kept = fresh(conversation)
    assert (kept.rating, kept.rating_comment) == (1, "Slow")
    assert kept.rated_at is not None


@pytest.mark.parametrize("kept_is_open", [True, False])
def test_joined_one_is_open_if_either_was(conversation, other, anna, kept_is_open):
    resolved = other if kept_is_open else conversation
    services.resolve_conversation(conversation_id=resolved.pk, agent=anna)

    join(conversation, other, anna)

    kept = fresh(conversation)
    assert kept.is_open
    assert kept.resolved_at is None
    assert kept.messages.filter(event="reopened").count() == (0 if kept_is_open else 1)


def test_two_resolved_ones_stay_resolved(conversation, other, anna):
    for each in (conversation, other):
        services.resolve_conversation(conversation_id=each.pk, agent=anna)
    later = row(other).resolved_at

    join(conversation, other, anna)

    assert not fresh(conversation).is_open
    assert fresh(conversation).resolved_at == later


def test_snoozed_one_wakes_with_what_is_awake(conversation, other, anna):
    until = timezone.now() + timedelta(days=2)
    services.snooze_conversation(
        conversation_id=conversation.pk, until=until, agent=anna
    )

    join(conversation, other, anna)

    assert fresh(conversation).snoozed_until is None


def test_two_snoozed_ones_wake_with_the_first(conversation, other, anna):
    days = [timezone.now() + timedelta(days=number) for number in (3, 2)]
    for each, until in zip((conversation, other), days, strict=True):
        services.snooze_conversation(conversation_id=each.pk, until=until, agent=anna)

    join(conversation, other, anna)

    assert fresh(conversation).snoozed_until == days[1]


def unread(conversation, agent):
    return Conversation.objects.with_unread(agent).get(pk=conversation.pk).unread


def test_what_was_unread_stays_unread(conversation, other, anna, account):
    ben, cleo, dan = (make_agent(account, name, Role.FULL) for name in ("B", "C", "D"))
    for agent in (anna, ben):
        services.mark_read(conversation=fresh(conversation), agent=agent)
    for agent in (anna, cleo):
        services.mark_read(conversation=fresh(other), agent=agent)
    visitor_writes(conversation, "Hello?")

    join(other, conversation, anna)

    # The visitor wrote: parcel, invoice, hello.
    assert [unread(other, agent) for agent in (anna, ben, cleo, dan)] == [1, 2, 3, 3]
    assert not ConversationRead.objects.filter(conversation=conversation).exists()


def test_entries_seen_are_those_before_the_first_unseen_one(conversation, other, anna):
    services.mark_read(conversation=fresh(conversation), agent=anna)
    visitor_writes(conversation, "Hello?")

    join(conversation, other, anna)

    read = ConversationRead.objects.get()
    assert (read.visitor_messages, read.seen_seq) == (1, 2)


def test_what_each_side_has_seen_of_the_other_stays_so(conversation, other, anna):
    agent_writes(conversation, anna, "On its way")
    services.mark_seen_by_visitor(conversation_id=conversation.pk, public_seq=3)
    agent_writes(other, anna, "Which number?")
    services.mark_read(conversation=fresh(other), agent=anna)

    join(conversation, other, anna)

    kept = fresh(conversation)
    public = list(kept.messages.public().order_by("public_seq"))
    seen = [m.text or m.event for m in public[: kept.visitor_seen_seq]]
    assert "On its way" in seen
    assert "Which number?" not in seen
    assert public[kept.agent_seen_seq].text == "Where is my parcel?"


def test_two_messages_of_one_name_both_stay(conversation, other, anna):
    first = visitor_writes(conversation, "Once")
    second = visitor_writes(other, "Twice", client_id=first.client_id)

    join(conversation, other, anna)

    assert conversation.messages.get(pk=first.pk).client_id == first.client_id
    assert conversation.messages.get(pk=second.pk).client_id is None


def test_files_follow_their_message(conversation, other, anna, upload):
    visitor_writes(other, "", uploads=[upload()])

    join(conversation, other, anna)

    message = conversation.messages.get(attachment_count=1)
    assert message.attachments.get().name == "hopper.png"
    assert fresh(conversation).preview == "hopper.png"


def test_nothing_is_left_of_the_merged_one(conversation, other, anna):
    services.join_conversation(conversation_id=other.pk, agent=anna)
    services.tag_conversation_by_name(
        conversation_id=other.pk, name="Parcel", agent=anna
    )
    services.mark_read(conversation=fresh(other), agent=anna)

    join(conversation, other, anna)

    merged = row(other)
    assert merged.merged_into == conversation
    assert not merged.is_open
    assert (merged.last_seq, merged.visitor_message_count, merged.tag_ids) == (0, 0, [])
    assert merged.waiting_since is None
    for model in (Assignment, ConversationRead, Follow, Message, Tagging):
        assert not model.objects.filter(conversation=other.pk).exists()
    assert not SearchDocument.objects.filter(conversation=other.pk).exists()
    assert list(Conversation.objects.all()) == [conversation]
    assert list(Conversation.objects.visible_to(anna)) == [conversation]
    assert list(conversation.visitor.conversations.all()) == [conversation]


def test_joined_one_is_found_by_the_words_of_both_at_once(conversation, other, anna):
    join(conversation, other, anna)

    words = SearchDocument.objects.get(conversation=conversation)
    assert words.seq == fresh(conversation).last_seq
    assert "'invoice'" in words.words
    assert "'parcel'" in words.words


def test_chain_leads_to_the_last(conversation, other, anna, account):
    third = make_conversation(account, visitor=conversation.visitor, text="Third")
    join(other, conversation, anna)

    join(third, other, anna)

    assert row(conversation).merged_into == third
    assert row(other).merged_into == third
    assert Conversation.objects.holding(pk=conversation.pk).get() == third
    assert visitor_writes(conversation, "Late").conversation == third


def test_retry_of_what_went_with_it_is_recognised(conversation, other, anna):
    sent = visitor_writes(other, "Once")
    join(conversation, other, anna)

    again = visitor_writes(other, "Once", client_id=sent.client_id)

    assert again == sent
    assert conversation.messages.filter(text="Once").count() == 1


@pytest.mark.parametrize("write", [visitor_writes, None])
def test_what_is_written_to_the_merged_one_lands_in_the_other(
    conversation, other, anna, write
):
    join(conversation, other, anna)

    message = write(other, "Late") if write else agent_writes(other, anna, "Late")

    assert message.conversation == conversation
    assert message.seq == fresh(conversation).last_seq
    assert fresh(conversation).preview == "Late"


def refusal(kept, merged, agent):
    with pytest.raises(ConversationError) as error:
        join(kept, merged, agent)
    return str(error.value)


def test_refusals(conversation, other, anna, account):
    stranger = make_conversation(account)
    foreign = make_conversation(make_account("Other"))
    gone = "This conversation does not exist any more."

    assert refusal(other, other, anna) == "This is the same conversation."
    assert refusal(other, stranger, anna) == (
        "These are conversations of different visitors."
    )
    assert refusal(other, foreign, anna) == gone
    assert refusal(foreign, other, anna) == gone
    join(conversation, other, anna)
    assert refusal(conversation, other, anna) == gone
    assert refusal(other, conversation, anna) == gone
    assert fresh(conversation).numbering == 1


def test_agent_who_does_not_see_both_is_refused(conversation, other, account, anna):
    repairs, sales = make_group(account), make_group(account, "Sales")
    services.change_group(conversation_id=other.pk, group=repairs, by=anna)
    limited = make_agent(account, "Lena", groups=(sales,))

    assert refusal(conversation, other, limited) == (
        "This conversation does not exist any more."
    )
    assert refusal(other, conversation, limited) == (
        "This conversation does not exist any more."
    )


def test_thread_that_would_be_too_long_is_refused(
    conversation, other, anna, monkeypatch
):
    monkeypatch.setattr(joining, "MAX_ENTRIES", 4)

    assert refusal(conversation, other, anna) == (
        "Together they would be too long: at most 4 entries."
    )
    monkeypatch.setattr(joining, "MAX_ENTRIES", 5)
    assert join(conversation, other, anna).last_seq == 5


def test_statements_do_not_grow_with_the_threads(
    conversation, other, anna, account, django_assert_max_num_queries
):
    third = make_conversation(account, visitor=conversation.visitor)
    with django_assert_max_num_queries(60) as few:
        join(other, third, anna)
    for number in range(15):
        visitor_writes(conversation, f"More {number}")
        agent_writes(other, anna, f"Answer {number}")

    with django_assert_max_num_queries(len(few) + 3):
        join(other, conversation, anna)


def test_numbers_are_gapless_after_many(conversation, anna, account):
    visitor = make_visitor(account)
    parts = [make_conversation(account, visitor=visitor) for _ in range(3)]
    for number in range(6):
        visitor_writes(parts[number % 3], f"No {number}")
        agent_writes(parts[(number + 1) % 3], anna)

    join(parts[1], parts[0], anna)
    join(parts[2], parts[1], anna)

    kept = fresh(parts[2])
    entries = list(kept.messages.order_by("seq"))
    assert [entry.seq for entry in entries] == list(range(1, kept.last_seq + 1))
    public = [entry.public_seq for entry in entries if entry.public_seq is not None]
    assert public == list(range(1, kept.last_public_seq + 1))
    asked = [entry for entry in entries if entry.by_visitor]
    assert kept.visitor_message_count == len(asked) == 9


def test_erasing_leaves_neither(conversation, other, anna, upload):
    visitor_writes(other, "", uploads=[upload()])
    join(conversation, other, anna)

    services.erase_visitor(visitor=conversation.visitor, agent=anna)

    assert not Conversation.with_merged.exists()
    assert not Message.objects.exists()


def test_record_of_the_visitor_holds_every_message_once(conversation, other, anna):
    join(conversation, other, anna)

    record = json.loads("".join(export_visitor(conversation.visitor, anna)))

    assert [row["id"] for row in record["conversations"]] == [
        str(conversation.public_id)
    ]
    texts = [entry.get("text") for entry in record["conversations"][0]["messages"]]
    assert texts.count("Where is my parcel?") == 1
    assert texts.count("And my invoice?") == 1
    assert count_belongings(conversation.visitor).conversations == 1


def test_conversation_that_went_moves_with_no_profile(conversation, other, anna):
    """Merging profiles takes along what there is; the pointer stays true."""
    join(conversation, other, anna)
    kept = make_visitor(conversation.account)

    services.merge_visitors(kept=kept, merged=conversation.visitor, agent=anna)

    assert fresh(conversation).visitor == kept
    assert Conversation.objects.holding(pk=other.pk).get() == conversation
