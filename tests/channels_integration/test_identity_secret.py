"""The secret that a shop signs identities with, as the website's settings show it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from channels_integration.website import identity, identity_services
from channels_integration.website.models import IdentitySecret
from supportdesk.accounts.models import Role
from supportdesk.core.sealing import unseal
from tests.factories import make_account, make_agent, make_channel, owner_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel(client):
    account = make_account()
    client.force_login(owner_of(account))
    return make_channel(account)


def page_of(channel):
    return f"/settings/channels/website/{channel.pk}/"


def make(client, channel, version=""):
    return client.post(f"{page_of(channel)}identity/", {"version": version})


def version_of(channel):
    return IdentitySecret.objects.get(channel=channel).version


def test_a_secret_is_shown_once(client, channel):
    response = make(client, channel)

    secret = response.context["new_secret"]
    page = response.content.decode()
    assert response.status_code == 200
    assert page.count(secret) == 1
    assert len(secret) == 47
    assert "no-store" in response["Cache-Control"]
    assert unseal(IdentitySecret.objects.get().sealed) == secret
    later = client.get(page_of(channel)).content.decode()
    assert secret not in later
    assert "In use since" in later


def test_the_database_does_not_hold_it(client, channel):
    secret = make(client, channel).context["new_secret"]

    assert secret not in str(IdentitySecret.objects.values().get())
    assert not client.session.get("_messages")
    assert secret not in str(dict(client.session))


def test_a_form_sent_twice_makes_one_secret(client, channel):
    secret = make(client, channel).context["new_secret"]

    again = make(client, channel)

    assert again.url == page_of(channel)
    assert unseal(IdentitySecret.objects.get().sealed) == secret
    assert "There is a newer secret already." in client.get(again.url).content.decode()


def test_a_new_secret_keeps_the_former_one_for_a_week(client, channel):
    first = make(client, channel).context["new_secret"]

    second = make(client, channel, version_of(channel)).context["new_secret"]

    row = IdentitySecret.objects.get()
    assert (unseal(row.sealed), unseal(row.former_sealed)) == (second, first)
    week = timezone.now() + timedelta(days=7)
    assert abs(row.former_until - week) < timedelta(minutes=1)
    page = client.get(page_of(channel)).content.decode()
    assert "The former secret counts until" in page
    assert first not in page
    assert second not in page


def test_page_says_when_as_the_rest_of_the_desk_does(client, channel):
    make(client, channel)
    make(client, channel, version_of(channel))
    at = datetime(2024, 11, 25, 18, 58, tzinfo=UTC)
    until = datetime(2099, 11, 25, 18, 58, tzinfo=UTC)
    IdentitySecret.objects.update(created_at=at, former_until=until)

    page = client.get(page_of(channel)).content.decode()

    assert "In use since 25 Nov 2024, 19:58<" in page
    assert "The former secret counts until 25 Nov 2099, 19:58<" in page


def test_of_three_secrets_two_count(channel):
    secrets = [
        identity_services.create_identity_secret(channel=channel) for _time in range(3)
    ]

    assert list(identity._secrets(channel.pk)) == [secrets[2], secrets[1]]


def test_removing_ends_it_at_once(client, channel):
    make(client, channel)

    response = client.post(f"{page_of(channel)}identity/remove/")

    assert response.url == page_of(channel)
    assert not IdentitySecret.objects.exists()
    assert "No secret yet" in client.get(page_of(channel)).content.decode()
    # A second time there is nothing left to do.
    again = client.post(f"{page_of(channel)}identity/remove/")
    assert again.status_code == 302


def test_coming_back_to_the_address_leads_to_the_page(client, channel):
    response = client.get(f"{page_of(channel)}identity/")

    assert response.url == page_of(channel)
    assert not IdentitySecret.objects.exists()
    assert client.get(f"{page_of(channel)}identity/remove/").status_code == 405


@pytest.mark.parametrize("role", [Role.AGENT, Role.FULL])
def test_secrets_are_for_full_access(client, channel, role):
    client.force_login(make_agent(channel.account, role=role))

    made = make(client, channel).status_code
    removed = client.post(f"{page_of(channel)}identity/remove/").status_code

    assert (made, removed) == ((200, 302) if role == Role.FULL else (404, 404))


def test_another_account_s_website_is_404(client, channel):
    foreign = make_channel(make_account("Another"))
    identity_services.create_identity_secret(channel=foreign)

    made = make(client, foreign, version_of(foreign)).status_code
    removed = client.post(f"{page_of(foreign)}identity/remove/").status_code

    assert (made, removed) == (404, 404)
    assert IdentitySecret.objects.get().former_sealed == ""


def test_an_invalid_form_shows_the_section_and_no_secret(client, channel):
    secret = make(client, channel).context["new_secret"]

    page = client.post(page_of(channel), {"name": ""})

    assert page.status_code == 422
    assert secret not in page.content.decode()
    assert 'id="channel-identity"' in page.content.decode()


def test_a_website_that_is_not_there_yet_has_no_section(client, channel):
    page = client.get("/settings/channels/website/new/").content.decode()

    assert 'id="channel-identity"' not in page


def test_samples_sign_as_the_desk_does(client, channel):
    """The Python sample, run as it stands in the page."""
    page = make(client, channel)
    sample = page.content.decode().split('id="sign-python"')[1]
    code = sample.partition(">")[2].partition("</pre>")[0]

    class customer:
        id, email, name, phone = 4711, "kim@example.net", "Kim Öz", None

    scope = {"customer": customer}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DESK_IDENTITY_SECRET", page.context["new_secret"])
        exec(code.replace("&quot;", '"'), scope)  # noqa: S102 - our own sample

    claim = identity.Claim(
        user_id="4711",
        email="kim@example.net",
        name="Kim Öz",
        expires=scope["expires"],
    )
    assert scope["signature"] == identity.sign(claim, page.context["new_secret"])


def test_the_documentation_s_example_is_right(settings):
    page = (settings.BASE_DIR / "docs/identity.md").read_text()
    claim = identity.Claim(
        user_id="4711", email="kim@example.net", name="Kim Lee", expires=1789992000
    )

    assert f"`{identity.sign(claim, 'sdi_example')}`" in page
