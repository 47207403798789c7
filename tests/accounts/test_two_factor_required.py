"""An account that asks everybody for a second factor, and who has none yet."""

import io

import pytest
from channels.db import database_sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver
from PIL import Image

from conversations.consumers import CLOSE_SIGNED_OUT
from supportdesk.accounts import services, tokens
from supportdesk.accounts.events import access_changed
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import Account, Role
from tests.accounts.second_factors import add_app, code_for
from tests.factories import (
    PASSWORD,
    make_account,
    make_agent,
    make_conversation,
    owner_of,
)
from tests.sockets import Socket

pytestmark = pytest.mark.django_db

SETTINGS = "/settings/security/"
SETUP = "/profile/security/second-factor/"
in_db = database_sync_to_async


@pytest.fixture
def account():
    account = make_account()
    add_app(owner_of(account))
    return services.require_two_factor(
        account=account, by=owner_of(account), required=True
    )


@pytest.fixture
def agent(account):
    return make_agent(account, password=PASSWORD, role=Role.FULL)


def signed_in(agent):
    client = Client()
    client.force_login(agent)
    return client


def test_owner_switches_it_on_and_off(client):
    account = make_account()
    owner = owner_of(account)
    add_app(owner)
    client.force_login(owner)

    on = client.post(SETTINGS, {"two_factor_required": "on"})
    account.refresh_from_db()
    was = account.two_factor_required
    page = client.get(SETTINGS)
    client.post(SETTINGS, {})

    account.refresh_from_db()
    assert on.url == SETTINGS
    assert (was, account.two_factor_required) == (True, False)
    assert page.context["form"].initial["two_factor_required"]


def test_owner_cannot_shut_out_themselves(client):
    account = make_account()
    client.force_login(owner_of(account))

    response = client.post(SETTINGS, {"two_factor_required": "on"})

    account.refresh_from_db()
    assert response.status_code == 409
    assert "two_factor_required" in response.context["form"].errors
    assert not account.two_factor_required


def test_owner_keeps_what_the_account_asks_for(account):
    owner = owner_of(account)
    owner.set_password(PASSWORD)
    owner.save()
    app = owner.authenticator_set.get(type="totp")
    client = Client()
    client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    secret = app.wrap().instance.data["secret"]
    from supportdesk.core.sealing import unseal

    client.post("/accounts/login/code/", {"code": code_for(unseal(secret))})

    asked = client.get("/profile/security/app/remove/")
    done = client.post("/profile/security/app/remove/")

    assert b"Add another factor first" in asked.content
    assert done.status_code == 422
    assert owner.authenticator_set.filter(type="totp").exists()


def test_page_says_who_has_it(client, account, agent):
    stranger = make_agent(make_account("Another"))
    client.force_login(owner_of(account))

    page = client.get(SETTINGS)

    assert {one.pk: one.second_factor for one in page.context["agents"]} == {
        owner_of(account).pk: True,
        agent.pk: False,
    }
    assert stranger.email not in page.content.decode()


@pytest.mark.parametrize("role", [Role.FULL, Role.AGENT])
def test_only_owners_see_or_change_it(client, role):
    account = make_account()
    agent = make_agent(account, role=role)
    add_app(agent)
    client.force_login(agent)

    assert client.get(SETTINGS).status_code == 404
    assert client.post(SETTINGS, {"two_factor_required": "on"}).status_code == 404
    assert not Account.objects.filter(two_factor_required=True).exists()


def test_pages_lead_to_the_setup(agent):
    conversation = make_conversation(agent.account)
    client = signed_in(agent)

    for path in (
        *("/", "/profile/", "/profile/security/", "/settings/channels/", "/start/"),
        *("/admin/", "/admin/accounts/user/", SETTINGS, "/visitors/"),
        f"/conversations/{conversation.public_id}/",
        f"/agents/{agent.public_id}/picture/",
    ):
        response = client.get(path)
        assert (response.status_code, response.url) == (302, SETUP), path
    assert client.get(SETUP).status_code == 200


def test_writes_do_nothing(agent):
    client = signed_in(agent)

    response = client.post("/profile/", {"name": "X", "language": "de"})

    agent.refresh_from_db()
    assert response.url == SETUP
    assert agent.name == "Anna Berger"


def test_htmx_loads_the_whole_setup_page(agent):
    response = signed_in(agent).get("/", headers={"hx-request": "true"})

    assert response.headers["HX-Redirect"] == SETUP
    assert response.content == b""


def test_files_wait_too(agent):
    data = io.BytesIO()
    Image.new("RGB", (8, 8)).save(data, "PNG")
    colleague = owner_of(agent.account)
    from supportdesk.accounts.pictures import square_picture

    upload = SimpleUploadedFile("me.png", data.getvalue())
    services.update_profile(
        agent=colleague, fields={"picture": square_picture(upload, upload.size)}
    )

    response = signed_in(agent).get(f"/agents/{colleague.public_id}/picture/")

    assert response.url == SETUP


def views(patterns):
    for entry in patterns:
        if hasattr(entry, "url_patterns"):
            yield from views(entry.url_patterns)
        else:
            yield entry.name, entry.callback


def test_pages_that_do_not_wait_are_those_of_the_setup():
    free = {
        name
        for name, view in views(get_resolver().url_patterns)
        if not getattr(view, "second_factor_required", True)
    }

    assert free == {
        "second_factor",
        "account_reauthenticate",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
    }


def test_setup_ends_in_the_desk(agent):
    client = Client()
    login = {"login": agent.email, "password": PASSWORD}
    assert client.get(client.post("/accounts/login/", login).url).url == SETUP

    secret = client.get("/profile/security/app/").context["form"].secret
    done = client.post("/profile/security/app/", {"code": code_for(secret)})

    assert client.get(done.url).status_code == 200
    assert client.get("/profile/").status_code == 200
    assert client.get(SETUP).url == "/profile/security/"


def test_setup_pages_show_nothing_of_the_desk(agent):
    make_conversation(agent.account, text="Where is my parcel?")
    client = Client()
    client.post("/accounts/login/", {"login": agent.email, "password": PASSWORD})
    colleague = owner_of(agent.account)

    for path in (SETUP, "/profile/security/app/", "/profile/security/keys/new/"):
        content = client.get(path).content.decode()
        assert colleague.name not in content
        assert 'class="sidebar"' not in content


def test_api_tokens_go_on_working(client, account):
    _token, text = tokens.create_api_token(
        account=account, agent=owner_of(account), name="Shop"
    )

    response = client.get(
        "/api/v1/visitors", headers={"authorization": f"Bearer {text}"}
    )

    assert response.status_code == 200


def test_other_accounts_are_not_asked(account):
    client = signed_in(make_agent(make_account("Another")))

    assert client.get("/profile/").status_code == 200


def test_who_has_one_costs_no_query(agent, django_assert_num_queries):
    add_app(agent)
    client = signed_in(agent)

    with django_assert_num_queries(1):  # who is asking
        client.get("/settings/nothing/")


def test_switching_it_on_tells_open_pages(django_capture_on_commit_callbacks):
    account = make_account()
    owner, agent = owner_of(account), make_agent(account)
    add_app(owner)
    told = []

    def note(event, **kwargs):
        told.append(event.agent_id)

    access_changed.connect(note)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            services.require_two_factor(account=account, by=owner, required=True)
    finally:
        access_changed.disconnect(note)

    assert told == [owner.pk, agent.pk]


def test_service_refuses_who_has_none():
    account = make_account()

    with pytest.raises(AccountError):
        services.require_two_factor(
            account=account, by=owner_of(account), required=True
        )


def new_account():
    account = make_account()
    owner, agent = owner_of(account), make_agent(account)
    add_app(owner)
    return account, owner, agent


def socket_of(client):
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    return Socket("/ws/desk/", cookie=cookie, origin="http://testserver")


@pytest.mark.django_db(transaction=True)
async def test_sockets_close_when_it_is_switched_on_and_do_not_come_back():
    account, owner, agent = await in_db(new_account)()
    theirs, own = await in_db(signed_in)(agent), await in_db(signed_in)(owner)
    again = socket_of(theirs)
    async with socket_of(theirs) as without, socket_of(own) as with_one:
        await without.frames()
        await with_one.frames()

        await in_db(services.require_two_factor)(
            account=account, by=owner, required=True
        )

        closed = await without.frames("close")
        assert closed == [{"type": "close", "code": CLOSE_SIGNED_OUT}]
        assert await with_one.frames("close") == []
    assert await again.connect() == CLOSE_SIGNED_OUT
