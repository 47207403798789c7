"""Numbers beside the lists are counted once for all pages, until something changes."""

import pytest
import redis.exceptions

from conversations import counts, services
from conversations.counts import breakdown, kept_breakdown, note_change
from conversations.publisher import publish_counts
from supportdesk.core import redis as desk_redis
from tests.factories import make_account, make_conversation, owner_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def pause(settings):
    settings.COUNTS_PAUSE = 0.01


@pytest.fixture
def account():
    account = make_account()
    make_conversation(account)
    return account


def test_what_was_counted_is_kept_for_the_next_page(account, django_assert_num_queries):
    kept_breakdown(account.pk)

    with django_assert_num_queries(0):
        parts = kept_breakdown(account.pk)

    assert parts == breakdown(account.pk)


def test_what_happens_makes_it_void(account, django_capture_on_commit_callbacks):
    [conversation] = account.conversations.all()
    kept_breakdown(account.pk)

    with django_capture_on_commit_callbacks(execute=True):
        services.resolve_conversation(
            conversation_id=conversation.pk, agent=owner_of(account)
        )

    assert kept_breakdown(account.pk) == breakdown(account.pk) == {}


def test_what_is_counted_during_a_change_is_for_nobody_else(account, monkeypatch):
    def counted_before(account_id):
        parts = breakdown(account_id)
        make_conversation(account)
        note_change(account_id)
        return parts

    monkeypatch.setattr(counts, "breakdown", counted_before)
    kept_breakdown(account.pk)
    monkeypatch.undo()

    assert kept_breakdown(account.pk) == breakdown(account.pk)


def test_accounts_keep_their_own(account):
    other = make_account()
    kept_breakdown(account.pk)

    assert kept_breakdown(other.pk) == {}


def test_a_change_that_nobody_told_is_seen_soon(account):
    kept_breakdown(account.pk)

    left = desk_redis.client().ttl(desk_redis.key("counts", account.pk))

    assert 0 < left <= counts.KEPT


def test_without_redis_they_are_counted(account, monkeypatch):
    def refuse(*args, **kwargs):
        raise redis.exceptions.ConnectionError

    monkeypatch.setattr(desk_redis.client(), "mget", refuse)
    assert kept_breakdown(account.pk) == breakdown(account.pk)

    monkeypatch.undo()
    monkeypatch.setattr(desk_redis.client(), "set", refuse)
    assert kept_breakdown(account.pk) == breakdown(account.pk)


def test_only_the_first_of_a_moment_sends_them(account, settings):
    settings.COUNTS_PAUSE = 60

    assert [note_change(account.pk) for _ in range(3)] == [True, False, False]


def test_nothing_is_sent_while_redis_is_away(account, monkeypatch, caplog):
    def refuse(*args, **kwargs):
        raise redis.exceptions.ConnectionError

    monkeypatch.setattr(desk_redis.client(), "pipeline", refuse)

    publish_counts(account.pk)

    assert "counts not sent" in caplog.text
