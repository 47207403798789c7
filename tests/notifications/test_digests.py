"""What is counted, for which day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations import services as conversations
from conversations.models import Conversation, Message
from notifications.digests import Day, days_until
from tests import factories
from visitors.models import Visitor

pytestmark = pytest.mark.django_db

# A Tuesday; Berlin is an hour ahead of UTC.
TODAY = date(2026, 1, 13)
BERLIN = timedelta(hours=1)


@pytest.fixture
def at(monkeypatch):
    """Sets the clock by which messages are written, in the account's time."""

    def set_clock(text, day=TODAY):
        hour, minute = text.split(":")
        now = datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=UTC)
        monkeypatch.setattr("django.utils.timezone.now", lambda: now - BERLIN)

    return set_clock


def today(account):
    return days_until(account, TODAY)[-1]


def test_day_without_anything_is_quiet(account):
    days = days_until(account, TODAY)

    assert [day.date for day in days] == [
        TODAY - timedelta(days=ago) for ago in (6, 5, 4, 3, 2, 1, 0)
    ]
    assert all(day.is_quiet for day in days)
    assert days[-1] == Day(TODAY)


def test_answered_conversation_counts_once_with_the_time_to_its_first_answer(
    account, anna, at
):
    at("10:00")
    conversation = factories.make_conversation(account)
    at("10:01")
    factories.visitor_writes(conversation)
    at("10:05")
    factories.agent_writes(conversation, anna)
    at("11:00")
    factories.visitor_writes(conversation)
    at("12:00")
    factories.agent_writes(conversation, anna)

    assert today(account) == Day(
        TODAY, written=1, answered=1, median_wait=timedelta(minutes=5)
    )


def test_median_is_the_middle_of_the_first_answers(account, anna, at):
    for minutes in (1, 4, 50):
        at("10:00")
        conversation = factories.make_conversation(account)
        at(f"10:{minutes}")
        factories.agent_writes(conversation, anna)

    day = today(account)

    assert (day.answered, day.median_wait) == (3, timedelta(minutes=4))


def test_unanswered_conversation_is_written_only(account, at):
    at("10:00")
    factories.make_conversation(account)

    assert today(account) == Day(TODAY, written=1)
    assert not today(account).is_quiet


def test_note_and_greeting_are_no_answers(account, anna, at):
    at("10:00")
    greeted = factories.make_conversation(account, text="")
    factories.agent_writes(greeted, anna, "Can I help?")
    noted = factories.make_conversation(account)
    conversations.add_note(conversation_id=noted.pk, agent=anna, text="A regular")

    assert today(account) == Day(TODAY, written=1)


def test_answer_to_a_greeted_visitor_counts_from_their_message(account, anna, at):
    at("10:00")
    conversation = factories.make_conversation(account, text="")
    factories.agent_writes(conversation, anna, "Can I help?")
    at("10:10")
    factories.visitor_writes(conversation)
    at("10:13")
    factories.agent_writes(conversation, anna)

    assert today(account).median_wait == timedelta(minutes=3)


def test_answer_of_an_agent_who_is_gone_still_counts(account, anna, at):
    at("10:00")
    conversation = factories.make_conversation(account)
    factories.agent_writes(conversation, anna)
    anna.delete()

    assert today(account).answered == 1


def test_visitor_who_comes_back_is_answered_anew(account, anna, at):
    yesterday = TODAY - timedelta(days=1)
    at("10:00", yesterday)
    conversation = factories.make_conversation(account)
    factories.agent_writes(conversation, anna)
    conversations.resolve_conversation(conversation_id=conversation.pk, agent=anna)
    at("09:00")
    factories.visitor_writes(conversation)
    at("09:02")
    factories.agent_writes(conversation, anna)

    *_, before, day = days_until(account, TODAY)

    assert (before.answered, day.answered) == (1, 1)
    assert day.median_wait == timedelta(minutes=2)


def test_answer_to_what_was_written_last_week_counts_on_its_own_day(account, anna, at):
    at("16:00", TODAY - timedelta(days=12))
    conversation = factories.make_conversation(account)
    at("16:00")
    factories.agent_writes(conversation, anna)

    day = today(account)

    assert (day.written, day.answered) == (0, 1)
    assert day.median_wait == timedelta(days=12)


def test_missed_and_offline_conversations_count_once_each(account, at):
    at("10:00")
    missed = factories.make_conversation(account)
    offline = factories.make_conversation(account)
    for _again in range(2):
        conversations.mark_missed(
            conversation_id=missed.pk, left_at=missed.last_activity_at
        )
        conversations.note_offline(conversation_id=offline.pk)

    day = today(account)

    assert (day.missed, day.offline, day.lost) == (1, 1, 2)


def test_line_that_came_a_day_after_the_message_counts_on_the_charts_first_day(
    account, at
):
    at("23:30", TODAY - timedelta(days=7))
    conversation = factories.make_conversation(account)
    at("00:10", TODAY - timedelta(days=6))
    conversations.mark_missed(
        conversation_id=conversation.pk, left_at=conversation.last_activity_at
    )

    first, *_others = days_until(account, TODAY)

    assert (first.written, first.missed) == (0, 1)


def test_day_is_the_accounts(account, at):
    for text, day in [
        ("23:59", TODAY - timedelta(days=1)),
        ("00:00", TODAY),
        ("23:59", TODAY),
        ("00:00", TODAY + timedelta(days=1)),
    ]:
        at(text, day)
        factories.make_conversation(account)

    assert [day.written for day in days_until(account, TODAY)][-2:] == [1, 2]
    assert today(account).written == 2


def test_day_of_the_clock_change_has_its_25_hours(account):
    before_midnight = datetime(2026, 10, 24, 21, 30, tzinfo=UTC)
    for hours in range(28):
        moment = before_midnight + timedelta(hours=hours)
        conversation = factories.make_conversation(account)
        conversation.messages.update(created_at=moment)
        Conversation.objects.filter(pk=conversation.pk).update(last_activity_at=moment)

    assert days_until(account, date(2026, 10, 25))[-1].written == 25


def test_other_accounts_do_not_count(account, at):
    at("10:00")
    factories.make_conversation(factories.make_account("Others"))

    assert today(account).is_quiet


def test_resolved_conversations_count(account, anna, at):
    at("10:00")
    conversation = factories.make_conversation(account)
    factories.agent_writes(conversation, anna)
    conversations.resolve_conversation(conversation_id=conversation.pk, agent=anna)

    assert today(account).answered == 1


@pytest.mark.parametrize("count", [1, 3])
def test_one_query_however_much_there_is(account, at, django_assert_num_queries, count):
    at("10:00")
    for _number in range(count):
        factories.make_conversation(account)

    with django_assert_num_queries(1):
        assert today(account).written == count


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def test_former_conversations_and_messages_are_not_read(account, at):
    at("10:00")
    recent = factories.make_conversation(account)
    fill(recent, 900, account)

    with CaptureQueriesContext(connection) as queries:
        assert today(account).written == 1

    (query,) = queries
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}")
        ((root,),) = cursor.fetchall()
    found = list(nodes(root[0]["Plan"]))
    scans = {node["Relation Name"]: node for node in found if "Relation Name" in node}
    assert scans["conversations_conversation"]["Index Name"] == "conv_inbox"
    assert scans["conversations_conversation"]["Actual Rows"] == 1
    assert "Seq Scan" not in {node["Node Type"] for node in found}
    reads = [
        node for node in found if node.get("Relation Name") == "conversations_message"
    ]
    assert sum(node["Actual Rows"] * node["Actual Loops"] for node in reads) == 2


def fill(like, count, account):
    """Conversations of former years, ten messages in each."""
    long_ago = datetime(2024, 1, 1, tzinfo=UTC)
    visitors = Visitor.objects.bulk_create(
        Visitor(account=account) for _number in range(count)
    )
    old = Conversation.objects.bulk_create(
        Conversation(
            account=account,
            visitor=visitors[number],
            channel=like.channel,
            channel_kind=like.channel_kind,
            status=["open", "resolved"][number % 2],
            last_activity_at=long_ago,
        )
        for number in range(count)
    )
    Message.objects.bulk_create(
        Message(
            conversation=conversation,
            seq=seq,
            public_seq=seq,
            by_visitor=True,
            text="Hello",
            created_at=long_ago,
        )
        for conversation in old
        for seq in range(1, 11)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE conversations_conversation, conversations_message")
