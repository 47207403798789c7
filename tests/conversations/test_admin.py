"""Tags and shared canned replies in the admin, written by their services."""

import pytest
from django.contrib.admin.models import LogEntry

from conversations.models import CannedReply, Tag
from conversations.services import (
    create_tag,
    save_canned_reply,
    tag_conversation,
)
from tests.factories import make_account, make_agent, make_conversation, owner_of

pytestmark = pytest.mark.django_db

TAGS, REPLIES = "/admin/conversations/tag/", "/admin/conversations/cannedreply/"


@pytest.fixture
def owner(client):
    owner = owner_of(make_account())
    client.force_login(owner)
    return owner


def test_a_tag_is_made_changed_and_deleted(client, owner):
    client.post(f"{TAGS}add/", {"name": "Repair", "hue": "3", "description": ""})
    tag = Tag.objects.get()
    made = (tag.account, tag.name, tag.hue)
    client.post(f"{TAGS}{tag.pk}/change/", {"name": "Parts", "hue": "4"})
    tag.refresh_from_db()
    client.post(f"{TAGS}{tag.pk}/delete/", {"post": "yes"})

    assert made == (owner.account, "Repair", 3)
    assert (tag.name, tag.hue) == ("Parts", 4)
    assert not Tag.objects.exists()


def test_what_services_refuse_is_said(client, owner):
    tag = create_tag(account=owner.account, name="Repair")
    conversation = make_conversation(owner.account)
    tag_conversation(conversation_id=conversation.pk, tag=tag, agent=owner)

    twice = client.post(f"{TAGS}add/", {"name": "REPAIR", "hue": "3"}, follow=True)
    used = client.post(f"{TAGS}{tag.pk}/delete/", {"post": "yes"}, follow=True)

    assert "There is a tag “Repair” already." in twice.content.decode()
    assert "Conversations have this tag." in used.content.decode()
    assert list(Tag.objects.all()) == [tag]


def test_of_several_tags_those_in_use_stay_and_are_not_counted(client, owner):
    used = create_tag(account=owner.account, name="Used")
    create_tag(account=owner.account, name="Unused")
    conversation = make_conversation(owner.account)
    tag_conversation(conversation_id=conversation.pk, tag=used, agent=owner)
    chosen = {
        "action": "delete_selected",
        "_selected_action": list(Tag.objects.values_list("pk", flat=True)),
    }

    asked = client.post(TAGS, {**chosen, "index": "0"})
    answer = client.post(TAGS, {**chosen, "post": "yes"}, follow=True)

    assert "Delete these entries?" in asked.content.decode()
    assert [str(message) for message in answer.context["messages"]] == [
        "Used: Conversations have this tag. Merge it into another one, or archive it.",
        "1 entry is deleted.",
    ]
    assert list(Tag.objects.all()) == [used]
    assert [entry.object_repr for entry in LogEntry.objects.all()] == ["Unused"]


def test_nothing_is_said_to_be_deleted_when_nothing_was(client, owner):
    used = create_tag(account=owner.account, name="Used")
    conversation = make_conversation(owner.account)
    tag_conversation(conversation_id=conversation.pk, tag=used, agent=owner)

    answer = client.post(
        TAGS,
        {"action": "delete_selected", "_selected_action": used.pk, "post": "yes"},
        follow=True,
    )

    assert len(list(answer.context["messages"])) == 1
    assert not LogEntry.objects.exists()


def test_card_numbers_are_hidden(client, owner):
    card = "4111 1111 1111 1111"

    client.post(f"{TAGS}add/", {"name": card, "hue": "1", "description": card})
    client.post(f"{REPLIES}add/", {"shortcut": "pay", "title": card, "text": card})

    stored = str([*Tag.objects.values(), *CannedReply.objects.values()])
    assert CannedReply.objects.exists()
    assert "4111" not in stored


def test_shared_replies_only(client, owner):
    personal = save_canned_reply(
        agent=make_agent(owner.account), shortcut="mine", text="My own words"
    )
    shared = save_canned_reply(
        agent=owner, shortcut="hello", text="Hello!", is_shared=True
    )

    rows = client.get(REPLIES).context["cl"].result_list
    client.post(f"{REPLIES}{shared.pk}/change/", {"shortcut": "hi", "text": "Hi!"})
    client.post(f"{REPLIES}{personal.pk}/change/", {"shortcut": "x", "text": "Taken"})
    client.post(f"{REPLIES}{personal.pk}/delete/", {"post": "yes"})

    assert list(rows) == [shared]
    texts = dict(CannedReply.objects.values_list("shortcut", "text"))
    assert texts == {"hi": "Hi!", "mine": "My own words"}
