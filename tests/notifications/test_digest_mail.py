"""Who gets the daily summary when, and what it says."""

from datetime import UTC, date, datetime, timedelta

import pytest

from conversations import services as conversations
from notifications import services, tasks
from notifications.digests import Day
from notifications.mails.digest import bars, digest_mail, duration
from notifications.models import Notification, Preferences
from supportdesk.accounts.models import Account, Role, User
from tests import factories

pytestmark = pytest.mark.django_db

# Monday; 7:30 in Berlin.
MORNING = datetime(2026, 1, 12, 6, 30, tzinfo=UTC)
SUNDAY = "2026-01-11"


def wants(agent, **fields):
    Preferences.objects.create(agent=agent, digest=True, **fields)
    return agent


@pytest.fixture
def owner():
    return wants(factories.owner_of(factories.make_account()))


def recorded():
    return sorted(Notification.objects.values_list("agent__email", "occasion"))


# Who, and when


def test_off_by_default():
    factories.make_account()

    assert services.record_digests(now=MORNING) == []
    assert not Notification.objects.exists()


def test_owner_who_wants_it_gets_the_day_before(owner):
    [pk] = services.record_digests(now=MORNING)

    row = Notification.objects.get()
    assert (row.pk, row.kind, row.way, row.state) == (pk, "digest", "mail", "pending")
    assert (row.account, row.agent, row.occasion) == (owner.account, owner, SUNDAY)
    assert row.due_at == MORNING


def test_second_look_writes_nothing_even_after_it_was_sent(owner):
    services.record_digests(now=MORNING)
    Notification.objects.update(state="sent")

    assert services.record_digests(now=MORNING + timedelta(hours=9)) == []
    assert recorded() == [(owner.email, SUNDAY)]


def test_next_day_has_its_own(owner):
    services.record_digests(now=MORNING)
    services.record_digests(now=MORNING + timedelta(days=1))

    assert recorded() == [(owner.email, SUNDAY), (owner.email, "2026-01-12")]


def test_two_lookouts_at_once_write_one_row(owner, monkeypatch):
    # The second one looked before the first one wrote.
    create = Notification.objects.bulk_create
    now = MORNING

    def first_one_is_faster(rows, **options):
        monkeypatch.setattr(Notification.objects, "bulk_create", create)
        services.record_digests(now=now)
        return create(rows, **options)

    monkeypatch.setattr(Notification.objects, "bulk_create", first_one_is_faster)

    assert services.record_digests(now=now) == []
    assert recorded() == [(owner.email, SUNDAY)]


@pytest.mark.parametrize(
    ("hour", "minute", "is_due"), [(5, 59, False), (6, 0, True), (22, 59, True)]
)
def test_it_waits_for_seven_in_the_accounts_morning(owner, hour, minute, is_due):
    now = MORNING.replace(hour=hour, minute=minute)

    assert bool(services.record_digests(now=now)) == is_due


def test_each_account_has_its_own_morning(owner):
    far = wants(factories.owner_of(factories.make_account("Far")))
    Account.objects.filter(pk=far.account_id).update(time_zone="Pacific/Auckland")

    services.record_digests(now=datetime(2026, 1, 11, 19, 0, tzinfo=UTC))

    # There it is Monday, 8:00; in Berlin Sunday evening.
    assert recorded() == sorted([(far.email, SUNDAY), (owner.email, "2026-01-10")])


def test_full_access_counts_and_a_limited_or_inactive_agent_does_not(owner):
    full = wants(factories.make_agent(owner.account, role=Role.FULL))
    wants(factories.make_agent(owner.account, role=Role.AGENT))
    gone = wants(factories.make_agent(owner.account, role=Role.FULL))
    User.objects.filter(pk=gone.pk).update(is_active=False)
    wants(User.objects.create_superuser("operator@example.com", name="Op"))

    services.record_digests(now=MORNING)

    assert recorded() == sorted([(full.email, SUNDAY), (owner.email, SUNDAY)])


@pytest.mark.parametrize("count", [1, 3])
def test_same_queries_for_however_many(count, django_assert_num_queries):
    for _number in range(count):
        wants(factories.owner_of(factories.make_account()))

    # Who wants it, who has it, writing, and the keys of what was written.
    with django_assert_num_queries(4):
        services.record_digests(now=MORNING)
    with django_assert_num_queries(2):
        services.record_digests(now=MORNING)


def test_task_enqueues_what_is_new(owner, monkeypatch):
    enqueued = []
    monkeypatch.setattr("django.utils.timezone.now", lambda: MORNING)
    monkeypatch.setattr(tasks, "hand_over", enqueued.extend)

    tasks.record_digests()
    tasks.record_digests()

    assert enqueued == [Notification.objects.get().pk]


def test_beat_knows_the_task(settings):
    [entry] = [
        entry
        for entry in settings.CELERY_BEAT_SCHEDULE.values()
        if entry["task"] == tasks.record_digests.name
    ]

    assert entry["schedule"].minute == {0, 15, 30, 45}


# What it says


def summary(owner):
    [pk] = services.record_digests(now=MORNING)
    return Notification.objects.get(pk=pk)


@pytest.fixture
def sunday(owner, monkeypatch):
    """One answered in four minutes, one missed, one written while nobody was there."""
    at = datetime(2026, 1, 11, 9, 0, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: at)
    answered, missed, offline = (
        factories.make_conversation(owner.account) for _number in range(3)
    )
    conversations.mark_missed(conversation_id=missed.pk, left_at=at)
    conversations.note_offline(conversation_id=offline.pk)
    later = at + timedelta(minutes=4)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    factories.agent_writes(answered, owner)


def test_mail_has_the_same_numbers_in_text_and_html(owner, sunday):
    mail = digest_mail(summary(owner))

    assert mail.to == [owner.email]
    assert mail.from_email == "=?utf-8?q?Moor_=26_M=C3=BChle?= <desk@localhost>"
    assert mail.subject == "Sunday: 1 answered, 2 missed or offline"
    [html] = mail.alternatives
    assert "Answered conversations: 1\n" in mail.body
    assert "Missed conversations: 1\n" in mail.body
    assert "Offline conversations: 1\n" in mail.body
    assert "First response, median: 4 min\n" in mail.body
    for body in (mail.body, html.content):
        assert "Visitors wrote in 3 conversations." in body
        assert "Sun" in body
        assert "1 answered, 1 missed, 1 offline" in body
        assert body.count("0 answered, 0 missed, 0 offline") == 6
        assert "http://localhost:8000/" in body
        assert "4 min" in body
    assert "Moor & Mühle" in mail.body
    assert "Moor &amp; Mühle" in html.content
    assert "<script" not in html.content
    assert "<img" not in html.content


def test_mail_can_be_ended_by_one_click(client, owner, sunday):
    mail = digest_mail(summary(owner))

    headers = mail.extra_headers
    url = headers["List-Unsubscribe"].strip("<>")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert url in mail.body
    assert url in mail.alternatives[0].content
    path = url.removeprefix("http://localhost:8000")
    client.post(path, {"List-Unsubscribe": "One-Click"})
    assert not Preferences.objects.get().digest


def test_mail_says_that_a_program_wrote_it(owner, sunday):
    notification = summary(owner)

    headers = digest_mail(notification).extra_headers

    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["X-Auto-Response-Suppress"] == "All"
    assert headers["Message-ID"] == f"<{notification.public_id}@localhost>"
    assert headers["List-Id"] == f"<digest.{owner.account.public_id}.localhost>"


def test_mail_passes_as_a_message(owner, sunday):
    message = digest_mail(summary(owner)).message()

    assert message["From"] == "=?utf-8?q?Moor_=26_M=C3=BChle?= <desk@localhost>"
    assert message.get_content_type() == "multipart/alternative"


def test_mail_is_in_its_readers_language(owner, sunday):
    User.objects.filter(pk=owner.pk).update(language="de")

    mail = digest_mail(summary(owner))

    # Names of days come with Django's own texts.
    assert mail.subject.startswith("Sonntag")
    assert 'lang="de"' in mail.alternatives[0].content


def test_hostile_account_name_stays_in_its_place(owner, sunday):
    name = 'Evil\r\nBcc: x@example.com <script>alert("1")</script>'
    Account.objects.filter(pk=owner.account_id).update(name=name)

    mail = digest_mail(summary(owner))

    assert mail.message()["Bcc"] is None
    assert "<script>" not in mail.alternatives[0].content


def test_quiet_day_is_not_written_about(owner):
    assert digest_mail(summary(owner)) is None


def test_day_on_which_somebody_only_wrote_is_written_about(owner, monkeypatch):
    at = datetime(2026, 1, 11, 9, 0, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: at)
    factories.make_conversation(owner.account)

    mail = digest_mail(summary(owner))

    assert "Visitors wrote in 1 conversation." in mail.body
    assert "First response, median: -\n" in mail.body


@pytest.mark.parametrize(
    "change",
    [
        lambda owner: Preferences.objects.update(digest=False),
        lambda owner: Preferences.objects.all().delete(),
        lambda owner: User.objects.filter(pk=owner.pk).update(is_active=False),
        lambda owner: User.objects.filter(pk=owner.pk).update(role=Role.AGENT),
        lambda owner: User.objects.filter(pk=owner.pk).update(
            account=factories.make_account("Others")
        ),
    ],
)
def test_who_is_not_to_get_it_any_more_does_not(owner, sunday, change):
    notification = summary(owner)
    change(owner)

    assert digest_mail(Notification.objects.get(pk=notification.pk)) is None


def test_bars_are_as_long_as_their_numbers():
    day = date(2026, 1, 11)
    days = [Day(day, answered=20), Day(day, answered=5, missed=9, offline=1), Day(day)]

    assert [(bar.answered_width, bar.lost_width) for bar in bars(days)] == [
        (100, 0),
        (25, 50),
        (0, 0),
    ]


def test_bars_of_a_week_without_anything_have_no_length():
    assert {bar.answered_width for bar in bars([Day(date(2026, 1, 11))])} == {0}


@pytest.mark.parametrize(
    ("wait", "text"),
    [
        (None, "-"),
        (timedelta(0), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1, minutes=20), "1 h 20 min"),
        (timedelta(days=1, hours=3, minutes=59), "1 d 3 h"),
        (timedelta(seconds=-1), "0 s"),
    ],
)
def test_duration_is_said_as_people_say_it(wait, text):
    assert duration(wait) == text
