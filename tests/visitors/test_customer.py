import json
import math

import pytest
from django.utils.translation import override

from tests.factories import make_account, make_visitor
from visitors.customer import (
    MAX_BYTES,
    CustomerItem,
    ShownItem,
    parse_items,
    read_customer,
    size_of,
)
from visitors.events import visitor_updated
from visitors.exceptions import VisitorError
from visitors.models import CustomerInformation, Source
from visitors.services import not_taken, set_customer_information

CARD = "4111 1111 1111 1111"
HIDDEN = "[card ····1111]"


def parsed(raw):
    """Key, label and value of what is taken."""
    items, left_out = parse_items(raw)
    return [(item.key, item.label, item.value) for item in items], left_out


@pytest.fixture
def visitor(db):
    return make_visitor(make_account())


@pytest.fixture
def events():
    seen = []

    def receive(event, **kwargs):
        seen.append(event)

    visitor_updated.connect(receive)
    yield seen
    visitor_updated.disconnect(receive)


def keep(visitor, raw, source=Source.PAGE, replace=False):
    items, left_out = parse_items(raw)
    assert left_out == []
    return set_customer_information(
        visitor=visitor, source=source, items=items, replace=replace
    )


def stored(visitor, source=Source.PAGE):
    row = CustomerInformation.objects.get(visitor=visitor, source=source)
    return {item["key"]: item["value"] for item in row.items}


def test_flat_and_labelled_entries_are_taken():
    taken, left_out = parsed(
        {
            "orders": 12,
            "plan": {"label": "Your plan", "value": "Gold"},
            "vip": True,
            "score": -0.5,
            "empty": "",
            "gone": None,
        }
    )

    assert taken == [
        ("orders", "", 12),
        ("plan", "Your plan", "Gold"),
        ("vip", "", True),
        ("score", "", -0.5),
        ("empty", "", ""),
        ("gone", "", None),
    ]
    assert left_out == []
    assert taken[2][2] is True


@pytest.mark.parametrize("raw", [None, [], "text", 7, True, [["a", 1]], {"a"}])
def test_what_is_no_object_is_refused(raw):
    with pytest.raises(VisitorError):
        parse_items(raw)


@pytest.mark.parametrize(
    "value",
    [
        [],
        ["a"],
        {},
        {"label": "without value"},
        {"label": "x", "value": ["a"]},
        {"label": "x", "value": {"value": 1}},
        {"label": 7, "value": 1},
        {"label": ["x"], "value": 1},
        {"label": "x", "value": 1, "more": 2},
        {"a": {"b": {"c": 1}}},
        math.nan,
        math.inf,
        -math.inf,
        pytest.param(10**400, id="giant"),
        -(10**18),
        1e300,
        b"bytes",
        pytest.param("x" * 1001, id="too long"),
        pytest.param("x" * 1_000_000, id="megabyte"),
        pytest.param(" " * 1_000_000, id="megabyte of nothing"),
        {"label": "x" * 101, "value": 1},
    ],
)
def test_what_does_not_fit_is_left_out_by_name(value):
    taken, left_out = parsed({"first": 1, "odd": value, "last": 2})

    assert taken == [("first", "", 1), ("last", "", 2)]
    assert left_out == ["odd"]


@pytest.mark.parametrize("key", ["k" * 65, "k" * 100_000], ids=len)
def test_a_long_key_is_left_out_and_named_in_short(key):
    assert parsed({key: 1}) == ([], ["k" * 64])


@pytest.mark.parametrize("key", ["", " ", "\x00", "\u202e", "\ud800", 7, None, ("a",)])
def test_a_key_without_a_name_is_left_out(key):
    assert parsed({key: 1}) == ([], [""])


def test_limits_themselves_are_within():
    key, label, value = "k" * 64, "l" * 100, "v" * 1000

    assert parsed({key: {"label": label, "value": value}}) == (
        [(key, label, value)],
        [],
    )
    assert parsed({"big": 10**18 - 1}) == ([("big", "", 10**18 - 1)], [])


def test_deep_nesting_is_left_out():
    deep = []
    for _level in range(10_000):
        deep = [deep]

    assert parsed({"deep": deep, "label": {"label": "x", "value": deep}}) == (
        [],
        ["deep", "label"],
    )


def test_ten_thousand_keys_leave_the_first_hundred():
    items, left_out = parse_items({f"key{number}": number for number in range(10_000)})

    assert [item.key for item in items] == [f"key{number}" for number in range(100)]
    assert left_out == [f"key{number}" for number in range(100, 200)]


def test_together_they_stay_within_32_kilobytes():
    items, left_out = parse_items({f"key{number}": "ü" * 1000 for number in range(100)})

    size = sum(size_of(item.stored) for item in items)
    assert size <= MAX_BYTES < size + size_of(items[0].stored)
    assert len(items) + len(left_out) == 100


def test_texts_are_cleaned():
    assert parsed(
        {
            " na\x00me\u202e ": {
                "label": "La\ud800bel\r\n\u2066two",
                "value": "one\n\ttwo\x1b[31m\x7f",
            }
        }
    ) == ([("name", "Label two", "one two[31m")], [])


def test_keys_that_become_the_same_are_taken_once():
    taken, left_out = parsed({"plan": 1, " plan": 2, "plan\u202e": 3})

    assert taken == [("plan", "", 1)]
    assert left_out == ["plan", "plan"]


def test_card_numbers_are_hidden_in_keys_labels_and_values():
    taken, left_out = parsed(
        {
            f"card {CARD}": "a",
            "label": {"label": CARD, "value": "b"},
            "text": f"pays with {CARD}",
            "number": 4111111111111111,
            "float": 4111111111111111.0,
            "fullwidth": "\uff14" + "\uff11" * 15,
        }
    )

    assert taken == [
        (f"card {HIDDEN}", "", "a"),
        ("label", HIDDEN, "b"),
        ("text", "", f"pays with {HIDDEN}"),
        ("number", "", HIDDEN),
        ("float", "", HIDDEN),
        ("fullwidth", "", HIDDEN),
    ]
    assert left_out == []


def test_a_card_number_in_what_is_left_out_is_not_named():
    _taken, left_out = parsed({CARD: []})

    assert left_out == [HIDDEN]


def test_order_numbers_stay():
    taken, _left_out = parsed(
        {
            "order_id": 4111111111111111,
            "order": {"label": "Order number", "value": "4111111111111111"},
        }
    )

    assert [value for _key, _label, value in taken] == [
        4111111111111111,
        "4111111111111111",
    ]


def test_markup_is_text():
    evil = "<img src=x onerror=alert(1)>{{constructor}}"

    assert parsed({evil: {"label": evil, "value": evil}}) == ([(evil, evil, evil)], [])


def test_it_is_stored_by_source(visitor):
    keep(visitor, {"plan": "Free", "score": 0.25, "vip": False})
    keep(visitor, {"plan": "Gold"}, Source.API)

    assert stored(visitor) == {"plan": "Free", "score": 0.25, "vip": False}
    assert stored(visitor, Source.API) == {"plan": "Gold"}


def test_merging_adds_changes_and_takes_away(visitor):
    keep(visitor, {"a": 1, "b": 2, "c": 3})

    row = keep(visitor, {"b": "two", "d": 4, "a": None, "never": None})

    assert [(item["key"], item["value"]) for item in row.items] == [
        ("b", "two"),
        ("c", 3),
        ("d", 4),
    ]


def test_replacing_forgets_the_rest(visitor):
    keep(visitor, {"a": 1, "b": 2}, Source.API)

    keep(visitor, {"b": 3, "a": None}, Source.API, replace=True)

    assert stored(visitor, Source.API) == {"b": 3}


def test_a_change_is_told_once(visitor, events, django_capture_on_commit_callbacks):
    for raw in ({"n": 1}, {"n": 1}, {"n": True}, {"n": 1.0}, {}, {"x": None}):
        with django_capture_on_commit_callbacks(execute=True):
            keep(visitor, raw)

    assert [(event.visitor_id, event.sections) for event in events] == [
        (visitor.pk, ("customer",))
    ] * 3


@pytest.mark.parametrize("number", [1e17, 1e-7, 0.1, 5e-324, -0.0, 123456789.125])
def test_the_same_number_is_no_change(
    visitor, events, number, django_capture_on_commit_callbacks
):
    for _time in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            keep(visitor, {"n": number})

    assert len(events) == 1
    assert stored(visitor) == {"n": number}


def test_nothing_said_is_nothing_stored(visitor):
    keep(visitor, {})

    assert not CustomerInformation.objects.exists()


def test_a_page_fills_its_list_and_no_more(visitor):
    keep(visitor, {f"key{number}": 1 for number in range(99)})
    items, _none = parse_items({"key0": 2, "new": 3, "over": 4})

    row = set_customer_information(
        visitor=visitor, source=Source.PAGE, items=items, replace=False
    )

    assert len(row.items) == 100
    assert not_taken(row, items) == ["over"]
    assert stored(visitor)["key0"] == 2


def test_a_page_does_not_grow_beyond_32_kilobytes(visitor):
    for start in range(0, 60, 20):
        items, _none = parse_items(
            {f"key{number}": "x" * 1000 for number in range(start, start + 20)}
        )
        row = set_customer_information(
            visitor=visitor, source=Source.PAGE, items=items, replace=False
        )

    assert sum(map(size_of, row.items)) <= MAX_BYTES
    # What stands may always become shorter.
    assert keep(visitor, {"key0": "short"}).items[0]["value"] == "short"


def test_a_server_is_told_what_does_not_fit(visitor):
    keep(visitor, {f"key{number}": 1 for number in range(100)}, Source.API)

    with pytest.raises(VisitorError, match="one_more"):
        keep(visitor, {"key0": 2, "one_more": 1}, Source.API)

    assert stored(visitor, Source.API)["key0"] == 1


def test_the_card_believes_the_server_first(visitor):
    keep(visitor, {"plan": "Platinum", "page": {"label": "Page", "value": 1}})
    keep(visitor, {"plan": "Gold", "since": 2019}, Source.API)

    assert read_customer(visitor, visitor.account) == [
        ShownItem("plan", "plan", "Gold", Source.API, True),
        ShownItem("since", "since", 2019, Source.API, True),
        ShownItem("page", "Page", 1, Source.PAGE, False),
    ]


def test_the_account_chooses_keys_and_order(visitor):
    account = visitor.account
    account.customer_keys = ["c", "unknown", "a"]
    keep(visitor, {"a": 1, "b": 2, "c": 3})

    assert [item.key for item in read_customer(visitor, account)] == ["c", "a"]


def test_switched_off_nothing_is_read(visitor, django_assert_num_queries):
    account = visitor.account
    account.show_customer_information = False
    keep(visitor, {"a": 1})

    with django_assert_num_queries(0):
        assert read_customer(visitor, account) == []


def test_reading_costs_one_query(visitor, django_assert_num_queries):
    keep(visitor, {"a": 1})
    keep(visitor, {"b": 1}, Source.API)

    with django_assert_num_queries(1):
        assert len(read_customer(visitor, visitor.account)) == 2


def test_an_item_is_stored_as_it_is_read():
    item = CustomerItem("key", "Label", 1)

    assert json.loads(json.dumps(item.stored)) == {
        "key": "key",
        "label": "Label",
        "value": 1,
    }


def test_customer_id_is_named_in_the_readers_language(visitor):
    keep(visitor, {"user_id": "4711"})

    with override("de"):
        (shown,) = read_customer(visitor, visitor.account)

    assert shown.label == "Kundenkennung"
