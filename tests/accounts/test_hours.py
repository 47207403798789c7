"""When an account is open, in wall clock time and over its changes."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from supportdesk.accounts import hours, services
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.hours import Day, Hours
from supportdesk.accounts.models import BusinessHour, Holiday
from tests.factories import make_account

BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT = time(0)
NONE = ((),) * 7


@pytest.fixture(autouse=True)
def nothing_remembered():
    hours.forget()
    yield
    hours.forget()


def on_weekdays(*intervals, days=range(7), tz=BERLIN, holidays=(), yearly=()):
    week = tuple(tuple(intervals) if day in days else () for day in range(7))
    return Hours(tz, week, frozenset(holidays), frozenset(yearly))


def berlin(*parts, fold=0):
    return datetime(*parts, tzinfo=BERLIN, fold=fold)


OFFICE = on_weekdays((time(9), time(17)), days=range(5))
SPLIT = on_weekdays((time(9), time(12)), (time(14), MIDNIGHT))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (berlin(2024, 11, 25, 8, 59, 59), False),
        (berlin(2024, 11, 25, 9), True),
        (berlin(2024, 11, 25, 16, 59, 59), True),
        (berlin(2024, 11, 25, 17), False),
        (berlin(2024, 11, 23, 12), False),
        # The same moment, said from elsewhere.
        (datetime(2024, 11, 25, 8, tzinfo=UTC), True),
        (datetime(2024, 11, 25, 16, tzinfo=UTC), False),
        (datetime(2024, 7, 1, 7, tzinfo=UTC), True),
        (datetime(2024, 7, 1, 15, tzinfo=UTC), False),
    ],
)
def test_open_from_the_first_to_before_the_last_minute(at, expected):
    assert OFFICE.is_open(at) is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (berlin(2024, 11, 25, 11, 59), True),
        (berlin(2024, 11, 25, 12), False),
        (berlin(2024, 11, 25, 14), True),
        (berlin(2024, 11, 25, 23, 59, 59), True),
        (berlin(2024, 11, 26, 0), False),
    ],
)
def test_a_day_has_several_times_and_an_end_at_midnight(at, expected):
    assert SPLIT.is_open(at) is expected


def test_midnight_to_midnight_is_the_whole_day():
    always = on_weekdays((MIDNIGHT, MIDNIGHT))

    assert always.is_open(berlin(2024, 11, 25))
    assert always.is_open(berlin(2024, 11, 25, 23, 59, 59))
    assert always.next_opening(berlin(2024, 11, 25)) is None


def test_the_day_is_the_account_s_own():
    monday = on_weekdays((time(8), time(20)), days=[0], tz=ZoneInfo("Pacific/Auckland"))

    # Sunday evening in Europe is Monday morning there.
    assert monday.is_open(datetime(2024, 11, 24, 20, tzinfo=UTC))
    assert not monday.is_open(datetime(2024, 11, 25, 20, tzinfo=UTC))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (berlin(2024, 11, 25, 7), berlin(2024, 11, 25, 9)),
        (berlin(2024, 11, 25, 17), berlin(2024, 11, 26, 9)),
        (berlin(2024, 11, 29, 17), berlin(2024, 12, 2, 9)),
        (berlin(2024, 11, 25, 12), None),
    ],
)
def test_next_opening(at, expected):
    assert OFFICE.next_opening(at) == expected
    assert OFFICE.next_opening(at.astimezone(UTC)) == expected


def test_next_opening_is_said_in_the_account_s_time():
    found = OFFICE.next_opening(datetime(2024, 11, 25, 20, tzinfo=UTC))

    assert (found.tzinfo, found.hour) == (BERLIN, 9)


def test_next_opening_after_the_break_of_the_day():
    assert SPLIT.next_opening(berlin(2024, 11, 25, 12, 30)) == berlin(2024, 11, 25, 14)
    assert SPLIT.next_opening(berlin(2024, 11, 26, 0)) == berlin(2024, 11, 26, 9)


def test_next_opening_is_not_looked_for_for_ever():
    december = frozenset(date(2024, 12, day) for day in range(1, 16))
    closed = on_weekdays((time(9), time(17)), holidays=december)

    assert closed.next_opening(berlin(2024, 11, 30, 18)) is None
    assert closed.next_opening(berlin(2024, 12, 2, 18)) == berlin(2024, 12, 16, 9)
    assert (
        Hours(BERLIN, NONE, frozenset(), frozenset()).next_opening(berlin(2024, 11, 25))
        is None
    )


def test_holidays_are_closed_this_year_or_every_year():
    open_daily = on_weekdays(
        (time(9), time(17)), holidays=[date(2024, 11, 25)], yearly=[(12, 24)]
    )

    opened = [
        open_daily.is_open(berlin(year, *day, 12))
        for year in (2024, 2025)
        for day in ((11, 25), (12, 24))
    ]

    assert opened == [False, False, True, False]
    assert open_daily.next_opening(berlin(2024, 11, 25, 12)) == berlin(2024, 11, 26, 9)


def test_a_holiday_of_every_year_may_be_a_leap_day():
    leap = on_weekdays((time(9), time(17)), yearly=[(2, 29)])

    assert not leap.is_open(berlin(2024, 2, 29, 12))
    assert leap.is_open(berlin(2025, 2, 28, 12))
    assert leap.is_open(berlin(2025, 3, 1, 12))
    assert not leap.is_open(berlin(2028, 2, 29, 12))


# The clock is set forward on 30 March 2025 at 2:00, back on 27 October 2024 at 3:00.


def test_hours_keep_to_the_wall_clock_when_it_is_changed():
    night = on_weekdays((time(1), time(5)))

    spring = datetime(2025, 3, 30, tzinfo=UTC)
    opened = [night.is_open(spring.replace(hour=hour, minute=30)) for hour in range(4)]

    assert opened == [True, True, True, False]
    assert night.next_opening(berlin(2025, 3, 29, 6)) == berlin(2025, 3, 30, 1)


@pytest.mark.parametrize("opens", [time(2), time(2, 30), time(2, 59)])
def test_opening_in_the_hour_that_is_left_out_is_when_the_clock_is_set(opens):
    night = on_weekdays((opens, time(5)))
    at = datetime(2025, 3, 30, 0, 15, tzinfo=UTC)

    assert night.next_opening(at) == datetime(2025, 3, 30, 1, tzinfo=UTC)
    assert not night.is_open(datetime(2025, 3, 30, 0, 59, 59, tzinfo=UTC))
    assert night.is_open(datetime(2025, 3, 30, 1, tzinfo=UTC))


def test_times_that_are_left_out_altogether_do_not_open():
    night = on_weekdays((time(2), time(3)))

    found = night.next_opening(berlin(2025, 3, 30, 0))

    assert found == berlin(2025, 3, 31, 2)


def test_hour_that_comes_twice_opens_twice():
    night = on_weekdays((time(2, 15), time(2, 45)))
    after_the_first = datetime(2024, 10, 27, 0, 50, tzinfo=UTC)

    assert not night.is_open(after_the_first)
    # Compared as moments: a time that comes twice equals none in another zone.
    again = night.next_opening(after_the_first).astimezone(UTC)
    assert again == datetime(2024, 10, 27, 1, 15, tzinfo=UTC)
    assert night.is_open(berlin(2024, 10, 27, 2, 30, fold=1))


def test_day_that_a_country_left_out_does_not_open():
    # Samoa went from 29 to 31 December 2011.
    apia = on_weekdays((time(9), time(17)), days=[4], tz=ZoneInfo("Pacific/Apia"))
    thursday = datetime(2011, 12, 29, 12, tzinfo=apia.tz)

    assert apia.next_opening(thursday) == datetime(2012, 1, 6, 9, tzinfo=apia.tz)


# Overlaps


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        ([], None),
        ([(time(9), time(12)), (time(12), time(14))], None),
        ([(time(14), MIDNIGHT), (time(9), time(12))], None),
        ([(time(9), time(12)), (time(11), time(14))], (time(11), time(14))),
        ([(time(9), time(12)), (time(9), time(12))], (time(9), time(12))),
        ([(time(9), MIDNIGHT), (time(20), time(21))], (time(20), time(21))),
        ([(MIDNIGHT, MIDNIGHT), (time(1), time(2))], (time(1), time(2))),
    ],
)
def test_overlap_is_found(intervals, expected):
    assert hours.overlap(intervals) == expected


# Stored


def store(account, *, is_on=True, time_zone="Europe/Berlin", week=None, holidays=()):
    return services.set_business_hours(
        account=account,
        is_on=is_on,
        time_zone=time_zone,
        week=week or [[(time(9), time(17))], *[[]] * 6],
        holidays=holidays,
    )


@pytest.mark.django_db
def test_account_without_hours_is_always_open():
    account = make_account()

    assert hours.hours_of(account.pk) is None
    assert hours.is_open(account.pk, berlin(2024, 11, 24, 3))
    assert hours.next_opening(account.pk, berlin(2024, 11, 24, 3)) is None


@pytest.mark.django_db
def test_account_that_is_gone_has_no_hours():
    assert hours.hours_of(2**31) is None


@pytest.mark.django_db
def test_stored_hours_replace_those_before():
    account, other = make_account(), make_account("Another")
    store(other)
    store(account, holidays=[Day(date(2024, 12, 24), "Christmas Eve", True)])

    store(
        account,
        time_zone="Europe/Lisbon",
        week=[*[[]] * 6, [(time(14), time(18)), (time(9), time(12))]],
        holidays=[Day(date(2025, 4, 21), "Easter Monday")],
    )

    assert hours.hours_of(account.pk) == Hours(
        ZoneInfo("Europe/Lisbon"),
        (*((),) * 6, ((time(9), time(12)), (time(14), time(18)))),
        frozenset([date(2025, 4, 21)]),
        frozenset(),
    )
    assert hours.hours_of(other.pk).week[0] == ((time(9), time(17)),)
    assert list(other.business_hours.values_list("weekday", flat=True)) == [0]


@pytest.mark.django_db
def test_hours_that_are_switched_off_stay_for_later():
    account = make_account()
    store(account, is_on=False)

    assert hours.hours_of(account.pk) is None
    assert BusinessHour.objects.filter(account=account).count() == 1


@pytest.mark.django_db
def test_remembered_hours_are_asked_for_anew_after_some_seconds(
    monkeypatch, django_assert_num_queries
):
    class Clock:
        now = 1000.0

    monkeypatch.setattr(hours.time, "monotonic", lambda: Clock.now)
    account = make_account()
    before = hours.hours_of(account.pk)
    store(account)
    with django_assert_num_queries(0):
        at_once = hours.hours_of(account.pk)
    Clock.now += hours.REMEMBERED + 0.1
    with django_assert_num_queries(3):
        later = hours.hours_of(account.pk)

    assert (before, at_once) == (None, None)
    assert later == hours.hours_of(account.pk, fresh=True)
    assert later.week[0] == ((time(9), time(17)),)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("week", "holidays"),
    [
        ([[(time(17), time(9))], *[[]] * 6], []),
        ([[(time(9), time(9))], *[[]] * 6], []),
        ([[(time(9), time(12)), (time(11), time(13))], *[[]] * 6], []),
        ([[]] * 7, []),
        (None, [Day(date(2024, 12, 24)), Day(date(2024, 12, 24), "Again", True)]),
    ],
)
def test_hours_that_make_no_sense_are_refused_whole(week, holidays):
    account = make_account()
    store(account, holidays=[Day(date(2025, 1, 1))])

    with pytest.raises(AccountError):
        store(account, week=week, holidays=holidays, time_zone="Europe/Lisbon")

    account.refresh_from_db()
    assert account.time_zone == "Europe/Berlin"
    assert BusinessHour.objects.get(account=account).weekday == 0
    assert Holiday.objects.get(account=account).date == date(2025, 1, 1)


@pytest.mark.django_db
def test_week_has_seven_days():
    with pytest.raises(ValueError, match="seven"):
        store(make_account(), week=[[(time(9), time(17))]])
