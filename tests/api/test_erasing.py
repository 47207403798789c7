import json
import logging

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application

from conversations.models import Conversation, Message
from supportdesk.accounts.models import ApiToken
from supportdesk.api import streams
from tests.api.caller import CARD, make_caller, problem
from tests.factories import make_conversation, make_visitor, visitor_writes
from visitors import services
from visitors.models import CustomerInformation, Visitor


@pytest.fixture
def visitor(shop):
    visitor = make_visitor(shop.account, name="Sofia", email="sofia@example.net")
    return services.update_from_shop(visitor=visitor, user_id="c-1")


def test_visitor_is_erased_with_all_there_is(shop, visitor, caplog):
    caplog.set_level(logging.INFO)
    make_conversation(visitor=visitor, account=shop.account)
    bystander = make_conversation(account=shop.account)
    path = f"/visitors/{visitor.public_id}"
    shop.put(f"{path}/customer", {"items": {"tariff": "Pro"}})

    response = shop.delete(path)

    assert (response.status_code, response.content) == (204, b"")
    assert list(Visitor.objects.all()) == [bystander.visitor]
    assert list(Conversation.objects.all()) == [bystander]
    assert Message.objects.filter(by_visitor=True).count() == 1
    assert not CustomerInformation.objects.exists()
    token = ApiToken.objects.get()
    assert f"visitor {visitor.pk} erased by API token {token.pk}" in caplog.text
    assert "Sofia" not in caplog.text
    assert problem(shop.get(path)) == (404, "not_found")
    assert problem(shop.delete(path)) == (404, "not_found")


def test_visitor_erased_meanwhile_is_not_found(shop, visitor, monkeypatch):
    from supportdesk.api import visitors

    monkeypatch.setattr(visitors, "visitor_of", lambda request, visitor_id: visitor)
    Visitor.objects.all().delete()
    path = f"/visitors/{visitor.public_id}"

    assert problem(shop.delete(path)) == (404, "not_found")
    assert problem(shop.patch(path, {"name": "S"})) == (404, "not_found")


def test_part_of_a_profile_stands_for_the_whole(shop, visitor):
    merged = make_visitor(shop.account, name="Merged")
    Visitor.objects.filter(pk=merged.pk).update(merged_into=visitor)

    changed = shop.patch(f"/visitors/{merged.public_id}", {"phone": "030 123"})
    response = shop.delete(f"/visitors/{merged.public_id}")

    assert changed.json()["id"] == str(visitor.public_id)
    assert response.status_code == 204
    assert not Visitor.objects.exists()


def test_profile_merged_while_it_was_looked_up_is_followed(shop, visitor):
    kept = make_visitor(shop.account)
    Visitor.objects.filter(pk=visitor.pk).update(merged_into=kept)

    changed = services.update_from_shop(visitor=visitor, phone="030 123")

    kept.refresh_from_db()
    visitor.refresh_from_db()
    assert changed == kept
    assert (kept.phone, visitor.phone) == ("030 123", "")


def test_visitor_is_exported(shop, visitor):
    conversation = make_conversation(visitor=visitor, account=shop.account)
    visitor_writes(conversation, f"My card is {CARD}")
    shop.put("/visitors/by-user-id/c-1/customer", {"items": {"tariff": "Pro"}})

    response = shop.get(f"/visitors/{visitor.public_id}/export")

    text = response.getvalue().decode()
    content = json.loads(text)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Disposition"] == (
        f'attachment; filename="visitor-{visitor.public_id}.json"'
    )
    assert content["profile"]["email"] == "sofia@example.net"
    assert content["profile"]["customer"][0]["items"][0]["value"] == "Pro"
    assert len(content["conversations"][0]["messages"]) == 3
    assert CARD not in text


def test_long_answers_come_in_pieces(monkeypatch):
    monkeypatch.setattr(streams, "PIECE", 4)

    assert list(streams._larger(["a", "bcd", "ef", "gh", "i"])) == ["abcd", "efgh", "i"]
    assert "".join(streams._larger([])) == ""


@pytest.mark.django_db(transaction=True)
async def test_export_is_streamed_by_the_server(kept, monkeypatch):
    """Through Django's ASGI handler, which collects what it cannot await."""
    monkeypatch.setattr(streams, "PIECE", 200)
    shop, visitor_id = kept

    start, *parts = await _asked(shop, f"/visitors/{visitor_id}/export")

    content = json.loads(b"".join(part.get("body", b"") for part in parts))
    assert start["status"] == 200
    assert len([part for part in parts if part.get("body")]) > 2
    assert content["profile"]["name"] == "Sofia"
    assert len(content["conversations"]) == 1


@pytest.fixture
def kept(transactional_db):
    shop = make_caller()
    visitor = make_visitor(shop.account, name="Sofia")
    make_conversation(visitor=visitor, account=shop.account)
    return shop, visitor.public_id


async def _asked(shop, path):
    server = ApplicationCommunicator(
        get_asgi_application(),
        {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "path": f"/api/v1{path}",
            "raw_path": f"/api/v1{path}".encode(),
            "query_string": b"",
            "headers": [
                (b"host", b"testserver"),
                (b"authorization", f"Bearer {shop.token}".encode()),
            ],
        },
    )
    await server.send_input({"type": "http.request", "body": b""})
    found = [await server.receive_output(5), await server.receive_output(5)]
    while found[-1].get("more_body"):
        found.append(await server.receive_output(5))
    await server.wait(5)
    return found
