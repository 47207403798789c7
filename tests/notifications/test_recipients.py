"""Who is told: never somebody who may not see it, never one person twice."""

from datetime import UTC, datetime, time
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from conversations import services as conversations
from conversations.access import may_see
from conversations.models import Conversation
from notifications.models import (
    Burst,
    ExtraRecipient,
    Notification,
    Preferences,
)
from notifications.services import recipients
from supportdesk.accounts.models import Role, User
from tests import factories
from tests.notifications.watching import subscribe

pytestmark = pytest.mark.django_db

# A Monday, three in the afternoon in Berlin.
NOON = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


def burst_of(conversation, kind="offline"):
    return Burst.objects.create(
        conversation=conversation,
        kind=kind,
        first_seq=1,
        visitor_messages=1,
        began_at=NOON,
    )


def rows_for(conversation, kind="offline", now=NOON):
    conversation = Conversation.objects.select_related("account").get(
        pk=conversation.pk
    )
    told = [(burst_of(conversation, kind), conversation)]
    return recipients.rows_for_bursts(told, now=now)


def told(rows):
    return sorted((row.way, row.recipient_email or row.agent.email) for row in rows)


# Who may see it


def test_rule_is_that_of_visible_to(account):
    """Over every role, group and assignment: nobody more and nobody less."""
    other = factories.make_account("Other")
    one, two = factories.make_group(account), factories.make_group(account, "Two")
    choices = ((), (one,), (two,), (one, two))
    agents = [
        factories.make_agent(account, role=role, groups=groups)
        for role, groups in product(Role.values, choices)
        for _ in range(2)
    ]
    # One of each kind is switched off.
    User.objects.filter(pk__in=[agent.pk for agent in agents[::2]]).update(
        is_active=False
    )
    strangers = [factories.make_agent(other, role=role) for role in Role.values]
    owner = User.objects.filter(account=account, role=Role.OWNER).earliest("pk")
    threads = []
    for group, assigned in product((None, one, two), (None, *agents)):
        thread = factories.make_conversation(account, group=group, text="")
        if assigned and assigned.is_active:
            conversations.assign_conversation(
                conversation_id=thread.pk, agent=assigned, by=owner
            )
        threads.append(thread)
    threads.append(factories.make_conversation(other, text=""))

    assignees = recipients.assignees_of(thread.pk for thread in threads)
    around = recipients.colleagues_of([account.pk, other.pk])
    everybody = recipients.colleagues(User.objects.all())
    expected = {
        (agent.pk, pk)
        for agent in User.objects.all()
        for pk in Conversation.objects.visible_to(agent).values_list("pk", flat=True)
    }

    assert len(agents) + len(strangers) + 2 == len(everybody)
    for candidates in (everybody, [*around[account.pk], *around[other.pk]]):
        assert {
            (colleague.agent.pk, thread.pk)
            for colleague in candidates
            for thread in threads
            if may_see(colleague.agent, thread, assignees[thread.pk])
        } == expected


def test_operator_without_an_account_sees_nothing(account):
    operator = User.objects.create_superuser("root@example.com", name="Root")
    conversation = factories.make_conversation(account)

    [colleague] = recipients.colleagues(User.objects.filter(pk=operator.pk))

    assert not may_see(colleague.agent, conversation, ())


# Mails


def test_agents_who_may_see_it_and_want_mail(account, owner):
    repairs, sales = factories.make_group(account), factories.make_group(account, "S")
    inside = factories.make_agent(account, groups=(repairs,))
    factories.make_agent(account, groups=(sales,))
    declines = factories.make_agent(account, groups=(repairs,))
    Preferences.objects.create(agent=declines, mail=["missed", "assigned"])
    factories.owner_of(factories.make_account("Other"))
    conversation = factories.make_conversation(account, group=repairs)

    rows = rows_for(conversation)

    assert told(rows) == sorted([("mail", owner.email), ("mail", inside.email)])
    assert {row.due_at for row in rows} == {NOON}
    assert {row.agent_id for row in rows} == {owner.pk, inside.pk}


def test_extra_addresses_of_account_and_group(account, owner):
    repairs, sales = factories.make_group(account), factories.make_group(account, "S")
    for group, event, email in (
        (None, "offline", "all@example.net"),
        (repairs, "offline", "all@example.net"),
        (repairs, "offline", "repairs@example.net"),
        (sales, "offline", "sales@example.net"),
        (None, "missed", "missed@example.net"),
        (None, "offline", owner.email.upper()),
    ):
        ExtraRecipient.objects.create(
            account=account, group=group, event=event, email=email
        )
    ExtraRecipient.objects.create(
        account=factories.make_account("Other"), event="offline", email="x@example.net"
    )

    rows = rows_for(factories.make_conversation(account, group=repairs))

    assert told(rows) == sorted(
        [
            ("mail", owner.email),
            ("mail", "all@example.net"),
            ("mail", "repairs@example.net"),
        ]
    )
    assert {row.recipient_email for row in rows if row.agent is None} == {
        "all@example.net",
        "repairs@example.net",
    }


def test_address_of_an_agent_who_declines_counts_as_an_extra_one(account, owner):
    Preferences.objects.create(agent=owner, mail=[])
    ExtraRecipient.objects.create(account=account, event="offline", email=owner.email)

    [row] = rows_for(factories.make_conversation(account))

    assert (row.recipient_email, row.agent) == (owner.email, None)


# Browsers


def test_push_only_to_browsers_of_who_wants_it(account, owner):
    anna, ben = factories.make_agent(account), factories.make_agent(account)
    for agent in (owner, anna):
        Preferences.objects.create(agent=agent, mail=[])
    Preferences.objects.create(agent=ben, mail=[], browser=["message"])
    for agent in (owner, ben):
        subscribe(agent)
    subscribe(owner, "phone")

    [row] = rows_for(factories.make_conversation(account), "missed")

    assert (row.way, row.agent, row.recipient_email) == ("push", owner, "")


# Quiet hours


@pytest.mark.parametrize(
    ("begin", "end", "at", "expected"),
    [
        # In Berlin, an hour ahead of UTC in winter and two in summer.
        ("22:00", "07:00", "2026-03-02T20:59Z", None),
        ("22:00", "07:00", "2026-03-02T21:00Z", "2026-03-03T06:00Z"),
        ("22:00", "07:00", "2026-03-03T05:59Z", "2026-03-03T06:00Z"),
        ("22:00", "07:00", "2026-03-03T06:00Z", None),
        ("12:00", "13:30", "2026-03-02T11:15Z", "2026-03-02T12:30Z"),
        ("22:00", "00:00", "2026-03-02T22:30Z", "2026-03-02T23:00Z"),
        ("00:00", "07:00", "2026-03-02T23:30Z", "2026-03-03T06:00Z"),
        # The night in which the clock is set forward.
        ("22:00", "07:00", "2026-03-28T22:00Z", "2026-03-29T05:00Z"),
        ("22:00", "22:00", "2026-03-02T21:00Z", None),
    ],
)
def test_end_of_quiet_hours(account, owner, begin, end, at, expected):
    preferences = Preferences(
        agent=owner,
        quiet_from=time.fromisoformat(begin),
        quiet_until=time.fromisoformat(end),
    )
    colleague = recipients.Colleague(owner, preferences, is_subscribed=True)

    found = colleague.quiet_until(ZoneInfo("Europe/Berlin"), datetime.fromisoformat(at))

    assert found == (datetime.fromisoformat(expected) if expected else None)


def test_quiet_hours_put_the_mail_off_and_drop_the_push(account, owner):
    Preferences.objects.create(
        agent=owner, quiet_from=time(14, 0), quiet_until=time(16, 0)
    )
    subscribe(owner)

    [row] = rows_for(factories.make_conversation(account))

    assert row.way == Notification.Way.MAIL
    assert row.due_at == datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


# What it costs


def test_number_of_queries_does_not_grow(account, django_assert_num_queries):
    def told_of(number):
        rows = []
        for _ in range(number):
            group = factories.make_group(account)
            factories.make_agent(account, groups=(group,))
            ExtraRecipient.objects.create(
                account=account, group=group, event="offline", email="a@example.net"
            )
            thread = factories.make_conversation(account, group=group)
            thread = Conversation.objects.select_related("account").get(pk=thread.pk)
            rows.append((burst_of(thread), thread))
        return rows

    for number in (1, 3):
        told = told_of(number)
        with django_assert_num_queries(5):
            rows = recipients.rows_for_bursts(told, now=NOON)
        assert len(rows) >= 3 * number
