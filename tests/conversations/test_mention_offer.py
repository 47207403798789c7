"""Whom a note's field offers behind an @."""

import pytest

from conversations import services
from conversations.mentions import mention_data, offered
from supportdesk.accounts.models import Role
from tests import factories
from tests.conversations.desk import address, signed_in

pytestmark = pytest.mark.django_db


def ask(agent, conversation):
    return signed_in(agent).get(address("colleagues", conversation))


def test_colleagues_who_may_see_it_are_offered_by_name(account, anna):
    repairs = factories.make_group(account, "Repairs")
    sales = factories.make_group(account, "Sales")
    zoe = factories.make_agent(account, "Zoë  Adler", groups=(repairs,))
    assigned = factories.make_agent(account, "Ben Assigned", groups=(sales,))
    factories.make_agent(account, "Sam Elsewhere", groups=(sales,))
    factories.make_agent(account, "", groups=(repairs,))
    gone = factories.make_agent(account, "Gone Person", Role.FULL)
    gone.is_active = False
    gone.save(update_fields=["is_active"])
    factories.make_agent(factories.make_account("Another"), "Not Ours", Role.FULL)
    conversation = factories.make_conversation(account, group=repairs)
    owner = factories.owner_of(account)
    services.assign_conversation(
        conversation_id=conversation.pk, agent=assigned, by=owner
    )

    colleagues = ask(anna, conversation).json()["colleagues"]

    assert [person["name"] for person in colleagues] == [
        "Ben Assigned",
        "Olga Owner",
        "Zoë Adler",
    ]
    assert colleagues[-1] == {
        "id": zoe.pk,
        "name": "Zoë Adler",
        "initials": "ZA",
        "hue": zoe.hue,
    }


def test_who_may_not_see_it_learns_of_nobody(account, anna):
    repairs = factories.make_group(account, "Repairs")
    sales = factories.make_group(account, "Sales")
    stranger = factories.make_agent(account, groups=(sales,))
    elsewhere = factories.owner_of(factories.make_account("Another"))
    conversation = factories.make_conversation(account, group=repairs)

    assert [ask(who, conversation).status_code for who in (stranger, elsewhere)] == [
        404,
        404,
    ]
    assert ask(anna, conversation).status_code == 200
    refused = signed_in(anna).post(address("colleagues", conversation))
    assert refused.status_code == 405


@pytest.mark.parametrize(
    "name",
    [
        "Jonas Adler",
        "  Jonas \t Adler ",
        "Jo",
        "Zoë D\u2019Arc-Müller",
        "Zoe\u0308 Straße",
        "李 小龙",
        "O'Neil @home",
        "Dr. M. X. <b>",
    ],
)
def test_what_is_offered_is_recognised(account, anna, conversation, name):
    agent = factories.make_agent(account, "x", Role.FULL)
    agent.name = name
    agent.save(update_fields=["name"])

    [person] = [p for p in offered(conversation, anna) if p.id == agent.pk]
    data = mention_data(conversation, anna, f"Ask @{person.name} please")

    assert data["mentions"] == [agent.pk]


def test_query_count_is_constant(account, anna, django_assert_num_queries):
    group = factories.make_group(account, "Repairs")
    conversation = factories.make_conversation(account, group=group)
    client = signed_in(anna)
    client.get(address("colleagues", conversation))

    for number in (1, 3):
        for _more in range(number):
            factories.make_agent(account, groups=(group,))
        with django_assert_num_queries(3):
            client.get(address("colleagues", conversation))


def test_fields_say_where_to_ask(anna, conversation):
    client = signed_in(anna)
    where = f'data-mentions-url="{address("colleagues", conversation)}"'

    for name in ("conversation", "transfer"):
        assert where in client.get(address(name, conversation)).text
