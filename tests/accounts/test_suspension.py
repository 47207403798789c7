"""A suspended account: nobody is let in, nothing goes out, and nothing is lost."""

import pytest
from channels.db import database_sync_to_async
from django.core import mail
from django.utils import timezone

from channels_integration.website.steps import CLOSE_BLOCKED
from conversations.consumers import CLOSE_SIGNED_OUT
from notifications import services as notifications
from notifications.models import Notification, Preferences
from supportdesk.accounts import presence, services, tasks
from supportdesk.accounts.models import Role
from tests import factories
from tests.accounts.test_sockets import signed_in, socket_of
from tests.api.caller import make_caller
from tests.channels_integration.browser import open_browser
from tests.channels_integration.test_widget_socket import closed_with, dial, hello
from tests.factories import PASSWORD, make_account, make_agent, make_conversation

pytestmark = pytest.mark.django_db
in_db = database_sync_to_async


@pytest.fixture
def account():
    return make_account()


def suspend(account):
    return services.suspend_account(account=account)


def resume(account):
    return services.resume_account(account=account)


def sign_in(client, agent):
    form = {"login": agent.email, "password": PASSWORD}
    return client.post("/accounts/login/", form)


def test_only_the_first_time_is_news(account):
    assert [suspend(account), suspend(account)] == [True, False]
    assert [resume(account), resume(account)] == [True, False]


def test_agents_are_signed_out_and_told_why(client, account):
    agent = make_agent(account, password=PASSWORD)
    sign_in(client, agent)
    assert client.get("/").status_code == 200

    suspend(account)
    page = client.get("/")
    refused = sign_in(client, agent)
    told = client.get(refused.url)

    assert page.url.startswith("/accounts/login/")
    assert refused.url == "/accounts/suspended/"
    assert b"suspended" in told.content


def test_a_wrong_password_says_nothing_of_it(client, account):
    agent = make_agent(account, password=PASSWORD)
    suspend(account)

    refused = client.post("/accounts/login/", {"login": agent.email, "password": "no"})

    assert refused.status_code == 422
    assert b"suspended" not in refused.content


def test_an_inactive_agent_is_told_that_first(client, account):
    agent = make_agent(account, password=PASSWORD)
    services.change_access(agent=agent, by=factories.owner_of(account), is_active=False)
    suspend(account)

    assert sign_in(client, agent).url == "/accounts/inactive/"


def test_resuming_brings_sessions_back(client, account):
    agent = make_agent(account)
    client.force_login(agent)
    suspend(account)
    resume(account)

    assert client.get("/").status_code == 200


def test_other_accounts_go_on(client, account):
    other = make_agent(make_account("Another"), password=PASSWORD)

    suspend(account)

    assert sign_in(client, other).url == "/"


@pytest.mark.django_db(transaction=True)
async def test_open_pages_close_and_nobody_is_there():
    agent = await in_db(lambda: make_agent(make_account()))()
    client = await in_db(signed_in)(agent)
    async with socket_of(client) as socket:
        await socket.frames()

        await in_db(services.suspend_account)(account=agent.account)

        closed = await socket.frames("close")
    assert closed == [{"type": "close", "code": CLOSE_SIGNED_OUT}]
    assert await socket_of(client).connect() == CLOSE_SIGNED_OUT
    assert await in_db(presence.reachable_ids)(agent.account_id) == set()


def test_programs_are_refused_with_a_code(client):
    shop = make_caller()

    suspend(shop.account)
    refused = shop.get("/visitors")
    resume(shop.account)

    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "account_suspended"
    assert shop.get("/visitors").status_code == 200


def test_the_widget_is_switched_off_and_keeps_its_visitor(client):
    browser = open_browser(client)
    browser.say("Hello?")
    suspend(browser.channel.account)

    said = browser.say("Anybody?")
    config = client.get(
        "/widget/config",
        {"key": browser.channel.public_key},
        headers={"Origin": browser.origin},
    )
    resume(browser.channel.account)

    for refused in (said, config):
        assert refused.status_code == 403
        assert refused.json()["error"]["code"] == "blocked"
        assert "switched off" in refused.json()["error"]["message"]
        assert refused["Access-Control-Allow-Origin"] == browser.origin
    assert browser.say("Now?").status_code == 201
    assert browser.conversation.messages.filter(kind="message").count() == 2


@pytest.mark.django_db(transaction=True)
async def test_the_widgets_sockets_close_and_do_not_come_back(client):
    browser = await in_db(open_browser)(client)
    account = browser.channel.account
    socket, _ready = await hello(browser)

    await in_db(services.suspend_account)(account=account)
    code = await closed_with(socket)
    again = dial()
    await again.connect()
    await again.send(type="hello", token=browser.token, after=None)
    refused = await closed_with(again)
    await in_db(services.resume_account)(account=account)

    assert (code, refused) == (CLOSE_BLOCKED, CLOSE_BLOCKED)
    back, _ready = await hello(browser)
    for each in (socket, again, back):
        await each.leave()


def test_mails_wait_until_it_is_resumed(account):
    visitor = factories.make_visitor(account, email="k.vogt@example.net")
    conversation = make_conversation(account, visitor=visitor)
    row = notifications.record_transcript(conversation_id=conversation.pk)
    Notification.objects.update(queued_at=None)
    suspend(account)

    assert notifications.take_due() == []
    assert not notifications.send_notification(notification_id=row.pk)
    assert mail.outbox == []

    resume(account)
    assert notifications.take_due() == [row.pk]
    assert notifications.send_notification(notification_id=row.pk)
    assert len(mail.outbox) == 1


def test_no_digest_is_written(account):
    full = make_agent(account, role=Role.FULL)
    Preferences.objects.create(agent=full, digest=True)
    suspend(account)

    evening = timezone.now().replace(hour=20)
    assert notifications.record_digests(now=evening) == []


def test_mails_about_signing_in_are_not_sent(account):
    agent = make_agent(account)
    owner = factories.owner_of(account)
    invitation = services.invite_agent(account=account, by=owner, email="x@example.com")
    suspend(account)

    tasks.send_password_reset(agent.email)
    tasks.send_welcome(agent.pk)
    tasks.send_invitation(invitation.pk)

    assert mail.outbox == []
