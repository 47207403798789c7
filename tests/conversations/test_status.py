import pytest

from conversations import services
from conversations.access import can_resolve
from conversations.exceptions import ConversationError, NotAllowed
from conversations.models import Conversation, Message
from supportdesk.accounts.models import Role
from tests.factories import (
    fresh,
    make_account,
    make_agent,
    make_conversation,
    make_group,
    owner_of,
)

pytestmark = pytest.mark.django_db


def resolve(conversation, agent):
    return services.resolve_conversation(conversation_id=conversation.pk, agent=agent)


@pytest.mark.parametrize("role", [Role.OWNER, Role.FULL])
def test_full_access_resolves_without_being_assigned(role):
    conversation = make_conversation()
    agent = make_agent(conversation.account, role=role)

    resolve(conversation, agent)

    row = fresh(conversation)
    assert row.status == Conversation.Status.RESOLVED
    assert row.resolved_at is not None
    assert row.waiting_since is None
    last = row.messages.last()
    assert (last.event, last.agent) == (Message.Event.RESOLVED, agent)


def test_limited_agent_must_be_assigned_to_resolve():
    conversation = make_conversation()
    agent = make_agent(conversation.account)

    with pytest.raises(NotAllowed):
        resolve(conversation, agent)

    assert fresh(conversation).status == Conversation.Status.OPEN
    assert not can_resolve(agent, fresh(conversation))


def test_assigned_agent_resolves():
    conversation = make_conversation()
    agent = make_agent(conversation.account)
    services.join_conversation(conversation_id=conversation.pk, agent=agent)

    resolve(conversation, agent)

    assert fresh(conversation).status == Conversation.Status.RESOLVED


def test_resolving_twice_writes_one_event_line():
    conversation = make_conversation()
    owner = owner_of(conversation.account)

    resolve(conversation, owner)
    resolve(conversation, owner)

    assert conversation.messages.filter(event=Message.Event.RESOLVED).count() == 1


def test_any_agent_who_sees_it_reopens():
    conversation = make_conversation()
    resolve(conversation, owner_of(conversation.account))
    agent = make_agent(conversation.account)

    services.reopen_conversation(conversation_id=conversation.pk, agent=agent)
    services.reopen_conversation(conversation_id=conversation.pk, agent=agent)

    row = fresh(conversation)
    assert row.status == Conversation.Status.OPEN
    assert row.resolved_at is None
    assert row.messages.filter(event=Message.Event.REOPENED).count() == 1


def test_joining_leaving_and_assigning_write_who_did_what():
    conversation = make_conversation()
    anna = make_agent(conversation.account, "Anna Berger")
    jonas = make_agent(conversation.account, "Jonas Adler")
    fields = {"conversation_id": conversation.pk}

    services.join_conversation(**fields, agent=anna)
    services.assign_conversation(**fields, agent=jonas, by=anna)
    services.unassign_conversation(**fields, agent=jonas, by=anna)
    services.unassign_conversation(**fields, agent=anna, by=anna)

    assert list(
        conversation.messages.filter(kind="event")
        .exclude(event="started")
        .order_by("seq")
        .values_list("event", "agent__name", "data__name")
    ) == [
        ("joined", "Anna Berger", None),
        ("assigned", "Anna Berger", "Jonas Adler"),
        ("unassigned", "Anna Berger", "Jonas Adler"),
        ("left", "Anna Berger", None),
    ]
    assert fresh(conversation).is_assigned is False


def test_assigning_twice_changes_nothing():
    conversation = make_conversation()
    agent = make_agent(conversation.account)

    services.join_conversation(conversation_id=conversation.pk, agent=agent)
    services.assign_conversation(conversation_id=conversation.pk, agent=agent, by=agent)

    assert conversation.messages.filter(kind="event").count() == 2


def test_agent_of_another_account_or_switched_off_cannot_be_assigned():
    conversation = make_conversation()
    owner = owner_of(conversation.account)
    stranger = make_agent(make_account("Another"))
    inactive = make_agent(conversation.account)
    inactive.is_active = False
    inactive.save()

    for agent in (stranger, inactive):
        with pytest.raises(ConversationError):
            services.assign_conversation(
                conversation_id=conversation.pk, agent=agent, by=owner
            )

    assert fresh(conversation).people == []


def test_group_change_is_an_event_line_and_foreign_groups_are_refused():
    conversation = make_conversation()
    owner = owner_of(conversation.account)
    repairs = make_group(conversation.account, "Repairs")
    foreign = make_group(make_account("Another"))
    fields = {"conversation_id": conversation.pk, "by": owner}

    services.change_group(**fields, group=repairs)
    services.change_group(**fields, group=repairs)
    with pytest.raises(ConversationError):
        services.change_group(**fields, group=foreign)

    row = fresh(conversation)
    assert row.group == repairs
    assert row.messages.filter(event=Message.Event.GROUP_CHANGED).count() == 1


def test_rating_is_kept_with_comment_and_only_after_resolution():
    conversation = make_conversation()
    fields = {"conversation_id": conversation.pk}
    with pytest.raises(ConversationError, match="not resolved"):
        services.rate_conversation(**fields, rating=5)
    resolve(conversation, owner_of(conversation.account))

    services.rate_conversation(**fields, rating=5, comment="Card 4111111111111111!")
    services.rate_conversation(**fields, rating=5, comment="Card 4111111111111111!")

    row = fresh(conversation)
    assert row.rating == Conversation.Rating.GOOD
    assert row.rating_comment == "Card [card ····1111]!"
    assert row.messages.filter(event=Message.Event.RATED).count() == 1


@pytest.mark.parametrize("rating", [0, 2, 4, 6, -1])
def test_rating_that_is_none_of_the_faces_is_refused(rating):
    conversation = make_conversation()
    resolve(conversation, owner_of(conversation.account))

    with pytest.raises(ConversationError):
        services.rate_conversation(conversation_id=conversation.pk, rating=rating)
