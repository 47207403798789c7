"""Customer information as the page's code hands it over."""

import json

import pytest

from channels_integration.website.models import VisitorSession
from conversations import services as conversations
from tests.channels_integration.browser import FOREIGN, SHOP
from tests.factories import make_visitor, owner_of
from visitors.customer import read_customer
from visitors.models import CustomerInformation, Source

pytestmark = pytest.mark.django_db

CARD = "4111 1111 1111 1111"


def hand_over(browser, items):
    return browser.post("customer", {"items": items})


def shown(browser):
    session = VisitorSession.objects.get(pk=browser.session.pk)
    return {
        item.key: item.value
        for item in read_customer(session.profile, browser.channel.account)
    }


def test_entries_are_kept_as_the_page_s_word(browser):
    response = hand_over(browser, {"plan": "Gold", "orders": {"value": 12}})

    row = CustomerInformation.objects.get()
    assert (response.status_code, response.json()) == (200, {"kept": 2, "left_out": []})
    assert response["Access-Control-Allow-Origin"] == SHOP
    assert (row.visitor, row.source) == (browser.session.visitor, Source.PAGE)
    assert shown(browser) == {"plan": "Gold", "orders": 12}


def test_the_next_page_adds_and_takes_away(browser):
    hand_over(browser, {"plan": "Gold", "cart": 3})

    hand_over(browser, {"cart": None, "page": "Checkout"})

    assert shown(browser) == {"plan": "Gold", "page": "Checkout"}


def test_what_does_not_fit_is_named(browser):
    response = hand_over(
        browser, {"ok": 1, "list": [1], "deep": {"a": {"b": 1}}, CARD: "a" * 1001}
    )

    assert response.json() == {
        "kept": 1,
        "left_out": ["list", "deep", "[card ····1111]"],
    }


def test_ten_thousand_keys(browser):
    response = hand_over(browser, {f"k{number}": 1 for number in range(10_000)} | {})

    assert response.status_code == 413
    response = hand_over(browser, {f"k{number}": 1 for number in range(4000)})
    assert response.json()["kept"] == 100
    assert len(response.json()["left_out"]) == 100
    assert len(shown(browser)) == 100


def test_a_full_list_takes_no_more(browser):
    hand_over(browser, {f"k{number}": 1 for number in range(100)})

    response = hand_over(browser, {"k0": 2, "more": 1})

    assert response.json() == {"kept": 1, "left_out": ["more"]}


def test_a_megabyte_is_not_read(browser):
    response = hand_over(browser, {"text": "x" * 1_000_000})

    assert response.status_code == 413
    assert not CustomerInformation.objects.exists()


def test_deep_nesting_is_refused_or_left_out(browser):
    deep = "[" * 500 + "]" * 500

    response = browser.post("customer", f'{{"items": {{"deep": {deep}, "ok": 1}}}}')
    assert response.json() == {"kept": 1, "left_out": ["deep"]}

    deepest = "[" * 30_000 + "]" * 30_000
    response = browser.post("customer", f'{{"items": {{"deep": {deepest}}}}}')
    assert response.status_code in {200, 400}
    assert shown(browser) == {"ok": 1}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 99])
def test_numbers_that_are_none_are_left_out(browser, number):
    response = browser.post("customer", f'{{"items": {{"n": {number}, "ok": 1}}}}')

    assert response.json() == {"kept": 1, "left_out": ["n"]}


def test_a_number_too_long_for_python_is_refused(browser):
    response = browser.post("customer", f'{{"items": {{"n": {"9" * 5000}}}}}')

    assert response.status_code == 400


@pytest.mark.parametrize("items", [None, [], "text", 1, True, [["a", 1]]])
def test_what_is_no_object_is_refused(browser, items):
    response = hand_over(browser, items)

    assert response.status_code == 422
    assert response.json()["error"]["code"] == "invalid"


def test_hostile_text_is_stored_clean(browser):
    body = {
        "items": {
            "na\u0000me": {
                "label": "La\ud800bel",
                "value": "\u202eone\r\ntwo <b>&</b> 🚲",
            },
            "card": CARD,
        }
    }

    response = browser.post("customer", json.dumps(body))

    assert response.json() == {"kept": 2, "left_out": []}
    assert CustomerInformation.objects.get().items == [
        {"key": "name", "label": "Label", "value": "one two <b>&</b> 🚲"},
        {"key": "card", "label": "", "value": "[card ····1111]"},
    ]


def test_the_last_of_equal_names_counts_as_everywhere_in_json(browser):
    response = browser.post("customer", '{"items": {"a": 1, "a": 2}}')

    assert response.json() == {"kept": 1, "left_out": []}
    assert shown(browser) == {"a": 2}


def test_a_browser_of_a_merged_profile_tells_of_the_one_it_is(browser):
    account = browser.channel.account
    kept = make_visitor(account)
    conversations.merge_visitors(
        kept=kept, merged=browser.session.visitor, agent=owner_of(account)
    )

    hand_over(browser, {"plan": "Gold"})

    assert CustomerInformation.objects.get().visitor == kept


def test_the_server_s_word_stays(browser):
    visitor = browser.session.visitor
    CustomerInformation.objects.create(
        visitor=visitor,
        source=Source.API,
        items=[{"key": "plan", "label": "", "value": "Gold"}],
        changed_at=visitor.created_at,
    )

    hand_over(browser, {"plan": "Platinum"})

    assert shown(browser) == {"plan": "Gold"}


def test_a_foreign_website_tells_nothing(browser):
    browser.origin = FOREIGN

    assert hand_over(browser, {"a": 1}).status_code == 403
    assert not CustomerInformation.objects.exists()


def test_it_takes_a_token(browser):
    response = browser.post("customer", {"items": {}}, Authorization="Bearer x")

    assert response.status_code == 401


def test_too_often_is_too_often(browser, settings):
    settings.WIDGET_RATE_FACTOR = 0.1

    answers = [hand_over(browser, {"a": 1}).status_code for _time in range(4)]

    assert answers == [200, 200, 200, 429]


@pytest.mark.parametrize("path", ["identify", "customer", "logout"])
def test_only_by_post_and_with_a_preflight(browser, path):
    headers = browser.headers()

    assert browser.client.get(f"/widget/{path}", headers=headers).status_code == 405
    preflight = browser.client.options(f"/widget/{path}", headers={"Origin": SHOP})
    assert preflight.status_code == 204
    assert preflight["Access-Control-Allow-Methods"] == "POST"
