import re

import pytest
from django.utils import timezone

from tests import factories
from tests.conversations.desk import signed_in
from visitors.models import CustomerInformation, Source

pytestmark = pytest.mark.django_db

URL = "/settings/visitor-card/"


def met(account, *keys, label=""):
    CustomerInformation.objects.create(
        visitor=factories.make_visitor(account),
        source=Source.API,
        items=[{"key": key, "label": label, "value": 1} for key in keys],
        changed_at=timezone.now(),
    )


def stored(account):
    account.refresh_from_db()
    return (
        account.show_customer_information,
        account.customer_keys,
    )


def listed(response):
    """Keys in their order, and whether each is ticked."""
    found = re.findall(r'name="shown" value="([^"]*)"( checked)?', response.text)
    return [(key, bool(ticked)) for key, ticked in found]


def form(**values):
    return {
        "show_customer_information": "on",
        "which": "chosen",
        "order": ["a", "b", "c"],
        "shown": ["a", "b", "c"],
        **values,
    }


def test_keys_seen_so_far_are_listed(anna, account):
    met(account, "b", "a")
    met(account, "a", label="First <b>")
    met(factories.make_account("Other"), "secret")

    response = signed_in(anna).get(URL)

    assert listed(response) == [("a", True), ("b", True)]
    assert "First &lt;b&gt;" in response.text


def test_page_without_any_key_says_so(anna):
    assert "Nothing has arrived yet." in signed_in(anna).get(URL).text


def test_chosen_keys_are_stored_in_their_order(anna, account):
    met(account, "a", "b", "c")

    response = signed_in(anna).post(URL, form(order=["c", "a", "b"], shown=["a", "c"]))

    assert response["Location"] == URL
    assert stored(account) == (True, ["c", "a"])
    assert listed(signed_in(anna).get(URL)) == [("c", True), ("a", True), ("b", False)]


def test_all_keys_means_also_those_to_come(anna, account):
    met(account, "a", "b")
    account.customer_keys = ["b"]
    account.save()

    signed_in(anna).post(URL, form(which="all", shown=["b"]))

    assert stored(account) == (True, [])


def test_section_can_be_switched_off(anna, account):
    data = form(which="all")
    del data["show_customer_information"]

    signed_in(anna).post(URL, data)

    assert stored(account) == (False, [])


@pytest.mark.parametrize(
    ("move", "order"),
    [
        ({"up": "b"}, ["b", "a", "c"]),
        ({"down": "b"}, ["a", "c", "b"]),
        ({"up": "a"}, ["a", "b", "c"]),
        ({"down": "c"}, ["a", "b", "c"]),
    ],
)
def test_key_moves_without_javascript_and_nothing_is_stored_yet(
    anna, account, move, order
):
    met(account, "a", "b", "c")

    response = signed_in(anna).post(URL, form(shown=["a", "c"], **move))

    assert response.status_code == 200
    assert listed(response) == [(key, key != "b") for key in order]
    assert stored(account) == (True, [])


@pytest.mark.parametrize(
    "values",
    [
        {"shown": []},
        {"which": "none"},
        {"shown": ["invented"], "order": ["invented"]},
    ],
)
def test_refused_form_stores_nothing(anna, account, values):
    met(account, "a", "b", "c")

    response = signed_in(anna).post(URL, form(**values))

    assert response.status_code == 422
    assert "Nothing was saved." in response.text
    assert stored(account) == (True, [])


def test_invented_and_doubled_keys_do_not_count(anna, account):
    met(account, "a", "b")

    signed_in(anna).post(
        URL, form(order=["x", "b", "b", "a"], shown=["x", "b", "b", "a"], up="y")
    )

    assert stored(account) == (True, ["b", "a"])


def test_limited_agent_and_stranger_find_no_page(account):
    agent = factories.make_agent(account, "Jonas")

    assert signed_in(agent).get(URL).status_code == 404
    assert signed_in(agent).post(URL, form()).status_code == 404
    assert stored(account) == (True, [])


def test_hostile_keys_stay_text(anna, account):
    met(account, '"><script>alert(1)</script>', "{% csrf_token %}")

    assert "<script>alert" not in signed_in(anna).get(URL).text
