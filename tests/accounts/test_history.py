import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone, translation

from supportdesk.accounts import audit, history, services
from supportdesk.accounts.history_form import TOPICS
from supportdesk.accounts.models import AuditEntry, Role, User
from tests.factories import make_account, make_agent, owner_of

pytestmark = pytest.mark.django_db

URL = "/settings/history/"


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def owner(account):
    return owner_of(account)


@pytest.fixture
def page(client, owner):
    client.force_login(owner)

    def get(**query):
        return client.get(URL, query)

    return get


def sentences(response):
    return [line.sentence for line in response.context["lines"]]


def record(account, number=1, **fields):
    for _number in range(number):
        audit.record("hours.changed", account_id=account.pk, **fields)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Olga Owner changed the role of Anna Berger from Agent to Owner"),
    ],
)
def test_role_is_told_in_a_sentence(account, owner, language, expected):
    agent = make_agent(account)
    services.change_access(agent=agent, by=owner, role=Role.OWNER)

    with translation.override(language):
        line = history.Line.of(account.history.get(action="agent.role_changed"))

    assert (line.sentence, line.changes) == (expected, [])


def test_changes_are_told_in_words(account, owner):
    services.update_account(
        account=account, fields={"ip_storage": "none", "has_business_hours": True}
    )

    line = history.Line.of(account.history.get(action="account.changed"))

    assert [str(change) for change in line.changes] == [
        "Store visitors' IP addresses: In full → Not at all",
        "Business hours: No → Yes",
    ]


@pytest.mark.parametrize("action", sorted(audit.sentences()))
def test_every_sentence_can_be_told_whatever_is_missing(account, action):
    audit.record(action, account_id=account.pk)

    for language in ("en", "de"):
        with translation.override(language):
            line = history.Line.of(account.history.filter(action=action).first())
        assert "%(" not in line.sentence


def test_every_topic_can_be_asked_for():
    assert {action.partition(".")[0] for action in audit.sentences()} <= set(TOPICS)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("", {"a": [None, 1]}),
        ("nothing.like", {"a": ["", []]}),
        ("accounts.user", {"groups": [["x"], {"a": 1}], "pk": [1, 2]}),
        ("accounts.user", {"role": [["agent"], "pope"], "at": ["2026-13-45T99:99", 0]}),
        ("%s.%s", {"%(by)s": ["%d", "%"]}),
    ],
)
def test_strange_entries_can_still_be_read(account, page, kind, changes):
    record(account, target=audit.Target(kind, 1, "%s <b>"), changes=changes)
    AuditEntry.objects.create(account=account, action="gone.away", via="system")

    response = page()

    assert response.status_code == 200
    assert "The desk: gone.away" in sentences(response)


def test_page_escapes_what_people_are_called(account, page):
    services.create_agent(
        account=account, email="x@example.com", name="<script>alert(1)</script>"
    )

    content = page().content.decode()

    assert "<script>alert(1)" not in content
    assert "&lt;script&gt;alert(1)" in content


@pytest.mark.parametrize("path", [URL, f"{URL}file/"])
@pytest.mark.parametrize(
    ("role", "status"), [(Role.OWNER, 200), (Role.FULL, 200), (Role.AGENT, 404)]
)
def test_history_is_for_full_access(client, account, path, role, status):
    client.force_login(make_agent(account, role=role))

    response = client.get(path)
    b"".join(response)
    assert response.status_code == status
    assert client.post(path).status_code in {404, 405}


def test_operator_and_strangers_see_nothing(client, account):
    stranger = owner_of(make_account("Another"))
    client.force_login(stranger)

    shown = client.get(URL).context["lines"]

    assert {line.entry.account_id for line in shown} == {stranger.account_id}
    client.force_login(User.objects.create_superuser("op@example.com", name="Op"))
    assert client.get(URL).status_code == 404


def test_filters(account, owner, page):
    anna = make_agent(account)
    record(account, by=anna)
    record(account)
    services.change_access(agent=anna, by=owner, role=Role.FULL)
    now = timezone.now()
    AuditEntry.objects.create(
        account=account,
        action="hours.changed",
        topic="hours",
        via="system",
        at=now - timedelta(days=10),
        by_name="Long ago",
    )

    assert sentences(page(who=anna.pk)) == ["Anna Berger changed the business hours"]
    assert sentences(page(who="system", topic="hours")) == [
        "The desk changed the business hours",
        "Long ago changed the business hours",
    ]
    assert sentences(page(topic="agent", q="fULL")) == [
        "Olga Owner changed the role of Anna Berger from Agent to Full access"
    ]
    day = timezone.localdate(now - timedelta(days=10), account.tz)
    assert sentences(page(since=day, until=day)) == [
        "Long ago changed the business hours"
    ]
    assert sentences(page(until=day - timedelta(days=1))) == []


@pytest.mark.parametrize(
    "query",
    [
        {"who": "99999999999999999999"},
        {"who": "'"},
        {"topic": "x"},
        {"since": "yesterday"},
        {"since": "0001-01-01"},
        {"until": "9999-12-31"},
        {"until": "9999-12-30"},
        {"q": "\x00"},
        {"q": "%_\\" * 90},
        {"before": "9" * 40},
        {"before": "99999999999999999-999999999999999999"},
        {"before": "1-1-1"},
        {"before": "\x00"},
    ],
)
def test_nonsense_is_no_error(page, query):
    assert page(**query).status_code == 200


def test_pages_hold_each_entry_once(account, page):
    at = timezone.now()
    AuditEntry.objects.bulk_create(
        AuditEntry(
            account=account,
            action="hours.changed",
            topic="hours",
            via="system",
            # Many at one moment: the key decides.
            at=at - timedelta(seconds=number // 40),
        )
        for number in range(120)
    )
    seen, following = [], ""
    for _page in range(3):
        response = page(topic="hours", before=following)
        seen += [line.entry.pk for line in response.context["lines"]]
        following = response.context["following"]

    stored = AuditEntry.objects.filter(topic="hours").newest_first()
    assert seen == list(stored.values_list("pk", flat=True))
    assert (len(seen), following) == (120, "")


@pytest.mark.parametrize("number", [1, 3, 60])
def test_page_costs_a_constant_number_of_queries(
    account, page, number, django_assert_num_queries
):
    record(account, number, changes={"week": ([], ["1: 09:00"])})
    page()

    # Session and agent, colleagues, entries, and the frame.
    with django_assert_num_queries(6):
        page()


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({}, "audit_newest"),
        ({"topic": "agent"}, "audit_topic"),
        ({"who": "7"}, "audit_by"),
    ],
)
def test_each_list_has_its_index(account, owner, asked, index):
    AuditEntry.objects.bulk_create(
        AuditEntry(
            account=account,
            action=f"{topic}.changed",
            topic=topic,
            by_id=number % 50,
            via="system",
        )
        for number in range(4000)
        for topic in ("agent", "hours")
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_auditentry")
    plan = history.found(owner, **asked)[:51].explain()

    assert index in plan
    assert "Sort" not in plan


def test_file_holds_what_is_asked_for_and_no_formula(client, account, owner):
    client.force_login(owner)
    services.create_agent(account=account, email="x@example.com", name="=1+1")
    response = client.get(f"{URL}file/", {"topic": "agent"})

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(text))
    assert head[3] == "What"
    assert len(rows) == account.history.filter(topic="agent").count()
    services.create_group(account=account, name="@SUM(1)", key="sum")
    record(account, target=None, by=User(pk=1, name="=HYPERLINK(1)"))
    text = b"".join(client.get(f"{URL}file/").streaming_content).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell[:1] in "=+-@" and cell]
    assert "'=HYPERLINK(1)" in cells


@pytest.mark.parametrize(("entries", "is_cut"), [(3, False), (4, True)])
def test_file_that_is_cut_says_so_at_its_end(
    client, account, owner, monkeypatch, entries, is_cut
):
    monkeypatch.setattr(history, "MAX_ROWS", 3)
    client.force_login(owner)
    record(account, entries)
    response = client.get(f"{URL}file/", {"topic": "hours"})

    text = b"".join(response.streaming_content).decode("utf-8-sig")
    _head, *rows = csv.reader(io.StringIO(text))
    assert [len(row) for row in rows] == [8, 8, 8] + ([1] if is_cut else [])
    assert ("Not complete: older entries than these 3" in text) == is_cut


def test_taking_the_history_is_in_the_history(client, account, owner):
    client.force_login(owner)
    b"".join(client.get(f"{URL}file/"))

    entry = account.history.get(action="history.exported")
    assert (entry.by_id, entry.via) == (owner.pk, "dashboard")
