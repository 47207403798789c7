"""Who is told, when something else happened between the commit and the push."""

import pytest

from conversations import groups, publisher, services
from conversations.models import Conversation
from supportdesk.core import layer
from tests.factories import (
    agent_writes,
    make_account,
    make_agent,
    make_conversation,
    make_group,
    owner_of,
    visitor_writes,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch):
    """Names of the layer groups that hear of something, in order."""
    names = []
    monkeypatch.setattr(
        layer, "send", lambda sends: names.extend(name for name, _event in sends)
    )
    return names


def test_message_goes_to_those_who_see_it_when_it_is_pushed(sent):
    account = make_account()
    sales, repairs = make_group(account, "Sales"), make_group(account, "Repairs")
    gone = make_agent(account, "Gone", groups=(sales,))
    conversation = make_conversation(account, group=sales)
    agent_writes(conversation, gone)
    message = visitor_writes(conversation, "My card is in the parcel")
    owner = owner_of(account)
    services.change_group(conversation_id=conversation.pk, group=repairs, by=owner)
    services.unassign_conversation(
        conversation_id=conversation.pk, agent=gone, by=owner
    )

    publisher.publish_message(message)

    assert sent == [
        *groups.audience(account.pk, repairs.pk, ()),
        groups.visitor(conversation.visitor_id),
    ]


def test_what_was_erased_meanwhile_is_not_pushed(sent, caplog):
    conversation = make_conversation()
    message = visitor_writes(conversation)
    Conversation.objects.get().delete()

    publisher.publish_message(message)
    publisher.publish_state(conversation.pk, to_visitor=True)
    publisher.publish_moved(conversation.pk, None, ())

    assert sent == []
    assert caplog.text == ""
