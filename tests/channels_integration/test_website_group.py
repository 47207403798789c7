"""Where a website's new conversations go."""

import uuid

import pytest
from django.test import Client

from channels_integration.website import services, starting
from conversations.services import update_channel
from supportdesk.accounts import hours
from tests import factories
from tests.channels_integration.browser import open_browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return factories.make_account()


@pytest.fixture
def repairs(account):
    return factories.make_group(account, "Repairs")


@pytest.fixture
def sales(account):
    return factories.make_group(account, "Sales")


@pytest.fixture
def channel(account, repairs):
    channel = factories.make_channel(account)
    channel.group = repairs
    channel.save()
    return channel


@pytest.fixture
def session(client, channel):
    return open_browser(client, channel).session


def write(session, group_key=""):
    message = services.receive_message(
        session_id=session.pk,
        client_id=uuid.uuid4(),
        text="Hello",
        group_key=group_key,
    )
    return message.conversation.group_id


def test_website_group_gets_what_says_nothing_else(session, repairs):
    assert write(session) == repairs.pk


def test_page_and_visitor_choose_before_the_website(session, sales):
    assert write(session, sales.key.upper()) == sales.pk


def test_unknown_and_foreign_keys_are_no_choice(session, repairs):
    foreign = factories.make_group(factories.make_account())

    assert write(session, foreign.key) == repairs.pk


def test_without_a_group_of_its_own_it_is_nobodys(client, account):
    session = open_browser(client, factories.make_channel(account)).session

    assert write(session) is None


def test_running_conversation_stays_where_it_is(session, channel, repairs, sales):
    write(session)
    update_channel(
        channel=channel, name=channel.name, config=channel.config, group=sales
    )

    assert write(session) == repairs.pk


def test_conversation_that_an_agent_begins_goes_there_too(session, account, repairs):
    conversation = starting.start_with_visitor(
        visitor=session.visitor,
        agent=factories.owner_of(account),
        text="Can I help?",
        client_id=uuid.uuid4(),
    )

    assert conversation.group_id == repairs.pk


def test_somebody_is_there_if_the_websites_group_is(
    session, account, repairs, sales, monkeypatch
):
    asked = []
    monkeypatch.setattr(
        "supportdesk.accounts.presence.is_online",
        lambda account_id, group_id=None: asked.append(group_id) or True,
    )
    hours.forget()

    assert services.is_somebody_there(session, "")
    assert services.is_somebody_there(session, sales.key)
    assert asked == [repairs.pk, sales.pk]


# The settings page


def form(**fields):
    from channels_integration.website.forms import WebsiteForm

    agent = fields.pop("agent")
    values = {
        name: value
        for name, value in WebsiteForm(agent=agent).initial.items()
        if isinstance(value, str) and value
    }
    return {**values, "name": "Shop", "is_active": "on", **fields}


def test_settings_offer_and_store_groups_of_the_account(
    client, account, channel, sales
):
    owner = factories.owner_of(account)
    foreign = factories.make_group(factories.make_account(), "Foreign")
    client = Client()
    client.force_login(owner)
    address = f"/settings/channels/website/{channel.pk}/"

    shown = client.get(address).content.decode()
    refused = client.post(address, form(agent=owner, group=foreign.pk))
    nonsense = client.post(address, form(agent=owner, group="x"))
    stored = client.post(address, form(agent=owner, group=sales.pk))

    assert f'<option value="{channel.group_id}" selected>Repairs</option>' in shown
    assert "Foreign" not in shown
    assert (refused.status_code, nonsense.status_code) == (422, 422)
    assert stored.status_code == 302
    channel.refresh_from_db()
    assert channel.group == sales
    assert "group" not in channel.config
    client.post(address, form(agent=owner, group=""))
    channel.refresh_from_db()
    assert channel.group is None


def test_new_website_may_have_a_group(account, repairs):
    owner = factories.owner_of(account)
    client = Client()
    client.force_login(owner)

    client.post("/settings/channels/website/new/", form(agent=owner, group=repairs.pk))

    assert account.channels.get().group == repairs


def test_group_of_another_account_is_a_programming_error(channel):
    foreign = factories.make_group(factories.make_account())

    with pytest.raises(ValueError, match="another account"):
        update_channel(
            channel=channel, name="Shop", config=channel.config, group=foreign
        )
