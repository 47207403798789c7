"""The figures of reports are those of a plain count, however they came about."""

import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Q

from conversations import services, tasks
from conversations.models import Figure, FigureCursor, FigureZone, Tag
from conversations.reporting.sketch import seconds_of
from conversations.services import counting
from supportdesk.core import redis
from tests import factories
from tests.conversations.counted import (
    OF_ALL,
    Story,
    count_everything,
    exact_quantile,
    plainly,
    set_clock,
    stored,
)

What = Figure.What
KEY = ("agent_key", "tag_key", "what", "bucket", "channel_kind", "group_key")


@pytest.fixture(autouse=True)
def alone(request, monkeypatch):
    """Nobody else writes to this server, unless a test says so."""
    monkeypatch.setattr(counting, "_transactions", lambda: (9, 9))


def kept_for_all(account):
    """The figures of all channels, of all groups, and of both."""
    rows = account.figures.filter(
        Q(channel_kind=Figure.ALL_CHANNELS) | Q(group_key=Figure.ALL_GROUPS)
    )
    return {
        row[:-1]: row[-1] for row in rows.values_list("grain", "day", *KEY, "count")
    }


def added_up(account):
    """The same, from the figures of each channel and group."""
    rows = account.figures.exclude(channel_kind=Figure.ALL_CHANNELS)
    sums = Counter()
    for *what, kind, group, count in rows.exclude(
        group_key=Figure.ALL_GROUPS
    ).values_list("grain", "day", *KEY, "count"):
        for slice_ in ((kind, -1), ("", group), ("", -1)):
            sums[*what, *slice_] += count
    return dict(sums)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("seed", "time_zone"),
    [(1, "Europe/Berlin"), (3, "Pacific/Auckland"), (4, "America/St_Johns")],
)
def test_figures_are_those_of_a_plain_count(monkeypatch, seed, time_zone):
    story = Story(monkeypatch, seed, time_zone=time_zone)
    other = Story(monkeypatch, seed + 100)

    for _ in range(4):
        story.go_on(20)
        other.go_on(5)
        count_everything()

    for account in (story.account, other.account):
        counts, waits = plainly(account)
        assert stored(account) == counts
        for (agent, what), pairs in waits.items():
            rows = account.figures.filter(
                grain="d", agent_key=agent, tag_key=0, what=what, **OF_ALL
            )
            days = Counter(at.astimezone(account.tz).date() for at, *_ in pairs)
            found = Counter()
            buckets = Counter()
            for row in rows:
                found[row.day] += row.count
                buckets[row.bucket] += row.count
            assert found == days
            for share in (0.5, 0.9):
                exact = exact_quantile([wait for _, wait, *_ in pairs], share)
                bucket = exact_quantile(buckets.elements(), share)
                error = abs(timedelta(seconds=seconds_of(bucket)) - exact)
                assert error <= max(exact * 0.05, timedelta(seconds=1))


@pytest.mark.django_db
def test_months_are_the_sums_of_their_days(monkeypatch):
    story = Story(monkeypatch, 5, began=datetime(2026, 1, 20, tzinfo=UTC))
    story.go_on(120)
    count_everything()

    months = Counter()
    for figure in story.account.figures.filter(grain="d").values():
        key = tuple(figure[name] for name in KEY)
        months[figure["day"].replace(day=1), key] += figure["count"]

    assert len({month for month, _ in months}) > 1
    for month, key in months:
        row = story.account.figures.get(
            grain="m", day=month, **dict(zip(KEY, key, strict=True))
        )
        assert row.count == months[month, key]


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [12, 13])
def test_figures_of_all_are_the_sums_of_each(monkeypatch, seed):
    story = Story(monkeypatch, seed)
    tags = [Tag.objects.create(account=story.account, name=name).pk for name in "ab"]
    for _ in range(3):
        story.go_on(30)
        tagged = [row.pk for row in story.conversations[::2]]
        story.account.conversations.filter(pk__in=tagged).update(tag_ids=tags)
        count_everything()

    kept = kept_for_all(story.account)

    assert {key[-2:] for key in kept} >= {("", -1), ("email", -1), ("", 0)}
    assert any(key[3] for key in kept)
    assert kept == added_up(story.account)
    services.rebuild_figures()
    assert kept_for_all(story.account) == added_up(story.account)


def migrate(target=None):
    executor = MigrationExecutor(connection)
    executor.migrate(target or executor.loader.graph.leaf_nodes())


@pytest.mark.django_db(transaction=True)
def test_what_was_counted_before_is_added_up_by_the_upgrade(monkeypatch):
    story = Story(monkeypatch, 14)
    story.go_on(60)
    count_everything()
    kept, of_each = kept_for_all(story.account), stored(story.account)

    migrate([("conversations", "0018_words_of_accounts")])
    left = kept_for_all(story.account)
    migrate()

    assert left == {}
    assert kept
    assert kept_for_all(story.account) == kept
    assert stored(story.account) == of_each


@pytest.mark.django_db
def test_counting_in_small_steps_or_anew_makes_no_difference(monkeypatch):
    story = Story(monkeypatch, 6)
    story.go_on(80)
    monkeypatch.setattr(counting, "STEP", 7)
    while (
        FigureCursor.objects.filter(message_key=counting._newest_message()).count() == 0
    ):
        services.count_new_messages()
    small = stored(story.account)
    monkeypatch.setattr(counting, "STEP_OF_CONVERSATIONS", 3)

    services.rebuild_figures()

    assert small == plainly(story.account)[0]
    assert stored(story.account) == small


@pytest.mark.django_db
def test_counting_again_changes_nothing(monkeypatch):
    story = Story(monkeypatch, 7)
    story.go_on(40)
    count_everything()
    before = list(Figure.objects.order_by("pk").values())

    count_everything()

    assert before
    assert list(Figure.objects.order_by("pk").values()) == before


@pytest.mark.django_db
def test_killed_half_way_nothing_is_counted_twice(monkeypatch):
    story = Story(monkeypatch, 8)
    story.go_on(40)
    services.count_new_messages()
    with monkeypatch.context() as killed:
        killed.setattr(FigureCursor, "save", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            services.count_new_messages()
    assert not Figure.objects.exists()

    count_everything()

    assert stored(story.account) == plainly(story.account)[0]


@pytest.mark.django_db
def test_rebuild_that_is_killed_leaves_the_former_figures(monkeypatch):
    story = Story(monkeypatch, 9)
    story.go_on(30)
    count_everything()
    before = stored(story.account)

    with pytest.raises(ZeroDivisionError):
        services.rebuild_figures(progress=lambda done: 1 / 0)

    assert before
    assert stored(story.account) == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("at", "day", "hour"),
    [
        # Summer time began on 29 March 2026 at 1:00 UTC, and ended on 25 October.
        (datetime(2026, 3, 28, 23, 30, tzinfo=UTC), date(2026, 3, 29), 6 * 24),
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), date(2026, 3, 29), 6 * 24 + 1),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), date(2026, 3, 29), 6 * 24 + 3),
        (datetime(2026, 3, 29, 22, 30, tzinfo=UTC), date(2026, 3, 30), 0),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), date(2026, 10, 25), 6 * 24 + 2),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), date(2026, 10, 25), 6 * 24 + 2),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), date(2026, 10, 25), 6 * 24 + 23),
    ],
)
def test_days_and_hours_are_those_of_the_account(monkeypatch, at, day, hour):
    set_clock(monkeypatch, at)
    account = factories.make_account()
    factories.make_conversation(account)

    count_everything()

    figure = account.figures.get(grain="d", what=What.WRITTEN, **OF_ALL)
    assert (figure.day, figure.bucket) == (day, hour)


@pytest.mark.django_db
def test_other_time_zone_counts_the_account_anew(monkeypatch):
    set_clock(monkeypatch, datetime(2026, 5, 1, 22, 30, tzinfo=UTC))
    account, other = factories.make_account(), factories.make_account()
    for each in (account, other):
        factories.make_conversation(each)
    count_everything()
    account.time_zone = "America/New_York"
    account.save(update_fields=["time_zone"])

    tasks.count_messages()

    days = {
        each: each.figures.get(grain="d", what=What.BEGUN, **OF_ALL).day
        for each in (account, other)
    }
    assert days == {account: date(2026, 5, 1), other: date(2026, 5, 2)}
    assert services.accounts_in_other_zones() == []


@pytest.mark.django_db
def test_counting_anew_is_done_once_at_a_time(monkeypatch):
    account = factories.make_account()
    factories.make_conversation(account)
    count_everything()
    account.time_zone = "America/New_York"
    account.save(update_fields=["time_zone"])

    with redis.alone("rebuild-figures", account.pk, seconds=60):
        tasks.rebuild_figures(account.pk)
        assert services.accounts_in_other_zones() == [account]
    tasks.rebuild_figures(account.pk)
    assert services.accounts_in_other_zones() == []
    # Asked for once more than there was to do.
    monkeypatch.setattr(services, "rebuild_figures", pytest.fail)
    tasks.rebuild_figures(account.pk)


@pytest.mark.django_db
def test_zone_the_database_does_not_know_is_counted_by_utc():
    account = factories.make_account(time_zone="Nowhere/Land")
    factories.make_conversation(account)

    count_everything()

    assert FigureZone.objects.get(account=account).used == "UTC"
    assert services.accounts_in_other_zones() == []
    assert account.figures.exists()


@pytest.mark.django_db
def test_message_that_may_still_appear_is_waited_for(monkeypatch):
    running = {"oldest": 100, "own": 100}
    monkeypatch.setattr(
        counting, "_transactions", lambda: (running["oldest"], running["own"])
    )
    conversation = factories.make_conversation()
    services.count_new_messages()
    running["own"] = 105
    running["oldest"] = 98
    services.count_new_messages()
    assert not Figure.objects.exists()

    running["oldest"] = 101
    services.count_new_messages()

    assert conversation.account.figures.filter(what=What.WRITTEN).exists()


@pytest.mark.django_db
def test_database_that_was_moved_to_another_server_is_counted_on(monkeypatch):
    monkeypatch.setattr(counting, "_transactions", lambda: (9_000, 9_000))
    services.count_new_messages()
    conversation = factories.make_conversation()
    monkeypatch.setattr(counting, "_transactions", lambda: (9, 9))

    count_everything()

    assert conversation.account.figures.filter(what=What.WRITTEN).exists()


@pytest.mark.django_db
def test_transactions_are_numbered_as_the_database_does(monkeypatch):
    monkeypatch.undo()

    with transaction.atomic():
        oldest, own = counting._transactions()

    assert 0 < oldest <= own


@pytest.mark.django_db
def test_erased_visitor_stays_in_the_numbers_until_they_are_counted_anew():
    conversation = factories.make_conversation()
    account = conversation.account
    count_everything()

    services.erase_visitor(
        visitor=conversation.visitor, agent=factories.owner_of(account)
    )
    count_everything()
    assert account.figures.filter(grain="d", what=What.BEGUN, **OF_ALL).count() == 1

    services.rebuild_figures(account=account)
    assert not account.figures.exists()


@pytest.mark.django_db
def test_merged_tags_add_up():
    account = factories.make_account()
    owner = factories.owner_of(account)
    kept, gone = (Tag.objects.create(account=account, name=name) for name in "ab")
    for tags in ([kept.pk], [gone.pk], sorted([kept.pk, gone.pk])):
        conversation = factories.make_conversation(account)
        conversation.tag_ids = tags
        conversation.save(update_fields=["tag_ids"])
        services.resolve_conversation(conversation_id=conversation.pk, agent=owner)
    count_everything()

    services.merge_tag_figures(tag_id=gone.pk, into_id=kept.pk)

    rows = account.figures.filter(grain="d", what=What.RESOLVED, **OF_ALL)
    rows = rows.exclude(tag_key=0)
    assert {row.tag_key for row in rows} == {kept.pk}
    assert sum(row.count for row in rows) == 4
    assert added_up(account) == kept_for_all(account)


@pytest.mark.django_db
def test_command_counts_anew_and_knows_its_accounts(monkeypatch, capsys):
    story = Story(monkeypatch, 11)
    story.go_on(20)

    call_command("rebuild_reports")
    call_command("rebuild_reports", account=story.account.public_id)

    assert stored(story.account) == plainly(story.account)[0]
    written = capsys.readouterr()
    total = story.account.conversations.count()
    assert f"{total}/{total}" in written.err
    assert written.out.count("The figures are counted anew.") == 2
    with pytest.raises(CommandError, match="no such account"):
        call_command("rebuild_reports", account="00000000-0000-4000-8000-000000000000")


@pytest.mark.django_db(transaction=True)
def test_who_counts_at_this_moment_is_not_waited_for(monkeypatch):
    factories.make_conversation()
    services.count_new_messages()
    locked = connection.copy()
    try:
        with transaction.atomic(), locked.cursor() as cursor:
            locked.set_autocommit(False)
            cursor.execute("SELECT 1 FROM conversations_figurecursor FOR UPDATE")
            assert services.count_new_messages() == 0
    finally:
        locked.close()

    # Whatever else the server is busy with is waited for, and ends.
    deadline = time.monotonic() + 30
    while not services.count_new_messages():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [7, 8, 9])
def test_joining_and_splitting_change_no_figure(monkeypatch, seed):
    story = Story(monkeypatch, seed)
    visitor = factories.make_visitor(story.account)
    story.conversations = [
        factories.make_conversation(story.account, visitor=visitor) for _ in range(4)
    ]
    agent = story.agents[0]
    story.go_on(60)
    count_everything()

    def figures():
        rows = Figure.objects.filter(account=story.account, **OF_ALL).values_list(
            *("grain", "agent_key", "tag_key", "what", "day", "group_key", "bucket"),
            "count",
        )
        return sorted(row for row in rows if row[-1])

    before = figures()
    first, second, third, _fourth = (
        row for row in story.conversations if row.visitor_id == visitor.pk
    )
    services.join_conversations(kept_id=first.pk, merged_id=second.pk, agent=agent)
    services.join_conversations(kept_id=third.pk, merged_id=first.pk, agent=agent)
    count_everything()
    joined = figures()
    middle = third.messages.filter(kind="message").order_by("seq")[3]
    services.split_conversation(message=middle, agent=agent)
    count_everything()
    split = figures()
    services.rebuild_figures(account=story.account)

    assert joined == before
    # The new conversation has begun, and is counted by day and month.
    assert len([row for row in split if row not in before]) <= 2
    assert total(split, What.BEGUN) == total(before, What.BEGUN) + 2
    for what in set(What) - {What.BEGUN}:
        assert total(split, what) == total(before, what)
    assert figures() == split


def total(figures, what):
    return sum(row[-1] for row in figures if row[3] == what)
