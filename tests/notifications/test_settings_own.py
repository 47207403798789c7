"""Settings, Notifications: each agent's own page, test mails and previews."""

import re
from datetime import time

import pytest

from notifications import services, tasks
from notifications.exceptions import NotificationError
from notifications.models import Notification, NotificationSettings, Preferences
from supportdesk.accounts.models import Role
from tests import factories
from tests.conversations.desk import HTMX, signed_in

pytestmark = pytest.mark.django_db

URL = "/settings/notifications/me/"
ACCOUNT = "/settings/notifications/"
TEST = "/settings/notifications/test/"

QUIET = {"quiet_from": "22:00", "quiet_until": "07:00"}


@pytest.fixture
def jonas(account):
    return factories.make_agent(account, "Jonas Adler")


@pytest.fixture
def anna(account):
    return factories.make_agent(account, "Anna Berger", Role.FULL)


@pytest.fixture
def queued(transactional_db, monkeypatch):
    keys = []
    monkeypatch.setattr(tasks.send_notification, "delay", keys.append)
    return keys


def ticked(response):
    """Events by way, as the boxes of the page say."""
    boxes = re.findall(
        r'class="check" type="checkbox" name="(\w+)" value="(\w+)"( checked)?',
        response.text,
    )
    found = {"mail": [], "browser": [], "sound": []}
    for way, event, checked in boxes:
        if checked:
            found[way].append(event)
    return found


def app_data(response):
    (tag,) = re.findall(r'<div class="app"[^>]*>', response.text)
    names = ("sound", "browser", "quiet", "time-zone", "idle")
    found = {name: re.search(rf'data-{name}="([^"]*)"', tag) for name in names}
    return {name: match[1] for name, match in found.items() if match}


# What is shown and stored


def test_page_shows_the_defaults(jonas):
    response = signed_in(jonas).get(URL)

    assert ticked(response) == {
        "mail": ["offline", "missed", "assigned", "mentioned"],
        "browser": ["message", "offline", "missed", "assigned", "mentioned"],
        "sound": ["message", "assigned", "mentioned"],
    }
    assert not Preferences.objects.exists()


def test_choices_are_stored(jonas):
    client = signed_in(jonas)

    response = client.post(
        URL,
        {
            "mail": ["missed", "offline", "offline"],
            "sound": ["message"],
            "away_when_idle": "on",
            **QUIET,
        },
    )

    assert response["Location"] == URL
    saved = Preferences.objects.get(agent=jonas)
    assert (saved.mail, saved.browser, saved.sound) == (
        ["offline", "missed"],
        [],
        ["message"],
    )
    assert (saved.quiet_from, saved.quiet_until) == (time(22), time(7))
    assert (saved.away_when_idle, saved.digest) == (True, False)
    shown = client.get(URL)
    assert ticked(shown) == {
        "mail": ["offline", "missed"],
        "browser": [],
        "sound": ["message"],
    }
    assert 'value="22:00"' in shown.text


def test_everything_can_be_switched_off_and_the_quiet_hours_removed(jonas):
    services.save_preferences(
        agent=jonas,
        mail=["offline"],
        browser=[],
        sound=[],
        quiet_from=time(22),
        quiet_until=time(7),
        away_when_idle=True,
    )

    signed_in(jonas).post(URL, {"quiet_from": "", "quiet_until": ""})

    saved = Preferences.objects.get(agent=jonas)
    assert (saved.mail, saved.browser, saved.sound) == ([], [], [])
    assert (saved.quiet_from, saved.quiet_until) == (None, None)
    assert not saved.away_when_idle


def test_one_agents_choice_is_not_the_colleagues(jonas, anna):
    signed_in(jonas).post(URL, {})

    assert list(Preferences.objects.values_list("agent", flat=True)) == [jonas.pk]
    assert ticked(signed_in(anna).get(URL))["mail"] != []


@pytest.mark.parametrize(
    "values",
    [
        {"mail": ["message"]},
        {"mail": ["digest"]},
        {"browser": ["'; drop table"]},
        {"sound": ["offline", "x" * 5000]},
        {"quiet_from": "25:00", "quiet_until": "07:00"},
        {"quiet_from": "abc", "quiet_until": "-1"},
        {"quiet_from": "22:00", "quiet_until": ""},
        {"quiet_from": "", "quiet_until": "07:00"},
        {"quiet_from": "07:00", "quiet_until": "07:00"},
        # They are kept by the minute.
        {"quiet_from": "07:00:10", "quiet_until": "07:00:50"},
    ],
)
def test_refused_form_stores_nothing(jonas, values):
    response = signed_in(jonas).post(URL, {"mail": ["offline"], **values})

    assert response.status_code == 422
    assert "Nothing was saved." in response.text
    assert "field__error" in response.text
    assert not Preferences.objects.exists()
    # The frame tells its scripts of what is stored.
    assert app_data(response)["sound"] == "message assigned mentioned"


def test_other_peoples_fields_do_not_count(jonas, anna):
    signed_in(jonas).post(URL, {"agent": anna.pk, "agent_id": anna.pk, "pk": anna.pk})

    assert Preferences.objects.get().agent_id == jonas.pk


def test_services_refuse_what_the_form_never_sends(jonas):
    choice = {"mail": [], "browser": [], "sound": [], "away_when_idle": False}
    never = {"quiet_from": None, "quiet_until": None}

    for wrong in ({"mail": ["message"]}, {"browser": ["x"]}, {"digest": True}):
        with pytest.raises(ValueError, match=r"event that|full access"):
            services.save_preferences(agent=jonas, **{**choice, **never, **wrong})
    with pytest.raises(ValueError, match="quiet hours"):
        services.save_preferences(
            agent=jonas, **choice, quiet_from=time(1), quiet_until=None
        )
    assert not Preferences.objects.exists()


def test_daily_summary_is_for_full_access(jonas, anna):
    assert "Daily summary" in signed_in(anna).get(URL).text
    assert "Daily summary" not in signed_in(jonas).get(URL).text

    signed_in(anna).post(URL, {"digest": "on"})
    signed_in(jonas).post(URL, {"digest": "on"})

    assert Preferences.objects.get(agent=anna).digest
    assert not Preferences.objects.get(agent=jonas).digest


def test_page_says_what_the_account_has_switched_off(jonas, account):
    NotificationSettings.objects.create(account=account, offline=False)

    text = signed_in(jonas).get(URL).text

    assert text.count("switched off for the account") == 1


def test_page_offers_what_the_browser_script_needs(jonas):
    text = signed_in(jonas).get(URL).text

    assert re.findall(r'data-notify-state="(\w+)" hidden', text) == [
        "default",
        "granted",
        "denied",
        "unsupported",
    ]
    for name in ("panel", "enable", "disable", "test"):
        assert f"data-notify-{name}" in text


def test_pages_are_reached_from_the_menu_and_the_settings(jonas, anna):
    limited = signed_in(jonas).get("/profile/").text
    full = signed_in(anna).get("/profile/").text

    assert limited.count(f'href="{URL}"') == 2
    assert f'href="{ACCOUNT}"' not in limited
    assert full.count(f'href="{URL}"') == 1
    assert full.count(f'href="{ACCOUNT}"') == 1


def test_only_full_access_has_two_pages(jonas, anna):
    assert f'href="{ACCOUNT}"' not in signed_in(jonas).get(URL).text
    assert 'class="tabs' in signed_in(anna).get(URL).text


# What the page tells its scripts


def test_scripts_know_the_defaults_without_any_row(jonas):
    assert app_data(signed_in(jonas).get("/")) == {
        "sound": "message assigned mentioned",
        "browser": "message offline missed assigned mentioned",
    }


def test_scripts_know_what_was_chosen(jonas, account):
    account.time_zone = "America/New_York"
    account.save()
    signed_in(jonas).post(URL, {"browser": ["missed"], "away_when_idle": "on", **QUIET})

    assert app_data(signed_in(jonas).get("/")) == {
        "browser": "missed",
        "quiet": "22:00-07:00",
        "time-zone": "America/New_York",
        "idle": "30",
    }


def test_pages_without_an_agent_tell_nothing(client):
    assert "data-sound" not in client.get("/accounts/login/").text


# Test mails


def test_test_mail_goes_to_whoever_asks(anna, account, queued):
    response = signed_in(anna).post(TEST, {"event": "missed"}, follow=True)

    (row,) = Notification.objects.all()
    assert (row.kind, row.way, row.state) == ("test", "mail", "pending")
    assert (row.account, row.agent, row.recipient_email) == (account, anna, anna.email)
    assert row.data == {"event": "missed"}
    assert queued == [row.pk]
    assert f"A test e-mail is on its way to {anna.email}." in response.text
    assert response.redirect_chain == [(ACCOUNT, 302)]


def test_test_mail_from_the_own_page_leads_back_there(anna, jonas, queued):
    own = signed_in(anna).post(TEST, {"event": "offline", "page": "own"})
    limited = signed_in(jonas).post(TEST, {"event": "offline"})

    assert own["Location"] == limited["Location"] == URL


def test_test_mail_may_be_about_nothing_special(jonas, queued):
    signed_in(jonas).post(TEST, {"event": ""})

    assert Notification.objects.get().data == {"event": ""}


def test_htmx_gets_only_the_sentence(anna, queued):
    response = signed_in(anna).post(TEST, {"event": "offline"}, headers=HTMX)

    assert response.text.startswith('<div class="toast')
    assert "on its way" in response.text


@pytest.mark.django_db(transaction=True)
def test_queue_that_does_not_answer_is_no_reason_to_fail(anna, monkeypatch):
    def refuse(_key):
        raise ConnectionError

    monkeypatch.setattr(tasks.send_notification, "delay", refuse)

    response = signed_in(anna).post(TEST, {"event": "offline"})

    assert response.status_code == 302
    assert Notification.objects.count() == 1


def test_test_mails_are_limited(jonas, anna, queued):
    client = signed_in(jonas)
    for _ in range(5):
        client.post(TEST, {"event": "offline"})

    response = client.post(TEST, {"event": "missed"}, headers=HTMX)

    assert "toast--error" in response.text
    assert "Try again in an hour." in response.text
    assert len(queued) == Notification.objects.count() == 5
    signed_in(anna).post(TEST, {"event": "offline"})
    assert len(queued) == 6
    with pytest.raises(NotificationError):
        services.send_test(kind="offline", agent=jonas)


@pytest.mark.parametrize("event", ["message", "digest", "../offline", "x" * 999])
def test_nothing_else_can_be_tested(anna, queued, event):
    assert signed_in(anna).post(TEST, {"event": event}).status_code == 404
    with pytest.raises(ValueError, match="by mail"):
        services.send_test(kind=event, agent=anna)
    assert not Notification.objects.exists()


def test_test_mail_is_not_sent_by_a_link(anna, queued):
    assert signed_in(anna).get(TEST).status_code == 405
    assert queued == []


def test_own_page_tells_of_the_last_test(jonas, anna, queued):
    signed_in(jonas).post(TEST, {"event": "offline"})
    Notification.objects.update(
        state="failed", last_error="SMTPRecipientsRefused: {'a': (550, b'no')}"
    )

    assert "refused the recipient" in signed_in(jonas).get(URL).text
    assert "could not be sent" not in signed_in(anna).get(URL).text


# Previews


@pytest.mark.parametrize("kind", ["offline", "missed", "assigned", "mentioned"])
def test_preview_is_a_mail_that_cannot_run_anything(jonas, kind):
    response = signed_in(jonas).get(f"{ACCOUNT}preview/{kind}/")

    assert response.status_code == 200
    assert "<html" in response.text
    assert "Moor &amp; Mühle" in response.text
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script" not in policy
    assert response["Cache-Control"] == "private, no-store"


def test_preview_follows_the_accounts_choice(anna, account):
    path = f"{ACCOUNT}preview/offline/"
    with_messages = signed_in(anna).get(path).text
    NotificationSettings.objects.create(account=account, offline_with_messages=False)

    without = signed_in(anna).get(path).text

    assert "Is anybody there?" in with_messages
    assert "Is anybody there?" not in without


@pytest.mark.parametrize("kind", ["message", "digest", "transcript", "nonsense"])
def test_there_is_no_other_preview(anna, kind):
    assert signed_in(anna).get(f"{ACCOUNT}preview/{kind}/").status_code == 404


# What it costs


@pytest.mark.parametrize("number", [1, 3])
def test_page_costs_a_constant_number_of_queries(
    account, jonas, queued, number, django_assert_num_queries
):
    for _ in range(number):
        factories.make_group(account)
        services.send_test(kind="offline", agent=jonas)
    Notification.objects.update(state="sent")
    client = signed_in(jonas)
    client.get(URL)

    # Agent, frame; settings, the last test, preferences.
    with django_assert_num_queries(6):
        client.get(URL)
