"""What an agent began while they saw a conversation, and who sees it no more."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from conversations import services
from conversations.models import Conversation
from tests.conversations.desk import address, htmx, signed_in
from tests.conversations.test_joining_at_once import at_once
from tests.factories import (
    agent_writes,
    fresh,
    make_agent,
    make_conversation,
    make_group,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def repairs(account):
    return make_group(account, "Repairs")


@pytest.fixture
def sales(account):
    return make_group(account, "Sales")


@pytest.fixture
def mira(account, sales):
    """Sees what is of her group, of none, or hers."""
    return make_agent(account, "Mira Sahin", groups=(sales,))


@pytest.fixture
def in_sales(account, sales, anna):
    """Mira sees it; Anna answers it."""
    conversation = make_conversation(account, group=sales)
    agent_writes(conversation, anna)
    return fresh(conversation)


def move(conversation, group, by):
    return lambda: services.change_group(
        conversation_id=conversation.pk, group=group, by=by
    )


def everything(conversation, agent):
    """All that changes a conversation, done by an agent."""
    this = {"conversation_id": conversation.pk}
    until = timezone.now() + timedelta(days=1)
    return {
        "join": lambda: services.join_conversation(**this, agent=agent),
        "assign": lambda: services.assign_conversation(**this, agent=agent, by=agent),
        "unassign": lambda: services.unassign_conversation(
            **this, agent=agent, by=agent
        ),
        "group": lambda: services.change_group(**this, group=None, by=agent),
        "transfer": lambda: services.transfer_conversation(
            **this, by=agent, agents=[conversation.people[0]]
        ),
        "resolve": lambda: services.resolve_conversation(**this, agent=agent),
        "reopen": lambda: services.reopen_conversation(**this, agent=agent),
        "priority": lambda: services.change_priority(**this, priority=2, by=agent),
        "snooze": lambda: services.snooze_conversation(
            **this, until=until, agent=agent
        ),
        "wake": lambda: services.wake_conversation(**this, agent=agent),
        "tag": lambda: services.tag_conversation_by_name(
            **this, name="Mill", agent=agent
        ),
        "answer": lambda: agent_writes(conversation, agent),
        "note": lambda: services.add_note(**this, agent=agent, text="Hm."),
        "contact": lambda: services.change_contact(**this, agent=agent, name="Lena"),
        "block": lambda: services.block_from_conversation(**this, agent=agent),
        "unblock": lambda: services.unblock_from_conversation(**this, agent=agent),
    }


def outcomes(calls):
    """The same, each noting in a dictionary what came of it."""
    results = {}

    def run(name, call):
        try:
            call()
        except Exception as error:
            results[name] = type(error)
        else:
            results[name] = "done"

    works = [lambda name=name, call=call: run(name, call) for name, call in calls]
    return results, works


def test_nothing_is_done_by_who_waited_while_it_was_handed_to_others(
    in_sales, repairs, anna, mira
):
    calls = everything(in_sales, mira)
    results, works = outcomes(calls.items())

    at_once(move(in_sales, repairs, anna), *works)

    assert results == dict.fromkeys(calls, Conversation.DoesNotExist)
    assert in_sales.messages.order_by("-seq").first().event == "group_changed"
    assert [person.id for person in fresh(in_sales).people] == [anna.pk]


def test_who_is_assigned_or_in_the_group_it_went_to_goes_on(
    account, in_sales, repairs, anna, mira
):
    services.assign_conversation(conversation_id=in_sales.pk, agent=mira, by=anna)
    jonas = make_agent(account, "Jonas Lind", groups=(repairs, in_sales.group))

    errors = at_once(
        move(in_sales, repairs, anna),
        lambda: agent_writes(in_sales, mira, "Still mine"),
        lambda: agent_writes(in_sales, jonas, "Ours"),
    )

    assert errors == []
    assert in_sales.messages.filter(text__in=["Still mine", "Ours"]).count() == 2


def test_what_it_was_merged_into_is_not_written_to_by_who_does_not_see_that(
    account, in_sales, repairs, anna, mira
):
    hidden = make_conversation(account, visitor=in_sales.visitor, group=repairs)
    before = fresh(hidden).messages.count()
    calls = everything(in_sales, mira)
    calls = [(name, calls[name]) for name in ("join", "answer")]
    services.unassign_conversation(conversation_id=in_sales.pk, agent=anna, by=anna)
    results, works = outcomes(calls)

    at_once(
        lambda: services.join_conversations(
            kept_id=hidden.pk, merged_id=in_sales.pk, agent=anna
        ),
        *works,
    )

    assert results == dict.fromkeys(("join", "answer"), Conversation.DoesNotExist)
    assert fresh(hidden).people == []
    assert hidden.messages.filter(agent=mira).count() == 0
    assert hidden.messages.count() > before


def test_page_answers_as_for_what_was_never_in_sight(in_sales, repairs, anna, mira):
    answers = {}

    def press(name, **form):
        client, head = signed_in(mira), htmx("thread-head")
        return lambda: answers.setdefault(
            name, client.post(address(name, in_sales), form, headers=head).status_code
        )

    at_once(move(in_sales, repairs, anna), press("join"), press("priority", priority=1))

    assert answers == {"join": 404, "priority": 404}
    assert [person.id for person in fresh(in_sales).people] == [anna.pk]
    assert fresh(in_sales).priority == 0


def test_bulk_action_leaves_it_out(in_sales, repairs, anna, mira):
    client, texts = signed_in(mira), []
    form = {"ids": [str(in_sales.public_id)], "do": f"assign:{mira.pk}"}

    at_once(
        move(in_sales, repairs, anna),
        lambda: texts.append(
            client.post(
                reverse("conversations:bulk"), form, headers=htmx("toasts")
            ).text
        ),
    )

    assert "1 left out: It is no longer available to you." in texts[0]
    assert [person.id for person in fresh(in_sales).people] == [anna.pk]


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["full", "agent"])
def test_answer_asks_nothing_more_to_know_who_sees_it(
    account, in_sales, sales, role, django_assert_num_queries
):
    agent = make_agent(account, "Jonas Lind", role, groups=(sales,))
    # As of whoever is signed in.
    assert agent.group_ids == {sales.pk}

    # In a transaction of the test: a savepoint around the one statement, or around
    # the lock and the statement.
    with django_assert_num_queries(3):
        agent_writes(in_sales, agent)
    with django_assert_num_queries(4):
        services.add_note(conversation_id=in_sales.pk, agent=agent, text="Hm.")
