import threading
from datetime import timedelta

import pytest
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection
from django.utils import timezone

from channels_integration.website import services as website
from channels_integration.website.models import VisitorSession
from conversations import services
from conversations.belongings import count_belongings
from conversations.exceptions import ConversationError, NotAllowed
from conversations.models import Attachment, Conversation, DoomedFile, Message
from conversations.tasks import delete_files
from supportdesk.accounts.models import Role
from tests.factories import (
    agent_writes,
    make_account,
    make_agent,
    make_channel,
    make_conversation,
    make_visitor,
    owner_of,
    visitor_writes,
)
from visitors.models import (
    Block,
    CustomerInformation,
    PageView,
    Source,
    Visit,
    Visitor,
    VisitorMerge,
    VisitorNote,
)
from visitors.services import block_network, block_visitor, save_note

pytestmark = pytest.mark.django_db


def erase(visitor, agent):
    return services.erase_visitor(visitor=visitor, agent=agent)


def fill(visitor, agent, upload):
    """Something of everything that can belong to a visitor."""
    conversation = make_conversation(visitor.account, visitor=visitor)
    visitor_writes(conversation, "With a picture", uploads=[upload()])
    agent_writes(conversation, agent)
    services.add_note(
        conversation_id=conversation.pk,
        agent=agent,
        text="Difficult",
        uploads=[upload("contract.png")],
    )
    services.mark_read(conversation=conversation, agent=agent)
    save_note(visitor=visitor, agent=agent, text="Calls back", version=0)
    CustomerInformation.objects.create(
        visitor=visitor,
        source=Source.API,
        items=[{"key": "tier", "label": "Tier", "value": "gold"}],
        changed_at=timezone.now(),
    )
    now = timezone.now()
    visit = Visit.objects.create(visitor=visitor, started_at=now, last_seen_at=now)
    PageView.objects.create(visit=visit, url="https://shop.example.com/", at=now)
    website.VisitorSession.objects.create(
        channel=conversation.channel,
        visitor=visitor,
        conversation=conversation,
        token_hash=f"{visitor.pk:064}",
    )
    block_visitor(visitor=visitor, agent=agent)
    return conversation


OF_A_VISITOR = (
    *(Visitor, Conversation, Message, Attachment, VisitorNote, CustomerInformation),
    *(Visit, PageView, VisitorSession, VisitorMerge, Block),
)


def left():
    return {model.__name__: model.objects.count() for model in OF_A_VISITOR}


def paths():
    return list(Attachment.objects.order_by("pk").values_list("file", flat=True))


def test_everything_of_the_visitor_goes_and_nothing_else(
    account, anna, upload, django_capture_on_commit_callbacks
):
    other = make_visitor(account)
    fill(other, anna, upload)
    before, kept_paths = left(), paths()
    visitor = make_visitor(account, name="Lena")
    part = make_visitor(account, name="Lena H.")
    fill(visitor, anna, upload)
    fill(part, anna, upload)
    services.merge_visitors(kept=visitor, merged=part, agent=anna)
    gone_paths = [path for path in paths() if path not in kept_paths]

    with django_capture_on_commit_callbacks(execute=True):
        erased = erase(visitor, anna)

    assert erased is True
    assert left() == before
    assert Visitor.objects.get() == other
    assert [default_storage.exists(path) for path in gone_paths] == [False] * 4
    assert [default_storage.exists(path) for path in kept_paths] == [True] * 2
    assert not DoomedFile.objects.exists()


def test_no_table_holds_more_than_the_test_above_knows(account):
    """Whoever adds something that belongs to a visitor must say what becomes of it."""
    from django.apps import apps

    roots = {Visitor, Conversation, Message, Visit, VisitorSession}
    pointing = {
        model.__name__
        for model in apps.get_models()
        for field in model._meta.fields
        if field.related_model in roots
    }

    assert pointing - {model.__name__ for model in OF_A_VISITOR} == {
        # By cascade, with its conversation.
        *("Assignment", "Burst", "ConversationRead", "Follow", "Notification"),
        *("SearchDocument", "Tagging"),
    }


def test_blocked_address_stays_blocked(account, anna):
    visitor = make_visitor(account)
    block_visitor(visitor=visitor, agent=anna)
    block_network(account=account, agent=anna, network="203.0.113.7")

    erase(visitor, anna)

    assert Block.objects.get().network == "203.0.113.7/32"


def test_erasing_a_part_erases_the_person(account, anna):
    visitor, part = make_visitor(account), make_visitor(account)
    services.merge_visitors(kept=visitor, merged=part, agent=anna)

    erase(part, anna)

    assert not Visitor.objects.exists()


def test_second_time_finds_nothing(account, anna):
    visitor = make_visitor(account)

    assert [erase(visitor, anna), erase(visitor, anna)] == [True, False]


def test_limited_agent_may_not(account):
    visitor = make_visitor(account)

    with pytest.raises(NotAllowed, match="full access"):
        erase(visitor, make_agent(account))

    assert Visitor.objects.exists()


def test_nothing_goes_if_the_transaction_fails(
    account, anna, upload, monkeypatch, django_capture_on_commit_callbacks
):
    visitor = make_visitor(account)
    fill(visitor, anna, upload)
    before = left()

    def fail(**kwargs):
        raise RuntimeError

    monkeypatch.setattr("visitors.services.delete_profile", fail)
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(RuntimeError):
        erase(visitor, anna)

    assert left() == before
    assert all(default_storage.exists(path) for path in paths())
    assert not DoomedFile.objects.exists()


def test_file_that_cannot_be_deleted_is_tried_again(
    account, anna, upload, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    visitor = make_visitor(account)
    fill(visitor, anna, upload)
    stuck, other = paths()
    delete = FileSystemStorage.delete

    def fail(storage, name):
        if name == stuck:
            raise OSError("the storage sleeps")
        delete(storage, name)

    monkeypatch.setattr(FileSystemStorage, "delete", fail)
    with django_capture_on_commit_callbacks(execute=True):
        erase(visitor, anna)

    assert not default_storage.exists(other)
    assert list(DoomedFile.objects.values_list("path", flat=True)) == [stuck]
    assert stuck not in caplog.records[-1].getMessage()
    monkeypatch.setattr(FileSystemStorage, "delete", delete)
    delete_files()
    assert not default_storage.exists(stuck)
    assert not DoomedFile.objects.exists()


def test_file_that_is_gone_already_is_no_obstacle(account):
    DoomedFile.objects.create(path="attachments/nothing")

    assert services.delete_files() == 0
    assert not DoomedFile.objects.exists()


def test_undo_after_erasing_is_refused_without_a_trace(account, anna):
    visitor, part = make_visitor(account), make_visitor(account)
    merge = services.merge_visitors(kept=visitor, merged=part, agent=anna)
    erase(visitor, anna)

    with pytest.raises(ConversationError, match="does not exist any more"):
        services.undo_merge(merge=merge, agent=anna)

    assert not Visitor.objects.exists()


def test_belongings_are_counted_with_those_of_the_parts(account, anna, upload):
    visitor, part = make_visitor(account), make_visitor(account)
    fill(visitor, anna, upload)
    fill(part, anna, upload)
    fill(make_visitor(account), anna, upload)
    services.merge_visitors(kept=visitor, merged=part, agent=anna)

    found = count_belongings(visitor)

    size = Attachment.objects.first().size
    assert (found.profiles, found.conversations, found.visits) == (2, 2, 2)
    assert (found.messages, found.notes, found.pages) == (6, 2, 2)
    assert (found.files, found.file_bytes) == (4, 4 * size)
    # The source was there already, so the copy of the part stays with the part.
    assert (found.customer_entries, found.has_note) == (2, True)


def test_nothing_is_counted_for_who_has_nothing(account):
    found = count_belongings(make_visitor(account))

    assert (found.profiles, found.conversations, found.file_bytes) == (1, 0, 0)
    assert found.has_note is False


@pytest.mark.django_db(transaction=True)
def test_visitor_who_writes_meanwhile_neither_crashes_nor_comes_back(client):
    from tests.channels_integration.browser import open_browser

    browser = open_browser(client, make_channel(make_account()))
    agent = owner_of(browser.channel.account)
    browser.say("Hello")
    page = {"url": "https://shop.example.com/", "title": "Shop", "ago": 0}
    statuses = []
    errors = []

    def write():
        from django.test import Client

        own = open_browser(Client(), browser.channel)
        own.token = browser.token
        try:
            for number in range(12):
                statuses.append(own.say(f"Message {number}").status_code)
                body = {"token": own.token, "pages": [page]}
                statuses.append(own.post("visit", body).status_code)
                body = {"name": f"Lena {number}", "email": "lena@example.com"}
                statuses.append(own.post("contact", body).status_code)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _number in range(3)]
    for thread in threads:
        thread.start()
    assert erase(browser.session.visitor, agent) is True
    for thread in threads:
        thread.join()

    assert errors == []
    assert set(statuses) <= {200, 201, 204, 401}
    assert statuses[-1] == 401
    assert not Visitor.objects.filter(pk=browser.session.visitor_id).exists()
    assert not Conversation.objects.exists()
    assert not PageView.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_erase_once(upload):
    account = make_account()
    anna = make_agent(account, role=Role.FULL)
    visitor = make_visitor(account)
    fill(visitor, anna, upload)
    results = []

    def run():
        try:
            results.append(erase(visitor, anna))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == [False, True]


@pytest.mark.django_db(transaction=True)
def test_merging_meanwhile_leaves_nothing_behind():
    account = make_account()
    make_channel(account)
    anna = make_agent(account, role=Role.FULL)
    refusals = []
    for _round in range(3):
        kept, part = make_visitor(account), make_visitor(account)
        make_conversation(account, visitor=part)

        def join(kept=kept, part=part):
            try:
                services.merge_visitors(kept=kept, merged=part, agent=anna)
            except ConversationError as error:
                refusals.append(str(error))
            finally:
                connection.close()

        thread = threading.Thread(target=join)
        thread.start()
        erase(part, anna)
        thread.join()

        assert not Visitor.objects.filter(pk=part.pk).exists()
        assert not Conversation.objects.exists()
    assert set(refusals) <= {"This profile does not exist any more."}


def test_old_visits_do_not_slow_it_down(account, anna, django_assert_max_num_queries):
    visitor = make_visitor(account)
    at = timezone.now() - timedelta(days=1)
    visits = Visit.objects.bulk_create(
        Visit(visitor=visitor, started_at=at, last_seen_at=at) for _n in range(200)
    )
    PageView.objects.bulk_create(
        PageView(visit=visit, url="https://shop.example.com/", at=at)
        for visit in visits
        for _n in range(10)
    )

    with django_assert_max_num_queries(60):
        erase(visitor, anna)
