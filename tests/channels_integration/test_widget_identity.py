"""Who the page says the visitor is, signed by the shop's server or not."""

import hashlib
import hmac
import json
import threading
import time

import pytest
import redis.exceptions
from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone

from channels_integration.website import (
    consumers,
    identity,
    identity_services,
    steps,
)
from channels_integration.website.models import IdentitySecret, VisitorSession
from conversations import services as conversations
from conversations.models import Conversation
from tests.channels_integration.browser import (
    FOREIGN,
    SHOP,
    open_browser,
    texts_of,
)
from tests.channels_integration.test_widget_socket import (
    closed_with,
    dial,
    hello,
    silent,
)
from tests.factories import (
    agent_writes,
    make_account,
    make_channel,
    make_visitor,
    owner_of,
)
from visitors import services as visitors
from visitors.models import CustomerInformation, Source, Visitor, VisitorMerge

pytestmark = pytest.mark.django_db

CARD = "4111 1111 1111 1111"


def sign(secret, user_id="4711", email="", name="", phone="", expires=0):
    """As the documentation tells shops to do it."""
    text = "\n".join([user_id, email, name, phone, str(expires)])
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def soon(seconds=3600):
    return int(time.time()) + seconds


def signed(secret, user_id="4711", expires=None, **contact):
    expires = soon() if expires is None else expires
    signature = sign(secret, user_id, expires=expires, **contact)
    return {
        "user_id": user_id,
        "expires": expires,
        "signature": signature,
        **contact,
    }


@pytest.fixture
def secret(browser):
    return identity_services.create_identity_secret(channel=browser.channel)


def identify(browser, body, **headers):
    return browser.post("identify", body, **headers)


def outcome(response):
    assert response.status_code == 200
    answer = response.json()
    return answer["verified"], answer["reason"], answer["changed"]


def profile_of(browser):
    return VisitorSession.objects.get(pk=browser.session.pk).profile


def another(browser, channel=None):
    return open_browser(browser.client, channel or browser.channel)


VERIFIED, SWITCHED = (True, "", False), (True, "", True)


# A signature that counts


def test_the_first_browser_of_a_customer_becomes_them(browser, secret):
    browser.say("Hello")
    contact = {"email": "k@example.net", "name": "Käthe Öz", "phone": "+49 30 1"}

    response = identify(browser, signed(secret, **contact))

    visitor = profile_of(browser)
    assert response.json() == {
        "verified": True,
        "reason": "",
        "changed": False,
        "switched": False,
        "left_out": [],
    }
    assert visitor == browser.session.visitor
    assert visitor.user_id == "4711"
    assert (visitor.name, visitor.email) == ("Käthe Öz", "k@example.net")
    assert {visitor.name_source, visitor.email_source, visitor.phone_source} == {
        Source.SIGNED
    }
    assert texts_of(browser.conversation) == ["Hello"]


def test_the_same_customer_again_changes_nothing(browser, secret):
    browser.say("Hello")
    identify(browser, signed(secret, name="Kim"))
    before = browser.conversation

    again = identify(browser, signed(secret, name="Kim", expires=soon(90)))

    assert outcome(again) == VERIFIED
    assert browser.conversation == before
    assert Visitor.objects.count() == 1


def test_another_customer_in_the_browser_gets_a_profile_of_their_own(browser, secret):
    browser.say("I am the first")
    identify(browser, signed(secret, name="First"))

    answer = identify(browser, signed(secret, user_id="42", name="Second"))

    first, second = Visitor.objects.order_by("pk")
    assert outcome(answer) == SWITCHED
    assert answer.json()["switched"] is True
    assert profile_of(browser) == second
    assert (first.name, second.name, second.user_id) == ("First", "Second", "42")
    assert browser.conversation is None
    assert "I am the first" not in browser.get("conversation").content.decode()
    assert Conversation.objects.get().visitor == first
    assert not VisitorMerge.objects.exists()


def test_a_known_other_customer_is_not_merged_either(browser, secret):
    browser.say("I am the first")
    identify(browser, signed(secret))
    other = another(browser)
    other.say("I am the second")
    identify(other, signed(secret, user_id="42"))

    answer = identify(browser, signed(secret, user_id="42", expires=soon(60)))

    assert outcome(answer) == SWITCHED
    assert browser.conversation == other.conversation
    assert texts_of(browser.conversation) == ["I am the second"]
    assert not VisitorMerge.objects.exists()


def test_a_profile_that_is_part_of_another_leads_to_it(browser, secret):
    identify(browser, signed(secret))
    account = browser.channel.account
    kept = make_visitor(account, name="Kept")
    conversations.merge_visitors(
        kept=kept, merged=browser.session.visitor, agent=owner_of(account)
    )
    phone = another(browser)

    assert outcome(identify(phone, signed(secret, expires=soon(60)))) == SWITCHED
    assert outcome(identify(browser, signed(secret, expires=soon(70)))) == VERIFIED

    assert profile_of(phone) == profile_of(browser) == kept


def test_an_id_that_only_a_part_still_holds_is_somebody_else_s(browser, secret):
    browser.say("My secret address is Elm Street 1")
    identify(browser, signed(secret))
    account = browser.channel.account
    kept = make_visitor(account, name="Kept")
    conversations.merge_visitors(
        kept=kept, merged=browser.session.visitor, agent=owner_of(account)
    )
    visitors.update_from_shop(visitor=kept, user_id="new")
    phone = another(browser)

    assert outcome(identify(phone, signed(secret, expires=soon(60)))) == VERIFIED

    assert profile_of(phone) == phone.session.visitor
    assert "Elm Street" not in phone.get("conversation").content.decode()


def test_what_people_wrote_stands_against_the_shop(browser, secret):
    browser.post("contact", {"name": "Entered", "email": "entered@example.net"})

    identify(browser, signed(secret, name="Signed", phone="030 1"))

    visitor = profile_of(browser)
    assert (visitor.name, visitor.phone) == ("Entered", "030 1")


def test_a_broken_address_takes_nothing_else_with_it(browser, secret):
    body = signed(secret, name="Kim", email="not an address")

    answer = identify(browser, body)

    visitor = profile_of(browser)
    assert outcome(answer) == VERIFIED
    assert answer.json()["left_out"] == ["email"]
    assert (visitor.user_id, visitor.name, visitor.email) == ("4711", "Kim", "")


def test_a_number_is_its_digits_and_null_is_nothing(browser, secret):
    body = signed(secret) | {"user_id": 4711, "phone": None, "name": None}

    assert outcome(identify(browser, body)) == VERIFIED
    assert profile_of(browser).user_id == "4711"


@pytest.mark.parametrize(
    "user_id",
    ["Ünï-客户-9", "a" * 255, "<b>{{ x }}</b>", "0", "4539-1", "a b"],
)
def test_a_customer_id_may_be_anything_on_one_line(browser, secret, user_id):
    assert outcome(identify(browser, signed(secret, user_id=user_id))) == VERIFIED
    assert profile_of(browser).user_id == user_id


def test_the_former_secret_is_good_for_a_week(browser, secret):
    new = identity_services.create_identity_secret(channel=browser.channel)

    assert outcome(identify(browser, signed(new))) == VERIFIED
    assert outcome(identify(browser, signed(secret, expires=soon(60)))) == VERIFIED

    IdentitySecret.objects.update(former_until=timezone.now())
    answer = identify(browser, signed(secret, expires=soon(61)))
    assert outcome(answer) == (False, "signature", False)


def test_the_same_browser_may_show_its_signature_again(browser, secret):
    body = signed(secret)

    assert outcome(identify(browser, body)) == VERIFIED
    assert outcome(identify(browser, body)) == VERIFIED


def test_a_verified_customer_id_takes_the_place_of_the_page_s_word(browser, secret):
    identify(browser, {"user_id": "4711"})
    assert CustomerInformation.objects.get().items != []

    identify(browser, signed(secret))
    identify(browser, {"user_id": "4711"})

    assert CustomerInformation.objects.get().items == []


# A signature that does not count


def known_customer(browser, secret):
    """Somebody else of whom a thief would like to read."""
    victim = another(browser)
    victim.say("My secret address is Elm Street 1")
    identify(victim, signed(secret, name="Vera", email="vera@example.net"))
    return victim


def has_learnt_nothing(browser, victim):
    answers = [
        browser.get("conversation").content.decode(),
        browser.say("Hello?").content.decode(),
        browser.get("conversation").content.decode(),
    ]
    return (
        "Elm Street" not in "".join(answers)
        and "Vera" not in "".join(answers)
        and profile_of(browser) != profile_of(victim)
        and browser.conversation != victim.conversation
        and not VisitorMerge.objects.exists()
    )


FORGED = {
    "empty": ("", "unsigned"),
    "null": (None, "unsigned"),
    "none": ("none", "signature"),
    "zeros": ("0" * 64, "signature"),
    "short": ("ab", "signature"),
    "long": ("0" * 10_000, "signature"),
    "foreign letters": ("é" * 64, "signature"),
    "surrogate": ("\ud800" * 64, "signature"),
    "full width": ("\uff10" * 64, "signature"),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_signature_reveals_nothing(browser, secret, case):
    victim = known_customer(browser, secret)
    signature, reason = FORGED[case]

    body = {"user_id": "4711", "expires": soon(), "signature": signature}

    assert outcome(identify(browser, body)) == (False, reason, False)
    assert has_learnt_nothing(browser, victim)


@pytest.mark.parametrize("change", ["user_id", "email", "name", "phone", "expires"])
def test_a_signature_is_for_its_values_only(browser, secret, change):
    victim = known_customer(browser, secret)
    body = signed(secret, "8", email="a@example.net", name="A", phone="1")
    body[change] = soon(7) if change == "expires" else "4711"

    assert outcome(identify(browser, body)) == (False, "signature", False)
    assert has_learnt_nothing(browser, victim)


@pytest.mark.parametrize("form", ["upper", "space", "newline"])
def test_a_signature_in_another_form_is_none(browser, secret, form):
    body = signed(secret)
    body["signature"] = {
        "upper": body["signature"].upper(),
        "space": body["signature"] + " ",
        "newline": body["signature"] + "\n",
    }[form]

    assert outcome(identify(browser, body)) == (False, "signature", False)


def test_values_do_not_run_into_each_other(browser, secret):
    """`a` and `b` in two fields are signed like `a, line break, b` in one."""
    victim = known_customer(browser, secret)
    expires = soon()
    signature = sign(secret, "4711", email="x\ny", expires=expires)
    shifted = {"user_id": "4711", "email": "x", "name": "y", "phone": ""}

    answer = identify(browser, {**shifted, "expires": expires, "signature": signature})

    assert outcome(answer) == (False, "signature", False)
    assert has_learnt_nothing(browser, victim)


@pytest.mark.parametrize("field", ["user_id", "email", "name", "phone"])
@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"])
def test_signed_values_hold_no_line_breaks(browser, secret, field, line_break):
    body = signed(secret, **{"user_id": "1", field: f"a{line_break}b"})

    response = identify(browser, body)

    assert response.status_code == 422
    assert list(response.json()["errors"]) == [field]
    assert profile_of(browser).user_id == ""


@pytest.mark.parametrize(
    "user_id",
    [
        *(" 4711", "4711 ", "47\x0011", "4711\u202e", "a  b", "\ud800", "a" * 256),
        *("4111111111111111", "card 4111 1111 1111 1111", "\t", " "),
    ],
)
def test_a_customer_id_that_cleaning_would_change_is_refused(browser, secret, user_id):
    body = {"user_id": user_id, "expires": soon(), "signature": "0" * 64}

    response = identify(browser, body)

    assert response.status_code == 422
    assert list(response.json()["errors"]) == ["user_id"]


def test_a_signature_without_customer_id_is_refused(browser, secret):
    response = identify(browser, signed(secret, user_id="", name="Kim"))

    assert response.status_code == 422


@pytest.mark.parametrize(
    "expires",
    [
        lambda: 0,
        lambda: 1,
        lambda: soon(-1),
        lambda: soon(26 * 3600),
        lambda: soon() * 1000,
        lambda: 2**31 - 1,
    ],
    ids=["never", "1970", "just_over", "too_far", "milliseconds", "2038"],
)
def test_a_signature_ends_and_ends_soon(browser, secret, expires):
    expires = expires()
    victim = known_customer(browser, secret)

    answer = identify(browser, signed(secret, expires=expires))

    assert outcome(answer) == (False, "expired", False)
    assert has_learnt_nothing(browser, victim)


def test_a_day_ahead_is_within_even_with_another_clock(browser, secret):
    body = signed(secret, expires=soon(24 * 3600 + 60))

    assert outcome(identify(browser, body)) == VERIFIED


def test_a_signature_is_worth_nothing_in_another_browser(browser, secret):
    victim = another(browser)
    victim.say("My secret address is Elm Street 1")
    body = signed(secret, name="Vera")
    identify(victim, body)

    assert outcome(identify(browser, body)) == (False, "used", False)
    assert outcome(identify(victim, body)) == VERIFIED
    # The name that came along is the page's word.
    assert profile_of(browser).name_source == Source.PAGE
    assert profile_of(browser) != profile_of(victim)
    assert "Elm Street" not in browser.get("conversation").content.decode()


def test_after_logout_the_signature_is_used_up(browser, secret):
    body = signed(secret)
    identify(browser, body)
    browser.post("logout", {})

    assert outcome(identify(another(browser), body)) == (False, "used", False)


def test_the_mark_of_a_used_signature_ends_with_it(browser, secret):
    expires = soon(100)
    identify(browser, signed(secret, expires=expires))

    client = identity.desk_redis.client()
    (key,) = client.keys(identity.desk_redis.key("identity", "*"))

    assert 99 <= client.ttl(key) <= 102


def test_without_redis_nobody_is_verified(browser, secret, monkeypatch):
    def away():
        raise redis.exceptions.ConnectionError

    body = signed(secret, name="Kim")
    monkeypatch.setattr(identity.desk_redis, "client", away)

    response = identify(browser, body)

    assert response.status_code == 503
    assert response.json()["error"]["code"] == "unavailable"
    assert response["Access-Control-Allow-Origin"] == SHOP
    assert (profile_of(browser).user_id, profile_of(browser).name) == ("", "")


def test_another_website_s_secret_signs_nothing_here(browser, secret):
    victim = known_customer(browser, secret)
    foreign = make_channel(make_account("Stranger"))
    other = identity_services.create_identity_secret(channel=foreign)

    assert outcome(identify(browser, signed(other))) == (False, "signature", False)
    assert has_learnt_nothing(browser, victim)


def test_the_same_customer_id_in_another_account_is_somebody_else(browser, secret):
    victim = known_customer(browser, secret)
    foreign = make_channel(make_account("Stranger"))
    there = another(browser, foreign)
    other = identity_services.create_identity_secret(channel=foreign)

    assert outcome(identify(there, signed(other))) == VERIFIED
    assert has_learnt_nothing(there, victim)


def test_without_a_secret_no_signature_counts(browser, secret):
    victim = known_customer(browser, secret)
    identity_services.remove_identity_secret(channel=browser.channel)

    answer = identify(browser, signed(secret, expires=soon(60)))

    assert outcome(answer) == (False, "no_secret", False)
    assert has_learnt_nothing(browser, victim)


@pytest.mark.parametrize("key", ["", "None"])
def test_an_empty_secret_is_no_secret(browser, key):
    assert outcome(identify(browser, signed(key))) == (False, "no_secret", False)


def test_a_secret_sealed_under_a_lost_key_is_none(browser, secret):
    IdentitySecret.objects.update(sealed="gAAAAA-of-another-installation")

    assert outcome(identify(browser, signed(secret))) == (False, "no_secret", False)


# Without a signature


def test_signature_vouches_for_what_the_page_said_before(browser, secret):
    identify(browser, {"name": "Kim Lee", "email": "kim@example.net"})

    said = signed(secret, name="Kim Lee", email="kim@example.net")
    identify(browser, said)

    visitor = profile_of(browser)
    assert (visitor.name_source, visitor.email_source) == (Source.SIGNED, Source.SIGNED)


def test_page_s_number_that_is_none_is_left_out_alone(browser):
    body = {"name": "Kim Lee", "email": "none", "phone": "call me maybe"}

    answer = identify(browser, body).json()

    assert sorted(answer["left_out"]) == ["email", "phone"]
    assert (profile_of(browser).name, profile_of(browser).phone) == ("Kim Lee", "")


def test_the_page_s_word_is_kept_as_such(browser):
    body = {
        "user_id": "4711",
        "name": "Kim\nLee",
        "email": "kim@example.net",
        "phone": "030 1",
    }

    assert outcome(identify(browser, body)) == (False, "unsigned", False)

    visitor = profile_of(browser)
    assert (visitor.name, visitor.email, visitor.phone, visitor.user_id) == (
        "Kim Lee",
        "kim@example.net",
        "030 1",
        "",
    )
    assert {visitor.name_source, visitor.email_source, visitor.phone_source} == {
        Source.PAGE
    }
    row = CustomerInformation.objects.get()
    assert (row.visitor, row.source, row.items) == (
        visitor,
        Source.PAGE,
        [{"key": "user_id", "label": "", "value": "4711"}],
    )


def test_unsigned_never_reads_a_known_customer_s_history(browser, secret):
    victim = known_customer(browser, secret)

    for body in (
        {"user_id": "4711"},
        {"user_id": "4711", "email": "vera@example.net", "name": "Vera"},
        {"email": "vera@example.net"},
    ):
        assert outcome(identify(browser, body)) == (False, "unsigned", False)

    Visitor.objects.filter(pk=browser.session.visitor_id).update(name="", email="")
    assert has_learnt_nothing(browser, victim)
    assert profile_of(victim).name_source == Source.SIGNED


def test_unsigned_does_not_overwrite_what_is_known(browser, secret):
    identify(browser, signed(secret, name="Vera", email="vera@example.net"))

    identify(browser, {"name": "Mallory", "email": "m@example.net", "user_id": "1"})

    visitor = profile_of(browser)
    assert (visitor.name, visitor.email, visitor.user_id) == (
        "Vera",
        "vera@example.net",
        "4711",
    )


def test_unsigned_card_numbers_are_hidden(browser):
    identify(browser, {"name": CARD, "phone": CARD})
    refused = identify(browser, {"user_id": CARD})

    visitor = profile_of(browser)
    assert (visitor.name, visitor.phone) == ("[card ····1111]", "[card ····1111]")
    assert refused.status_code == 422
    assert not CustomerInformation.objects.exists()


# What may not be sent


@pytest.mark.parametrize(
    "body",
    [
        {"user_id": ["4711"]},
        {"user_id": {"$ne": ""}},
        {"user_id": True},
        {"user_id": 1.5},
        {"user_id": 10**30},
        {"user_id": -1},
        {"user_id": "1", "signature": ["0" * 64]},
        {"user_id": "1", "signature": 0},
        {"user_id": "1", "signature": True},
        {"user_id": "1", "signature": "0" * 64, "expires": "9999999999"},
        {"user_id": "1", "signature": "0" * 64, "expires": 1e9},
        {"user_id": "1", "signature": "0" * 64, "expires": True},
        {"user_id": "1", "signature": "0" * 64, "expires": -1},
        {"user_id": "1", "signature": "0" * 64, "expires": 10**18},
        {"user_id": "1", "signature": "0" * 64, "expires": [1]},
        {"name": ["Kim"]},
        {"email": {"value": "kim@example.net"}},
        {"phone": 491711234},
        [],
        "text",
        None,
    ],
)
def test_values_of_a_wrong_type_are_refused(browser, secret, body):
    response = identify(browser, json.dumps(body))

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "bad_request"


def test_a_megabyte_is_not_read(browser, secret):
    response = identify(browser, signed(secret, name="x" * 1_000_000))

    assert response.status_code == 413
    assert profile_of(browser).user_id == ""


def test_a_foreign_website_identifies_nobody(browser, secret):
    browser.origin = FOREIGN

    assert identify(browser, signed(secret)).status_code == 403
    assert profile_of(browser).user_id == ""


def test_it_takes_a_token(browser, secret):
    response = identify(browser, signed(secret), Authorization="Bearer x")

    assert response.status_code == 401


def test_too_often_is_too_often(browser, secret, settings):
    settings.WIDGET_RATE_FACTOR = 0.1

    answers = [identify(browser, {"name": "Kim"}).status_code for _time in range(4)]

    assert answers == [200, 200, 200, 429]


# Logout


def test_logout_makes_the_token_worthless(browser, secret):
    browser.say("Hello")
    identify(browser, signed(secret))

    response = browser.post("logout", {})

    assert (response.status_code, response.content) == (204, b"")
    assert response["Access-Control-Allow-Origin"] == SHOP
    assert browser.get("conversation").status_code == 401
    assert browser.post("logout", {}).status_code == 401
    assert Visitor.objects.get().user_id == "4711"


# What it costs


def test_the_same_customer_on_each_page_costs_little(
    browser, secret, django_assert_max_num_queries
):
    contact = {"name": "Kim", "email": "kim@example.net"}
    identify(browser, signed(secret, **contact))

    with django_assert_max_num_queries(14):
        identify(browser, signed(secret, expires=soon(60), **contact))


# Together


@pytest.mark.django_db(transaction=True)
def test_two_browsers_of_a_new_customer_at_once_become_one(browser, secret):
    browsers = [browser, *(another(browser) for _number in range(3))]
    for number, one in enumerate(browsers):
        one.say(f"Browser {number}")
    start = threading.Barrier(len(browsers))
    failures = []

    def run(one, number):
        claim = identity.Claim(user_id="4711", name=f"Name {number}")
        start.wait()
        try:
            identity_services.identify_visitor(session_id=one.session.pk, claim=claim)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(one, number))
        for number, one in enumerate(browsers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    (known,) = Visitor.objects.profiles()
    assert known.user_id == "4711"
    assert {profile_of(one) for one in browsers} == {known}
    assert {row.visitor for row in Conversation.objects.all()} == {known}
    assert VisitorMerge.objects.count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first_user_id", ["", "42"])
def test_customer_who_is_erased_meanwhile_begins_anew(
    browser, secret, monkeypatch, first_user_id
):
    """Also for a browser of another customer, which only changes profile."""
    if first_user_id:
        identify(browser, signed(secret, user_id=first_user_id))
    identify(another(browser), signed(secret, name="Kim"))
    known = Visitor.objects.get(user_id="4711")
    find = visitors.find_by_user_id
    erased = []

    def erase():
        try:
            erased.append(conversations.erase_visitor(visitor=known, agent=None))
        finally:
            connection.close()

    def meanwhile(**fields):
        found = find(**fields)
        if found == known:
            thread = threading.Thread(target=erase)
            thread.start()
            thread.join()
        return found

    monkeypatch.setattr(visitors, "find_by_user_id", meanwhile)
    response = identify(browser, signed(secret, email="kim@example.net"))

    assert erased == [True]
    assert outcome(response)[:2] == (True, "")
    profile = profile_of(browser)
    assert (profile.user_id, profile.email) == ("4711", "kim@example.net")
    assert profile.name == ""
    assert not Visitor.objects.filter(pk=known.pk).exists()


# Sockets


@pytest.mark.django_db(transaction=True)
async def test_a_socket_does_not_stay_with_the_former_customer(browser, secret):
    socket, _ready = await hello(browser)
    await sync_to_async(browser.say)("Hello")
    await sync_to_async(identify)(browser, signed(secret))
    former = await sync_to_async(lambda: browser.conversation)()
    await silent(socket, set())

    await sync_to_async(identify)(browser, signed(secret, user_id="42"))

    assert await closed_with(socket) == consumers.CLOSE_RENEW
    socket, ready = await hello(browser, after=1)
    assert (ready["conversation"], ready["messages"]) == (None, [])
    owner = await sync_to_async(owner_of)(browser.channel.account)
    await sync_to_async(agent_writes)(former, owner, "For the first one only")
    assert await silent(socket, {"message", "state"})
    await socket.leave()


@pytest.mark.django_db(transaction=True)
async def test_after_identifying_the_socket_hears_the_customer_s_thread(
    browser, secret
):
    await sync_to_async(browser.say)("Hello")
    await sync_to_async(identify)(browser, signed(secret))
    phone = await sync_to_async(another)(browser)
    socket, _ready = await hello(phone)

    await sync_to_async(identify)(phone, signed(secret, expires=soon(60)))

    assert await closed_with(socket) == consumers.CLOSE_RENEW
    socket, ready = await hello(phone)
    assert [entry["text"] for entry in ready["messages"]] == ["Hello"]
    owner = await sync_to_async(owner_of)(browser.channel.account)
    conversation = await sync_to_async(lambda: browser.conversation)()
    await sync_to_async(agent_writes)(conversation, owner, "Good morning")
    heard = [frame["message"].get("text") for frame in await socket.frames("message")]
    assert "Good morning" in heard
    await socket.leave()


@pytest.mark.django_db(transaction=True)
async def test_identified_while_a_socket_says_hello(browser, secret, monkeypatch):
    """The page says both as soon as it is loaded."""
    await sync_to_async(browser.say)("Hello")
    await sync_to_async(identify)(browser, signed(secret))
    first_look = steps.first_look

    def meanwhile(session, after):
        identity_services.identify_visitor(
            session_id=session.pk, claim=identity.Claim(user_id="42")
        )
        return first_look(session, after)

    monkeypatch.setattr(steps, "first_look", meanwhile)
    socket = dial()
    await socket.connect()

    await socket.send(type="hello", token=browser.token, after=None)

    assert await closed_with(socket) == consumers.CLOSE_RENEW
    await socket.leave()
