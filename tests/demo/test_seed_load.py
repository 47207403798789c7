import random
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count
from django.test import override_settings

from conversations.models import Channel, Conversation, ConversationRead, Message
from conversations.services import post_visitor_message
from conversations.thread import read_latest
from supportdesk.accounts.models import Account
from supportdesk.core.text import redact_line
from supportdesk.demo.load.checking import verify
from supportdesk.demo.load.filling import fill
from supportdesk.demo.load.plan import LONG_THREAD, make_plan
from supportdesk.demo.load.vocabulary import FREQUENT, RARE
from tests import factories
from visitors.models import PageView, Visit, Visitor

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 6, 2, 12, tzinfo=UTC)


def load(account="Load", conversations=400, messages=4000, seed=1):
    return fill(
        account=account,
        conversations=conversations,
        messages=messages,
        seed=seed,
        now=NOW,
    )


def stories(account):
    rows = Message.objects.filter(conversation__account=account)
    return list(
        rows.order_by("conversation_id", "seq").values_list(
            "seq", "public_seq", "kind", "event", "text", "created_at"
        )
    )


def test_the_load_is_as_large_as_asked_and_holds_together():
    account = load()

    messages = Message.objects.filter(conversation__account=account)
    assert Conversation.objects.filter(account=account).count() == 400
    assert messages.count() == 4000
    assert verify(account) == {}


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ("last_seq", {"last_seq": 1}),
        ("last_public_seq", {"last_public_seq": 90}),
        ("visitor_message_count", {"visitor_message_count": 0}),
        ("preview", {"preview": "never said"}),
        ("waiting_since", {"waiting_since": NOW}),
        ("missed_at", {"missed_at": NOW}),
        ("last_activity_at", {"last_activity_at": NOW}),
        ("resolved_at", {"status": "open"}),
        ("rating", {"rating": 5}),
        ("is_assigned", {"is_assigned": False}),
        ("channel_kind", {"channel_kind": "sms"}),
    ],
)
def test_verify_finds_what_is_wrong(wrong, fields):
    account = load(conversations=40, messages=400)
    rows = Conversation.objects.filter(
        account=account, status="resolved", is_assigned=True, rating=None
    )
    Conversation.objects.filter(pk=rows[0].pk).update(**fields)

    assert verify(account)[wrong] == 1


def test_verify_finds_a_lost_entry_and_a_read_too_many():
    account = load(conversations=40, messages=400)
    Message.objects.filter(conversation__account=account, seq=2).first().delete()
    ConversationRead.objects.filter(conversation__account=account).update(
        visitor_messages=9999
    )

    found = verify(account)

    assert found["entries have no gap"] == 1
    assert found["nobody has read more than there is"] > 0


def test_the_load_looks_like_a_desk():
    account = load(conversations=1000, messages=10_000)

    rows = Conversation.objects.filter(account=account)
    opened = rows.open()
    assert opened.count() == pytest.approx(30, abs=2)
    assert opened.filter(waiting_since__isnull=False).exists()
    assert rows.filter(missed_at__isnull=False).exists()
    assert rows.filter(rating__isnull=False).count() > 100
    assert {kind for (kind,) in rows.values_list("channel_kind").distinct()} == set(
        Channel.Kind.values
    )
    assert {lang for (lang,) in rows.values_list("language").distinct()} == {"de", "en"}
    people = Visitor.objects.filter(account=account)
    assert 0 < people.filter(name="").count() < people.count()
    assert people.annotate(number=Count("conversations")).filter(number__gt=1).exists()
    assert Visit.objects.filter(visitor__account=account, ip__isnull=False).exists()
    assert PageView.objects.filter(visit__visitor__account=account).exists()
    started = Message.objects.filter(conversation__account=account, event="started")
    assert started.filter(data__url__startswith="https://shop.example.com/").exists()


def test_words_are_as_frequent_as_promised():
    account = load(conversations=1000, messages=10_000)

    def conversations_with(word):
        rows = Message.objects.filter(
            conversation__account=account, text__iregex=rf"\y{word}\y"
        )
        return rows.values("conversation").distinct().count()

    assert conversations_with(FREQUENT) == pytest.approx(300, abs=60)
    assert conversations_with(RARE) == 20


def test_previews_are_what_the_services_would_have_made_of_the_texts():
    account = load(conversations=100, messages=1000)

    for row in Conversation.objects.filter(account=account):
        last = row.messages.filter(kind="message").latest("seq")
        assert row.preview == redact_line(last.text, 200)


def test_a_large_load_has_a_few_threads_of_thousands():
    plan = make_plan(100_000, 1_000_000, random.Random(1), NOW)

    assert sum(plan.lengths) == 1_000_000
    assert len(plan.long) == 5
    assert {plan.lengths[number] for number in plan.long} == {LONG_THREAD}


def test_the_same_seed_tells_the_same_stories_and_another_one_others():
    first = load("First", conversations=60, messages=600)
    again = load("Again", conversations=60, messages=600)
    other = load("Other", conversations=60, messages=600, seed=2)

    assert stories(first) == stories(again)
    assert stories(first) != stories(other)


def test_the_desk_goes_on_with_what_was_loaded():
    account = load(conversations=40, messages=400)
    conversation = Conversation.objects.filter(account=account).resolved()[0]

    post_visitor_message(
        conversation_id=conversation.pk, channel=conversation.channel, text="Once more"
    )
    factories.make_conversation(account)

    conversation.refresh_from_db()
    newest = read_latest(conversation).entries[-1].message
    assert newest.text == "Once more"
    assert newest.seq == conversation.last_seq
    assert conversation.is_open


def seed(*arguments):
    out, err = StringIO(), StringIO()
    call_command("seed_load", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_command_shows_how_far_it_is():
    out, progress = seed("--conversations=30", "--messages=300", "--account=Big")

    assert "Big: filled" in out
    assert "30/30" in progress
    assert verify(Account.objects.get(name="Big")) == {}


def test_an_account_of_somebody_is_not_touched():
    account = factories.make_account(name="Moor")

    with pytest.raises(CommandError, match="already"):
        seed("--conversations=30", "--messages=300", "--account=Moor")

    assert not Conversation.objects.exists()
    assert account.agents.count() == 1


@pytest.mark.parametrize(("conversations", "messages"), [(0, 0), (10, 29), (-5, 100)])
def test_numbers_that_make_no_desk_are_refused(conversations, messages):
    with pytest.raises(CommandError, match="at least"):
        seed(f"--conversations={conversations}", f"--messages={messages}")

    assert not Account.objects.exists()


@override_settings(DEVELOPMENT=False)
def test_production_is_refused():
    with pytest.raises(CommandError, match="production"):
        seed("--conversations=30", "--messages=300")

    assert not Account.objects.exists()
