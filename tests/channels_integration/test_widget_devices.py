"""One customer on several devices: by the shop's signature they have one thread."""

import threading
import uuid
from datetime import timedelta
from importlib import import_module

import pytest
from asgiref.sync import sync_to_async
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from channels_integration.website import (
    browsers,
    consumers,
    identity_services,
    starting,
    thread_services,
)
from channels_integration.website.models import VisitorSession
from channels_integration.website.services import lock_session
from conversations import services as conversations
from conversations.models import Conversation
from tests.channels_integration.browser import texts_of
from tests.channels_integration.test_widget_identity import (
    SWITCHED,
    VERIFIED,
    another,
    identify,
    outcome,
    profile_of,
    signed,
    soon,
)
from tests.channels_integration.test_widget_socket import closed_with, hello
from tests.factories import (
    agent_writes,
    make_channel,
    make_conversation,
    make_visitor,
    owner_of,
)
from visitors.models import VisitorMerge

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret(browser):
    return identity_services.create_identity_secret(channel=browser.channel)


@pytest.fixture
def phone(browser, secret):
    """Of the same customer as the browser; nothing was said on either."""
    identify(browser, signed(secret))
    phone = another(browser)
    identify(phone, signed(secret, expires=soon(60)))
    return phone


def seen_in(browser):
    thread = browser.get("conversation").json()
    return [entry["text"] for entry in thread["messages"] if "text" in entry]


def end(conversation, days=0):
    """Resolve it, so many days ago."""
    owner = owner_of(conversation.account)
    conversations.resolve_conversation(conversation_id=conversation.pk, agent=owner)
    at = timezone.now() - timedelta(days=days)
    Conversation.objects.filter(pk=conversation.pk).update(resolved_at=at)


def limit(account, days=1):
    account.reopen_window_days = days
    account.save()


# A device that signs in


def test_the_second_device_finds_the_thread_and_brings_its_own(browser, secret):
    browser.say("From the computer")
    identify(browser, signed(secret))
    phone = another(browser)
    phone.say("From the phone")

    answer = identify(phone, signed(secret, expires=soon(60)))

    known = profile_of(browser)
    assert outcome(answer) == SWITCHED
    assert answer.json()["switched"] is False
    assert VisitorSession.objects.get(pk=phone.session.pk).visitor == known
    assert {str(row.visitor_id) for row in Conversation.objects.all()} == {
        str(known.pk)
    }
    assert phone.conversation == Conversation.objects.latest("last_activity_at")
    merge = VisitorMerge.objects.get()
    assert (merge.kept, merge.merged) == (known, phone.session.visitor)
    assert merge.agent is None


def test_a_new_device_goes_on_with_the_last_conversation(browser, secret):
    browser.say("Hello")
    identify(browser, signed(secret))
    agent_writes(browser.conversation, owner_of(browser.channel.account), "Hi there")
    phone = another(browser)

    identify(phone, signed(secret, expires=soon(60)))

    thread = phone.get("conversation").json()
    assert [message["text"] for message in thread["messages"] if "text" in message] == [
        "Hello",
        "Hi there",
    ]
    phone.say("Also from here")
    assert texts_of(browser.conversation)[-1] == "Also from here"


def test_a_conversation_beyond_the_reopen_window_is_not_gone_on_with(browser, secret):
    account = browser.channel.account
    account.reopen_window_days = 1
    account.save()
    browser.say("Hello")
    identify(browser, signed(secret))
    conversations.resolve_conversation(
        conversation_id=browser.conversation.pk, agent=owner_of(account)
    )
    Conversation.objects.update(resolved_at=timezone.now() - timedelta(days=2))
    phone = another(browser)

    assert outcome(identify(phone, signed(secret, expires=soon(60)))) == SWITCHED

    assert phone.conversation is None
    assert phone.get("conversation").json()["messages"] == []


def test_conversations_of_another_website_stay_there(browser, secret):
    browser.say("Hello")
    identify(browser, signed(secret))
    outlet = make_channel(browser.channel.account)
    there = another(browser, outlet)
    other_secret = identity_services.create_identity_secret(channel=outlet)

    assert outcome(identify(there, signed(other_secret))) == SWITCHED

    assert profile_of(there) == profile_of(browser)
    assert there.conversation is None


# Devices that are signed in


def test_what_is_begun_on_one_device_goes_on_on_the_other(browser, phone):
    browser.say("From the computer")

    assert seen_in(phone) == ["From the computer"]
    phone.say("From the phone")
    agent_writes(browser.conversation, owner_of(browser.channel.account), "Hi there")
    assert seen_in(browser) == ["From the computer", "From the phone", "Hi there"]
    assert Conversation.objects.count() == 1


def test_next_conversation_is_the_next_one_on_both(browser, phone):
    limit(browser.channel.account)
    browser.say("The first")
    end(browser.conversation, days=2)

    phone.say("The second")

    assert seen_in(browser) == ["The second"]
    assert browser.conversation == phone.conversation


@pytest.mark.django_db(transaction=True)
def test_device_knows_at_once_that_there_is_news(browser, phone):
    """What was remembered of it for a minute is void."""
    entry = {"url": "https://shop.example/mill", "title": "A mill", "ago": 0}
    body = {"token": phone.token, "pages": [entry]}
    assert phone.post("visit", body).status_code == 204
    assert browsers.recall(phone.token) is not None

    browser.say("Hello")
    agent_writes(browser.conversation, owner_of(browser.channel.account), "Hi there")

    answer = phone.post("visit", {"token": phone.token})
    assert answer.json() == {"news": True}


def test_agent_who_begins_writes_to_all_devices(browser, phone):
    account = browser.channel.account

    starting.start_with_visitor(
        visitor=profile_of(browser),
        agent=owner_of(account),
        text="May I help?",
        client_id=uuid.uuid4(),
    )

    assert seen_in(browser) == seen_in(phone) == ["May I help?"]


def test_device_that_was_busy_takes_it_up_when_its_visitor_writes(browser, phone):
    browser.say("From the computer")
    VisitorSession.objects.filter(pk=phone.session.pk).update(conversation=None)

    phone.say("From the phone")

    assert texts_of(browser.conversation) == ["From the computer", "From the phone"]
    assert Conversation.objects.count() == 1


def test_device_that_was_busy_takes_it_up_when_it_identifies(browser, phone, secret):
    browser.say("From the computer")
    VisitorSession.objects.filter(pk=phone.session.pk).update(conversation=None)

    first = identify(phone, signed(secret, expires=soon(70)))
    second = identify(phone, signed(secret, expires=soon(80)))

    assert outcome(first) == SWITCHED
    assert outcome(second) == VERIFIED
    assert seen_in(phone) == ["From the computer"]


def test_open_conversation_of_its_own_is_not_left(browser, phone, secret):
    """As when both began one at the same moment."""
    browser.say("From the computer")
    VisitorSession.objects.filter(pk=phone.session.pk).update(conversation=None)
    profile = profile_of(phone)
    began = make_conversation(channel=phone.channel, visitor=profile, text="Begun")
    VisitorSession.objects.filter(pk=phone.session.pk).update(conversation=began)

    for one, seconds in ((browser, 70), (phone, 80)):
        answer = identify(one, signed(secret, expires=soon(seconds)))
        assert outcome(answer) == VERIFIED

    assert seen_in(browser) == ["From the computer"]
    assert seen_in(phone) == ["Begun"]


def test_open_conversation_is_not_taken_from_a_device(browser, phone):
    """Of another one, the agent's answer would reach nobody."""
    limit(browser.channel.account)
    browser.say("The first")
    first = browser.conversation
    began = make_conversation(
        channel=phone.channel, visitor=profile_of(phone), text="Begun"
    )
    VisitorSession.objects.filter(pk=phone.session.pk).update(conversation=began)
    end(first, days=2)
    VisitorSession.objects.filter(pk=phone.session.pk).update(signed_as="")
    browser.say("The second")
    assert seen_in(browser) == ["The second"]
    VisitorSession.objects.filter(pk=phone.session.pk).update(signed_as="4711")

    thread_services.share(VisitorSession.objects.get(pk=browser.session.pk))

    assert seen_in(phone) == ["Begun"]


def test_what_was_said_before_signing_in_is_shown_on_the_others(browser, secret):
    phone = another(browser)
    identify(phone, signed(secret))
    browser.say("I am a guest")
    assert seen_in(phone) == []

    identify(browser, signed(secret, expires=soon(60)))

    assert seen_in(browser) == seen_in(phone) == ["I am a guest"]


def test_later_one_is_taken_up_and_an_earlier_one_not(browser, phone, secret):
    browser.say("The first")
    end(browser.conversation)
    later = make_conversation(
        channel=phone.channel, visitor=profile_of(phone), text="The second"
    )
    VisitorSession.objects.filter(pk=phone.session.pk).update(conversation=later)
    end(later)

    unchanged = identify(phone, signed(secret, expires=soon(70)))
    changed = identify(browser, signed(secret, expires=soon(80)))

    assert (outcome(unchanged), outcome(changed)) == (VERIFIED, SWITCHED)
    assert seen_in(browser) == seen_in(phone) == ["The second"]


# Browsers that nobody signed


@pytest.fixture
def stranger(browser, phone):
    """A browser that an agent, and nobody else, takes for the customer's."""
    stranger = another(browser)
    conversations.merge_visitors(
        kept=profile_of(browser),
        merged=stranger.session.visitor,
        agent=owner_of(browser.channel.account),
    )
    return stranger


def test_what_the_customer_begins_is_not_shown_to_others(browser, phone, stranger):
    browser.say("My address is Elm Street 1")

    assert seen_in(stranger) == []
    stranger.say("Hello")
    assert seen_in(stranger) == ["Hello"]


def test_customer_does_not_go_on_with_what_others_began(
    browser, phone, stranger, secret
):
    stranger.say("Hello")

    assert seen_in(browser) == seen_in(phone) == []
    assert outcome(identify(phone, signed(secret, expires=soon(70)))) == VERIFIED
    browser.say("My address is Elm Street 1")
    assert seen_in(stranger) == ["Hello"]
    assert seen_in(phone) == ["My address is Elm Street 1"]


def test_new_device_does_not_go_on_with_what_others_began(browser, stranger, secret):
    stranger.say("Hello")
    new = another(browser)

    identify(new, signed(secret, expires=soon(70)))

    assert profile_of(new) == profile_of(stranger)
    assert seen_in(new) == []


def test_new_device_does_not_go_on_with_what_others_have_joined(
    browser, stranger, secret
):
    """What the stranger said became a part of what the customer said."""
    browser.say("My address is Elm Street 1")
    stranger.say("Hello")
    conversations.join_conversations(
        kept_id=browser.conversation.pk,
        merged_id=stranger.conversation.pk,
        agent=owner_of(browser.channel.account),
    )
    new = another(browser)

    identify(new, signed(secret, expires=soon(70)))

    assert "Hello" in seen_in(browser)
    assert seen_in(new) == []


def test_guest_keeps_what_is_open_when_signing_in(browser, secret):
    """Of another one, the agent's answer would reach nobody."""
    phone = another(browser)
    identify(phone, signed(secret))
    browser.say("I am a guest")
    phone.say("From the phone")
    end(phone.conversation)

    identify(browser, signed(secret, expires=soon(60)))

    assert seen_in(browser) == seen_in(phone) == ["I am a guest"]


def test_customer_who_logged_out_finds_it_on_the_next_device(browser, secret):
    identify(browser, signed(secret))
    browser.say("From the computer")
    browser.post("logout", {})
    phone = another(browser)

    identify(phone, signed(secret, expires=soon(60)))

    assert seen_in(phone) == ["From the computer"]


def test_profiles_that_were_parted_share_nothing(browser, secret):
    """Both were signed as the customer, whose profile is one of the two."""
    agent = owner_of(browser.channel.account)
    identify(browser, signed(secret))
    merge = conversations.merge_visitors(
        kept=make_visitor(agent.account), merged=profile_of(browser), agent=agent
    )
    phone = another(browser)
    identify(phone, signed(secret, expires=soon(60)))
    assert profile_of(phone) == profile_of(browser)
    conversations.undo_merge(merge=merge, agent=agent)
    assert profile_of(phone) != profile_of(browser)

    browser.say("From the computer")
    assert phone.conversation is None
    phone.say("From the phone")

    assert seen_in(browser) == ["From the computer"]
    assert seen_in(phone) == ["From the phone"]


def test_profile_s_own_browser_shares_only_once_it_signs(browser, secret):
    """The profile became the customer's through a merge by an agent."""
    customer = another(browser)
    identify(customer, signed(secret))
    conversations.merge_visitors(
        kept=browser.session.visitor,
        merged=profile_of(customer),
        agent=owner_of(browser.channel.account),
    )

    customer.say("My address is Elm Street 1")

    assert profile_of(browser) == profile_of(customer)
    assert profile_of(browser).user_id == "4711"
    assert seen_in(browser) == []
    identify(browser, signed(secret, expires=soon(60)))
    assert seen_in(browser) == ["My address is Elm Street 1"]


def test_devices_of_a_profile_that_became_part_of_another_still_share(browser, phone):
    account = browser.channel.account
    conversations.merge_visitors(
        kept=make_visitor(account), merged=profile_of(browser), agent=owner_of(account)
    )

    browser.say("Hello")

    assert seen_in(phone) == ["Hello"]


def test_nothing_is_shared_once_the_secret_is_removed(browser, phone):
    """Who has got hold of it could be any customer; a new one changes nothing."""
    channel = browser.channel
    identity_services.remove_identity_secret(channel=channel)
    new = identity_services.create_identity_secret(channel=channel)

    browser.say("Hello")
    phone.say("Somebody else")

    assert seen_in(browser) == ["Hello"]
    assert seen_in(phone) == ["Somebody else"]
    end(phone.conversation)
    for one, seconds in ((browser, 70), (phone, 80)):
        identify(one, signed(new, expires=soon(seconds)))
    assert seen_in(browser) == seen_in(phone) == ["Hello"]


def test_device_of_the_former_customer_is_left_alone(browser, phone, secret):
    identify(phone, signed(secret, user_id="42"))

    browser.say("From the first one")

    assert seen_in(phone) == []


def test_device_that_logged_out_is_left_alone(browser, phone):
    phone.post("logout", {})

    browser.say("Hello")

    assert phone.conversation is None


def test_devices_on_another_website_are_left_alone(browser, phone):
    outlet = make_channel(browser.channel.account)
    there = another(browser, outlet)
    identify(there, signed(identity_services.create_identity_secret(channel=outlet)))
    assert profile_of(there) == profile_of(browser)

    browser.say("Hello")

    assert there.conversation is None


@pytest.mark.django_db(transaction=True)
def test_device_that_is_busy_is_not_waited_for(browser, phone):
    locked, done = threading.Event(), threading.Event()

    def be_busy():
        try:
            with transaction.atomic():
                lock_session(phone.session.pk)
                locked.set()
                assert done.wait(30)
        finally:
            connection.close()

    busy = threading.Thread(target=be_busy)
    busy.start()
    assert locked.wait(30)

    answer = browser.say("From the computer")

    done.set()
    busy.join()
    assert answer.status_code == 201
    assert phone.conversation is None
    phone.say("From the phone")
    assert texts_of(browser.conversation) == ["From the computer", "From the phone"]


@pytest.mark.django_db(transaction=True)
async def test_open_socket_of_the_other_device_is_told(browser, phone):
    socket, ready = await hello(phone)
    assert ready["conversation"] is None

    await sync_to_async(browser.say)("From the computer")

    frames = await socket.frames_until("message")
    (told,) = [frame for frame in frames if frame["type"] == "message"]
    assert told["message"]["text"] == "From the computer"
    assert told["conversation"]["status"] == "open"
    await socket.leave()


@pytest.mark.django_db(transaction=True)
async def test_open_socket_asks_anew_when_a_guest_signs_in_elsewhere(browser, secret):
    phone = await sync_to_async(another)(browser)
    await sync_to_async(identify)(phone, signed(secret))
    await sync_to_async(browser.say)("I am a guest")
    socket, _ready = await hello(phone)

    await sync_to_async(identify)(browser, signed(secret, expires=soon(60)))

    assert await closed_with(socket) == consumers.CLOSE_RENEW
    socket, ready = await hello(phone)
    assert [entry["text"] for entry in ready["messages"]] == ["I am a guest"]
    await socket.leave()


@pytest.mark.django_db
def test_upgrade_signs_browsers_of_customers(browser, phone, stranger):
    """Those at a profile into which an agent merged something sign in themselves."""
    other = another(browser)
    secret = identity_services.create_identity_secret(channel=browser.channel)
    identify(other, signed(secret, user_id="42"))
    VisitorSession.objects.update(signed_as="")
    upgrade = import_module("channels_integration.migrations.0003_signed_browsers")

    upgrade.sign_former(apps, None)

    signed_as = dict(VisitorSession.objects.values_list("pk", "signed_as"))
    assert signed_as == {
        browser.session.pk: "",
        phone.session.pk: "",
        stranger.session.pk: "",
        other.session.pk: "42",
    }
