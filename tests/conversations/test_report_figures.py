"""What a report adds up is what a plain count finds, whatever it is asked for."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from itertools import product
from operator import or_

import pytest
from django.http import QueryDict

from conversations import services
from conversations.models import Figure, Tag
from conversations.reporting.figures import What
from conversations.reporting.periods import Period
from conversations.reporting.report import report_of
from conversations.services import counting
from tests import factories
from tests.conversations.counted import (
    Story,
    count_everything,
    exact_quantile,
    plainly,
)

pytestmark = pytest.mark.django_db

TODAY = date(2026, 5, 20)
TIMES = (What.FIRST_ANSWER, What.RESOLVED)
COUNTS = (What.BEGUN, What.MISSED, What.OFFLINE, What.RATED)


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Nobody else writes to this server."""
    monkeypatch.setattr(counting, "_transactions", lambda: (9, 9))


def story_of(monkeypatch, days):
    """Whatever happened in so many days before the evening of today."""
    last = datetime(2026, 5, 20, 20, 0, tzinfo=UTC)
    story = Story(monkeypatch, days, began=last - timedelta(days=days))
    for _ in range(25):
        # Three steps may take almost three days.
        if story.now < last - timedelta(days=3):
            story.go_on(3)
            story.now += timedelta(days=days / 50) * story.dice.random()
    count_everything()
    return story


def figures_for(story, first, last, **filters):
    query = QueryDict(mutable=True)
    query.update({"from": first.isoformat(), "until": last.isoformat()})
    query.update({name: str(value) for name, value in filters.items() if value})
    report = report_of(factories.owner_of(story.account), query, TODAY)
    assert report.query.hints == []
    return report.figures


def spans(story, days):
    """Periods that begin and end within months, at their borders, and today."""
    dice = story.dice
    ago = [TODAY - timedelta(days=number) for number in range(days + 1)]
    return [
        sorted(dice.sample(ago, 2)),
        sorted(dice.sample(ago, 2)),
        (min(day for day in ago if day.day == 1 or day == ago[-1]), TODAY),
        (TODAY.replace(day=1), TODAY),
        (ago[min(29, days)], TODAY),
    ]


@pytest.mark.parametrize("days", [7, 40, 120, 800])
def test_any_period_and_filter_sum_up_to_a_plain_count(monkeypatch, days):
    story = story_of(monkeypatch, days)
    counts, waits = plainly(story.account)
    kinds, groups = ("", "website", "email"), (None, story.groups[1].pk)
    agents = (None, story.agents[1].pk)
    seen = Counter()

    for (first, last), kind, group, agent in product(
        spans(story, days), kinds, groups, agents
    ):
        found = figures_for(story, first, last, channel=kind, group=group, agent=agent)

        def is_asked_for(
            day, of_kind, of_group, first=first, last=last, kind=kind, group=group
        ):
            return (
                first <= day <= last
                and kind in ("", of_kind)
                and group in (None, of_group)
            )

        expected, channels, hours = Counter(), Counter(), Counter()
        for (by, what, day, *of, bucket), count in counts.items():
            if by == (agent or 0) and is_asked_for(day, *of):
                expected[what] += count
                channels[of[0]] += count if what == What.BEGUN else 0
                hours[bucket] += count if what == What.WRITTEN else 0
        for what in COUNTS:
            assert found.now.counts[what] == expected[what]
            marks = found.marks.values()
            assert sum(each.counts[what] for each in marks) == expected[what]
        assert +found.now.channels == +channels
        assert found.hours == +hours
        for what in TIMES:
            exact = [
                wait
                for at, wait, *of in waits.get((agent or 0, what), [])
                if is_asked_for(at.astimezone(story.account.tz).date(), *of)
            ]
            assert found.now.counts[what] == len(exact)
            for share in (0.5, 0.9):
                assert_near(found.now.time(what, share), exact, share)
        seen += expected
    assert seen[What.BEGUN]


def assert_near(seconds, waits, share):
    """As near as a sketch of them can be."""
    if not waits:
        assert seconds is None
        return
    exact = exact_quantile(waits, share)
    off = abs(timedelta(seconds=seconds) - exact)
    assert off <= max(exact * 0.05, timedelta(seconds=1))


def test_each_day_has_its_own_times(monkeypatch):
    story = story_of(monkeypatch, 20)
    _counts, waits = plainly(story.account)
    first = TODAY - timedelta(days=20)

    marks = figures_for(story, first, TODAY).marks

    assert len(marks) == 21
    for (day, sums), what in product(marks.items(), TIMES):
        exact = [
            wait
            for at, wait, *_ in waits[0, what]
            if at.astimezone(story.account.tz).date() == day
        ]
        assert sums.counts[what] == len(exact)
        assert_near(sums.time(what, 0.5), exact, 0.5)
        assert_near(sums.time(what, 0.9), exact, 0.9)


def test_what_came_before_is_the_same_number_of_days(monkeypatch):
    story = story_of(monkeypatch, 120)
    first, last = date(2026, 3, 15), date(2026, 4, 20)

    before = figures_for(story, first, last).before
    then = figures_for(story, date(2026, 2, 6), date(2026, 3, 14)).now

    assert then.counts[What.BEGUN]
    assert before.times == then.times
    assert before.ratings == then.ratings
    assert {**before.counts} == {**then.counts}


def test_agents_and_tags_sum_up_to_their_own(monkeypatch):
    story = story_of(monkeypatch, 60)
    tag = Tag.objects.create(account=story.account, name="Refund")
    story.account.conversations.update(tag_ids=[tag.pk])
    services.rebuild_figures()
    counts, waits = plainly(story.account)

    found = figures_for(story, date(2026, 3, 25), TODAY)

    def exact(agent, what):
        return [
            wait
            for at, wait, *_ in waits.get((agent, what), [])
            if at.astimezone(story.account.tz).date() >= date(2026, 3, 25)
        ]

    assert set(found.agents) == {agent.pk for agent in story.agents}
    for agent in story.agents:
        sums = found.agents[agent.pk]
        for what in TIMES:
            assert sums.counts[what] == len(exact(agent.pk, what))
            assert_near(sums.time(what, 0.5), exact(agent.pk, what), 0.5)
        answers = sum(
            count
            for (by, what, day, *_), count in counts.items()
            if (by, what) == (agent.pk, What.ANSWER) and day >= date(2026, 3, 25)
        )
        assert sums.counts[What.ANSWER] == answers
    [sums] = found.tags.values()
    assert sums.counts[What.RESOLVED] == len(exact(0, What.RESOLVED))
    assert sums.ratings == found.now.ratings


# Which rows make a period

LATER = date(2030, 1, 1)


@pytest.mark.parametrize(
    ("first", "last", "today", "days", "months"),
    [
        # Within a month, and not all of it.
        ((2026, 3, 2), (2026, 3, 31), LATER, 30, []),
        ((2026, 3, 1), (2026, 3, 30), LATER, 30, []),
        ((2026, 3, 15), (2026, 3, 15), LATER, 1, []),
        # Over a border without a whole month.
        ((2026, 1, 31), (2026, 2, 27), LATER, 28, []),
        # Whole months.
        ((2026, 3, 1), (2026, 3, 31), LATER, 0, [3]),
        ((2028, 2, 1), (2028, 2, 29), LATER, 0, [2]),
        ((2025, 12, 1), (2026, 1, 31), LATER, 0, [12, 1]),
        # Months with days before, after and around them.
        ((2025, 11, 30), (2026, 1, 31), LATER, 1, [12, 1]),
        ((2025, 12, 1), (2026, 2, 1), LATER, 1, [12, 1]),
        ((2025, 11, 16), (2026, 2, 14), LATER, 15 + 14, [12, 1]),
        # Today's month has nothing else yet.
        ((2026, 5, 1), (2026, 5, 20), TODAY, 0, [5]),
        ((2026, 4, 21), (2026, 5, 20), TODAY, 10, [5]),
        ((2026, 4, 20), (2026, 5, 19), TODAY, 11 + 19, []),
        ((2026, 5, 2), (2026, 5, 20), TODAY, 19, []),
        ((2026, 5, 20), (2026, 5, 20), TODAY, 1, []),
    ],
)
def test_a_period_is_its_whole_months_and_the_days_beside_them(
    first, last, today, days, months
):
    account = factories.make_account()
    Figure.objects.bulk_create(
        Figure(account=account, grain=grain, what=What.BEGUN, day=day, count=1)
        for grain, day in product(
            "dm", (date(2025, 10, 1) + timedelta(days=n) for n in range(1_000))
        )
        if day <= today and (grain == "d" or day.day == 1)
    )
    period = Period(date(*first), date(*last))

    rows = account.figures.filter(reduce(or_, period.stretches(today)))

    assert rows.filter(grain="d").count() == days
    whole = rows.filter(grain="m").order_by("day")
    assert [row.day.month for row in whole] == months
    for row in rows.filter(grain="d"):
        assert period.first <= row.day <= period.last


def test_months_are_drawn_once_each():
    crooked = Period(date(2026, 1, 31), date(2026, 5, 30))

    assert [mark.month for mark in crooked.marks()] == [1, 2, 3, 4, 5]
