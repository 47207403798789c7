import pytest
from django.core import signing
from django.test import Client

from notifications.models import (
    Event,
    ExtraRecipient,
    Notification,
    Preferences,
    mailed_events,
)
from notifications.unsubscribing import SALT, Subscription, unsubscribe_url
from supportdesk.accounts.models import User
from tests import factories

pytestmark = pytest.mark.django_db

MAILED = ["offline", "missed", "assigned", "mentioned"]


@pytest.fixture
def anna():
    return factories.make_agent(factories.make_account())


def told(kind, agent=None, account=None, email="", way="mail"):
    """A notification as it is told; what it tells of does not matter here."""
    return Notification(
        account=account or agent.account,
        kind=kind,
        agent=agent,
        recipient_email=email,
        way=way,
    )


def path_of(settings, notification):
    url = unsubscribe_url(notification)
    assert url.startswith(f"{settings.SITE_URL}/notifications/unsubscribe/")
    return url.removeprefix(settings.SITE_URL)


def mailed(agent):
    return Preferences.objects.of(agent.pk).mail


def one_click(path):
    """As mail programs do it: no cookie, no token, the body of RFC 8058."""
    client = Client(enforce_csrf_checks=True)
    return client.post(path, {"List-Unsubscribe": "One-Click"})


# Which mails have a link


@pytest.mark.parametrize("kind", [*MAILED, "digest"])
def test_mail_of_one_choice_has_a_link_that_fits_a_header(kind, anna):
    url = unsubscribe_url(told(kind, anna))

    assert url.isascii()
    assert len(url) < 900


@pytest.mark.parametrize("kind", ["transcript", "test", "message"])
def test_mail_that_was_asked_for_once_has_none(kind, anna):
    assert unsubscribe_url(told(kind, anna)) is None


def test_push_has_none(anna):
    assert unsubscribe_url(told("offline", anna, way="push")) is None


def test_longest_address_still_fits_a_header():
    account = factories.make_account()
    email = f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example"

    url = unsubscribe_url(told("offline", account=account, email=email))

    assert len(url) < 900


def test_link_does_not_show_the_address_in_plain_text():
    account = factories.make_account()

    url = unsubscribe_url(told("missed", account=account, email="boss@example.com"))

    assert "boss" not in url


# An agent


def test_page_asks_and_changes_nothing(client, settings, anna):
    path = path_of(settings, told("offline", anna))

    response = client.get(path)

    assert response.status_code == 200
    page = response.content.decode()
    assert "Offline message" in page
    assert anna.email in page
    assert "Moor &amp; Mühle" in page
    assert "no-store" in response["Cache-Control"]
    assert not Preferences.objects.exists()


def test_head_changes_nothing(client, settings, anna):
    assert client.head(path_of(settings, told("offline", anna))).status_code == 200
    assert not Preferences.objects.exists()


@pytest.mark.parametrize("kind", MAILED)
def test_one_click_ends_this_kind_only(settings, anna, kind):
    response = one_click(path_of(settings, told(kind, anna)))

    assert response.status_code == 200
    assert mailed(anna) == [each for each in MAILED if each != kind]
    assert set(Preferences.objects.of(anna.pk).browser) == set(Event.values)


def test_one_click_ends_the_daily_summary(settings, anna):
    Preferences.objects.create(agent=anna, digest=True)

    one_click(path_of(settings, told("digest", anna)))

    preferences = Preferences.objects.of(anna.pk)
    assert not preferences.digest
    assert preferences.mail == mailed_events()


def test_other_choices_of_the_agent_stay(settings, anna):
    Preferences.objects.create(
        agent=anna, mail=["mentioned", "missed"], sound=[], digest=True
    )

    one_click(path_of(settings, told("missed", anna)))

    preferences = Preferences.objects.get()
    assert (preferences.mail, preferences.sound) == (["mentioned"], [])
    assert preferences.digest


def test_colleague_goes_on_getting_it(settings, anna):
    jonas = factories.make_agent(anna.account)

    one_click(path_of(settings, told("offline", anna)))

    assert mailed(jonas) == MAILED


def test_second_time_changes_nothing(settings, anna):
    path = path_of(settings, told("offline", anna))

    assert one_click(path).status_code == one_click(path).status_code == 200

    assert mailed(anna) == MAILED[1:]


def test_button_ends_it_and_the_next_takes_it_back(client, settings, anna):
    path = path_of(settings, told("offline", anna))

    ended = client.post(path)
    assert 'name="again"' in ended.content.decode()
    assert mailed(anna) == MAILED[1:]

    again = client.post(path, {"again": "1"})
    assert again.status_code == 200
    assert mailed(anna) == MAILED


def test_taking_the_summary_back(client, settings, anna):
    path = path_of(settings, told("digest", anna))

    client.post(path, {"again": "1"})

    assert Preferences.objects.of(anna.pk).digest


def test_signed_in_colleague_ends_what_the_link_says_not_their_own(client, settings):
    account = factories.make_account()
    anna, jonas = factories.make_agent(account), factories.make_agent(account)
    client.force_login(jonas)

    client.post(path_of(settings, told("offline", anna)))

    assert (mailed(anna), mailed(jonas)) == (MAILED[1:], MAILED)


def test_old_link_still_works(settings, anna, monkeypatch):
    path = path_of(settings, told("offline", anna))
    later = signing.time.time() + 20 * 365 * 86_400
    monkeypatch.setattr(signing.time, "time", lambda: later)

    assert one_click(path).status_code == 200
    assert mailed(anna) == MAILED[1:]


def test_link_under_a_former_key_still_works(settings, anna):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "former", []
    path = path_of(settings, told("offline", anna))
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["former"]

    assert one_click(path).status_code == 200
    assert mailed(anna) == MAILED[1:]


def test_agent_who_is_gone_is_told_that_the_link_does_not_work(settings, anna):
    path = path_of(settings, told("offline", anna))
    User.objects.filter(pk=anna.pk).delete()

    response = one_click(path)

    assert response.status_code == 404
    assert "This link does not work" in response.content.decode()


def test_agent_whose_address_is_another_accounts_now_is_left_alone(settings, anna):
    path = path_of(settings, told("offline", anna))
    User.objects.filter(pk=anna.pk).update(account=factories.make_account("Others"))

    assert one_click(path).status_code == 404
    assert not Preferences.objects.exists()


# Another address


@pytest.fixture
def boss():
    """An address on the lists of two accounts, in one for several groups."""
    account, other = factories.make_account(), factories.make_account("Others")
    groups = [None, factories.make_group(account)]
    for group in groups:
        for event in ("offline", "missed"):
            ExtraRecipient.objects.create(
                account=account, group=group, event=event, email="boss@example.com"
            )
    ExtraRecipient.objects.create(
        account=account, event="offline", email="desk@example.com"
    )
    ExtraRecipient.objects.create(
        account=other, event="offline", email="boss@example.com"
    )
    return account, other


def listed(account):
    rows = ExtraRecipient.objects.filter(account=account)
    return sorted(rows.values_list("event", "email"))


def test_address_is_taken_off_the_list_for_this_event(settings, boss):
    account, other = boss
    before = listed(other)

    response = one_click(
        path_of(settings, told("offline", account=account, email="Boss@example.com"))
    )

    assert response.status_code == 200
    assert 'name="again"' not in response.content.decode()
    assert "ask Moor &amp; Mühle" in response.content.decode()
    assert listed(account) == [
        ("missed", "boss@example.com"),
        ("missed", "boss@example.com"),
        ("offline", "desk@example.com"),
    ]
    assert listed(other) == before


def test_page_for_an_address_changes_nothing(client, settings, boss):
    account, _other = boss
    before = listed(account)

    response = client.get(
        path_of(settings, told("offline", account=account, email="boss@example.com"))
    )

    assert "boss@example.com" in response.content.decode()
    assert listed(account) == before


def test_address_cannot_put_itself_back(client, settings, boss):
    account, _other = boss
    path = path_of(settings, told("offline", account=account, email="boss@example.com"))
    client.post(path)
    after = listed(account)

    client.post(path, {"again": "1"})

    assert listed(account) == after


# Links that the desk did not make


@pytest.mark.parametrize(
    "token",
    ["x", "a:b:c", "e30:1abc:signature", "%00", "\N{KELVIN SIGN}", "a" * 5000],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_made_up_link_is_refused(client, token, method):
    response = getattr(client, method)(f"/notifications/unsubscribe/{token}/")

    assert response.status_code == 404
    assert not Preferences.objects.exists()


def test_changed_link_is_refused(settings, anna):
    path = path_of(settings, told("offline", anna))

    assert one_click(path[:-5] + "AAAA/").status_code == 404
    assert mailed(anna) == MAILED


def test_what_was_signed_for_something_else_is_refused(client, anna):
    values = {"kind": "offline", "account_id": anna.account_id, "agent_id": anna.pk}
    token = signing.dumps(values, salt="something.else")

    assert one_click(f"/notifications/unsubscribe/{token}/").status_code == 404
    assert mailed(anna) == MAILED


def test_what_the_link_holds_is_read_back(anna):
    path = unsubscribe_url(told("offline", anna)).rstrip("/")

    values = signing.loads(path.rpartition("/")[2], salt=SALT)

    assert Subscription(**values) == Subscription(
        kind="offline", account_id=anna.account_id, agent_id=anna.pk
    )


def test_other_methods_are_refused(client, settings, anna):
    path = path_of(settings, told("offline", anna))

    assert client.put(path).status_code == 405
    assert client.delete(path).status_code == 405
    assert not Preferences.objects.exists()
