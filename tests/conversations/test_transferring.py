"""A conversation handed on, with a word about it."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations import services
from conversations.events import conversation_moved
from conversations.exceptions import ConversationError
from conversations.models import Conversation, Message
from supportdesk.accounts.models import Role, User
from tests import factories
from tests.conversations.desk import address, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def repairs(account):
    return factories.make_group(account, "Repairs")


@pytest.fixture
def anna(account, repairs):
    return factories.make_agent(account, "Anna Berger", groups=(repairs,))


@pytest.fixture
def ben(account, repairs):
    return factories.make_agent(account, "Ben Ode", groups=(repairs,))


@pytest.fixture
def sales(account):
    return factories.make_group(account, "Sales")


@pytest.fixture
def sam(account, sales):
    return factories.make_agent(account, "Sam Sales", groups=(sales,))


@pytest.fixture
def conversation(account, repairs, anna):
    conversation = factories.make_conversation(account, group=repairs)
    services.join_conversation(conversation_id=conversation.pk, agent=anna)
    return conversation


def transfer(conversation, by, **fields):
    return services.transfer_conversation(
        conversation_id=conversation.pk, by=by, **fields
    )


def lines(conversation):
    rows = conversation.messages.exclude(event__in=["started", "joined"])
    rows = rows.exclude(kind="message").order_by("seq")
    return [
        (message.event or message.kind, message.data.get("name", ""))
        for message in rows
    ]


def people(conversation):
    return [person.name for person in factories.fresh(conversation).people]


def sees(agent, conversation):
    agent = User.objects.get(pk=agent.pk)
    return Conversation.objects.visible_to(agent).filter(pk=conversation.pk).exists()


def form(**fields):
    return {"client_id": str(uuid.uuid4()), "note": "", "leaves": "on", **fields}


# The service


def test_to_a_group_with_a_note_and_leaving(conversation, anna, ben, sales, sam):
    transfer(conversation, anna, group=sales, note="@Sam Sales knows. @Ben Ode too")

    assert lines(conversation) == [
        ("transferred", ""),
        ("group_changed", "Sales"),
        ("note", ""),
        ("left", ""),
    ]
    note = conversation.messages.get(kind="note")
    # Named is who sees it afterwards.
    assert note.data["mentions"] == [sam.pk]
    assert people(conversation) == []
    assert sees(sam, conversation)
    assert not sees(anna, conversation)
    assert not sees(ben, conversation)


def test_to_several_colleagues_and_staying(conversation, anna, ben, sam):
    transfer(conversation, anna, agents=[ben, sam, ben, anna], leaves=False)

    assert lines(conversation) == [
        ("transferred", ""),
        ("assigned", "Ben Ode"),
        ("assigned", "Sam Sales"),
    ]
    line = conversation.messages.get(event="transferred")
    assert (line.agent, line.public_seq) == (anna, None)
    assert line.data == {
        "agent_ids": [ben.pk, sam.pk],
        "group_id": None,
        "names": ["Ben Ode", "Sam Sales"],
    }
    assert people(conversation) == ["Anna Berger", "Ben Ode", "Sam Sales"]
    assert sees(sam, conversation)


def test_last_assignee_who_leaves_leaves_it_assigned_to_the_new_one(
    conversation, anna, ben
):
    transfer(conversation, anna, agents=[ben])

    assert people(conversation) == ["Ben Ode"]
    assert factories.fresh(conversation).is_assigned


def test_move_is_told_once_with_the_former_audience(
    conversation, anna, ben, sales, repairs, django_capture_on_commit_callbacks
):
    told = []

    def hear(event, **kwargs):
        told.append((event.group_id, event.agent_ids))

    conversation_moved.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            transfer(conversation, anna, agents=[ben], group=sales)
    finally:
        conversation_moved.disconnect(hear)

    assert told == [(repairs.pk, (anna.pk,))]


def test_sent_twice_is_done_once(conversation, anna, ben):
    client_id = uuid.uuid4()

    for _ in range(2):
        transfer(conversation, anna, agents=[ben], note="Hers", client_id=client_id)

    assert lines(conversation) == [
        ("transferred", ""),
        ("assigned", "Ben Ode"),
        ("note", ""),
        ("left", ""),
    ]


def test_what_goes_to_nobody_new_is_refused(conversation, anna, repairs):
    for fields in ({}, {"group": repairs}, {"agents": [anna]}):
        with pytest.raises(ConversationError, match="does not have it yet"):
            transfer(conversation, anna, **fields)

    assert lines(conversation) == []


def test_nothing_of_it_happens_when_a_part_is_refused(conversation, anna, ben, sales):
    stranger = factories.make_agent(factories.make_account())
    foreign = factories.make_group(stranger.account)
    for fields in (
        {"agents": [ben, stranger]},
        {"agents": [ben], "group": foreign},
        {"group": sales, "note": "x" * 10_001},
    ):
        with pytest.raises(ConversationError):
            transfer(conversation, anna, **fields)

    assert lines(conversation) == []
    assert people(conversation) == ["Anna Berger"]
    assert factories.fresh(conversation).group.name == "Repairs"


def test_agent_who_was_switched_off_gets_nothing(conversation, anna, ben):
    User.objects.filter(pk=ben.pk).update(is_active=False)
    ben.refresh_from_db()

    with pytest.raises(ConversationError):
        transfer(conversation, anna, agents=[ben])


# The page


def test_page_offers_colleagues_and_groups_of_the_account(
    conversation, anna, ben, sales
):
    factories.make_agent(factories.make_account("Another"), "Stranger")

    response = signed_in(anna).get(address("transfer", conversation))

    boxes = [box.choice_label for box, _state in response.context["form"].people()]
    assert boxes == ["Ben Ode", "Olga Owner"]
    assert "Leave the conversation" in response.content.decode()
    group_ids = set(response.context["form"].fields["group"].queryset)
    assert group_ids == set(anna.account.groups.all())


def test_transfer_to_a_colleague_leads_back(conversation, anna, ben):
    data = form(agents=[ben.pk], note="Card 4111111111111111")
    del data["leaves"]

    response = signed_in(anna).post(address("transfer", conversation), data)

    assert response["Location"] == address("conversation", conversation)
    assert people(conversation) == ["Anna Berger", "Ben Ode"]
    note = conversation.messages.get(kind="note")
    assert note.text == "Card [card ····1111]"


def test_who_does_not_see_it_any_more_is_led_to_the_list(conversation, anna, sales):
    response = signed_in(anna).post(
        address("transfer", conversation), form(group=sales.pk), follow=True
    )

    assert response.redirect_chain == [("/", 302)]
    assert "The conversation is transferred." in response.content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"agents": ["0"]},
        {"agents": ["x"]},
        {"agents": [str(2**70)]},
        {"group": "-1"},
        {"group": str(2**70)},
        {"group": "%00"},
        {"note": "x" * 50_000},
        {"client_id": "x"},
    ],
)
def test_nonsense_is_refused_and_changes_nothing(conversation, anna, fields):
    response = signed_in(anna).post(address("transfer", conversation), form(**fields))

    assert response.status_code == 422
    assert lines(conversation) == []


def test_things_of_other_accounts_are_no_choice(conversation, anna):
    stranger = factories.make_agent(factories.make_account())
    foreign = factories.make_group(stranger.account)

    for fields in ({"agents": [stranger.pk]}, {"group": foreign.pk}):
        response = signed_in(anna).post(
            address("transfer", conversation), form(**fields)
        )
        assert response.status_code == 422

    assert lines(conversation) == []


def test_conversation_out_of_sight_is_not_there(conversation, sam, ben):
    stranger = factories.make_agent(factories.make_account(), role=Role.FULL)

    for agent in (sam, stranger):
        client = signed_in(agent)
        assert client.get(address("transfer", conversation)).status_code == 404
        data = form(agents=[ben.pk])
        response = client.post(address("transfer", conversation), data)
        assert response.status_code == 404

    assert lines(conversation) == []


def test_page_costs_the_same_with_many_colleagues(account, conversation, anna, ben):
    client = signed_in(anna)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address("transfer", conversation)).status_code == 200
        return len(captured)

    queries()
    few = queries()
    for name in ("Cleo", "Dora", "Emil"):
        factories.make_agent(account, name)
        factories.make_group(account, name)

    assert queries() == few


def test_line_names_whom_it_went_to(conversation, anna, ben, sales):
    transfer(conversation, anna, agents=[ben], group=sales, leaves=False)

    page = signed_in(anna).get(address("conversation", conversation)).content.decode()

    assert (
        "<b>Anna Berger</b> transferred the conversation to"
        " <b>Ben Ode and Sales</b>" in page
    )
    assert Message.objects.filter(event="transferred").count() == 1
