import json
from datetime import timedelta

import pytest
from django.utils import timezone

from conversations import services
from conversations.belongings import export_visitor
from conversations.exceptions import NotAllowed
from tests.factories import (
    agent_writes,
    make_agent,
    make_conversation,
    make_visitor,
    visitor_writes,
)
from visitors.models import CustomerInformation, PageView, Source, Visit
from visitors.services import block_visitor, save_note

pytestmark = pytest.mark.django_db


def export(visitor, agent):
    return json.loads("".join(export_visitor(visitor, agent)))


def make_visit(visitor):
    now = timezone.now()
    visit = Visit.objects.create(
        visitor=visitor, started_at=now, last_seen_at=now, ip="203.0.113.7", city="Ulm"
    )
    for number in (2, 1):
        at = now + timedelta(seconds=number)
        PageView.objects.create(visit=visit, url=f"https://a.example/{number}", at=at)
    return visit


def test_export_of_somebody_who_only_came_by(account, anna):
    visitor = make_visitor(account)

    content = export(visitor, anna)

    assert content["profile"]["id"] == str(visitor.public_id)
    assert content["profile"]["note"] is None
    lists = ("merged_profiles", "merges", "blocks", "visits", "conversations")
    assert [content[name] for name in lists] == [[], [], [], [], []]


def test_export_holds_the_whole_record(account, anna, upload):
    visitor = make_visitor(account, name="Lena", email="lena@example.com", phone="1")
    conversation = make_conversation(account, visitor=visitor, text="Hello")
    visitor_writes(conversation, "With a picture", uploads=[upload()])
    agent_writes(conversation, anna, "Good morning!")
    services.add_note(conversation_id=conversation.pk, agent=anna, text="Difficult")
    services.resolve_conversation(conversation_id=conversation.pk, agent=anna)
    services.rate_conversation(
        conversation_id=conversation.pk, rating=5, comment="Thank you"
    )
    save_note(visitor=visitor, agent=anna, text="Calls back", version=0)
    items = [{"key": "tier", "label": "Tier", "value": "gold"}]
    CustomerInformation.objects.create(
        visitor=visitor, source=Source.API, items=items, changed_at=timezone.now()
    )
    make_visit(visitor)
    block_visitor(visitor=visitor, agent=anna, reason="Rude")

    content = export(visitor, anna)

    profile = content["profile"]
    assert (profile["name"], profile["name_source"]) == ("Lena", "form")
    assert profile["note"]["text"] == "Calls back"
    assert profile["note"]["agent"]["name"] == "Anna Berger"
    assert profile["customer"][0]["items"] == items
    [visit] = content["visits"]
    assert (visit["ip"], visit["city"]) == ("203.0.113.7", "Ulm")
    assert [page["url"][-1] for page in visit["pages"]] == ["1", "2"]
    assert content["blocks"][0]["reason"] == "Rude"
    [told] = content["conversations"]
    assert told["rating"]["value"] == 5
    assert told["rating"]["comment"] == "Thank you"
    assert told["assignees"] == ["Anna Berger"]
    talk = [entry for entry in told["messages"] if entry["kind"] != "event"]
    assert [(entry["kind"], entry["by"], entry["text"]) for entry in talk] == [
        ("message", "visitor", "Hello"),
        ("message", "visitor", "With a picture"),
        ("message", "agent", "Good morning!"),
        ("note", "agent", "Difficult"),
    ]
    [file] = talk[1]["files"]
    assert (file["name"], file["type"]) == ("hopper.png", "image/png")
    assert file["size"] > 0
    events = [entry["event"] for entry in told["messages"] if entry["kind"] == "event"]
    assert events == ["started", "joined", "resolved", "rated"]


def test_export_holds_what_came_with_merged_profiles(account, anna):
    visitor, part = make_visitor(account), make_visitor(account, name="Lena H.")
    save_note(visitor=part, agent=anna, text="Buys spares", version=0)
    make_conversation(account, visitor=part, text="From the part")
    services.merge_visitors(kept=visitor, merged=part, agent=anna)

    content = export(visitor, anna)

    assert [each["name"] for each in content["merged_profiles"]] == ["Lena H."]
    assert content["merges"][0]["merged"] == str(part.public_id)
    assert len(content["conversations"]) == 1


def test_export_leaks_nothing_of_others(account, anna):
    visitor = make_visitor(account, name="Lena")
    make_conversation(account, visitor=visitor)
    other = make_visitor(account, name="Secret Person", email="secret@example.com")
    make_conversation(account, visitor=other, text="Secret order")
    make_visit(other)
    save_note(visitor=other, agent=anna, text="Secret note", version=0)

    text = "".join(export_visitor(visitor, anna))

    assert "ecret" not in text
    # Nor paths of files, tokens, or keys of rows.
    assert "attachments/" not in text
    assert "token" not in text


@pytest.mark.parametrize(
    "text", ['"}]}', "</script><script>alert(1)</script>", "\u2028\u2029", "ä€😀", "\\"]
)
def test_hostile_text_stays_text(account, anna, text):
    visitor = make_visitor(account, name=f"x{text}")
    make_conversation(account, visitor=visitor, text=f"x{text}")

    content = export(visitor, anna)

    [conversation] = content["conversations"]
    stored = conversation["messages"][1]["text"]
    assert stored.startswith("x")
    assert visitor.name == content["profile"]["name"]


def test_limited_agent_may_not(account):
    visitor = make_visitor(account)

    with pytest.raises(NotAllowed, match="full access"):
        export_visitor(visitor, make_agent(account))


@pytest.mark.parametrize("number", [1, 3])
def test_export_costs_queries_by_conversations_not_by_messages(
    account, anna, number, django_assert_num_queries
):
    visitor = make_visitor(account)
    conversation = make_conversation(account, visitor=visitor)
    for _number in range(number):
        visitor_writes(conversation)
        make_visit(visitor)

    with django_assert_num_queries(11):
        export(visitor, anna)
