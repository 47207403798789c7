"""Signing out and a new password, as the agent's open pages hear of them."""

import pytest
from channels.db import database_sync_to_async
from django.test import Client

from conversations.consumers import CLOSE_RENEW, CLOSE_SIGNED_OUT
from supportdesk.accounts import presence
from tests.factories import PASSWORD, make_account, make_agent
from tests.sockets import Socket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]

in_db = database_sync_to_async


def new_agent():
    return make_agent(make_account(), password=PASSWORD)


def signed_in(agent):
    client = Client()
    client.force_login(agent)
    return client


def socket_of(client):
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    return Socket("/ws/desk/", cookie=cookie, origin="http://testserver")


async def test_sign_out_closes_this_devices_socket_for_good():
    agent = await in_db(new_agent)()
    here, there = await in_db(signed_in)(agent), await in_db(signed_in)(agent)
    old_cookie = socket_of(here)
    async with socket_of(here) as mine, socket_of(there) as other:
        await mine.frames()
        await other.frames()

        await in_db(here.post)("/accounts/logout/")

        closed = await mine.frames("close")
        assert closed == [{"type": "close", "code": CLOSE_SIGNED_OUT}]
        assert await other.frames("close") == []
        assert await in_db(presence.reachable_ids)(agent.account_id) == {agent.pk}
    assert await old_cookie.connect() == CLOSE_SIGNED_OUT


async def test_new_password_renews_this_device_and_ends_the_others():
    agent = await in_db(new_agent)()
    here, there = await in_db(signed_in)(agent), await in_db(signed_in)(agent)
    form = {"oldpassword": PASSWORD, "password1": "nine lives of a cat"}
    async with socket_of(here) as mine, socket_of(there) as other:
        await mine.frames()
        await other.frames()

        await in_db(here.post)(
            "/accounts/password/change/", {**form, "password2": form["password1"]}
        )

        closed = [await mine.frames("close"), await other.frames("close")]
    assert closed == [[{"type": "close", "code": CLOSE_RENEW}]] * 2
    async with socket_of(here):
        pass
    assert await socket_of(there).connect() == CLOSE_SIGNED_OUT
