"""How an agent joins two conversations, and splits one: pages that need no script."""

import uuid

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations import services
from conversations.models import Conversation
from supportdesk.accounts.models import Role
from tests.conversations.desk import HTMX, address, htmx, signed_in
from tests.factories import (
    agent_writes,
    fresh,
    make_account,
    make_agent,
    make_conversation,
    make_group,
    visitor_writes,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(account, conversation):
    return make_conversation(
        account, visitor=conversation.visitor, text="And my <b>invoice</b>?"
    )


@pytest.fixture
def question(conversation, anna):
    agent_writes(conversation, anna, "It is on its way")
    return visitor_writes(conversation, "And my <b>invoice</b>?")


@pytest.fixture
def limited(account):
    return make_agent(account, "Lena", groups=(make_group(account, "Sales"),))


def join(kept, merged, agent):
    services.join_conversations(kept_id=kept.pk, merged_id=merged.pk, agent=agent)


def row(conversation):
    return Conversation.with_merged.get(pk=conversation.pk)


def split_address(conversation, message):
    return f"/conversations/{conversation.public_id}/split/{message.public_id}/"


# Joining


def test_menu_offers_it_only_where_there_is_another_one(account, conversation, anna):
    client = signed_in(anna)
    link = address("join_with", conversation)

    alone = client.get(address("conversation", conversation)).text
    make_conversation(account)
    still = client.get(address("head", conversation), headers=HTMX).text
    make_conversation(account, visitor=conversation.visitor)
    pages = [
        client.get(address("conversation", conversation)).text,
        client.get(address("head", conversation), headers=HTMX).text,
        client.post(address("priority", conversation), {"priority": 1}, headers=HTMX),
    ]

    assert link not in alone
    assert link not in still
    assert link in pages[0]
    assert link in pages[1]
    assert link in pages[2].text


def test_menu_keeps_silent_about_what_the_agent_does_not_see(
    account, conversation, limited
):
    repairs = make_group(account)
    make_conversation(account, visitor=conversation.visitor, group=repairs)

    page = signed_in(limited).get(address("conversation", conversation)).text
    offered = signed_in(limited).get(address("join_with", conversation))

    assert address("join_with", conversation) not in page
    assert "This visitor has no other conversation." in offered.text
    assert offered.context["others"] == []


def test_page_offers_the_visitor_s_others(account, conversation, other, anna):
    make_conversation(account)

    page = signed_in(anna).get(address("join_with", conversation))

    assert page.context["others"] == [other]
    assert "And my &lt;b&gt;invoice&lt;/b&gt;?" in page.text
    assert "<b>invoice" not in page.text


@pytest.mark.parametrize(
    ("keep", "is_this_resolved", "stays_this"),
    [
        ("this", False, True),
        ("other", False, False),
        # The other one was active last.
        ("active", False, False),
        ("", False, False),
        # It is the only open one, though the other was active later.
        ("active", True, True),
    ],
)
def test_agent_says_which_is_kept(
    conversation, other, anna, keep, is_this_resolved, stays_this
):
    if is_this_resolved:
        services.resolve_conversation(conversation_id=other.pk, agent=anna)
    data = {"other": str(other.public_id)} | ({"keep": keep} if keep else {})

    response = signed_in(anna).post(address("join_with", conversation), data)

    kept, merged = (conversation, other) if stays_this else (other, conversation)
    assert response.status_code == 302
    assert response["Location"] == address("conversation", kept)
    assert row(merged).merged_into == kept
    told = [str(message) for message in get_messages(response.wsgi_request)]
    assert told == ["The conversations are one now."]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"other": ""},
        {"other": "x"},
        {"other": "%00"},
        {"other": str(uuid.uuid4())},
        {"keep": "both"},
    ],
)
def test_nonsense_is_refused_and_changes_nothing(conversation, other, anna, fields):
    data = {"other": str(other.public_id)} | fields
    if not fields:
        data = {}

    response = signed_in(anna).post(address("join_with", conversation), data)

    assert response.status_code == 422
    assert row(other).merged_into is None


def test_conversations_of_others_are_no_choice(account, conversation, other, anna):
    strangers = [make_conversation(account), make_conversation(make_account("Other"))]

    for stranger in strangers:
        response = signed_in(anna).post(
            address("join_with", conversation), {"other": str(stranger.public_id)}
        )
        assert response.status_code == 422

    assert Conversation.objects.count() == 4


def test_refusal_is_told(conversation, other, anna, monkeypatch):
    monkeypatch.setattr("conversations.services.joining.MAX_ENTRIES", 4)

    response = signed_in(anna).post(
        address("join_with", conversation), {"other": str(other.public_id)}
    )

    assert response.status_code == 409
    assert "Together they would be too long" in response.text


def test_who_does_not_see_it_gets_neither_page(
    account, conversation, other, question, limited, anna
):
    services.change_group(
        conversation_id=conversation.pk, group=make_group(account), by=anna
    )
    foreign = make_agent(make_account("Other"), role=Role.FULL)

    for agent in (limited, foreign):
        client = signed_in(agent)
        for path in (
            address("join_with", conversation),
            split_address(conversation, question),
        ):
            assert client.get(path).status_code == 404
            assert client.post(path, {"other": str(other.public_id)}).status_code == 404

    assert Conversation.objects.count() == 2


def test_line_says_what_came(conversation, other, anna):
    join(conversation, other, anna)

    page = signed_in(anna).get(address("conversation", conversation)).text

    assert (
        "<b>Anna Berger</b> joined another conversation with this one: 1 message, begun"
    ) in page


# Addresses of what was merged


def test_address_of_the_merged_one_leads_to_the_other(conversation, other, anna):
    join(conversation, other, anna)
    client = signed_in(anna)

    for name in ("conversation", "head", "messages", "conversation_export"):
        response = client.get(address(name, other) + "?before=3")
        assert response.status_code == 302
        assert response["Location"] == address(name, conversation) + "?before=3"


def test_form_of_the_merged_one_is_taken_by_the_other(conversation, other, anna):
    join(conversation, other, anna)
    data = {"text": "Late answer", "client_id": str(uuid.uuid4())}

    response = signed_in(anna).post(
        address("reply", other), data, headers=htmx("composer"), follow=True
    )

    assert response.redirect_chain == [(address("reply", conversation), 307)]
    assert response.status_code == 200
    assert fresh(conversation).preview == "Late answer"


def test_address_leads_nowhere_for_who_does_not_see_the_other(
    account, conversation, other, anna, limited
):
    join(conversation, other, anna)
    services.change_group(
        conversation_id=conversation.pk, group=make_group(account), by=anna
    )
    foreign = make_agent(make_account("Other"), role=Role.FULL)

    for agent in (limited, foreign):
        assert signed_in(agent).get(address("conversation", other)).status_code == 404


def test_lists_counts_and_card_know_the_merged_one_no_more(conversation, other, anna):
    client = signed_in(anna)
    join(conversation, other, anna)

    inbox = client.get("/")
    resolved = client.get("/?status=resolved")
    page = client.get(address("conversation", conversation))

    assert [each.pk for each in inbox.context["page"].rows] == [conversation.pk]
    assert list(resolved.context["page"].rows) == []
    assert inbox.context["sidebar"].counts.all == 1
    assert page.context["opened"].total == 1


def test_page_says_that_numbers_are_void(conversation, other, anna):
    client = signed_in(anna)
    before = client.get(address("messages", conversation) + "?after=1")
    join(conversation, other, anna)

    after = client.get(address("messages", conversation) + "?after=1")
    page = client.get(address("conversation", conversation)).text

    assert (before["X-Numbering"], after["X-Numbering"]) == ("0", "1")
    assert 'data-numbering="1"' in page


# Splitting


def test_messages_lead_to_the_page(conversation, question, anna):
    services.add_note(conversation_id=conversation.pk, agent=anna, text="Hm.")
    first = conversation.messages.get(text="Where is my parcel?")

    page = signed_in(anna).get(address("conversation", conversation)).text

    assert split_address(conversation, question) in page
    assert split_address(conversation, first) not in page


def test_page_says_what_moves(conversation, question, anna):
    services.add_note(conversation_id=conversation.pk, agent=anna, text="Hm.")
    agent_writes(conversation, anna)

    page = signed_in(anna).get(split_address(conversation, question))

    assert page.context["moving"] == {
        "messages": 2,
        "notes": 1,
        "lines": 0,
        "since": question.created_at,
    }
    assert "2 messages, 1 private note" in page.text
    assert "And my &lt;b&gt;invoice&lt;/b&gt;?" in page.text
    assert Conversation.objects.count() == 1


def test_split_leads_to_the_new_one(conversation, question, anna):
    response = signed_in(anna).post(split_address(conversation, question))

    new = Conversation.objects.exclude(pk=conversation.pk).get()
    assert response.status_code == 302
    assert response["Location"] == address("conversation", new)
    assert new.preview == "And my <b>invoice</b>?"


def test_impossible_split_is_refused(conversation, question, anna):
    first = conversation.messages.get(text="Where is my parcel?")
    client = signed_in(anna)

    shown = client.get(split_address(conversation, first))
    posted = client.post(split_address(conversation, first))

    for response in (shown, posted):
        assert response.status_code == 409
        assert "At least one message has to stay" in response.text
    assert Conversation.objects.count() == 1


def test_only_messages_and_notes_of_this_thread_are_split_off(
    account, conversation, question, anna
):
    client = signed_in(anna)
    elsewhere = visitor_writes(make_conversation(account))
    line = conversation.messages.get(event="joined")

    for message in (elsewhere, line):
        path = split_address(conversation, message)
        assert client.get(path).status_code == 404
        assert client.post(path).status_code == 404


def test_lines_of_both_link_each_other(conversation, question, anna):
    new = services.split_conversation(message=question, agent=anna)
    client = signed_in(anna)

    old_page = client.get(address("conversation", conversation)).text
    new_page = client.get(address("conversation", new)).text

    assert "split off what came after this" in old_page
    assert f'href="{address("conversation", new)}">Go to the new' in old_page
    assert "split this off another conversation" in new_page
    assert (
        f'href="{address("conversation", conversation)}">Go to the former' in new_page
    )


def test_pages_cost_the_same_with_more(account, conversation, question, anna):
    client = signed_in(anna)
    paths = [
        address("join_with", conversation),
        split_address(conversation, question),
        address("conversation", conversation),
    ]

    def queries():
        with CaptureQueriesContext(connection) as captured:
            for path in paths:
                assert client.get(path).status_code == 200
        return len(captured)

    make_conversation(account, visitor=conversation.visitor)
    queries()
    few = queries()
    for _ in range(3):
        visitor_writes(conversation)
        make_conversation(account, visitor=conversation.visitor)

    assert queries() == few
