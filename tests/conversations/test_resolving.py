import pytest

from conversations import services
from conversations.models import Conversation, Message
from tests import factories
from tests.conversations.desk import HTMX, address, htmx, signed_in

pytestmark = pytest.mark.django_db


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


def test_resolve_from_the_thread(anna, conversation):
    response = signed_in(anna).post(address("resolve", conversation))

    conversation.refresh_from_db()
    assert response["Location"] == address("conversation", conversation)
    assert conversation.status == Conversation.Status.RESOLVED
    assert events(conversation) == [("resolved", "Anna Berger")]


def test_resolve_answers_htmx_with_the_resolved_thread(anna, conversation):
    response = signed_in(anna).post(
        address("resolve", conversation), headers=htmx("thread")
    )

    assert 'id="thread"' in response.text
    assert 'data-status="resolved"' in response.text
    assert 'aria-label="Reopen"' in response.text
    assert "</b> resolved the conversation" in response.text


def test_resolve_from_the_list_takes_the_row_away(anna, conversation):
    response = signed_in(anna).post(
        address("resolve", conversation),
        {"from": "list"},
        headers=htmx(f"conv-{conversation.public_id}"),
    )

    conversation.refresh_from_db()
    assert (response.status_code, response.content) == (200, b"")
    assert conversation.status == Conversation.Status.RESOLVED


def test_resolve_from_the_list_leads_back_to_it(anna, conversation):
    response = signed_in(anna).post(
        address("resolve", conversation),
        {"from": "list", "next_query": "show=unassigned"},
    )

    assert response["Location"] == "/?show=unassigned"


def test_resolve_needs_the_right(mira, conversation):
    client = signed_in(mira)

    live = client.post(address("resolve", conversation), {"from": "list"}, headers=HTMX)
    plain = client.post(address("resolve", conversation), follow=True)

    conversation.refresh_from_db()
    sentence = "Only assigned agents and agents with full access can resolve it."
    assert live.status_code == 409
    assert sentence in live.text
    assert sentence in plain.text
    assert conversation.status == Conversation.Status.OPEN


def test_page_offers_resolving_only_with_the_right(mira, conversation):
    client = signed_in(mira)
    before = client.get(address("conversation", conversation))
    services.join_conversation(conversation_id=conversation.pk, agent=mira)
    after = client.get(address("conversation", conversation))

    assert 'aria-label="To resolve"' not in before.text
    assert "Send and resolve" not in before.text
    assert 'aria-label="To resolve"' in after.text
    assert "Send and resolve" in after.text


def test_resolving_twice_changes_nothing(anna, conversation):
    client = signed_in(anna)
    client.post(address("resolve", conversation))

    response = client.post(address("resolve", conversation))

    assert response.status_code == 302
    assert events(conversation) == [("resolved", "Anna Berger")]


def test_reopen_brings_it_back(mira, anna, conversation):
    services.resolve_conversation(conversation_id=conversation.pk, agent=anna)
    client = signed_in(mira)

    response = client.post(address("reopen", conversation), headers=htmx("thread"))
    again = client.post(address("reopen", conversation))

    conversation.refresh_from_db()
    assert 'data-status="open"' in response.text
    assert again["Location"] == address("conversation", conversation)
    assert conversation.status == Conversation.Status.OPEN
    assert events(conversation)[1:] == [("reopened", "Mira Sahin")]
