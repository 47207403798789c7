import re
from datetime import UTC, date, datetime, time

import pytest

from supportdesk.accounts import hours, hours_form, services
from supportdesk.accounts.hours import Day
from supportdesk.accounts.models import BusinessHour, Holiday, Role
from tests.factories import make_account, make_agent, owner_of

pytestmark = pytest.mark.django_db

PAGE = "/settings/hours/"
CARD = "4111 1111 1111 1111"


@pytest.fixture(autouse=True)
def nothing_remembered():
    hours.forget()
    yield
    hours.forget()


@pytest.fixture
def owner(client):
    owner = owner_of(make_account())
    client.force_login(owner)
    return owner


def form(**fields):
    """What the page sends for Monday, 9 to 17, unless told otherwise."""
    return {
        "is_on": "on",
        "time_zone": "Europe/Berlin",
        "opens-0": ["09:00"],
        "closes-0": ["17:00"],
    } | fields


def stored(account):
    rows = account.business_hours.values_list("weekday", "opens_at", "closes_at")
    return list(rows)


def test_page_stores_times_zone_and_holidays(client, owner):
    response = client.post(
        PAGE,
        form(
            **{
                "time_zone": "Europe/Lisbon",
                "opens-0": ["14:00", "09:00", ""],
                "closes-0": ["18:30", "12:00", ""],
                "opens-6": ["20:00"],
                "closes-6": ["00:00"],
                "holiday_date": ["2025-04-21", "2024-12-24", ""],
                "holiday_name": ["Easter\u202e Monday", "Christmas Eve", ""],
                "holiday_yearly": ["1"],
            }
        ),
        follow=True,
    )

    account = owner.account
    account.refresh_from_db()
    assert response.redirect_chain == [(PAGE, 302)]
    assert "The business hours are saved." in response.content.decode()
    assert (account.has_business_hours, account.time_zone) == (True, "Europe/Lisbon")
    assert stored(account) == [
        (0, time(9), time(12)),
        (0, time(14), time(18, 30)),
        (6, time(20), time(0)),
    ]
    assert list(account.holidays.values_list("date", "name", "is_yearly")) == [
        (date(2024, 12, 24), "Christmas Eve", True),
        (date(2025, 4, 21), "Easter Monday", False),
    ]


def test_what_is_stored_is_shown_again(client, owner):
    client.post(
        PAGE,
        form(
            holiday_date=["2024-12-24"],
            holiday_name=["<b>Eve</b>"],
            holiday_yearly=["0"],
        ),
    )

    page = client.get(PAGE).content.decode()

    assert re.findall(r'name="(?:opens|closes)-(\d)" value="(.{5})"', page) == [
        ("0", "09:00"),
        ("0", "17:00"),
    ]
    assert 'name="holiday_date" value="2024-12-24"' in page
    assert "&lt;b&gt;Eve&lt;/b&gt;" in page
    assert "<b>Eve" not in page
    assert re.search(r'name="holiday_yearly" value="0" checked', page)


def test_first_visit_suggests_a_usual_week_and_stores_nothing(client, owner):
    page = client.get(PAGE).content.decode()

    days = re.findall(r'name="opens-(\d)" value="09:00"', page)
    assert days == ["0", "1", "2", "3", "4"]
    assert "the chat is open whenever an agent is online" in page
    assert not BusinessHour.objects.exists()


@pytest.mark.parametrize(
    ("language", "names"),
    [("en", ["Monday", "Sunday"]), ("de", ["Montag", "Sonntag"])],
)
def test_weekdays_are_in_the_agent_s_language(client, owner, language, names):
    owner.language = language
    owner.save(update_fields=["language"])

    page = client.get(PAGE).content.decode()

    found = re.findall(r'<b id="day-\d-t">(\w+)</b>', page)
    assert [found[0], found[-1]] == names


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ((2024, 11, 25, 9), "Open at this moment."),
        ((2024, 11, 25, 17), "open again on Tuesday, 26 November, 09:00."),
        ((2024, 12, 24, 12), "open again on Wednesday, 25 December, 09:00."),
    ],
)
def test_page_says_what_visitors_meet_now(client, owner, monkeypatch, at, expected):
    services.set_business_hours(
        account=owner.account,
        is_on=True,
        time_zone="Europe/Berlin",
        week=[[(time(9), time(17))]] * 7,
        holidays=[Day(date(2000, 12, 24), "", True)],
    )
    now = datetime(*at, tzinfo=UTC)
    monkeypatch.setattr("supportdesk.accounts.views.hours.timezone.now", lambda: now)

    assert expected in client.get(PAGE).content.decode()


# Adding and removing without script


def shown(response, name):
    pattern = rf'name="{name}" value="([^"]*)"'
    return re.findall(pattern, response.content.decode())


def test_time_is_added_to_one_day_and_what_was_typed_stays(client, owner):
    response = client.post(
        PAGE, form(add="0", holiday_date=[""], holiday_name=["Half"])
    )

    assert response.status_code == 200
    assert shown(response, "opens-0") == ["09:00", ""]
    assert shown(response, "opens-1") == []
    assert shown(response, "holiday_name") == ["Half"]
    assert response.content.decode().count("autofocus") == 1
    assert "field__error" not in response.content.decode()
    assert not BusinessHour.objects.exists()


def test_time_is_removed(client, owner):
    times = {"opens-0": ["09:00", "13:00"], "closes-0": ["12:00", "17:00"]}

    response = client.post(PAGE, form(**times, remove="0-0"))

    assert shown(response, "opens-0") == ["13:00"]
    assert shown(response, "closes-0") == ["17:00"]


def test_holidays_are_added_and_removed_with_their_ticks(client, owner):
    days = {
        "holiday_date": ["2024-12-24", "2025-01-01", "2025-05-01"],
        "holiday_name": ["Eve", "New year", "May"],
        "holiday_yearly": ["1", "2"],
    }

    added = client.post(PAGE, form(**days, add_holiday="1"))
    removed = client.post(PAGE, form(**days, remove_holiday="0"))

    assert shown(added, "holiday_name") == ["Eve", "New year", "May", ""]
    assert shown(removed, "holiday_name") == ["New year", "May"]
    ticked = re.findall(
        r'name="holiday_yearly" value="(\d)"( checked)?', removed.content.decode()
    )
    assert ticked == [("0", " checked"), ("1", " checked")]
    assert not Holiday.objects.exists()


@pytest.mark.parametrize(
    "asked",
    [
        {"add": "7"},
        {"add": "-1"},
        {"add": "٣"},
        {"add": ""},
        {"remove": "0-9"},
        {"remove": "0--1"},
        {"remove": "x"},
        {"remove_holiday": "99999999999999999999"},
        {"remove_holiday": "²"},
    ],
)
def test_rows_that_do_not_exist_change_nothing(client, owner, asked):
    response = client.post(PAGE, form(**asked))

    assert response.status_code == 200
    assert shown(response, "opens-0") == ["09:00"]
    assert not BusinessHour.objects.exists()


def test_there_is_an_end_to_rows(client, owner, monkeypatch):
    monkeypatch.setattr(hours_form, "MAX_TIMES", 2)
    monkeypatch.setattr(hours_form, "MAX_HOLIDAYS", 1)
    times = {"opens-0": ["01:00"] * 5, "closes-0": ["02:00"] * 5}
    days = {"holiday_date": ["2024-12-24"] * 3, "holiday_name": [""] * 3}

    response = client.post(PAGE, form(**times, **days, add="0"))
    holiday = client.post(PAGE, form(**days, add_holiday="1"))

    assert shown(response, "opens-0") == ["01:00"] * 2
    assert shown(response, "add") == ["1", "2", "3", "4", "5", "6"]
    assert shown(holiday, "holiday_date") == ["2024-12-24"]


# What is refused


@pytest.mark.parametrize(
    ("times", "sentence"),
    [
        ((["17:00"], ["09:00"]), "The end must be after the beginning"),
        ((["09:00"], ["09:00"]), "The end must be after the beginning"),
        ((["09:00"], [""]), "Enter both times"),
        ((["9 o'clock"], ["17:00"]), "Enter both times"),
        ((["25:00"], ["26:00"]), "Enter both times"),
        ((["09:00\x00"], ["17:00"]), "Enter both times"),
    ],
)
def test_time_that_makes_no_sense_is_marked(client, owner, times, sentence):
    opens, closes = times

    response = client.post(PAGE, form(**{"opens-0": opens, "closes-0": closes}))

    page = response.content.decode()
    assert response.status_code == 422
    marked = re.search(r'id="day-0-error-1">.*?<span>(.*?)</span>', page)
    assert marked[1].startswith(sentence)
    assert page.count('aria-describedby="day-0-error-1"') == 2
    assert "Nothing was saved." in page
    assert not BusinessHour.objects.exists()


def test_overlap_is_marked_at_the_second_of_two(client, owner):
    times = {"opens-0": ["09:00", "11:59"], "closes-0": ["12:00", "13:00"]}

    response = client.post(PAGE, form(**times))

    page = response.content.decode()
    assert response.status_code == 422
    assert re.findall(r'id="day-0-error-(\d)"', page) == ["2"]
    assert "This overlaps another time of the day." in page
    assert shown(response, "opens-0") == ["09:00", "11:59"]


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        ((["", "2024-12-24"], ["Eve", ""]), "Enter the date of this holiday."),
        ((["24.12.2024", "2024-12-24"], ["", ""]), "Enter the date of this holiday."),
        ((["2023-02-29", "2024-12-24"], ["", ""]), "Enter the date of this holiday."),
    ],
)
def test_holiday_without_a_date_is_marked(client, owner, days, sentence):
    dates, names = days

    response = client.post(PAGE, form(holiday_date=dates, holiday_name=names))

    page = response.content.decode()
    assert response.status_code == 422
    assert re.findall(r'id="holiday-error-(\d)"', page) == ["1"]
    assert sentence in page
    assert not Holiday.objects.exists()


def test_holiday_twice_is_marked(client, owner):
    days = {"holiday_date": ["2024-12-24"] * 2, "holiday_name": ["Eve", "Again"]}

    response = client.post(PAGE, form(**days))

    assert response.status_code == 422
    assert 'id="holiday-error-2"' in response.content.decode()
    assert not Holiday.objects.exists()


# The last two are listed by systems; no database knows them.
@pytest.mark.parametrize(
    "zone", ["", "Mars/Olympus", "../etc/passwd", "Factory", "localtime"]
)
def test_unknown_time_zone_is_named_beside_the_field(client, owner, zone):
    response = client.post(PAGE, form(time_zone=zone))

    assert response.status_code == 422
    assert 'id="id_time_zone_error"' in response.content.decode()
    assert not BusinessHour.objects.exists()


def test_hours_without_any_time_are_not_switched_on(client, owner):
    response = client.post(PAGE, form(**{"opens-0": [], "closes-0": []}))

    assert response.status_code == 422
    assert "Enter at least one time of one day." in response.content.decode()
    owner.account.refresh_from_db()
    assert owner.account.has_business_hours is False


def test_card_number_in_a_holiday_is_hidden(client, owner):
    days = {"holiday_date": ["2024-12-24"], "holiday_name": [f"Eve {CARD}"]}

    client.post(PAGE, form(**days))

    assert Holiday.objects.get().name == "Eve [card ····1111]"


@pytest.mark.parametrize("role", [Role.FULL, Role.AGENT])
def test_page_is_the_matter_of_full_access(client, owner, role):
    client.force_login(make_agent(owner.account, role=role))
    status = 200 if role == Role.FULL else 404

    assert client.get(PAGE).status_code == status
    assert client.post(PAGE, form(add="0")).status_code == status
    assert client.put(PAGE).status_code == 405


def test_page_changes_its_own_account_only(client, owner):
    other = make_account("Another")

    client.post(PAGE, form(account=other.pk, account_id=other.pk))

    assert stored(other) == []
    assert stored(owner.account) == [(0, time(9), time(17))]


def test_page_costs_the_same_with_many_rows(
    client, owner, django_assert_max_num_queries
):
    def with_rows(count):
        services.set_business_hours(
            account=owner.account,
            is_on=True,
            time_zone="Europe/Berlin",
            week=[[(time(hour), time(hour + 1)) for hour in range(count)]] * 7,
            holidays=[Day(date(2024, 12, day)) for day in range(1, count + 1)],
        )
        with django_assert_max_num_queries(30) as queries:
            client.get(PAGE)
        return len(queries)

    assert with_rows(1) == with_rows(3)
