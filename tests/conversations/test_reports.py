"""The reports page: whom it is for, what it says, and what it makes of nonsense."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conversations import services
from conversations.models import Channel, Figure, Tag
from conversations.reporting.asked import ReportQuery
from conversations.reporting.figures import What, figures_of
from conversations.reporting.periods import EARLIEST, MOST_DAYS, Period
from conversations.reporting.report import report_of
from conversations.services import counting
from supportdesk.accounts.models import Role
from supportdesk.core.spreadsheet import as_csv, safe
from tests import factories
from tests.conversations.counted import count_everything, set_clock
from tests.conversations.desk import HTMX, signed_in

pytestmark = pytest.mark.django_db

PAGE = "/reports/"
TODAY = date(2026, 5, 20)
NOON = datetime(2026, 5, 20, 10, 0, tzinfo=UTC)
TABLES = {
    "conversations",
    "ratings",
    "first_response",
    "resolution",
    "answered",
    "agents",
    "hours",
    "tags",
}


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Nobody else writes to this server."""
    monkeypatch.setattr(counting, "_transactions", lambda: (9, 9))


@pytest.fixture
def account(monkeypatch):
    set_clock(monkeypatch, NOON)
    return factories.make_account()


@pytest.fixture
def owner(account):
    return factories.owner_of(account)


@pytest.fixture
def client(owner):
    return signed_in(owner)


def asked(**values):
    query = QueryDict(mutable=True)
    query.update({name: str(value) for name, value in values.items()})
    return query


def lay_down(
    account, what, count=1, day=TODAY, *, channel_kind="website", group_key=0, **fields
):
    """Figures of a day and of its month, and those of all channels and groups."""
    for (grain, at), kind, group in product(
        (("d", day), ("m", day.replace(day=1))),
        (channel_kind, Figure.ALL_CHANNELS),
        (group_key, Figure.ALL_GROUPS),
    ):
        figure, is_new = Figure.objects.get_or_create(
            account=account,
            grain=grain,
            what=what,
            day=at,
            channel_kind=kind,
            group_key=group,
            **{"agent_key": 0, "tag_key": 0, "bucket": 0, **fields},
            defaults={"count": count},
        )
        if not is_new:
            figure.count += count
            figure.save(update_fields=["count"])


def table(client, key, query=""):
    response = client.get(reverse("conversations:report_table", args=[key]) + query)
    assert response.status_code == 200
    text = response.content.decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


# Who may see it


@pytest.mark.parametrize(
    ("role", "status"), [(Role.OWNER, 200), (Role.FULL, 200), (Role.AGENT, 404)]
)
def test_reports_are_for_full_access(account, owner, role, status):
    agent = owner if role == Role.OWNER else factories.make_agent(account, role=role)
    client = signed_in(agent)

    assert client.get(PAGE).status_code == status
    assert client.get(f"{PAGE}agents.csv").status_code == status
    has_entry = b'href="/reports/"' in client.get("/").content
    assert has_entry == (status == 200)


def test_stranger_is_sent_to_sign_in():
    response = signed_out().get(PAGE)

    assert response.status_code == 302
    assert "/accounts/login/" in response["Location"]


def signed_out():
    from django.test import Client

    return Client()


def test_figures_are_of_the_own_account_only(account, client, owner):
    stranger = factories.make_account()
    lay_down(stranger, What.BEGUN, 77)
    lay_down(account, What.BEGUN, 3)

    figures = report_of(owner, asked(), TODAY).figures

    assert figures.now.counts[What.BEGUN] == 3
    assert b">77<" not in client.get(PAGE).content


def test_limited_and_inactive_agents_have_no_figures(account, owner):
    lay_down(account, What.BEGUN)
    limited = factories.make_agent(account)
    inactive = factories.make_agent(account, role=Role.FULL)
    inactive.is_active = False

    assert Figure.objects.visible_to(owner).exists()
    assert not Figure.objects.visible_to(limited).exists()
    assert not Figure.objects.visible_to(inactive).exists()


def test_other_accounts_groups_and_agents_are_none(account, owner):
    stranger = factories.make_account()
    group = factories.make_group(stranger)
    agent = factories.owner_of(stranger)

    query = report_of(owner, asked(group=group.pk, agent=agent.pk), TODAY).query

    assert (query.group, query.agent) == (None, None)
    assert query.hints == [
        "There is no such group: all are shown.",
        "There is no such agent: all are shown.",
    ]


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_reports_are_only_read(client, method):
    assert getattr(client, method)(PAGE).status_code == 405


# What it says


def test_page_says_what_was_counted(account, client, owner):
    group = factories.make_group(account, "Orders")
    tag = Tag.objects.create(account=account, name="Refund", hue=3)
    lay_down(account, What.BEGUN, 1234, group_key=group.pk)
    lay_down(account, What.BEGUN, 1000, day=TODAY - timedelta(days=30))
    lay_down(account, What.FIRST_ANSWER, 10, bucket=53)
    lay_down(account, What.FIRST_ANSWER, 10, bucket=53, agent_key=owner.pk)
    lay_down(account, What.RESOLVED, 4, bucket=90, tag_key=tag.pk)
    lay_down(account, What.RATED, 3, bucket=5)
    lay_down(account, What.RATED, 1, bucket=1)
    lay_down(account, What.MISSED, 2)
    lay_down(account, What.OFFLINE, 3)
    lay_down(account, What.WRITTEN, 9, bucket=2 * 24 + 12)

    page = client.get(PAGE).content.decode()

    for text in (
        "21 April to 20 May 2026, compared with the 30 days before",
        ">1,234<",
        "+23\N{NO-BREAK SPACE}%",
        # 1.1 ** 53 seconds and a little more
        ">2:44<",
        ">75%<",
        "Wednesday, 20 May: 1,234 Live chat, 0 E-mail, 0 Messenger",
        "Ratings: Good: 3, Okay: 0, Bad: 1",
        "Wed, 12:00 to 13:00: 9 messages",
        "Olga Owner",
        "Refund",
    ):
        assert text in page
    assert "style=" not in page
    assert "<script>" not in page


def test_filters_narrow_what_is_counted(account, owner):
    group = factories.make_group(account)
    anna = factories.make_agent(account, role=Role.FULL)
    lay_down(account, What.BEGUN, 1)
    lay_down(account, What.BEGUN, 2, channel_kind="email")
    lay_down(account, What.BEGUN, 4, channel_kind="email", group_key=group.pk)
    lay_down(account, What.FIRST_ANSWER, 8, agent_key=anna.pk)
    lay_down(account, What.FIRST_ANSWER, 16, agent_key=owner.pk)
    lay_down(account, What.FIRST_ANSWER, 24)

    def count(what, **query):
        return report_of(owner, asked(**query), TODAY).figures.now.counts[what]

    assert count(What.BEGUN) == 7
    assert count(What.BEGUN, channel="email") == 6
    assert count(What.BEGUN, group=group.pk) == 4
    assert count(What.BEGUN, channel="website", group=group.pk) == 0
    assert count(What.FIRST_ANSWER) == 24
    assert count(What.FIRST_ANSWER, agent=anna.pk) == 8


def test_agents_report_lacks_what_has_no_agent(account, owner, client):
    lay_down(account, What.FIRST_ANSWER, 8, bucket=20, agent_key=owner.pk)
    lay_down(account, What.WRITTEN, 5, bucket=20)

    report = report_of(owner, asked(agent=owner.pk), TODAY)

    assert set(report.tables) == TABLES - {"hours", "tags"}
    page = client.get(f"{PAGE}?agent={owner.pk}").content.decode()
    assert "First responses per day" in page
    assert "Busiest hours" not in page
    assert client.get(f"{PAGE}hours.csv?agent={owner.pk}").status_code == 404


def test_period_without_anything_says_so(client):
    page = client.get(PAGE).content.decode()

    assert "Nothing happened in this period" in page
    assert "chart__plot" not in page


def test_agent_who_only_wrote_on_has_a_report(account, owner, client):
    lay_down(account, What.ANSWER, 12, agent_key=owner.pk)

    page = client.get(f"{PAGE}?agent={owner.pk}").content.decode()

    assert "Nothing happened in this period" not in page
    assert "12" in table(client, "agents", f"?agent={owner.pk}")[1]


def test_htmx_gets_the_part_alone(client):
    part = client.get(PAGE, headers=HTMX)

    assert part.content.decode().lstrip().startswith('<div class="page page--reports"')
    assert "HX-Request" in part["Vary"].split(", ")


def test_taken_back_ratings_never_count_below_none(account, owner, client):
    lay_down(account, What.RATED, -2, bucket=1)
    lay_down(account, What.RATED, 2, bucket=5)

    figures = report_of(owner, asked(), TODAY).figures

    assert (figures.now.rated, figures.now.good) == (2, 100)
    assert client.get(PAGE).status_code == 200


def test_german_reads_german_numbers_and_days(account):
    agent = factories.make_agent(account, role=Role.FULL, language="de")
    lay_down(account, What.BEGUN, 1234)

    page = signed_in(agent).get(PAGE).content.decode()

    assert ">1.234<" in page
    assert "Mai 2026" in page


# Nonsense


@pytest.mark.parametrize(
    ("given", "first", "last", "hints"),
    [
        ({}, date(2026, 4, 21), TODAY, 0),
        ({"d": "1"}, TODAY, TODAY, 0),
        ({"d": "365"}, date(2025, 5, 21), TODAY, 0),
        ({"d": "-7"}, date(2026, 4, 21), TODAY, 1),
        ({"d": "\N{ARABIC-INDIC DIGIT SEVEN}"}, date(2026, 4, 21), TODAY, 1),
        ({"d": "9" * 500}, date(2026, 4, 21), TODAY, 1),
        (
            {"from": "2026-05-01", "until": "2026-05-03"},
            date(2026, 5, 1),
            date(2026, 5, 3),
            0,
        ),
        (
            {"from": "2026-05-03", "until": "2026-05-01"},
            date(2026, 5, 1),
            date(2026, 5, 3),
            1,
        ),
        ({"from": "2026-05-03"}, date(2026, 5, 3), TODAY, 0),
        ({"until": "2026-05-03"}, date(2026, 4, 4), date(2026, 5, 3), 0),
        ({"from": "0001-01-01", "until": "0001-01-02"}, EARLIEST, EARLIEST, 0),
        ({"from": "0001-01-01"}, TODAY - timedelta(days=MOST_DAYS - 1), TODAY, 1),
        (
            {"from": "1826-01-01", "until": "2026-01-01"},
            date(2026, 1, 1) - timedelta(days=MOST_DAYS - 1),
            date(2026, 1, 1),
            1,
        ),
        ({"from": "9999-12-31", "until": "9999-12-31"}, TODAY, TODAY, 0),
        ({"from": "2026-02-30", "until": "yesterday"}, date(2026, 4, 21), TODAY, 2),
        ({"from": "'; DROP TABLE"}, date(2026, 4, 21), TODAY, 1),
        ({"channel": "fax"}, date(2026, 4, 21), TODAY, 1),
        ({"group": "1e9"}, date(2026, 4, 21), TODAY, 1),
        ({"agent": "9" * 400}, date(2026, 4, 21), TODAY, 1),
        ({"agent": "\x00", "unknown": "1"}, date(2026, 4, 21), TODAY, 1),
    ],
)
def test_whatever_is_asked_for_is_made_sensible(
    client, owner, given, first, last, hints
):
    query = ReportQuery.of(asked(**given), TODAY, {1}, {owner.pk})

    assert query.period == Period(first, last)
    assert len(query.hints) == hints
    response = client.get(PAGE, given)
    assert response.status_code == 200
    assert response.content.count(b'class="notice"') == hints


def test_earliest_day_can_be_compared_with_what_was_before(client):
    assert client.get(f"{PAGE}?from=2000-01-01&until=2000-01-01").status_code == 200


# Files


def test_every_table_is_a_file(client, account, owner):
    lay_down(account, What.BEGUN, 2)

    for key in TABLES:
        assert len(table(client, key)) >= 1
    rows = table(client, "conversations", "?d=7")
    assert rows[:2] == [
        ["Day", "Live chat", "E-mail", "Messenger", "Total"],
        ["2026-05-20", "2", "0", "0", "2"],
    ]
    assert len(rows) == 8


def test_file_names_itself_and_is_not_shown(client):
    response = client.get(f"{PAGE}hours.csv?d=7")

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == (
        'attachment; filename="hours-2026-05-14-2026-05-20.csv"'
    )


def test_unknown_table_is_none(client):
    assert client.get(f"{PAGE}passwords.csv").status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "+49 30",
        "-2",
        "@SUM(A1)",
        "  =1",
        "\N{FULLWIDTH EQUALS SIGN}1",
    ],
)
def test_names_are_no_formulas(name):
    assert safe(name) == "'" + name
    [row] = list(
        csv.reader(io.StringIO(as_csv([[name]]).removeprefix("\ufeff"), newline=""))
    )
    assert row == ["'" + name]


def test_agent_who_is_called_like_a_formula_is_none_in_the_file(account, client):
    name = '=HYPERLINK("https://evil.example";"x")'
    agent = factories.make_agent(account, name, role=Role.FULL)
    lay_down(account, What.FIRST_ANSWER, 3, bucket=10, agent_key=agent.pk)

    [_head, row] = table(client, "agents")

    assert row[0] == "'" + name
    assert row[1] == "3"


def test_numbers_stay_numbers():
    assert as_csv([[-5, 2.25, None, "x"]]) == "\ufeff-5,2.2,,x\r\n"


def test_german_file_suits_a_german_spreadsheet(account):
    agent = factories.make_agent(account, role=Role.FULL, language="de")
    lay_down(account, What.FIRST_ANSWER, 3, bucket=10)

    response = signed_in(agent).get(f"{PAGE}first_response.csv?d=1")

    assert response.content.decode().splitlines()[1] == "2026-05-20;3;2,7;2,7"


# What it costs


def test_queries_do_not_grow_with_the_days(account, client):
    for day in range(90):
        lay_down(account, What.BEGUN, day=TODAY - timedelta(days=day), bucket=day)
    counts = set()
    for query in ("?d=1", "?d=90", "?d=365"):
        client.get(PAGE + query)
        with CaptureQueriesContext(connection) as captured:
            client.get(PAGE + query)
        counts.add(len(captured))

    assert counts == {11}


def test_queries_do_not_grow_with_agents_and_tags(account, client):
    counts = set()
    for number in (1, 3):
        for n in range(number):
            agent = factories.make_agent(account, f"A{n}")
            tag = Tag.objects.create(account=account, name=f"{number} {n}")
            lay_down(account, What.RESOLVED, agent_key=agent.pk)
            lay_down(account, What.RESOLVED, tag_key=tag.pk)
        client.get(PAGE)
        with CaptureQueriesContext(connection) as captured:
            client.get(PAGE)
        counts.add(len(captured))

    assert len(counts) == 1


def test_figures_are_found_by_their_index(account, owner):
    Figure.objects.bulk_create(
        Figure(
            account=account,
            grain=grain,
            what=what,
            day=TODAY - timedelta(days=day),
            channel_kind=kind,
            group_key=group,
            bucket=bucket,
            count=1,
        )
        for grain, every in (("d", 3), ("m", 30))
        for what in What.values
        for day in range(0, 1800, every)
        for kind in (Channel.Kind.EMAIL, Figure.ALL_CHANNELS)
        for group in (0, Figure.ALL_GROUPS)
        for bucket in range(2)
    )
    statements = []

    def remember(execute, sql, params, many, context):
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE conversations_figure")
    for days in (1, 30, 90, 365):
        query = ReportQuery.of(asked(d=str(days)), TODAY, set(), set())
        with connection.execute_wrapper(remember):
            figures_of(owner, query, [owner.pk], [1])

    assert len(statements) == 4 * 5
    for sql, params in statements:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql}", params)
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert "Seq Scan on conversations_figure" not in plan
        assert "figure_once_in_slice" in plan


def test_live_figures_follow_a_conversation(account, owner, monkeypatch):
    conversation = factories.make_conversation(account)
    set_clock(monkeypatch, NOON + timedelta(minutes=3))
    factories.agent_writes(conversation, owner)
    services.resolve_conversation(conversation_id=conversation.pk, agent=owner)
    count_everything()

    now = report_of(owner, asked(d="1"), TODAY).figures.now

    assert now.counts[What.BEGUN] == now.counts[What.RESOLVED] == 1
    assert now.time(What.FIRST_ANSWER, 0.5) == pytest.approx(180, rel=0.05)
