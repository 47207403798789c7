"""What is not needed any more when its turn has come."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations import services as conversations
from notifications import services
from notifications.models import (
    Burst,
    ExtraRecipient,
    Notification,
    NotificationSettings,
    Preferences,
    PushSubscription,
)
from supportdesk.accounts.models import Role, User
from tests import factories
from tests.notifications.watching import (
    comes_online,
    goes_offline,
    look,
    settle,
    subscribe,
    visitor_leaves,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def settled():
    settle()


@pytest.fixture
def group(account):
    return factories.make_group(account)


@pytest.fixture
def anna(account, group):
    anna = factories.make_agent(account, groups=(group,))
    subscribe(anna)
    return anna


@pytest.fixture
def conversation(account, group):
    return factories.make_conversation(account, group=group)


def is_needed(**fields):
    rows = Notification.objects.select_related("conversation")
    return services.still_needed(rows.get(**fields))


def tell_offline(anna):
    look()
    look(minutes=3)
    return {"agent": anna, "kind": "offline", "way": "mail"}


def tell_missed(anna):
    comes_online(anna)
    look()
    look(minutes=3)
    goes_offline(anna)
    return {"agent": anna, "kind": "missed", "way": "mail"}


@pytest.mark.parametrize("tell", [tell_offline, tell_missed])
def test_burst_is_needed_while_it_waits(conversation, anna, tell):
    row = tell(anna)
    assert is_needed(**row)
    factories.visitor_writes(conversation)
    conversations.add_note(
        conversation_id=conversation.pk, agent=anna, text="Who takes this?"
    )

    assert is_needed(**row)


@pytest.mark.parametrize("tell", [tell_offline, tell_missed])
def test_burst_that_was_answered_is_not(conversation, anna, owner, tell):
    row = tell(anna)

    factories.agent_writes(conversation, owner)
    factories.visitor_writes(conversation)

    assert not is_needed(**row)


@pytest.mark.parametrize("tell", [tell_offline, tell_missed])
def test_burst_of_an_account_that_tells_no_more_is_not(
    account, conversation, anna, tell
):
    row = tell(anna)

    NotificationSettings.objects.create(account=account, **{row["kind"]: False})

    assert not is_needed(**row)


@pytest.mark.parametrize("tell", [tell_offline, tell_missed])
def test_burst_that_was_resolved_is_not(conversation, anna, owner, tell):
    row = tell(anna)

    conversations.resolve_conversation(conversation_id=conversation.pk, agent=owner)

    assert not is_needed(**row)


@pytest.mark.parametrize(
    ("tell", "needed"), [(tell_offline, False), (tell_missed, True)]
)
def test_burst_that_was_opened(conversation, anna, owner, tell, needed):
    row = tell(anna)

    conversations.mark_read(conversation=conversation, agent=owner)

    assert is_needed(**row) is needed


# Whoever may not know it any more


def moved_to_another_group(conversation, anna):
    other = factories.make_group(conversation.account, "Other")
    owner = factories.owner_of(conversation.account)
    conversations.change_group(conversation_id=conversation.pk, group=other, by=owner)


def switched_off(conversation, anna):
    User.objects.filter(pk=anna.pk).update(is_active=False)


def declined(conversation, anna):
    Preferences.objects.create(agent=anna, mail=[], browser=[])


@pytest.mark.parametrize("change", [moved_to_another_group, switched_off, declined])
@pytest.mark.parametrize("way", ["mail", "push"])
def test_agent_who_is_no_recipient_any_more(conversation, anna, change, way):
    row = tell_offline(anna) | {"way": way}
    before = is_needed(**row)

    change(conversation, anna)

    assert (before, is_needed(**row)) == (True, False)


def test_browser_that_was_signed_out(conversation, anna):
    row = tell_offline(anna) | {"way": "push"}

    PushSubscription.objects.all().delete()

    assert not is_needed(**row)


@pytest.mark.parametrize("of_group", [True, False])
def test_address_that_was_taken_off_the_list(conversation, group, of_group):
    extra = ExtraRecipient.objects.create(
        account=conversation.account,
        group=group if of_group else None,
        event="offline",
        email="a@example.net",
    )
    look()
    look(minutes=3)
    row = {"recipient_email": "a@example.net"}
    before = is_needed(**row)
    extra.delete()
    # Of something else, and of somebody else.
    ExtraRecipient.objects.create(
        account=conversation.account, event="missed", email="a@example.net"
    )
    ExtraRecipient.objects.create(
        account=factories.make_account("Other"),
        event="offline",
        email="a@example.net",
    )

    assert (before, is_needed(**row)) == (True, False)


# Pushes grow old


def test_push_is_none_after_a_quarter_of_an_hour(conversation, anna):
    tell_offline(anna)
    row = Notification.objects.get(agent=anna, kind="offline", way="push")

    def at(**passed):
        now = timezone.now() + timedelta(**passed)
        return services.still_needed(row, now=now)

    assert at(minutes=14)
    assert not at(minutes=16)
    mail = Notification.objects.get(agent=anna, kind="offline", way="mail")
    assert services.still_needed(mail, now=timezone.now() + timedelta(hours=9))


@pytest.mark.parametrize("act", ["read", "answer"])
def test_push_of_a_message_that_was_seen(conversation, anna, owner, act):
    look()
    row = {"kind": "message", "agent": anna}
    before = is_needed(**row)

    if act == "read":
        conversations.mark_read(conversation=conversation, agent=anna)
    else:
        factories.agent_writes(conversation, owner)

    assert (before, is_needed(**row)) == (True, False)


# Colleagues


def assign(conversation, anna, owner):
    conversations.assign_conversation(
        conversation_id=conversation.pk, agent=anna, by=owner
    )
    return "assigned"


def mention(conversation, anna, owner):
    note = conversations.add_note(
        conversation_id=conversation.pk, agent=owner, text="Please look"
    )
    note.data = {"mentions": [anna.pk]}
    note.save(update_fields=["data"])
    return "mentioned"


@pytest.mark.parametrize("tell", [assign, mention])
@pytest.mark.parametrize("act", ["open", "write", "note"])
def test_colleague_who_has_been_there_since(conversation, anna, owner, tell, act):
    conversations.mark_read(conversation=conversation, agent=anna)
    kind = tell(conversation, anna, owner)
    look()
    row = {"kind": kind, "way": "mail"}
    before = is_needed(**row)

    if act == "open":
        conversation.refresh_from_db()
        conversations.mark_read(conversation=conversation, agent=anna)
    elif act == "write":
        factories.agent_writes(conversation, anna)
    else:
        conversations.add_note(conversation_id=conversation.pk, agent=anna, text="I do")

    assert (before, is_needed(**row)) == (True, False)


@pytest.mark.parametrize("tell", [assign, mention])
def test_what_others_do_and_the_visitor_writes_changes_nothing(
    conversation, anna, owner, tell
):
    kind = tell(conversation, anna, owner)
    look()

    factories.visitor_writes(conversation)
    factories.agent_writes(conversation, owner)
    conversation.refresh_from_db()
    conversations.mark_read(conversation=conversation, agent=owner)

    assert is_needed(kind=kind, way="mail")


def test_who_was_taken_off_again(conversation, anna, owner):
    assign(conversation, anna, owner)
    look()

    conversations.unassign_conversation(
        conversation_id=conversation.pk, agent=anna, by=owner
    )

    assert not is_needed(kind="assigned", way="mail")


def test_named_and_not_allowed_to_see_it_any_more(conversation, anna, owner):
    mention(conversation, anna, owner)
    look()

    moved_to_another_group(conversation, anna)

    assert not is_needed(kind="mentioned", way="mail")


# What nobody takes back


@pytest.mark.parametrize("kind", ["transcript", "digest", "test"])
def test_what_was_asked_for_is_always_needed(account, kind):
    row = Notification(account=account, kind=kind, recipient_email="a@example.net")

    assert services.still_needed(row)


@pytest.mark.parametrize("kind", ["offline", "assigned", "message"])
def test_without_what_it_tells_of_it_is_not(account, conversation, owner, kind):
    row = Notification.objects.create(
        account=account, kind=kind, agent=owner, occasion="x"
    )
    assert not services.still_needed(row)
    if kind != "message":
        row.conversation = conversation
        assert not services.still_needed(row)


def test_number_of_queries(conversation, anna, django_assert_num_queries):
    for index in range(3):
        factories.make_agent(
            conversation.account, role=Role.FULL, name=f"Agent {index}"
        )
    tell_offline(anna)
    # As whoever sends it has read it.
    [row, *_] = Notification.objects.select_related(
        "account__notification_settings", "conversation"
    ).filter(kind="offline", agent=anna, way="mail")
    assert Burst.objects.count() == 1
    visitor_leaves(conversation)

    with django_assert_num_queries(4):
        assert services.still_needed(row)
