import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from supportdesk.accounts import mails, services
from tests.accounts.second_factors import NONSENSE, add_app, add_key, code_for
from tests.factories import PASSWORD, make_account, make_agent, owner_of

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
CODE = "/accounts/login/code/"
SECURITY = "/profile/security/"


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


def test_password_alone_opens_nothing(agent):
    add_app(agent)
    client = Client()

    response = sign_in(client, agent)

    assert response.url == CODE
    assert not is_in(client)
    assert client.get("/profile/").url == "/accounts/login/?next=/profile/"
    assert client.get("/admin/").status_code == 302


def test_code_of_the_app_opens_the_inbox_under_a_new_session_key(agent):
    secret = add_app(agent)
    client = Client()
    sign_in(client, agent)
    halfway = client.session.session_key

    response = client.post(CODE, {"code": code_for(secret)})

    assert response.url == "/"
    assert is_in(client)
    assert client.session.session_key != halfway
    assert not client.session.exists(halfway)


def test_code_works_once(agent):
    secret = add_app(agent)
    code = code_for(secret)
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client, agent)

    first.post(CODE, {"code": code})
    replayed = second.post(CODE, {"code": code})

    assert is_in(first)
    assert replayed.status_code == 422
    assert not is_in(second)


def test_code_of_the_step_before_counts_and_an_older_one_does_not(agent):
    secret = add_app(agent)
    now = int(time.time()) // 30
    old, older = (format_hotp_value(hotp_value(secret, now - n)) for n in (1, 3))
    late, too_late = Client(), Client()
    for client in (late, too_late):
        sign_in(client, agent)

    late.post(CODE, {"code": old})
    too_late.post(CODE, {"code": older})

    assert (is_in(late), is_in(too_late)) == (True, False)


def test_recovery_code_signs_in_once(agent):
    add_app(agent)
    codes = Authenticator.objects.get(user=agent, type="recovery_codes").wrap()
    code = codes.get_unused_codes()[3]
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client, agent)
        client.post(CODE, {"code": code})

    assert (is_in(first), is_in(second)) == (True, False)
    assert b"9 codes are left." in first.get(SECURITY).content


def test_five_wrong_codes_block_over_all_browsers(agent):
    secret = add_app(agent)
    for _ in range(5):
        client = Client()
        sign_in(client, agent)
        client.post(CODE, {"code": "000000"})
    client = Client()
    sign_in(client, agent)

    response = client.post(CODE, {"code": code_for(secret)})

    assert response.status_code == 422
    assert response.context["form"].errors["code"] == [
        "Too many attempts. Wait a few minutes, then try again."
    ]
    assert not is_in(client)


def test_wrong_code_is_in_the_history_and_a_right_one_is_not(agent):
    secret = add_app(agent)
    client = Client(REMOTE_ADDR="203.0.113.7")
    sign_in(client, agent)

    client.post(CODE, {"code": "000000"})
    client.post(CODE, {"code": code_for(secret)})

    told = agent.account.history.filter(topic="sign_in").order_by("pk")
    assert list(told.values_list("action", "by_id", "target_id", "ip")) == [
        ("sign_in.factor_failed", None, agent.pk, "203.0.113.7"),
        ("sign_in.succeeded", agent.pk, agent.pk, "203.0.113.7"),
    ]


@pytest.mark.parametrize(
    "code", ["", "0", "x" * 30, "١٢٣٤٥٦", "\x00", "000000 000000 000000 000000"]
)
def test_nonsense_codes_are_refused(agent, code):
    add_app(agent)
    client = Client()
    sign_in(client, agent)

    response = client.post(CODE, {"code": code})

    assert response.status_code == 422
    assert not is_in(client)


@pytest.mark.parametrize("credential", NONSENSE)
def test_nonsense_credentials_are_refused(agent, credential):
    add_key(agent)
    client = Client()
    sign_in(client, agent)
    client.get(CODE)

    response = client.post(CODE, {"credential": credential})

    assert response.status_code == 422
    assert not is_in(client)


def test_second_step_needs_the_first(client):
    assert client.get(CODE).url == LOGIN
    assert client.post(CODE, {"code": "123456"}).url == LOGIN


def test_agent_switched_off_between_the_steps_stays_out(agent):
    secret = add_app(agent)
    client = Client()
    sign_in(client, agent)
    services.change_access(agent=agent, by=owner_of(agent.account), is_active=False)

    client.post(CODE, {"code": code_for(secret)})

    assert client.get("/profile/").status_code == 302


def test_new_password_does_not_go_round_the_second_factor(agent):
    add_app(agent)
    agent.refresh_from_db()
    client = Client()
    link = mails.password_link(agent).partition("//")[2]
    page = client.get(link[link.index("/") :]).url
    new = "nine lives of a cat"
    client.post(page, {"password1": new, "password2": new})

    response = sign_in(client, agent, new)

    assert response.url == CODE


def test_wrong_password_says_the_same_with_and_without_a_factor(agent):
    protected = make_agent(agent.account, password=PASSWORD)
    add_app(protected)

    pages = {
        tuple(sign_in(Client(), one, "wrong").context["form"].non_field_errors())
        for one in (agent, protected)
    }

    assert len(pages) == 1
