import base64
import json
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.test import Client

from supportdesk.accounts import services
from supportdesk.accounts.events import AgentSignedOut, agent_signed_out
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import User
from supportdesk.core.sealing import unseal
from tests.accounts.second_factors import (
    CREDENTIAL,
    NONSENSE,
    add_app,
    add_key,
    code_for,
)
from tests.factories import PASSWORD, make_account, make_agent, owner_of

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
CODE = "/accounts/login/code/"
SECURITY = "/profile/security/"
APP = f"{SECURITY}app/"


@pytest.fixture
def agent():
    return make_agent(make_account(), password=PASSWORD)


def sign_in(client, agent, password=PASSWORD):
    return client.post(LOGIN, {"login": agent.email, "password": password})


def signed_in(agent):
    client = Client()
    sign_in(client, agent)
    return client


def is_in(client):
    return "_auth_user_id" in client.session


# Setting it up


def test_app_is_set_up_by_its_first_code_and_codes_are_shown_once(
    agent, django_capture_on_commit_callbacks
):
    client = signed_in(agent)
    page = client.get(APP)
    secret = page.context["form"].secret

    wrong = client.post(APP, {"code": "000000"})
    with django_capture_on_commit_callbacks(execute=True):
        right = client.post(APP, {"code": code_for(secret)})
    first, second = client.get(right.url), client.get(right.url)

    assert page.context["totp_svg_data_uri"].startswith("data:image/svg+xml;base64,")
    assert wrong.status_code == 422
    assert right.url == f"{SECURITY}codes/"
    codes = first.context["unused_codes"]
    assert len(set(codes)) == 10
    assert all(code in first.content.decode() for code in codes)
    assert "supportdesk-recovery-codes.txt" in first.content.decode()
    assert not any(code in second.content.decode() for code in codes)
    [message] = mail.outbox
    assert "a factor was added" in message.subject


def test_secrets_are_sealed(agent):
    client = signed_in(agent)
    secret = client.get(APP).context["form"].secret
    client.post(APP, {"code": code_for(secret)})

    app, codes = Authenticator.objects.filter(user=agent).order_by("type").reverse()

    assert unseal(app.data["secret"]) == secret
    assert secret not in str(app.data)
    assert len(unseal(codes.data["seed"])) == 80


def test_secret_whose_key_is_lost_opens_nothing(agent, settings):
    add_app(agent)
    settings.SECRET_KEY = "another key that knows nothing of the former one"
    client = Client()
    sign_in(client, agent)
    empty = format_hotp_value(hotp_value("", int(time.time()) // 30))

    response = client.post(CODE, {"code": empty})

    assert response.status_code == 422
    assert not is_in(client)


def test_first_factor_ends_sessions_that_a_password_opened(
    agent, django_capture_on_commit_callbacks
):
    other, client = signed_in(agent), signed_in(agent)
    secret = client.get(APP).context["form"].secret
    told = []

    def note(event, **kwargs):
        told.append(event)

    agent_signed_out.connect(note)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            client.post(APP, {"code": code_for(secret)})
    finally:
        agent_signed_out.disconnect(note)

    assert AgentSignedOut(agent_id=agent.pk, session_key="") in told
    assert other.get("/profile/").status_code == 302
    assert client.get("/profile/").status_code == 200


def test_some_time_after_signing_in_the_password_is_asked_for_again(agent):
    client = signed_in(agent)
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()

    asked = client.get(APP)
    wrong = client.post(asked.url, {"password": "wrong", "next": APP})
    right = client.post(asked.url, {"password": PASSWORD, "next": APP})

    assert asked.url.startswith("/accounts/confirm/?next=")
    assert wrong.status_code == 422
    assert right.url == APP
    assert client.get(APP).status_code == 200


@pytest.mark.parametrize("path", ["app/", "app/remove/", "keys/new/", "codes/new/"])
def test_nothing_is_changed_by_a_session_that_was_left_open(agent, path):
    add_app(agent)
    client = Client()
    client.force_login(agent)
    before = list(Authenticator.objects.values())

    for response in (
        client.get(f"{SECURITY}{path}"),
        client.post(f"{SECURITY}{path}", {}),
    ):
        assert response.status_code == 302
        assert response.url.startswith(("/accounts/confirm/", f"{APP}remove/"))

    assert list(Authenticator.objects.values()) == before


def test_pages_show_nobody_elses_keys(agent):
    key = add_key(make_agent(agent.account), "Other key")
    client = signed_in(agent)

    assert b"Other key" not in client.get(SECURITY).content
    remove = client.post(f"{SECURITY}keys/{key.pk}/remove/")
    assert remove.status_code == 404
    assert Authenticator.objects.filter(pk=key.pk).exists()


@pytest.mark.parametrize("credential", NONSENSE)
def test_nonsense_does_not_become_a_key(agent, credential):
    client = signed_in(agent)
    client.get(f"{SECURITY}keys/new/")

    response = client.post(
        f"{SECURITY}keys/new/", {"name": "K", "credential": credential}
    )

    assert response.status_code == 422
    assert not Authenticator.objects.exists()


def test_key_of_another_challenge_is_refused(agent):
    client = signed_in(agent)
    client.get(f"{SECURITY}keys/new/")

    response = client.post(
        f"{SECURITY}keys/new/", {"name": "K", "credential": json.dumps(CREDENTIAL)}
    )

    assert response.status_code == 422
    assert not Authenticator.objects.exists()


# Taking it away


def test_app_is_removed_with_its_codes(agent):
    secret = add_app(agent)
    client = Client()
    sign_in(client, agent)
    client.post(CODE, {"code": code_for(secret)})

    asked = client.get(f"{APP}remove/")
    done = client.post(f"{APP}remove/")

    assert asked.status_code == 200
    assert done.url == SECURITY
    assert not Authenticator.objects.filter(user=agent).exists()


def test_new_codes_replace_the_former(agent):
    secret = add_app(agent)
    codes = Authenticator.objects.get(user=agent, type="recovery_codes").wrap()
    old = codes.get_unused_codes()
    client = Client()
    sign_in(client, agent)
    client.post(CODE, {"code": code_for(secret)})

    done = client.post(f"{SECURITY}codes/new/")
    new = client.get(done.url).context["unused_codes"]

    assert not set(old) & set(new)


def test_reset_takes_all_factors_and_signs_out(agent):
    secret = add_app(agent)
    add_key(agent)
    client = Client()
    sign_in(client, agent)
    client.post(CODE, {"code": code_for(secret)})
    owner = owner_of(agent.account)

    assert services.reset_two_factor(agent=agent, by=owner)

    assert not Authenticator.objects.filter(user=agent).exists()
    assert client.get("/profile/").status_code == 302
    assert not services.reset_two_factor(agent=agent, by=owner)


def test_nobody_resets_their_own(agent):
    add_app(agent)

    with pytest.raises(AccountError):
        services.reset_two_factor(agent=agent, by=agent)

    assert Authenticator.objects.filter(user=agent, type="totp").exists()


def test_owner_resets_colleagues_in_the_admin_and_nobody_elses(client, agent):
    owner = owner_of(agent.account)
    stranger = make_agent(make_account("Another"))
    for one in (agent, stranger):
        add_app(one)
    client.force_login(owner)

    client.post(
        "/admin/accounts/user/",
        {
            "action": "reset_second_factor",
            "_selected_action": [agent.pk, stranger.pk, owner.pk],
        },
    )

    left = set(Authenticator.objects.values_list("user", flat=True))
    assert left == {stranger.pk}


def test_operator_can_have_a_second_factor_too(client):
    operator = User.objects.create_superuser("op@example.com", PASSWORD, name="Op")
    sign_in(client, operator)
    secret = client.get(APP).context["form"].secret
    done = client.post(APP, {"code": code_for(secret)})
    client.get(done.url)
    page = client.get(SECURITY)
    client.post("/accounts/logout/")

    assert page.status_code == 200
    assert sign_in(client, operator).url == CODE


def test_rp_id_of_keys_is_the_configured_host(agent, settings):
    settings.SITE_URL = "https://desk.example.com"
    settings.ALLOWED_HOSTS = ["*"]
    client = signed_in(agent)

    page = client.get(f"{SECURITY}keys/new/", headers={"host": "evil.example"})

    options = page.context["js_data"]["creation_options"]["publicKey"]
    assert options["rp"]["id"] == "desk.example.com"
    challenge = options["challenge"]
    assert len(base64.urlsafe_b64decode(challenge + "==")) >= 16
