"""Names stand in mails to others: addresses of the web are left out of them."""

import pytest
from django.core import mail
from django.core.exceptions import ValidationError

from supportdesk.accounts.models import Account, Invitation, Role, SignUp, User
from supportdesk.accounts.names import plain_name
from tests.factories import PASSWORD, make_account, make_agent, owner_of

BAIT = "You won, see https://evil.example"

PLAIN = [
    "Müller & Söhne GmbH",
    "Amazon.de Shop",
    "booking.com",
    "Dr.med. Anna Groß",
    "Werkstatt e.V./GmbH",
    "An/Aus Elektro",
    "3.10/2 Fahrräder",
    "Wawww.",
    "Was kostet die Welt?",
    "Nr.1: Räder",
]
ADDRESSES = [
    BAIT,
    "evil.example/prize",
    "Look: evil.example/",
    "EVIL.EXAMPLE/a",
    "evil.example:8443/a",
    "evil.example?a=1",
    "evil.example#a",
    "xn--mller-kva.xn--p1ai/x",
    "www.evil.example",
    "(WWW.evil.example)",
    "ftp://x",
    "hxxps://x",
    "\uff57\uff57\uff57\uff0eevil.example",
    "https\uff1a\uff0f\uff0fevil.example",
]


@pytest.mark.parametrize("name", PLAIN)
def test_what_people_and_companies_are_called_stays(name):
    assert plain_name(f" {name} ", 120) == name


@pytest.mark.parametrize("name", ADDRESSES)
def test_address_of_the_web_is_refused(name):
    with pytest.raises(ValidationError):
        plain_name(name, 120)


def test_card_numbers_are_hidden_and_nothing_may_be_empty():
    assert plain_name("Shop 4111 1111 1111 1111", 120) == "Shop [card ····1111]"
    assert plain_name(" \u202e ", 120) == ""


# Wherever a name is entered that reaches a mailbox


@pytest.fixture
def owner(client, db):
    owner = owner_of(make_account())
    client.force_login(owner)
    return owner


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["company", "name"])
def test_sign_up_sends_no_words_of_ones_choice_with_an_address(client, settings, field):
    settings.SIGNUP_OPEN = True
    form = {
        "company": "Deich & Düne",
        "name": "Frauke Petersen",
        "email": "anybody@example.com",
        "password": PASSWORD,
        "language": "de",
        "time_zone": "Europe/Vienna",
    }

    response = client.post("/signup/", {**form, field: BAIT})

    assert list(response.context["form"].errors) == [field]
    assert not SignUp.objects.exists()
    assert mail.outbox == []


def test_account_is_not_called_so(client, owner):
    form = {"name": BAIT, "language": "en", "time_zone": "UTC"}
    form["reopen_window_days"] = ""

    general = client.post("/settings/general/", form)
    in_admin = client.post(
        f"/admin/accounts/account/{owner.account_id}/change/",
        {**form, "ip_storage": "full"},
    )

    assert list(general.context["form"].errors) == ["name"]
    assert list(in_admin.context["adminform"].form.errors) == ["name"]
    assert Account.objects.get().name == "Moor & Mühle"


def test_nobody_is_invited_so(client, owner):
    person = {"name": BAIT, "email": "anybody@example.com"}

    first_steps = client.post("/start/invite/", person)
    in_admin = client.post(
        "/admin/accounts/invitation/add/", {**person, "role": "agent", "language": "en"}
    )

    assert list(first_steps.context["invitation_form"].errors) == ["name"]
    assert list(in_admin.context["adminform"].form.errors) == ["name"]
    assert not Invitation.objects.exists()


def test_nobody_calls_oneself_so(client, owner):
    """Who invites is named in the mail."""
    colleague = make_agent(owner.account, role=Role.AGENT)

    profile = client.post(
        "/profile/", {"name": BAIT, "language": "en", "enter_sends": "False"}
    )
    in_admin = client.post(
        f"/admin/accounts/user/{colleague.pk}/change/",
        {"name": BAIT, "email": colleague.email, "language": "en", "role": "agent"},
    )

    assert list(profile.context["form"].errors) == ["name"]
    assert "name" in in_admin.context["adminform"].form.errors
    assert not User.objects.filter(name=BAIT).exists()
