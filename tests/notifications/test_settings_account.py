"""Settings, Notifications: the account's page."""

import re
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from notifications import services
from notifications.exceptions import NotificationError
from notifications.models import (
    ExtraRecipient,
    Notification,
    NotificationSettings,
)
from supportdesk.accounts.models import Role, User
from tests import factories
from tests.conversations.desk import signed_in

pytestmark = pytest.mark.django_db

URL = "/settings/notifications/"
OWN = "/settings/notifications/me/"


@pytest.fixture
def anna(account):
    return factories.make_agent(account, "Anna Berger", Role.FULL)


def form(**values):
    return {
        "offline": "on",
        "offline_delay": "5",
        "offline_with_messages": "on",
        "offline_to": "",
        "missed": "on",
        "missed_delay": "2",
        "missed_with_messages": "on",
        "missed_to": "",
        **values,
    }


def stored(account):
    fields = ("offline", "offline_delay", "offline_with_messages")
    fields += ("missed", "missed_delay", "missed_with_messages")
    return NotificationSettings.objects.filter(account=account).values_list(*fields)


def recipients(account):
    rows = ExtraRecipient.objects.filter(account=account)
    found = rows.values_list("event", "group__name", "email")
    return sorted(found, key=str)


def errors(response):
    found = re.findall(
        r'class="field__error" id="(\w+)_error".*?<span>(.*?)</span>', response.text
    )
    return {name: unescape(text) for name, text in found}


def mailed(account, kind, minutes_ago=0, **fields):
    at = timezone.now() - timedelta(minutes=minutes_ago)
    row = Notification.objects.create(
        account=account,
        kind=kind,
        recipient_email="a@example.com",
        occasion=str(uuid.uuid4()),
        sent_at=at if fields.get("state") == "sent" else None,
        **fields,
    )
    Notification.objects.filter(pk=row.pk).update(created_at=at)
    return row


# What is shown and stored


def test_page_shows_the_defaults_while_nothing_is_stored(anna, account):
    response = signed_in(anna).get(URL)

    assert response.status_code == 200
    assert response.context["form"]["offline_delay"].value() == 2
    assert response.context["form"]["missed_delay"].value() == 1
    assert response.text.count('role="switch"') == 3
    assert "Nothing sent yet" in response.text
    assert not stored(account)


def test_everything_is_stored(anna, account):
    repairs = factories.make_group(account, "Repairs")

    response = signed_in(anna).post(
        URL,
        form(
            offline="",
            missed_with_messages="",
            offline_to="b@example.com\r\nA@Example.com, c@example.com;d@example.com",
            missed_to="a@example.com",
            **{f"offline_to_{repairs.pk}": "r@example.com"},
        ),
    )

    assert response["Location"] == URL
    assert list(stored(account)) == [(False, 5, True, True, 2, False)]
    assert recipients(account) == [
        ("missed", None, "a@example.com"),
        ("offline", "Repairs", "r@example.com"),
        ("offline", None, "a@example.com"),
        ("offline", None, "b@example.com"),
        ("offline", None, "c@example.com"),
        ("offline", None, "d@example.com"),
    ]
    shown = signed_in(anna).get(URL).text
    assert "a@example.com\nb@example.com" in shown
    assert '<details class="more" open>' in shown


def test_saving_again_keeps_adds_and_removes(anna, account):
    signed_in(anna).post(URL, form(offline_to="a@example.com b@example.com"))
    kept = ExtraRecipient.objects.get(email="b@example.com").pk

    signed_in(anna).post(URL, form(offline_to="b@example.com c@example.com"))

    assert [email for _event, _group, email in recipients(account)] == [
        "b@example.com",
        "c@example.com",
    ]
    assert ExtraRecipient.objects.get(email="b@example.com").pk == kept


def test_double_addresses_are_one(anna, account):
    signed_in(anna).post(
        URL, form(missed_to="a@example.com\nA@EXAMPLE.com  a@example.com")
    )

    assert recipients(account) == [("missed", None, "a@example.com")]


def test_delay_somebody_else_wrote_stays_choosable(anna, account):
    NotificationSettings.objects.create(account=account, offline_delay=7)

    shown = signed_in(anna).get(URL).text

    assert '<option value="7" selected>7 minutes</option>' in shown


# What is refused


@pytest.mark.parametrize(
    ("values", "name", "says"),
    [
        (
            {"offline_to": "a@example.com\nnonsense"},
            "id_offline_to",
            "“nonsense” is not an e-mail address.",
        ),
        (
            {"missed_to": "<script>alert(1)</script>"},
            "id_missed_to",
            "“<script>alert(1)</script>” is not an e-mail address.",
        ),
        (
            {"missed_to": "a@example.com\x00@evil"},
            "id_missed_to",
            "Null characters are not allowed.",
        ),
        (
            {
                "offline_to": f"{'a' * 60}@{'b' * 60}.{'c' * 63}.{'d' * 63}.{'e' * 60}.com"
            },
            "id_offline_to",
            None,
        ),
        (
            {"offline_to": "\n".join(f"a{n}@example.com" for n in range(21))},
            "id_offline_to",
            "At most 20 addresses.",
        ),
        ({"offline_to": "a@example.com\n" * 1000}, "id_offline_to", None),
        ({"offline_delay": "3"}, "id_offline_delay", None),
        ({"missed_delay": "60"}, "id_missed_delay", None),
        ({"missed_delay": "9" * 400}, "id_missed_delay", None),
        ({"offline_delay": ""}, "id_offline_delay", None),
    ],
)
def test_refused_form_stores_nothing_and_says_why(anna, account, values, name, says):
    response = signed_in(anna).post(URL, form(**values))

    assert response.status_code == 422
    assert "Nothing was saved." in response.text
    assert list(errors(response)) == [name]
    if says:
        assert errors(response)[name] == says
    assert "<script>alert" not in response.text
    assert not stored(account)
    assert recipients(account) == []


def test_wrong_address_of_a_group_is_marked_and_kept_to_be_corrected(anna, account):
    group = factories.make_group(account)
    name = f"missed_to_{group.pk}"

    response = signed_in(anna).post(URL, form(**{name: "who?"}))

    assert errors(response) == {f"id_{name}": "“who?” is not an e-mail address."}
    assert '<details class="more" open>' in response.text
    assert ">\nwho?</textarea>" in response.text
    assert 'aria-invalid="true"' in response.text


@pytest.mark.parametrize("of", ["another account", "nobody"])
def test_group_that_is_not_the_accounts_is_refused(anna, account, of):
    strange = factories.make_group(factories.make_account("Other")).pk
    name = f"offline_to_{strange if of == 'another account' else 'x'}"

    response = signed_in(anna).post(URL, form(**{name: "a@example.com"}))

    assert response.status_code == 422
    assert "One of the groups has been deleted meanwhile." in response.text
    assert not stored(account)
    assert not ExtraRecipient.objects.exists()


def test_services_refuse_what_the_form_never_sends(account):
    strange = factories.make_group(factories.make_account("Other"))

    def save(recipients):
        services.set_extra_recipients(account=account, recipients=recipients)

    with pytest.raises(ValueError, match="another account"):
        save({("offline", strange.pk): ["a@example.com"]})
    with pytest.raises(ValueError, match="offline and missed"):
        save({("message", None): ["a@example.com"]})
    with pytest.raises(NotificationError, match="At most 20"):
        save({("offline", None): [f"a{n}@example.com" for n in range(21)]})
    with pytest.raises(NotificationError, match="deleted meanwhile"):
        save({("offline", 0): []})
    with pytest.raises(ValueError, match="delay"):
        services.save_settings(
            account=account,
            offline=True,
            offline_delay=0,
            offline_with_messages=True,
            missed=True,
            missed_delay=1,
            missed_with_messages=True,
            recipients={},
        )
    assert not ExtraRecipient.objects.exists()
    assert not stored(account)


def test_lists_that_are_not_named_stay(account):
    group = factories.make_group(account)
    services.set_extra_recipients(
        account=account,
        recipients={
            ("offline", None): ["a@example.com"],
            ("missed", group.pk): ["b@example.com"],
        },
    )

    services.set_extra_recipients(account=account, recipients={("offline", None): []})

    assert recipients(account) == [("missed", group.name, "b@example.com")]


# Who may


def test_limited_agent_is_sent_to_their_own_page(account):
    jonas = factories.make_agent(account, "Jonas")

    assert signed_in(jonas).get(URL)["Location"] == OWN
    assert signed_in(jonas).post(URL, form(offline="")).status_code == 404
    assert not stored(account)


def test_owner_may(account):
    owner = factories.owner_of(account)

    assert signed_in(owner).get(URL).status_code == 200
    assert signed_in(owner).post(URL, form()).status_code == 302


def test_platform_operator_finds_no_page():
    operator = User.objects.create_superuser("op@example.com", "x", name="Op")

    for path in (URL, OWN, f"{URL}preview/offline/"):
        assert signed_in(operator).get(path).status_code == 404
    response = signed_in(operator).post(f"{URL}test/", {"event": "offline"})
    assert response.status_code == 404
    assert not Notification.objects.exists()


def test_nobody_without_session(client):
    assert "/accounts/login/" in client.get(URL)["Location"]


def test_other_accounts_are_neither_shown_nor_changed(anna, account):
    other = factories.make_account("Other")
    factories.make_group(other, "Strangers")
    services.set_extra_recipients(
        account=other, recipients={("offline", None): ["secret@example.com"]}
    )
    NotificationSettings.objects.create(account=other, offline_delay=15)
    mailed(other, "offline", state="sent")

    shown = signed_in(anna).get(URL).text
    signed_in(anna).post(URL, form())

    assert "secret@example.com" not in shown
    assert "Strangers" not in shown
    assert shown.count("Nothing sent yet") == 2
    assert recipients(other) == [("offline", None, "secret@example.com")]
    assert list(stored(other)) == [(True, 15, True, True, 1, True)]


# How the last mail went


def shown_status(anna):
    text = signed_in(anna).get(URL).text
    found = re.findall(r'<span class="status [^"]*">(.*?)</footer>', text, re.DOTALL)
    return [
        " ".join(unescape(re.sub("<.*?>", " ", part)).split()).partition(" Preview")[0]
        for part in found
    ]


def test_last_mail_of_each_kind_is_told(anna, account):
    sent = mailed(account, "offline", 5, state="sent")
    mailed(account, "offline", 9, state="failed", last_error="OSError: no")
    mailed(account, "missed", 7, state="failed", last_error="gaierror: [-2] unknown")
    mailed(account, "missed", 30, state="sent")
    local = sent.sent_at.astimezone(account.tz)

    offline, missed = shown_status(anna)

    assert offline == f"Last sent: {local:%H:%M}"
    assert missed.startswith("The last e-mail could not be sent (")
    assert missed.endswith("The mail server cannot be reached.")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("SMTPAuthenticationError: (535, b'no')", "refused the desk's user name"),
        ("SMTPRecipientsRefused: {'a@b.c': (550, b'no')}", "the recipient's address"),
        ("SMTPSenderRefused: (553, b'no', 'x')", "the desk's own address"),
        ("SMTPDataError: (554, b'<b>spam</b>')", "refused the e-mail."),
        ("TimeoutError: timed out", "cannot be reached."),
        ("Whatever: <script>", "The desk itself failed; its log says why."),
    ],
)
def test_failures_are_told_in_plain_words(anna, account, error, words):
    mailed(account, "offline", state="failed", last_error=error)

    offline, _missed = shown_status(anna)

    assert words in offline
    assert error not in signed_in(anna).get(URL).text


def test_mail_that_is_tried_again_says_so(anna, account):
    mailed(account, "offline", state="pending", last_error="TimeoutError: timed out")

    assert shown_status(anna)[0].endswith("It is tried again.")


def test_mail_that_waits_for_its_turn_is_nothing_to_tell(anna, account):
    mailed(account, "offline", state="pending")
    mailed(account, "missed", state="cancelled")

    assert shown_status(anna) == ["Nothing sent yet"] * 2


def test_test_mails_are_told_with_their_kind(anna, account):
    mailed(account, "offline", 5, state="sent")
    mailed(account, "test", 3, state="failed", data={"event": "offline"})
    mailed(account, "test", 1, state="sent", data={"event": "missed"})

    offline, missed = shown_status(anna)

    assert offline.startswith("The test could not be sent (")
    assert missed.endswith("(test)")


# What it costs


@pytest.mark.parametrize("number", [1, 3])
def test_page_costs_a_constant_number_of_queries(
    anna, account, number, django_assert_num_queries
):
    for n in range(number):
        group = factories.make_group(account, f"Group {n}")
        services.set_extra_recipients(
            account=account,
            recipients={
                ("offline", None): [f"a{m}@example.com" for m in range(number)],
                ("missed", group.pk): ["b@example.com"],
            },
        )
        mailed(account, "offline", n, state="sent")
        mailed(account, "test", n, state="sent", data={"event": "missed"})
    client = signed_in(anna)
    client.get(URL)

    # Agent, frame; settings, groups, addresses, the last mails and tests, preferences.
    with django_assert_num_queries(10):
        client.get(URL)


@pytest.mark.parametrize("number", [1, 3])
def test_saving_costs_a_constant_number_of_queries(
    account, number, django_assert_num_queries
):
    groups = [factories.make_group(account, f"Group {n}") for n in range(number)]

    with django_assert_num_queries(17):
        services.save_settings(
            account=account,
            offline=True,
            offline_delay=5,
            offline_with_messages=True,
            missed=True,
            missed_delay=5,
            missed_with_messages=True,
            recipients={
                ("offline", group.pk): ["a@example.com", "b@example.com"]
                for group in groups
            },
        )
