import pytest

from conversations import services
from conversations.access import visible_visitors
from conversations.counts import breakdown, counts_for
from conversations.groups import audience_of, desk_groups, scope_of
from conversations.models import Conversation
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


@pytest.fixture
def desk():
    """Three conversations (Sales, Repairs, no group) and one of another account."""
    account = make_account()
    sales, repairs = make_group(account, "Sales"), make_group(account, "Repairs")
    rows = {
        "sales": make_conversation(account, group=sales),
        "repairs": make_conversation(account, group=repairs),
        "none": make_conversation(account),
    }
    make_conversation(make_account("Another"))
    return account, sales, repairs, rows


def seen_by(agent, rows):
    visible = set(Conversation.objects.visible_to(agent))
    names = {name for name, row in rows.items() if row in visible}
    assert len(visible) == len(names), "sees a conversation of another account"
    return names


@pytest.mark.parametrize("role", [Role.OWNER, Role.FULL])
def test_full_access_sees_all_of_the_own_account(desk, role):
    account, sales, _repairs, rows = desk
    agent = make_agent(account, role=role, groups=(sales,))

    assert seen_by(agent, rows) == {"sales", "repairs", "none"}


def test_limited_agent_sees_own_groups_and_those_without_group(desk):
    account, sales, _repairs, rows = desk

    assert seen_by(make_agent(account, groups=(sales,)), rows) == {"sales", "none"}


def test_agent_in_no_group_counts_for_every_group(desk):
    account, _sales, _repairs, rows = desk

    assert seen_by(make_agent(account), rows) == {"sales", "repairs", "none"}


def test_assignment_shows_a_conversation_of_a_foreign_group(desk):
    account, sales, _repairs, rows = desk
    agent = make_agent(account, groups=(sales,))

    services.assign_conversation(
        conversation_id=rows["repairs"].pk, agent=agent, by=owner_of(account)
    )

    assert seen_by(agent, rows) == {"sales", "repairs", "none"}


def test_inactive_agent_and_operator_see_nothing(desk, django_user_model):
    account, _sales, _repairs, rows = desk
    inactive = make_agent(account, role=Role.FULL)
    inactive.is_active = False
    operator = django_user_model.objects.create_superuser("op@example.com", name="Op")

    assert seen_by(inactive, rows) == set()
    assert seen_by(operator, rows) == set()


def test_visitors_are_visible_through_their_conversations(desk):
    account, sales, _repairs, rows = desk
    agent = make_agent(account, groups=(sales,))

    assert set(visible_visitors(agent)) == {rows["sales"].visitor, rows["none"].visitor}
    assert visible_visitors(owner_of(account)).count() == 3


def test_socket_hears_exactly_what_its_agent_sees(desk):
    account, sales, repairs, rows = desk
    agents = [
        owner_of(account),
        make_agent(account),
        make_agent(account, groups=(sales,)),
        make_agent(account, groups=(repairs,)),
        make_agent(account, groups=(sales, repairs)),
        make_agent(make_account("Another"), role=Role.FULL),
    ]
    services.assign_conversation(
        conversation_id=rows["repairs"].pk, agent=agents[2], by=agents[0]
    )

    for agent in agents:
        joined = set(desk_groups(scope_of(agent)))
        visible = set(Conversation.objects.visible_to(agent))
        for row in rows.values():
            hears = bool(joined & set(audience_of(fresh(row))))
            assert hears is (row in visible), (agent, row.group)


def test_counts_are_those_of_the_lists(desk):
    account, sales, repairs, rows = desk
    anna = make_agent(account, groups=(sales,))
    jonas = make_agent(account, groups=(repairs,))
    owner = owner_of(account)
    for name, agent in [("sales", jonas), ("repairs", anna), ("none", anna)]:
        services.assign_conversation(
            conversation_id=rows[name].pk, agent=agent, by=owner
        )
    make_conversation(account, group=sales)
    resolved = make_conversation(account, group=sales)
    services.resolve_conversation(conversation_id=resolved.pk, agent=owner)

    parts = breakdown(account.pk)

    for agent in (owner, anna, jonas, make_agent(account)):
        counts = counts_for(scope_of(agent), parts)
        lists = Conversation.objects.visible_to(agent).open()
        assert counts.all == lists.count()
        assert counts.mine == lists.mine(agent).count()
        assert counts.unassigned == lists.unassigned().count()
        assert counts.others == lists.others(agent).count()


def test_counts_cost_one_query_however_many_there_are(desk, django_assert_num_queries):
    account, sales, _repairs, _rows = desk
    for _ in range(5):
        make_conversation(account, group=sales)

    with django_assert_num_queries(1):
        breakdown(account.pk)
