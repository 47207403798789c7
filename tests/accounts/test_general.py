"""Settings, General: the account's own name, language, clock and reopen window."""

import pytest

from supportdesk.accounts.models import Role
from tests.factories import make_account, make_agent, owner_of

pytestmark = pytest.mark.django_db

URL = "/settings/general/"
VALID = {
    "name": "Moor & Mühle",
    "language": "de",
    "time_zone": "Europe/Vienna",
    "reopen_window_days": "14",
}


@pytest.fixture
def account():
    return make_account("Before", reopen_window_days=None)


@pytest.fixture
def owner(client, account):
    owner = owner_of(account)
    client.force_login(owner)
    return owner


def test_owner_changes_the_account_and_the_history_tells(client, account, owner):
    page = client.get(URL)
    response = client.post(URL, VALID)

    account.refresh_from_db()
    assert "Before" in page.text
    assert response["Location"] == URL
    assert (account.name, account.language) == ("Moor & Mühle", "de")
    assert (account.time_zone, account.reopen_window_days) == ("Europe/Vienna", 14)
    entry = account.history.get(action="account.changed")
    assert entry.changes["name"] == ["Before", "Moor & Mühle"]
    assert entry.by_id == owner.pk


def test_empty_window_means_always(client, account, owner):
    client.post(URL, VALID)

    client.post(URL, VALID | {"reopen_window_days": ""})

    account.refresh_from_db()
    assert account.reopen_window_days is None


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("name", "   ", "required"),
        ("name", "x" * 121, "at most 120"),
        ("language", "tlh", "valid choice"),
        ("time_zone", "Mars/Olympus", "valid choice"),
        ("time_zone", "../../etc/passwd", "valid choice"),
        ("reopen_window_days", "-1", "greater than or equal to 0"),
        ("reopen_window_days", "3651", "At most 3650 days"),
        ("reopen_window_days", "9" * 40, ""),
        ("reopen_window_days", "soon", "whole number"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(
    client, account, owner, field, value, reason
):
    response = client.post(URL, VALID | {field: value})

    account.refresh_from_db()
    assert response.status_code == 422
    assert reason in response.text
    assert account.name == "Before"


def test_card_number_never_gets_into_the_name(client, account, owner):
    client.post(URL, VALID | {"name": "Shop 4111 1111 1111 1111"})

    account.refresh_from_db()
    assert account.name == "Shop [card ····1111]"


def test_form_changes_nothing_else(client, account, owner):
    client.post(
        URL, VALID | {"ip_storage": "none", "suspended_at": "2020-01-01", "pk": "1"}
    )

    account.refresh_from_db()
    assert (account.ip_storage, account.suspended_at) == ("full", None)


@pytest.mark.parametrize("role", [Role.AGENT, Role.FULL])
def test_page_is_for_owners(client, account, role):
    client.force_login(make_agent(account, role=role))

    assert client.get(URL).status_code == 404
    assert client.post(URL, VALID).status_code == 404
    account.refresh_from_db()
    assert account.name == "Before"


def test_who_has_no_password_is_led_to_the_link(client, owner):
    response = client.get("/accounts/password/change/")

    assert response["Location"] == "/accounts/password/reset/"
