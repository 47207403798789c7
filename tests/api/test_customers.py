import json

import pytest

from tests.api.caller import CARD, HIDDEN, fields, problem
from tests.factories import make_visitor
from visitors import services
from visitors.customer import parse_items
from visitors.models import CustomerInformation, Source, Visitor

PRO = {"tariff": {"label": "Tariff", "value": "Pro"}}


@pytest.fixture
def visitor(shop):
    visitor = make_visitor(shop.account, name="Sofia")
    return services.update_from_shop(visitor=visitor, user_id="c/1")


@pytest.fixture(params=["id", "user_id"])
def path(request, visitor):
    """The same information under both addresses."""
    if request.param == "id":
        return f"/visitors/{visitor.public_id}/customer"
    return "/visitors/by-user-id/c%2F1/customer"


def stored(visitor, source=Source.API):
    row = CustomerInformation.objects.filter(visitor=visitor, source=source).first()
    return [(item["key"], item["value"]) for item in row.items] if row else None


def test_nothing_is_known_at_first(shop, path):
    assert shop.get(path).json() == {"items": {}, "changed_at": None}


def test_put_replaces(shop, visitor, path):
    shop.put(path, {"items": {"old": 1}})

    response = shop.put(
        path, {"items": PRO | {"orders": 12, "vip": True, "credit": 1.5, "empty": ""}}
    )

    assert response.status_code == 200
    assert response.json()["items"] == PRO | {
        "orders": {"label": "", "value": 12},
        "vip": {"label": "", "value": True},
        "credit": {"label": "", "value": 1.5},
        "empty": {"label": "", "value": ""},
    }
    assert shop.get(path).json() == response.json()
    assert stored(visitor) == [
        ("tariff", "Pro"),
        ("orders", 12),
        ("vip", True),
        ("credit", 1.5),
        ("empty", ""),
    ]


def test_what_was_read_can_be_written_back(shop, path):
    shop.put(path, {"items": PRO | {"orders": 12}})
    read = shop.get(path).json()

    again = shop.put(path, {"items": read["items"]})

    assert again.json() == read


def test_patch_merges_and_null_takes_away(shop, visitor, path):
    shop.put(path, {"items": {"tariff": "Pro", "orders": 12, "vip": True}})

    response = shop.patch(path, {"items": {"orders": 13, "vip": None, "new": "x"}})

    assert response.status_code == 200
    assert stored(visitor) == [("tariff", "Pro"), ("orders", 13), ("new", "x")]


def test_delete_takes_all_of_it(shop, visitor, path):
    shop.put(path, {"items": PRO})

    response = shop.delete(path)

    assert (response.status_code, response.content) == (204, b"")
    assert stored(visitor) == []
    assert shop.delete(path).status_code == 204


def test_the_page_writes_elsewhere(shop, visitor, path):
    items, _left_out = parse_items({"tariff": "Free", "page": "said"})
    services.set_customer_information(
        visitor=visitor, source=Source.PAGE, items=items, replace=True
    )

    shop.put(path, {"items": PRO})
    shop.delete(path)

    assert shop.get(path).json()["items"] == {}
    assert stored(visitor, Source.PAGE) == [("tariff", "Free"), ("page", "said")]


def test_card_numbers_are_hidden(shop, visitor, path):
    body = {
        "items": {
            "note": CARD,
            CARD: "x",
            "paid": {"label": f"Card {CARD}", "value": 4111111111111111},
        }
    }

    responses = [shop.put(path, body), shop.get(path)]

    for response in responses:
        text = response.content.decode()
        assert response.status_code == 200
        assert "4111" not in text
        assert response.json()["items"]["note"]["value"] == HIDDEN
    assert "4111" not in json.dumps(CustomerInformation.objects.get().items)


@pytest.mark.parametrize(
    ("items", "wrong"),
    [
        ({"a": [1]}, ["items.a"]),
        ({"a": {"b": {"c": 1}}}, ["items.a"]),
        ({"a": {"label": "x"}}, ["items.a"]),
        ({"a": "x" * 1001}, ["items.a"]),
        ({"k" * 65: 1}, [f"items.{'k' * 64}"]),
        ({"a": {"label": "l" * 101, "value": 1}}, ["items.a"]),
        ({"a": 10**400}, ["items.a"]),
        ({"a": 10**18}, ["items.a"]),
        ({"a": 1, "b": [], "c": {}}, ["items.b", "items.c"]),
        ({"": 1}, ["items."]),
        ({"\x00": 1}, ["items."]),
        ({CARD: []}, [f"items.{HIDDEN}"]),
        ({f"k{n}": n for n in range(101)}, ["items.k100"]),
        ({f"k{n}": "x" * 900 for n in range(35)}, ["items.k34"]),
        ([], ["items"]),
        ("x", ["items"]),
        (None, ["items"]),
    ],
    ids=lambda value: str(value)[:30],
)
@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
def test_what_does_not_fit_is_named_and_nothing_stored(
    shop, visitor, path, verb, items, wrong
):
    shop.put(path, {"items": PRO})

    response = shop(verb, path, {"items": items})

    assert fields(response) == wrong
    assert "4111" not in response.content.decode().replace(HIDDEN, "")
    assert stored(visitor) == [("tariff", "Pro")]


def test_sum_of_several_changes_is_limited_too(shop, visitor, path):
    shop.put(path, {"items": {f"k{n}": n for n in range(100)}})

    response = shop.patch(path, {"items": {"one": "more"}})

    assert fields(response) == ["items"]
    assert len(stored(visitor)) == 100


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ["items"]),
        ({"tariff": "Pro"}, ["items", "tariff"]),
        ({"items": {}, "source": "agent"}, ["source"]),
        ([], ["body"]),
    ],
)
def test_bodies_of_another_shape_are_refused(shop, path, body, wrong):
    assert fields(shop.put(path, body)) == wrong


@pytest.mark.parametrize(
    "key", ["x') OR 1=1--", "a->>'b'", "__proto__", "{{7*7}}", "%s"]
)
def test_odd_keys_are_text_like_any(shop, visitor, path, key):
    response = shop.put(path, {"items": {key: key}})

    assert response.json()["items"] == {key: {"label": "", "value": key}}
    assert stored(visitor) == [(key, key)]


def test_halves_of_characters_are_taken_out(shop, visitor, path):
    response = shop.put(path, {"items": {"k\ud800": "x\ud800y\x00"}})

    assert response.json()["items"] == {"k": {"label": "", "value": "xy"}}
    assert fields(shop.put(path, {"items": {"\ud800": 1}})) == ["items."]
    assert stored(visitor) == [("k", "xy")]


@pytest.mark.parametrize("verb", ["GET", "PUT", "PATCH", "DELETE"])
def test_nobody_is_nobody(shop, verb):
    make_visitor(shop.account)
    for unknown in (
        "/visitors/8f14e45f-ceea-4670-a5b1-6d9d6a4a3f0e/customer",
        "/visitors/by-user-id/nobody/customer",
    ):
        response = shop(verb, unknown, {"items": PRO})

        assert problem(response) == (404, "not_found")
    assert not CustomerInformation.objects.exists()
    assert Visitor.objects.count() == 1


def test_cost_does_not_grow_with_what_is_known(shop, path, django_assert_num_queries):
    shop.put(path, {"items": {"k": 1}})
    with django_assert_num_queries(3):
        shop.get(path)
    shop.put(path, {"items": {f"k{n}": n for n in range(100)}})
    with django_assert_num_queries(3):
        shop.get(path)
