"""What is older than the account keeps it goes, and nothing else."""

import uuid
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from conversations import services
from conversations.models import Attachment, Conversation, DoomedFile, Figure, Message
from conversations.redaction_log import hidden_cards
from supportdesk.accounts import keeping
from supportdesk.accounts.models import Account, AuditEntry, Role
from supportdesk.accounts.services import delete_old
from tests import factories
from visitors import services as visitors
from visitors.models import PageView, Visit, Visitor

pytestmark = pytest.mark.django_db

URL = "/settings/privacy/"
NOW = timezone.now()
OLD = NOW - timedelta(days=100)


@pytest.fixture
def account():
    return factories.make_account()


@pytest.fixture
def owner(account):
    return factories.owner_of(account)


def keep(account, **days):
    for name, number in days.items():
        setattr(account, f"keep_{name}_days", number)
    account.save()
    return account


def conversation_of(account, *, at=OLD, resolved=True, **more):
    row = factories.make_conversation(account, **more)
    if resolved:
        owner = factories.owner_of(row.account)
        services.resolve_conversation(conversation_id=row.pk, agent=owner)
    Conversation.objects.filter(pk=row.pk).update(last_activity_at=at)
    Message.objects.filter(conversation=row).update(created_at=at)
    return row


def attach(conversation):
    message = conversation.messages.filter(kind="message").first()
    path = default_storage.save(f"files/{uuid.uuid4()}", ContentFile(b"x"))
    message.attachment_count += 1
    message.save()
    return Attachment.objects.create(
        message=message, file=path, name="x.txt", content_type="text/plain", size=1
    )


def last_entry(account):
    return AuditEntry.objects.filter(account=account, topic="privacy").first()


def test_old_resolved_conversations_go_with_their_files(account):
    keep(account, conversations=90)
    old = conversation_of(account)
    path = attach(old).file.name
    stays = [
        conversation_of(account, resolved=False),
        conversation_of(account, at=NOW - timedelta(days=80)),
        conversation_of(factories.make_account("Another")),
    ]
    Figure.objects.create(
        account=account, what=Figure.What.BEGUN, grain="d", day=OLD.date(), count=3
    )

    assert delete_old(account=account, now=NOW)

    assert set(Conversation.objects.all()) == set(stays)
    assert [row.path for row in DoomedFile.objects.all()] == [path]
    services.delete_files()
    assert not default_storage.exists(path)
    # The reports' figures hold no person.
    assert Figure.objects.filter(account=account).count() == 1
    entry = last_entry(account)
    assert (entry.by_id, entry.via) == (None, "system")
    assert entry.changes == {"keep_conversations_days": [1, 0]}


def test_nothing_goes_unless_a_time_is_set(account):
    conversation_of(account)
    factories.put_on_website(factories.make_visitor(account))
    Visit.objects.update(started_at=OLD, last_seen_at=OLD)

    assert delete_old(account=account, now=NOW)

    assert (Conversation.objects.count(), Visit.objects.count()) == (1, 1)
    assert last_entry(account) is None


def test_old_files_go_and_their_messages_say_so(client, account, owner):
    keep(account, attachments=90)
    old = conversation_of(account)
    recent = conversation_of(account, at=NOW - timedelta(days=80))
    attach(old)
    kept = attach(recent)

    delete_old(account=account, now=NOW)

    assert list(Attachment.objects.all()) == [kept]
    message = old.messages.filter(kind="message").first()
    assert (message.attachment_count, message.data) == (0, {"files_deleted": 1})
    client.force_login(owner)
    page = client.get(f"/conversations/{old.public_id}/").content.decode()
    assert "The file is not kept any longer." in page


def test_old_visits_go_with_their_pages(account):
    keep(account, visits=90)
    gone = factories.put_on_website(factories.make_visitor(account))
    Visit.objects.filter(pk=gone.pk).update(started_at=OLD, last_seen_at=OLD)
    other = factories.put_on_website(factories.make_visitor(account))

    delete_old(account=account, now=NOW)

    assert list(Visit.objects.all()) == [other]
    assert list(PageView.objects.values_list("visit", flat=True)) == [other.pk]


def test_visitors_nobody_knows_go(account, owner):
    keep(account, visitors=90)
    unknown = factories.make_visitor(account)
    known = [factories.make_visitor(account) for _number in range(5)]
    known[0].user_id = "customer 7"
    known[0].save()
    factories.make_conversation(account, visitor=known[1])
    visitors.block_visitor(visitor=known[2], agent=owner)
    services.merge_visitors(kept=known[3], merged=known[4], agent=owner)
    Visitor.objects.update(created_at=OLD, last_seen_at=None)
    recent = factories.make_visitor(account)

    delete_old(account=account, now=NOW)

    assert unknown not in Visitor.objects.all()
    assert set(Visitor.objects.all()) == {*known, recent}


def test_history_goes_too_and_says_how_much(account):
    keep(account, history=90)
    AuditEntry.objects.bulk_create(
        AuditEntry(account=account, action="tag.deleted", via="system", at=OLD)
        for _number in range(3)
    )

    delete_old(account=account, now=NOW)

    assert not account.history.filter(action="tag.deleted").exists()
    assert last_entry(account).changes == {"keep_history_days": [3, 0]}


def test_history_is_kept_for_90_days_at_least(account):
    with pytest.raises(IntegrityError), transaction.atomic():
        keep(account, history=89)


def test_job_goes_on_where_it_stopped(account, monkeypatch):
    """In batches; with the budget used up after the first, the rest is the next run's."""
    monkeypatch.setattr("conversations.services.keeping.AT_ONCE", 2)
    keep(account, conversations=90)
    for _number in range(5):
        conversation_of(account)
    ticks = iter(range(0, 10_000, 500))

    first = delete_old(account=account, now=NOW, clock=lambda: next(ticks))
    left = Conversation.objects.count()
    second = delete_old(account=account, now=NOW)

    assert (first, left) == (False, 3)
    assert (second, Conversation.objects.count()) == (True, 0)


def test_job_that_dies_keeps_what_it_did(account, monkeypatch):
    keep(account, conversations=90, visits=90)
    conversation_of(account)

    def die(account, before):
        raise RuntimeError

    broken = keeping.Kind("keep_visits_days", "", lambda *_args: None, die)
    monkeypatch.setitem(keeping._kinds, "keep_visits_days", broken)
    with pytest.raises(RuntimeError):
        delete_old(account=account, now=NOW)

    assert not Conversation.objects.exists()
    assert last_entry(account).changes == {"keep_conversations_days": [1, 0]}


def test_every_kind_of_the_account_has_its_job():
    fields = [
        field.name
        for field in Account._meta.concrete_fields
        if field.name.startswith("keep_")
    ]

    assert [kind.field for kind in keeping.kinds()] == fields


# The page


def form(**values):
    return {"ip_storage": "full", **values}


@pytest.mark.parametrize(
    ("role", "status"), [(Role.OWNER, 200), (Role.FULL, 200), (Role.AGENT, 404)]
)
def test_page_is_for_full_access(client, account, role, status):
    client.force_login(factories.make_agent(account, role=role))

    assert client.get(URL).status_code == status


def test_shorter_time_is_saved_after_what_goes_was_read(client, account, owner):
    conversation_of(account)
    conversation_of(factories.make_account("Another"))
    client.force_login(owner)

    asked = client.post(URL, form(keep_conversations_days=90))
    account.refresh_from_db()
    assert (asked.status_code, account.keep_conversations_days) == (409, None)
    assert "Resolved conversations: 1" in asked.content.decode()
    confirmed = asked.context["form"].data["confirmed"]
    # Another time than the one that was confirmed is asked for anew.
    other = client.post(URL, form(keep_conversations_days=30, confirmed=confirmed))
    assert other.status_code == 409
    done = client.post(URL, form(keep_conversations_days=90, confirmed=confirmed))

    assert done.status_code == 302
    account.refresh_from_db()
    assert account.keep_conversations_days == 90
    entry = last_entry(account)
    assert (entry.action, entry.by_id) == ("privacy.changed", owner.pk)
    assert entry.changes == {"keep_conversations_days": [None, 90]}
    # Longer than before needs no question.
    assert client.post(URL, form(keep_conversations_days=99)).status_code == 302


@pytest.mark.parametrize(
    "values",
    [
        {"keep_history_days": "89"},
        {"keep_visits_days": "0"},
        {"keep_visits_days": "-1"},
        {"keep_visits_days": "99999"},
        {"keep_visits_days": "1e3"},
        {"keep_visits_days": "\x00"},
        {"ip_storage": "secret"},
    ],
)
def test_refused_form_stores_nothing(client, account, owner, values):
    client.force_login(owner)

    assert client.post(URL, form(**values)).status_code == 422

    account.refresh_from_db()
    assert [getattr(account, kind.field) for kind in keeping.kinds()] == [None] * 5


def test_addresses_are_set_here(client, account, owner):
    client.force_login(owner)

    client.post(URL, form(ip_storage="short"))

    account.refresh_from_db()
    assert account.ip_storage == "short"


def test_hidden_card_numbers_are_counted_by_day_and_channel(client, account, owner):
    conversation = factories.make_conversation(account, text="4111 1111 1111 1111")
    factories.visitor_writes(conversation, "4111 1111 1111 1111, 5555 5555 5555 4444")
    factories.make_conversation(
        factories.make_account("Another"), text="4111 1111 1111 1111"
    )

    (row,) = hidden_cards(account, timezone.now())

    assert (row.channel, row.number) == ("Website", 3)
    assert row.day == timezone.localdate(timezone=account.tz)
    assert hidden_cards(account, timezone.now() + timedelta(days=31)) == []
    client.force_login(owner)
    assert "<td>Website</td><td>3</td>" in client.get(URL).content.decode()
