"""What is written to a visitor who has become part of another profile meanwhile."""

import threading
import time

import pytest
from django.db import connection, transaction
from django.utils import timezone

from conversations import services
from supportdesk.accounts.models import Role
from tests.conversations.desk import HTMX, address, signed_in
from tests.factories import make_account, make_agent, make_conversation, make_visitor
from visitors.events import visitor_updated
from visitors.exceptions import NoteConflict
from visitors.models import PageView, Source, Visit, Visitor, VisitorNote
from visitors.services import SeenPage, record_pages, save_note, update_contact

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def anna():
    return make_agent(make_account(), "Anna Berger", Role.FULL)


@pytest.fixture
def kept(anna):
    return make_visitor(anna.account)


@pytest.fixture
def merged(anna):
    """As it was read before it became part of the other one."""
    return make_visitor(anna.account)


def merge(kept, merged, agent):
    return services.merge_visitors(kept=kept, merged=merged, agent=agent)


def give_email(visitor):
    return update_contact(visitor=visitor, source=Source.FORM, email="lena@example.com")


def see_page(visitor):
    page = SeenPage("https://shop.example.com/", "Shop", timezone.now())
    return record_pages(visitor=visitor, pages=[page])


def emails(*visitors):
    found = Visitor.objects.in_bulk([visitor.pk for visitor in visitors])
    return [found[visitor.pk].email for visitor in visitors]


def told(function):
    """The keys that pages hear of."""
    keys = []

    def hear(sender, event, **kwargs):
        keys.append((event.visitor_id, event.sections))

    visitor_updated.connect(hear)
    try:
        function()
    finally:
        visitor_updated.disconnect(hear)
    return keys


def test_contact_data_goes_to_the_whole_profile(kept, merged, anna):
    merge(kept, merged, anna)

    keys = told(lambda: give_email(merged))

    assert emails(kept, merged) == ["lena@example.com", ""]
    assert [key for key, _sections in keys] == [kept.pk]


def test_note_goes_to_the_whole_profile(kept, merged, anna):
    merge(kept, merged, anna)

    keys = told(
        lambda: save_note(visitor=merged, agent=anna, text="Calls back", version=0)
    )

    assert VisitorNote.objects.get().visitor == kept
    assert keys == [(kept.pk, ("note",))]


def test_note_of_the_whole_profile_is_not_overwritten_unseen(kept, merged, anna):
    save_note(visitor=kept, agent=anna, text="Buys spares", version=0)
    merge(kept, merged, anna)

    with pytest.raises(NoteConflict) as conflict:
        save_note(visitor=merged, agent=anna, text="Calls back", version=0)

    assert conflict.value.stored.text == "Buys spares"


def test_page_views_continue_the_visit_of_the_whole_profile(kept, merged, anna):
    visit = see_page(merged)
    merge(kept, merged, anna)

    keys = told(lambda: see_page(merged))

    assert Visit.objects.get() == visit
    assert PageView.objects.filter(visit__visitor=kept).count() == 2
    assert keys == [(kept.pk, ("history",))]


def test_page_views_begin_a_visit_of_the_whole_profile(kept, merged, anna):
    merge(kept, merged, anna)
    Visitor.objects.update(last_seen_at=None)

    visit = see_page(merged)

    assert visit.visitor == kept
    kept.refresh_from_db()
    assert kept.last_seen_at == visit.last_seen_at


def test_saved_note_is_shown_to_who_wrote_it_during_a_merge(
    kept, merged, anna, monkeypatch
):
    conversation = make_conversation(anna.account, visitor=merged)

    def meanwhile(**fields):
        merge(kept, merged, anna)
        return save_note(**fields)

    monkeypatch.setattr("conversations.views.card_sections.save_note", meanwhile)
    response = signed_in(anna).post(
        address("visitor_note_save", conversation),
        {"text": "Calls back", "version": 0},
        headers=HTMX,
    )

    assert "Calls back" in response.text
    assert VisitorNote.objects.get().visitor == kept


def waiting():
    """How many of this test's connections wait for a row of another one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]


def test_who_waits_for_a_merge_writes_to_what_it_made(kept, merged, anna):
    writers = [
        lambda: give_email(merged),
        lambda: see_page(merged),
        lambda: save_note(visitor=merged, agent=anna, text="Calls back", version=0),
    ]
    errors = []

    def run(write):
        try:
            write()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(write,)) for write in writers]
    with transaction.atomic():
        merge(kept, merged, anna)
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 10
        while waiting() < len(threads) and time.monotonic() < deadline:
            time.sleep(0.01)
    for thread in threads:
        thread.join()

    assert errors == []
    assert emails(kept, merged) == ["lena@example.com", ""]
    assert VisitorNote.objects.get().visitor == kept
    assert Visit.objects.get().visitor == kept
