from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.urls import reverse

from conversations import services
from conversations.models import Conversation, ConversationRead, Message
from supportdesk.accounts.models import User
from tests import factories
from tests.conversations.desk import HTMX, address, htmx, signed_in

pytestmark = pytest.mark.django_db

ACTIONS = [
    "reply",
    "note",
    "join",
    "assign",
    "unassign",
    "group",
    "resolve",
    "reopen",
    "read",
    "unread",
    "priority",
    "snooze",
    "wake",
    "follow",
    "unfollow",
    "card_edit",
]


@pytest.fixture
def mira(account):
    """An agent who must be assigned to resolve."""
    return factories.make_agent(account, "Mira Sahin")


def events(conversation):
    """Event lines after the first, which says where it began."""
    messages = conversation.messages.filter(kind=Message.Kind.EVENT).order_by("seq")
    return list(messages.values_list("event", "agent__name"))[1:]


def assignees(conversation):
    names = conversation.assignees.order_by("assignment__pk")
    return list(names.values_list("name", flat=True))


# What holds for each of them


@pytest.mark.parametrize("name", ACTIONS)
def test_actions_are_posted(anna, conversation, name):
    assert signed_in(anna).get(address(name, conversation)).status_code == 405


@pytest.mark.parametrize("name", ACTIONS)
def test_strangers_conversation_is_not_there(anna, name):
    stranger = factories.make_conversation()
    before = stranger.messages.count()

    response = signed_in(anna).post(address(name, stranger), payload(anna))

    assert response.status_code == 404
    assert stranger.messages.count() == before


@pytest.mark.parametrize("name", ACTIONS)
def test_conversation_of_a_foreign_group_is_not_there(account, name):
    own, other = factories.make_group(account), factories.make_group(account, "Sales")
    agent = factories.make_agent(account, groups=(own,))
    conversation = factories.make_conversation(account, group=other)
    before = conversation.messages.count()

    response = signed_in(agent).post(address(name, conversation), payload(agent))

    assert response.status_code == 404
    assert conversation.messages.count() == before


@pytest.mark.parametrize("name", ACTIONS)
def test_platform_operator_is_sent_to_admin(conversation, name):
    operator = User.objects.create_superuser("root@example.com", "x", name="Root")

    response = signed_in(operator).post(address(name, conversation))

    assert response["Location"] == reverse("admin:index")


@pytest.mark.parametrize("name", ACTIONS)
def test_ended_session_sends_the_whole_page_to_the_login(client, conversation, name):
    response = client.post(address(name, conversation), headers=HTMX)

    assert response["HX-Redirect"].startswith(reverse("account_login"))


def payload(agent):
    return {
        "text": "Hello",
        "client_id": "8b9c2f0e-59a4-4b0c-9a39-4a4b7c9c0a11",
        "agent": agent.pk,
        "name": "Somebody",
    }


# Join, assign, unassign


def test_join_makes_me_responsible(mira, conversation):
    response = signed_in(mira).post(
        address("join", conversation), {"next_query": "show=mine&x=1"}
    )

    assert response["Location"] == address("conversation", conversation) + "?show=mine"
    assert assignees(conversation) == ["Mira Sahin"]
    assert events(conversation) == [("joined", "Mira Sahin")]


def test_join_answers_htmx_with_head_and_send_button(mira, conversation):
    response = signed_in(mira).post(
        address("join", conversation), headers=htmx("thread-head")
    )

    assert 'id="thread-head"' in response.text
    assert 'id="composer-send" hx-swap-oob="outerHTML"' in response.text
    assert "Me (leave)" in response.text
    assert 'aria-label="To resolve"' in response.text


def test_joining_twice_changes_nothing(mira, conversation):
    client = signed_in(mira)
    client.post(address("join", conversation))

    response = client.post(address("join", conversation))

    assert response.status_code == 302
    assert events(conversation) == [("joined", "Mira Sahin")]


def test_assign_gives_it_to_a_colleague_beside_others(anna, mira, conversation):
    client = signed_in(anna)
    client.post(address("join", conversation))

    response = client.post(address("assign", conversation), {"agent": mira.pk})

    assert response["Location"] == address("conversation", conversation)
    assert assignees(conversation) == ["Anna Berger", "Mira Sahin"]
    assert events(conversation)[-1] == ("assigned", "Anna Berger")


@pytest.mark.parametrize("given", ["", "x", "999999999"])
def test_assign_refuses_who_is_no_colleague(anna, conversation, given):
    response = signed_in(anna).post(
        address("assign", conversation), {"agent": given}, headers=HTMX
    )

    assert response.status_code == 409
    assert response["HX-Retarget"] == "#toasts"
    assert assignees(conversation) == []


def test_assign_refuses_agents_of_other_accounts_and_inactive_ones(
    account, anna, conversation
):
    stranger = factories.make_agent(factories.make_account("Other"))
    inactive = factories.make_agent(account, "Piet")
    User.objects.filter(pk=inactive.pk).update(is_active=False)

    for agent in (stranger, inactive):
        response = signed_in(anna).post(
            address("assign", conversation), {"agent": agent.pk}, follow=True
        )

        assert "This agent cannot be assigned." in response.text
    assert assignees(conversation) == []


def test_unassign_takes_an_agent_off(anna, mira, conversation):
    services.join_conversation(conversation_id=conversation.pk, agent=mira)

    response = signed_in(anna).post(
        address("unassign", conversation), {"agent": mira.pk}
    )

    assert response["Location"] == address("conversation", conversation)
    assert assignees(conversation) == []
    assert events(conversation)[-1] == ("unassigned", "Anna Berger")


def test_the_row_repeats_who_is_assigned(anna, mira, conversation):
    def repeated():
        row = factories.fresh(conversation)
        assert row.assignee_ids == sorted(row.assignees.values_list("pk", flat=True))
        return set(row.assignee_ids)

    by_key = {"conversation_id": conversation.pk}
    services.join_conversation(agent=mira, **by_key)
    services.assign_conversation(agent=anna, by=mira, **by_key)
    assert repeated() == {anna.pk, mira.pk}

    services.unassign_conversation(agent=mira, by=anna, **by_key)
    assert repeated() == {anna.pk}

    services.unassign_conversation(agent=anna, by=anna, **by_key)
    assert repeated() == set()


def test_rows_of_before_are_told_who_is_assigned(anna, mira, conversation):
    services.join_conversation(conversation_id=conversation.pk, agent=mira)
    Conversation.objects.update(assignee_ids=[])
    migration = import_module("conversations.migrations.0015_finding_indexes")

    migration.copy_assignees(apps, connection.schema_editor())

    assert factories.fresh(conversation).assignee_ids == [mira.pk]


def test_unassigning_who_is_not_assigned_changes_nothing(anna, mira, conversation):
    response = signed_in(anna).post(
        address("unassign", conversation), {"agent": mira.pk}
    )

    assert response.status_code == 302
    assert events(conversation) == []


def test_unassign_needs_an_agent(anna, conversation):
    response = signed_in(anna).post(address("unassign", conversation), headers=HTMX)

    assert (response.status_code, "Please choose an agent." in response.text) == (
        409,
        True,
    )


# Group


def test_group_hands_it_over_and_back(account, anna, conversation):
    group = factories.make_group(account)
    client = signed_in(anna)

    client.post(address("group", conversation), {"group": group.pk})
    conversation.refresh_from_db()
    assert conversation.group == group

    client.post(address("group", conversation), {"group": ""})
    conversation.refresh_from_db()
    assert conversation.group is None
    assert events(conversation) == [("group_changed", "Anna Berger")] * 2


def test_group_of_another_account_is_refused(anna, conversation):
    foreign = factories.make_group(factories.make_account("Other"))

    response = signed_in(anna).post(
        address("group", conversation), {"group": foreign.pk}, headers=HTMX
    )

    conversation.refresh_from_db()
    assert response.status_code == 409
    assert "This group does not exist any more." in response.text
    assert conversation.group is None


def test_who_hands_it_out_of_sight_is_led_back_to_the_list(account):
    own, other = factories.make_group(account), factories.make_group(account, "Sales")
    agent = factories.make_agent(account, groups=(own,))
    plain = factories.make_conversation(account, group=own)
    live = factories.make_conversation(account, group=own)
    client = signed_in(agent)

    response = client.post(
        address("group", plain), {"group": other.pk, "next_query": "show=mine"}
    )
    with_htmx = client.post(
        address("group", live), {"group": other.pk}, headers=htmx("thread-head")
    )

    assert response["Location"] == "/?show=mine"
    assert with_htmx["HX-Redirect"] == "/"


# Read and unread


def test_read_is_noted_quietly_for_the_script(anna, conversation):
    client = signed_in(anna)

    response = client.post(address("read", conversation), headers=HTMX)
    again = client.post(address("read", conversation), headers=HTMX)

    assert (response.status_code, again.status_code) == (204, 204)
    assert read_by(anna, conversation) == 1


def test_read_and_unread_from_the_menu(anna, conversation):
    client = signed_in(anna)
    page = client.get(address("conversation", conversation))
    assert "Mark as read" in page.text

    read = client.post(address("read", conversation), headers=htmx("thread-head"))
    assert "Mark as unread" in read.text

    unread = client.post(address("unread", conversation))
    assert unread["Location"] == address("conversation", conversation)
    assert read_by(anna, conversation) == 0


def read_by(agent, conversation):
    read = ConversationRead.objects.get(agent=agent, conversation=conversation)
    return read.visitor_messages


# Where forms lead


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("//evil.example", ""),
        ("https://evil.example/", ""),
        ("\r\nX: 1", ""),
        ("q=" + "x" * 9999, "?q=" + "x" * 100),
    ],
)
def test_forms_lead_nowhere_else(anna, conversation, given, kept):
    response = signed_in(anna).post(
        address("join", conversation), {"next_query": given}
    )

    assert response["Location"] == address("conversation", conversation) + kept
