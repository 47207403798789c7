"""Open conversations of agents who are switched off find somebody else."""

import pytest

from conversations import services, tasks
from conversations.models import Assignment, Message
from supportdesk.accounts import services as accounts
from supportdesk.accounts.exceptions import AccountError
from tests.factories import (
    agent_writes,
    fresh,
    make_account,
    make_agent,
    make_conversation,
    make_group,
    owner_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def switch_off(django_capture_on_commit_callbacks):
    def run(agent, successor=None):
        with django_capture_on_commit_callbacks(execute=True):
            accounts.change_access(
                agent=agent,
                by=owner_of(agent.account),
                is_active=False,
                successor=successor,
            )

    return run


def assigned(account, *agents, **fields):
    conversation = make_conversation(account, **fields)
    for agent in agents:
        services.join_conversation(conversation_id=conversation.pk, agent=agent)
    return conversation


def agents_of(conversation):
    rows = Assignment.objects.filter(conversation=conversation)
    return set(rows.values_list("agent", flat=True))


def last_events(conversation, number):
    rows = Message.objects.filter(conversation=conversation, kind="event")
    return list(rows.order_by("-seq").values_list("event", "agent_id")[:number])[::-1]


def test_they_go_back_to_nobody_in_their_group(account, switch_off):
    agent, group = make_agent(account), make_group(account)
    conversation = assigned(account, agent, group=group)
    agent_writes(conversation, agent, "Wait a moment")

    switch_off(agent)

    conversation = fresh(conversation)
    owner = owner_of(account)
    assert agents_of(conversation) == set()
    assert (conversation.is_assigned, conversation.group_id) == (False, group.pk)
    assert last_events(conversation, 1) == [("unassigned", owner.pk)]
    # What was written keeps its author.
    written = conversation.messages.get(text="Wait a moment")
    assert written.agent == agent


def test_they_go_to_the_colleague_who_was_chosen(account, switch_off):
    agent, heir = make_agent(account), make_agent(account, "Jonas Adler")
    both = assigned(account, agent, heir)
    alone = assigned(account, agent)

    switch_off(agent, successor=heir)

    owner = owner_of(account)
    assert [agents_of(each) for each in (both, alone)] == [{heir.pk}] * 2
    assert fresh(alone).is_assigned
    assert last_events(alone, 2) == [("assigned", owner.pk), ("unassigned", owner.pk)]


def test_other_assignees_stay_and_resolved_ones_keep_theirs(account, switch_off):
    agent, colleague = make_agent(account), make_agent(account, "Jonas Adler")
    shared, done = assigned(account, agent, colleague), assigned(account, agent)
    services.resolve_conversation(conversation_id=done.pk, agent=owner_of(account))

    switch_off(agent)

    assert agents_of(shared) == {colleague.pk}
    assert fresh(shared).is_assigned
    assert agents_of(done) == {agent.pk}


def test_a_lost_task_is_made_up_for_and_done_twice_changes_nothing(account):
    agent, heir = make_agent(account), make_agent(account, "Jonas Adler")
    conversation = assigned(account, agent)
    # Without callbacks: the task is lost.
    accounts.change_access(
        agent=agent, by=owner_of(account), is_active=False, successor=heir
    )
    assert agents_of(conversation) == {agent.pk}

    tasks.hand_over_left_behind()
    lines = Message.objects.filter(conversation=conversation).count()
    tasks.hand_over_left_behind()
    tasks.hand_over(agent.pk, owner_of(account).pk)

    assert agents_of(conversation) == {heir.pk}
    assert Message.objects.filter(conversation=conversation).count() == lines
    assert last_events(conversation, 2) == [("assigned", None), ("unassigned", None)]


def test_who_is_back_in_time_keeps_them(account):
    agent = make_agent(account)
    conversation = assigned(account, agent)
    owner = owner_of(account)
    accounts.change_access(agent=agent, by=owner, is_active=False)
    accounts.change_access(agent=agent, by=owner, is_active=True)

    assert services.hand_over(agent_id=agent.pk, by_id=owner.pk) == 0
    assert agents_of(conversation) == {agent.pk}


def test_an_heir_who_left_as_well_gets_nothing(account):
    agent, heir = make_agent(account), make_agent(account)
    conversation, owner = assigned(account, agent), owner_of(account)
    accounts.change_access(agent=agent, by=owner, is_active=False, successor=heir)
    accounts.change_access(agent=heir, by=owner, is_active=False)

    tasks.hand_over_left_behind()

    assert agents_of(conversation) == set()


def test_successors_are_active_colleagues(account):
    agent, sleeping, owner = make_agent(account), make_agent(account), owner_of(account)
    accounts.change_access(agent=sleeping, by=owner, is_active=False)
    stranger = make_agent(make_account("Another"))

    for who, error in (
        (agent, AccountError),
        (sleeping, AccountError),
        (stranger, ValueError),
    ):
        with pytest.raises(error):
            accounts.change_access(
                agent=agent, by=owner, is_active=False, successor=who
            )

    agent.refresh_from_db()
    assert agent.is_active


def test_conversations_of_other_accounts_are_left_alone(account, switch_off):
    other = make_account("Another")
    colleague = make_agent(other)
    conversation = assigned(other, colleague)

    switch_off(make_agent(account))

    assert agents_of(conversation) == {colleague.pk}
