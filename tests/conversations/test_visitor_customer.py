import re

import pytest
from django.utils import timezone

from tests.conversations.desk import HTMX, address, signed_in
from visitors.models import CustomerInformation, Source

pytestmark = pytest.mark.django_db


def store(conversation, source=Source.API, **values):
    CustomerInformation.objects.create(
        visitor=conversation.visitor,
        source=source,
        items=[{"key": k, "label": "", "value": v} for k, v in values.items()],
        changed_at=timezone.now(),
    )


def customer(agent, conversation):
    url = address("visitor_customer", conversation)
    return signed_in(agent).get(url, headers=HTMX).text


def entries(html):
    pairs = re.findall(r"<dt[^>]*>(.*?)</dt><dd[^>]*>(.*?)</dd>", html, re.S)
    text = [[re.sub(r"<[^>]+>", "", part).strip() for part in pair] for pair in pairs]
    return [tuple(pair) for pair in text]


def test_empty_section_says_why(anna, conversation):
    assert "Not signed in to the shop." in customer(anna, conversation)


def test_entries_are_listed_and_the_pages_word_is_marked(anna, conversation):
    store(conversation, number="K-10482", orders=7, rate=2.5, news=True, old=False)
    store(conversation, Source.PAGE, cart="3 things", number="K-1")

    assert entries(customer(anna, conversation)) == [
        ("number", "K-10482"),
        ("orders", "7"),
        ("rate", "2.5"),
        ("news", "Yes"),
        ("old", "No"),
        ("cart", "3 things not verified"),
    ]


@pytest.mark.parametrize(("number", "folds"), [(8, 0), (9, 1), (23, 1)])
def test_long_list_folds(anna, conversation, number, folds):
    store(conversation, **{f"k{n}": n for n in range(number)})

    shown = customer(anna, conversation)

    assert shown.count(f"Show all {number}") == folds
    assert len(entries(shown)) == number


def test_long_value_folds_and_is_there_in_full(anna, conversation):
    store(conversation, remark="word " * 199 + "end", short="x" * 160)

    shown = customer(anna, conversation)

    assert shown.count('<details class="fold">') == 1
    assert "word end</details>" in shown


def test_hidden_card_number_is_marked(anna, conversation):
    store(conversation, paid="[card ····1111]")

    assert "Card number hidden ····1111" in customer(anna, conversation)


def test_account_chooses_which_in_which_order(anna, account, conversation):
    store(conversation, first=1, second=2, third=3)
    account.customer_keys = ["third", "unknown", "first"]
    account.save()

    assert entries(customer(anna, conversation)) == [("third", "3"), ("first", "1")]


def test_nothing_is_shown_while_the_account_switched_it_off(
    anna, account, conversation
):
    store(conversation, first="K-10482")
    account.show_customer_information = False
    account.save()

    page = signed_in(anna).get(address("conversation", conversation)).text
    fragment = customer(anna, conversation)

    assert 'id="visitor-customer"' not in page
    assert "K-10482" not in fragment
    assert fragment.strip() == '<div id="visitor-customer" hidden></div>'
