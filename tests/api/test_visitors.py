import json
import threading
import uuid
from io import BytesIO
from urllib.parse import quote, unquote

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.urls import resolve

from tests.api.caller import CARD, HIDDEN, fields, make_caller, problem
from tests.factories import make_visitor
from visitors import services
from visitors.events import visitor_updated
from visitors.models import Source, Visitor


def by_user_id(user_id, part=""):
    return f"/visitors/by-user-id/{quote(user_id, safe='')}{part}"


def named(shop, count):
    """Visitors in the order in which the list has them."""
    visitors = [make_visitor(shop.account, name=f"Visitor {n}") for n in range(count)]
    return [str(visitor.public_id) for visitor in reversed(visitors)]


def ids(response):
    return [item["id"] for item in response.json()["items"]]


def stamp(moment):
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_visitor_is_read(shop):
    visitor = make_visitor(shop.account, name="Sofia", email="sofia@example.net")
    services.update_contact(visitor=visitor, source=Source.AGENT, name="Sofia L.")
    visitor.refresh_from_db()

    response = shop.get(f"/visitors/{visitor.public_id}")

    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert response.json() == {
        "id": str(visitor.public_id),
        "user_id": None,
        "verified": False,
        "name": "Sofia L.",
        "email": "sofia@example.net",
        "phone": None,
        "sources": {"name": "agent", "email": "form", "phone": None},
        "language": "en",
        "first_seen_at": stamp(visitor.created_at),
        "last_seen_at": stamp(visitor.last_seen_at),
    }


def test_merged_visitor_is_answered_with_the_profile(shop):
    kept = make_visitor(shop.account, name="Kept")
    merged = make_visitor(shop.account, name="Merged")
    Visitor.objects.filter(pk=merged.pk).update(merged_into=kept)

    response = shop.get(f"/visitors/{merged.public_id}")

    assert response.json()["id"] == str(kept.public_id)
    assert ids(shop.get("/visitors")) == [str(kept.public_id)]


def test_list_goes_page_by_page(shop):
    expected = named(shop, 5)

    found, cursor = [], ""
    for _page in range(3):
        response = shop.get(f"/visitors?limit=2&cursor={quote(cursor)}")
        found.append(ids(response))
        cursor = response.json()["next_cursor"]

    assert found == [expected[:2], expected[2:4], expected[4:]]
    assert cursor is None


def test_those_who_share_an_address_come_page_by_page_too(shop):
    expected = [
        str(make_visitor(shop.account, email="office@example.net").public_id)
        for _ in range(3)
    ][::-1]
    named(shop, 2)

    first = shop.get("/visitors?email=office@example.net&limit=2")
    cursor = quote(first.json()["next_cursor"])
    rest = shop.get(f"/visitors?email=office@example.net&limit=2&cursor={cursor}")

    assert (ids(first), ids(rest)) == (expected[:2], expected[2:])
    assert rest.json()["next_cursor"] is None


def test_list_goes_on_where_it_was_when_visitors_come_and_go(shop):
    expected = named(shop, 4)
    cursor = shop.get("/visitors?limit=2").json()["next_cursor"]
    make_visitor(shop.account)
    Visitor.objects.get(public_id=expected[1]).delete()

    response = shop.get(f"/visitors?limit=2&cursor={quote(cursor)}")

    assert ids(response) == expected[2:]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("email=sofia@example.net", ["Sofia"]),
        ("email=SOFIA@Example.NET", ["Sofia"]),
        ("email=sofia@example.net&user_id=c-1", ["Sofia"]),
        ("email=sofia@example.net&user_id=c-2", []),
        ("user_id=c-2", ["Piet"]),
        ("user_id=C-2", []),
        ("email=%25", []),
        ("email=sofia@example.net'%20OR%201=1--", []),
        ("user_id=')%20OR%201=1--", []),
        ("email=", ["Piet", "Sofia"]),
        ("user_id=", ["Piet", "Sofia"]),
    ],
)
def test_list_finds_by_email_and_user_id(shop, query, found):
    for name, user_id in (("Sofia", "c-1"), ("Piet", "c-2")):
        shop.put(by_user_id(user_id), {"name": name, "email": f"{name}@example.net"})

    response = shop.get(f"/visitors?{query}")

    assert [item["name"] for item in response.json()["items"]] == found


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("limit=0", ["limit"]),
        ("limit=101", ["limit"]),
        ("limit=x", ["limit"]),
        ("limit=1.5", ["limit"]),
        (f"limit={'9' * 400}", ["limit"]),
        ("limit=", ["limit"]),
        ("cursor=x", ["cursor"]),
        ("cursor=7", ["cursor"]),
        ("cursor=%00", ["cursor"]),
        (f"cursor={'x' * 501}", ["cursor"]),
        ("email=%00", ["email"]),
        ("user_id=%00", ["user_id"]),
        (f"email={'x' * 300}", ["email"]),
        ("emial=sofia@example.net", ["emial"]),
        ("email__startswith=s", ["email__startswith"]),
        ("account=1&order_by=password", ["account", "order_by"]),
    ],
)
def test_list_refuses_what_it_does_not_understand(shop, query, wrong):
    assert fields(shop.get(f"/visitors?{query}")) == wrong


def test_cursor_of_something_else_is_refused(shop):
    from supportdesk.core.sealing import seal

    assert fields(shop.get(f"/visitors?cursor={seal('7')}")) == ["cursor"]
    assert fields(shop.get(f"/visitors?cursor={seal('secret:7')}")) == ["cursor"]


def test_lists_and_reads_cost_the_same_however_many(shop, django_assert_num_queries):
    visitor = make_visitor(shop.account, name="Sofia", email="a@example.net")
    shop.get("/visitors")
    paths = ["/visitors", "/visitors?email=a@example.net&user_id=c-1"]
    paths += [f"/visitors/{visitor.public_id}"]

    for path in paths:
        with django_assert_num_queries(2):
            shop.get(path)
    for _ in range(3):
        make_visitor(shop.account, name="Sofia", email="a@example.net")
    for path in paths:
        with django_assert_num_queries(2):
            shop.get(path)


def test_visitor_is_changed(shop, django_capture_on_commit_callbacks):
    visitor = make_visitor(shop.account, name="Sofia")
    events = []

    def receive(event, **kwargs):
        events.append(event)

    visitor_updated.connect(receive)
    with django_capture_on_commit_callbacks(execute=True):
        response = shop.patch(
            f"/visitors/{visitor.public_id}",
            {"email": "sofia@example.net", "phone": "+49 171 5550148"},
        )
    visitor_updated.disconnect(receive)

    content = response.json()
    visitor.refresh_from_db()
    assert response.status_code == 200
    assert (visitor.name, visitor.email, visitor.phone) == (
        "Sofia",
        "sofia@example.net",
        "+49 171 5550148",
    )
    assert (content["name"], content["email"], content["phone"]) == (
        "Sofia",
        "sofia@example.net",
        "+49 171 5550148",
    )
    assert content["sources"] == {"name": "form", "email": "api", "phone": "api"}
    assert [event.visitor_id for event in events] == [visitor.pk]


def test_null_and_empty_clear_what_the_api_said(shop):
    visitor = make_visitor(shop.account)
    path = f"/visitors/{visitor.public_id}"
    shop.patch(path, {"name": "S", "email": "s@example.net", "phone": "030 123"})

    response = shop.patch(path, {"email": None, "phone": " "})

    content = response.json()
    assert (content["name"], content["email"], content["phone"]) == ("S", None, None)
    assert content["sources"] == {"name": "api", "email": None, "phone": None}


def test_what_people_said_weighs_more(shop):
    visitor = make_visitor(shop.account, name="Typed by the visitor")

    response = shop.patch(f"/visitors/{visitor.public_id}", {"name": "Of the shop"})

    assert response.json()["name"] == "Typed by the visitor"
    assert response.json()["sources"]["name"] == "form"


def test_user_id_is_given_and_taken(shop):
    visitor = make_visitor(shop.account, name="Sofia")
    path = f"/visitors/{visitor.public_id}"

    given = shop.patch(path, {"user_id": "c-1"}).json()
    taken = shop.patch(path, {"user_id": None}).json()

    assert (given["user_id"], given["verified"]) == ("c-1", True)
    assert (taken["user_id"], taken["verified"]) == (None, False)
    visitor.refresh_from_db()
    assert visitor.user_id == ""


def test_user_id_of_another_visitor_is_a_conflict(shop, stranger):
    shop.put(by_user_id("c-1"), {"name": "Sofia"})
    stranger.put(by_user_id("c-2"), {"name": "Of another account"})
    visitor = make_visitor(shop.account, name="Piet")
    path = f"/visitors/{visitor.public_id}"

    response = shop.patch(path, {"user_id": "c-1", "name": "Changed"})

    assert problem(response) == (409, "conflict")
    assert list(response.json()["error"]["fields"]) == ["user_id"]
    assert shop.get(path).json()["name"] == "Piet"
    assert shop.patch(path, {"user_id": "c-2"}).status_code == 200


def test_customer_is_created_then_changed(shop):
    created = shop.put(by_user_id("customer-1042"), {"name": "Sofia"})
    changed = shop.put(by_user_id("customer-1042"), {"email": "sofia@example.net"})
    again = shop.put(by_user_id("customer-1042"), {})

    visitor = Visitor.objects.get()
    content = created.json()
    assert [r.status_code for r in (created, changed, again)] == [201, 200, 200]
    assert shop.get(by_user_id("customer-1042")).json() == again.json()
    assert shop.get(by_user_id("customer-1043")).status_code == 404
    assert (visitor.account, visitor.user_id) == (shop.account, "customer-1042")
    assert (content["name"], content["user_id"], content["verified"]) == (
        "Sofia",
        "customer-1042",
        True,
    )
    assert content["sources"]["name"] == "api"
    assert content["last_seen_at"] is None
    assert changed.json() == again.json()
    assert again.json()["name"] == "Sofia"
    assert again.json()["email"] == "sofia@example.net"


def test_customer_ids_of_two_accounts_are_two_people(shop, stranger):
    shop.put(by_user_id("c-1"), {"name": "Sofia"})

    response = stranger.put(by_user_id("c-1"), {"name": "Piet"})

    assert response.status_code == 201
    assert [item["name"] for item in shop.get("/visitors").json()["items"]] == ["Sofia"]


@pytest.mark.parametrize(
    "user_id",
    [
        "a/b",
        "a/customer",
        "customer",
        "/",
        "a//b",
        "ä ö?#&=%",
        "%2F",
        "100%25",
        "日本",
        "a@example.net",
        "' OR 1=1--",
        "x" * 255,
    ],
)
def test_customer_id_is_percent_encoded_in_the_path(shop, user_id):
    items = {"items": {"tariff": "Pro"}}

    created = handed_over(shop, "PUT", by_user_id(user_id), {"name": "Sofia"})
    stored = handed_over(shop, "PUT", by_user_id(user_id, "/customer"), items)
    read = handed_over(shop, "GET", by_user_id(user_id, "/customer"))

    assert [r.status_code for r in (created, stored, read)] == [201, 200, 200]
    assert json.loads(created.content)["user_id"] == user_id
    assert Visitor.objects.get().user_id == user_id


def handed_over(caller, method, path, body=None):
    """A request as our server hands it over: with the path as it was sent, too."""
    content = json.dumps(body).encode()
    headers = {"content-type": "application/json", "content-length": len(content)}
    headers["authorization"] = f"Bearer {caller.token}"
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(f"/api/v1{path}"),
        "raw_path": f"/api/v1{path}".encode(),
        "query_string": b"",
        "headers": [(k.encode(), str(v).encode()) for k, v in headers.items()],
    }
    request = ASGIRequest(scope, BytesIO(content))
    found = resolve(request.path_info)
    return found.func(request, *found.args, **found.kwargs)


@pytest.mark.parametrize(
    "user_id",
    [
        "",
        " ",
        " a",
        "a ",
        "a\nb",
        "a\x00b",
        "\u202ea",
        "x" * 256,
        CARD,
        "a  b",
        "\ufffd",
    ],
)
def test_impossible_customer_ids_are_refused(shop, user_id):
    response = shop.put(by_user_id(user_id), {"name": "Sofia"})

    assert response.status_code == (422 if user_id else 404)
    assert "4111" not in response.content.decode()
    assert not Visitor.objects.exists()
    assert problem(shop.get(by_user_id(user_id, "/customer"))) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"email": "sofia"}, ["email"]),
        ({"email": "sofia@"}, ["email"]),
        ({"email": "a@example.net, b@example.net"}, ["email"]),
        ({"email": "a@example.net\r\nBcc: b@example.net"}, ["email"]),
        ({"email": f"{'x' * 250}@example.net"}, ["email"]),
        ({"email": "4111111111111111@example.net"}, ["email"]),
        ({"email": ["a@example.net"]}, ["email"]),
        ({"phone": "call me"}, ["phone"]),
        ({"phone": "+"}, ["phone"]),
        ({"phone": "12"}, ["phone"]),
        ({"phone": "<b>030 123</b>"}, ["phone"]),
        ({"phone": "0" * 51}, ["phone"]),
        ({"phone": CARD}, ["phone"]),
        ({"phone": 30123456}, ["phone"]),
        ({"name": 7}, ["name"]),
        ({"name": "x" * 256}, ["name"]),
        ({"name": "x" * 60_000}, ["name"]),
        ({"name": {"first": "Sofia"}}, ["name"]),
        ({"name": 10**400}, ["name"]),
        ({"name": "\ud800"}, ["name"]),
        ({"name": "S", "email": "x", "phone": "y"}, ["email", "phone"]),
        ({"account": 7, "role": "owner"}, ["account", "role"]),
        ({"name') OR 1=1--": "x"}, ["name') OR 1=1--"]),
        ({"id": str(uuid.uuid4())}, ["id"]),
        ({CARD: "x"}, [HIDDEN]),
        ({"\ud800": "x"}, ["body"]),
        ({"": "x"}, ["body"]),
        ([], ["body"]),
        ("text", ["body"]),
        (7, ["body"]),
    ],
)
def test_invalid_bodies_are_named_and_store_nothing(shop, body, wrong):
    visitor = make_visitor(shop.account, name="Sofia")
    before = list(Visitor.objects.values())

    changed = shop.patch(f"/visitors/{visitor.public_id}", body)
    created = shop.put(by_user_id("new"), body)

    assert fields(changed) == fields(created) == wrong
    for response in (changed, created):
        assert "4111" not in response.content.decode().replace(HIDDEN, "")
    assert list(Visitor.objects.values()) == before


@pytest.mark.parametrize("encoded", ["%ff", "%ED%A0%80", "a%FFb"])
def test_customer_id_that_is_no_text_is_refused(shop, encoded):
    response = handed_over(shop, "PUT", f"/visitors/by-user-id/{encoded}", {})

    assert response.status_code == 422
    assert not Visitor.objects.exists()


def test_user_id_in_the_body_of_a_customer_is_refused(shop):
    assert fields(shop.put(by_user_id("c-1"), {"user_id": "c-2"})) == ["user_id"]


@pytest.mark.parametrize("user_id", [" a", "a\nb", "x" * 256, CARD, 7, ["a"]])
def test_invalid_user_id_in_a_change_is_refused(shop, user_id):
    visitor = make_visitor(shop.account)

    response = shop.patch(f"/visitors/{visitor.public_id}", {"user_id": user_id})

    assert fields(response) == ["user_id"]


def test_hostile_text_is_cleaned_and_comes_back_as_text(shop):
    name = f"<img src=x onerror=alert(1)> \x00\u202e{CARD}"

    content = shop.put(by_user_id("c-1"), {"name": name}).json()

    assert content["name"] == f"<img src=x onerror=alert(1)> {HIDDEN}"
    assert Visitor.objects.get().name == content["name"]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_profile():
    shop = make_caller()
    together = threading.Barrier(4)
    answers = []

    def put(number):
        together.wait(10)
        try:
            body = {"phone": f"030 12345{number}"}
            response = shop.put(by_user_id("c-1"), body)
            answers.append(response.status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=put, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(answers) == [200, 200, 200, 201]
    assert Visitor.objects.get().phone.startswith("030 12345")
