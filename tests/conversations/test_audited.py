"""What the history holds of channels, tags, shared things and what leaves the desk."""

import pytest

from channels_integration.website import identity_services
from conversations import services
from conversations.belongings import export_visitor
from conversations.models import CannedReply, Export
from notifications import services as notifications
from notifications.models import Event
from notifications.services.unsubscribing import stop_mails
from notifications.unsubscribing import Subscription
from supportdesk.accounts.models import AuditEntry
from supportdesk.accounts.tokens import create_api_token
from tests.factories import (
    agent_writes,
    make_account,
    make_agent,
    make_channel,
    make_conversation,
    make_group,
    make_visitor,
    owner_of,
)
from visitors import services as visitors

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def owner(account):
    return owner_of(account)


def last(account, number=1):
    """The last entries as `(action, target, changes)`, oldest first."""
    rows = AuditEntry.objects.filter(account=account).order_by("-pk")[:number]
    return [(row.action, row.target_label, row.changes) for row in reversed(rows)]


def test_channel_tells_each_setting_that_changed(account):
    channel = make_channel(account, colour="blue")
    group = make_group(account)

    services.update_channel(
        channel=channel,
        name="Shop",
        config={"allowed_domains": ["a.example"], "colour": "blue"},
        group=group,
    )

    assert last(account) == [
        (
            "channel.changed",
            "Shop",
            {
                "group": [None, "Repairs"],
                "allowed_domains": [["shop.example.com"], ["a.example"]],
            },
        )
    ]


def test_identity_secret_is_told_and_stays_secret(account):
    channel = make_channel(account)

    first = identity_services.create_identity_secret(channel=channel)
    second = identity_services.create_identity_secret(channel=channel)
    identity_services.remove_identity_secret(channel=channel)
    identity_services.remove_identity_secret(channel=channel)

    assert last(account, 3) == [
        ("identity.created", "Shop", {}),
        ("identity.renewed", "Shop", {}),
        ("identity.removed", "Shop", {}),
    ]
    stored = str(list(AuditEntry.objects.values()))
    assert first not in stored
    assert second not in stored


def test_life_of_a_tag(account, owner):
    tag = services.create_tag(account=account, name="Rpair")
    other = services.create_tag(account=account, name="Repair")
    services.change_tag(tag=tag, by=owner, name="Fix")
    services.archive_tag(tag=tag, by=owner)
    services.archive_tag(tag=tag, by=owner)
    services.restore_tag(tag=tag, by=owner)
    services.merge_tags(tag=tag, into=other, by=owner)
    services.delete_tag(tag=other, by=owner)

    told = last(account, 8)
    assert [action for action, _label, _changes in told] == [
        "tag.created",
        "tag.created",
        "tag.changed",
        "tag.archived",
        "tag.restored",
        "tag.archived",
        "tag.merged",
        "tag.deleted",
    ]
    assert told[2][2] == {"name": ["Rpair", "Fix"]}
    assert told[6] == ("tag.merged", "Fix", {"into": [None, "Repair"]})


def test_only_shared_replies_are_everybody_s_matter(account, owner):
    own = services.save_canned_reply(agent=owner, shortcut="mine", text="Mine")
    services.delete_canned_reply(agent=owner, reply=own)
    assert not AuditEntry.objects.filter(topic="canned_reply").exists()

    reply = services.save_canned_reply(
        agent=owner, shortcut="hi", text="Hello", is_shared=True
    )
    services.save_canned_reply(
        agent=owner, shortcut="hi", text="Good day", is_shared=True, reply=reply
    )
    services.delete_canned_reply(agent=owner, reply=CannedReply.objects.get())

    created, changed, deleted = last(account, 3)
    assert created[:2] == ("canned_reply.created", "hi")
    assert changed == ("canned_reply.changed", "hi", {"text": ["Hello", "Good day"]})
    assert deleted == ("canned_reply.deleted", "hi", {})


def test_only_shared_views_are_everybody_s_matter(account, owner):
    own = services.save_view(agent=owner, name="Mine", query="q=mill")
    services.delete_view(agent=owner, view=own)
    assert not AuditEntry.objects.filter(topic="view").exists()

    view = services.save_view(agent=owner, name="Mills", query="q=mill", is_shared=True)
    services.rename_view(agent=owner, view=view, name="All mills")
    view.refresh_from_db()
    services.delete_view(agent=owner, view=view)

    assert last(account, 3) == [
        ("view.created", "Mills", {}),
        ("view.renamed", "All mills", {"name": ["Mills", "All mills"]}),
        ("view.deleted", "All mills", {}),
    ]


def test_blocks_are_told_by_number_and_without_reason(account, owner):
    visitor = make_visitor(account, name="Vera Fischer")
    number = f"#{visitor.number}"

    visitors.block_visitor(visitor=visitor, agent=owner, reason="Vera is rude")
    visitors.unblock_visitor(visitor=visitor)
    visitors.unblock_visitor(visitor=visitor)
    block = visitors.block_network(
        account=account, agent=owner, network="203.0.113.0/24"
    )
    visitors.unblock(block=block)
    visitors.unblock(block=block)

    assert last(account, 4) == [
        ("block.created", number, {}),
        ("block.lifted", number, {}),
        ("block.created", "203.0.113.0/24", {}),
        ("block.lifted", "203.0.113.0/24", {}),
    ]
    assert "Vera" not in str(list(AuditEntry.objects.values()))


def test_erasing_a_visitor_leaves_no_name_in_the_history(account, owner):
    conversation = make_conversation(
        account, visitor=make_visitor(account, name="Vera Fischer", email="v@f.example")
    )
    visitor = conversation.visitor
    other = make_visitor(account, name="Vera F.")
    list(export_visitor(visitor, owner))
    merge = services.merge_visitors(kept=visitor, merged=other, agent=owner)
    services.undo_merge(merge=merge, agent=owner)
    services.note_conversation_exported(
        conversation=conversation, agent=owner, extension="txt", for_visitor=True
    )

    services.erase_visitor(visitor=visitor, agent=owner)
    services.erase_visitor(visitor=visitor, agent=owner)

    number = f"#{visitor.number}"
    assert last(account, 5) == [
        ("visitor.exported", number, {}),
        ("visitor.merged", number, {"merged": [None, f"#{other.number}"]}),
        ("visitor.unmerged", number, {"merged": [None, f"#{other.number}"]}),
        (
            "export.conversation",
            number,
            {"format": [None, "txt"], "for_visitor": [None, True]},
        ),
        ("visitor.erased", number, {"conversations": [1, 0]}),
    ]
    stored = str(list(AuditEntry.objects.values()))
    assert "Vera" not in stored
    assert "f.example" not in stored


def test_merges_by_signature_are_not_told(account):
    one, other = make_visitor(account), make_visitor(account)

    services.merge_visitors(kept=one, merged=other, agent=None)

    assert not AuditEntry.objects.filter(topic="visitor").exists()


def test_downloads_are_told(client, account, owner):
    conversation = make_conversation(account)
    client.force_login(owner)

    file = f"/conversations/{conversation.public_id}/export/file/"
    b"".join(client.get(f"{file}?format=json&content=all"))
    client.get(f"{file}?format=exe&content=all")
    client.post("/exports/start/", {"next_query": "q=secret-name"})
    export = Export.objects.get()
    services.write_export(export_id=export.pk)
    b"".join(client.get(f"/exports/{export.public_id}/file/"))

    rows = AuditEntry.objects.filter(topic="export").order_by("pk")
    assert [(row.action, row.by_id, row.via) for row in rows] == [
        ("export.conversation", owner.pk, "dashboard"),
        ("export.requested", owner.pk, "dashboard"),
        ("export.taken", owner.pk, "dashboard"),
    ]
    assert "secret-name" not in str(list(rows.values()))


def test_notifications_tell_what_changed_and_to_whom(account):
    values = {
        "offline": True,
        "offline_delay": 5,
        "offline_with_messages": True,
        "missed": True,
        "missed_delay": 1,
        "missed_with_messages": True,
    }
    to = {(Event.OFFLINE.value, None): ["boss@example.com"]}
    notifications.save_settings(account=account, **values, recipients=to)

    changed, recipients = last(account, 2)
    assert changed[0] == "notifications.changed"
    assert changed[2]["offline_delay"][1] == 5
    assert recipients == (
        "notifications.recipients",
        "",
        {"recipients_offline": [[], ["boss@example.com"]]},
    )
    before = AuditEntry.objects.count()
    notifications.save_settings(account=account, **values, recipients=to)
    assert AuditEntry.objects.count() == before


def test_unsubscribing_of_an_extra_address_is_told(account):
    to = {(Event.OFFLINE.value, None): ["boss@example.com"]}
    notifications.set_extra_recipients(account=account, recipients=to)
    gone = Subscription(
        account_id=account.pk,
        agent_id=None,
        email="boss@example.com",
        kind=Event.OFFLINE.value,
    )

    stop_mails(subscription=gone)
    stop_mails(subscription=gone)

    rows = AuditEntry.objects.filter(action="notifications.unsubscribed")
    assert [(row.via, row.changes) for row in rows] == [
        ("mail", {"recipients_offline": ["boss@example.com", None]})
    ]


def test_programs_are_told_by_the_name_of_their_token(client, account, owner):
    _token, text = create_api_token(account=account, agent=owner, name="Shop server")
    visitor = make_visitor(account, name="Vera")

    client.delete(
        f"/api/v1/visitors/{visitor.public_id}",
        headers={"Authorization": f"Bearer {text}"},
    )

    entry = AuditEntry.objects.get(action="visitor.erased")
    assert (entry.via, entry.by_id, entry.by_name) == ("api", None, "Shop server")


def test_messages_leave_the_history_alone(account):
    channel, agent = make_channel(account), make_agent(account)
    before = AuditEntry.objects.count()

    conversation = make_conversation(account, channel=channel, text="Hello")
    agent_writes(conversation, agent)

    assert AuditEntry.objects.count() == before
