import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from conversations import services
from conversations.exceptions import ConversationError
from conversations.models import Conversation, Message
from supportdesk.accounts.models import Role
from tests.factories import (
    make_account,
    make_agent,
    make_channel,
    make_conversation,
    make_visitor,
    visitor_writes,
)
from visitors.models import (
    Block,
    CustomerInformation,
    Source,
    Visit,
    Visitor,
    VisitorMerge,
    VisitorNote,
)
from visitors.services import save_note, update_contact
from visitors.tasks import finish_merges

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(account):
    return make_visitor(account, name="Lena Hofmann")


@pytest.fixture
def merged(account):
    return make_visitor(account, name="Lena H.", email="lena@example.com")


def merge(kept, merged, agent):
    return services.merge_visitors(kept=kept, merged=merged, agent=agent)


def undo(merge, agent):
    return services.undo_merge(merge=merge, agent=agent)


def make_visit(visitor):
    now = timezone.now()
    return Visit.objects.create(visitor=visitor, started_at=now, last_seen_at=now)


def give(visitor, source, **values):
    items = [
        {"key": key, "label": key, "value": value} for key, value in values.items()
    ]
    return CustomerInformation.objects.create(
        visitor=visitor, source=source, items=items, changed_at=timezone.now()
    )


def owners(*conversations):
    rows = Conversation.objects.in_bulk([row.pk for row in conversations])
    return [rows[row.pk].visitor_id for row in conversations]


def contact(visitor):
    fresh = Visitor.objects.get(pk=visitor.pk)
    return fresh.name, fresh.email, fresh.email_source, fresh.user_id


def test_merge_moves_conversations_and_visits(kept, merged, anna):
    own = make_conversation(visitor=kept, account=kept.account)
    moved = make_conversation(visitor=merged, account=kept.account)
    visit = make_visit(merged)

    merge(kept, merged, anna)

    assert owners(own, moved) == [kept.pk, kept.pk]
    visit.refresh_from_db()
    assert visit.visitor_id == kept.pk
    merged.refresh_from_db()
    assert merged.profile == kept
    assert list(Visitor.objects.of_account(anna)) == [kept]


def test_merge_fills_what_is_empty_and_keeps_what_is_not(kept, merged, anna):
    Visitor.objects.filter(pk=merged.pk).update(user_id="c-17")

    merge(kept, merged, anna)

    assert contact(kept) == ("Lena Hofmann", "lena@example.com", "form", "c-17")


def test_merge_keeps_the_earliest_and_the_latest_sight(kept, merged, anna):
    long_ago, soon = timezone.now() - timedelta(days=90), timezone.now()
    Visitor.objects.filter(pk=merged.pk).update(created_at=long_ago, last_seen_at=soon)

    record = merge(kept, merged, anna)
    kept.refresh_from_db()

    assert (kept.created_at, kept.last_seen_at) == (long_ago, soon)
    undo(record, anna)
    kept.refresh_from_db()
    assert kept.created_at > long_ago


def test_merge_writes_a_line_into_what_moved_and_nowhere_else(kept, merged, anna):
    own = make_conversation(visitor=kept, account=kept.account)
    moved = make_conversation(visitor=merged, account=kept.account)

    undo(merge(kept, merged, anna), anna)

    lines = Message.objects.filter(event__in=["merged", "unmerged"]).order_by("seq")
    assert list(lines.values_list("conversation", "event", "agent__name")) == [
        (moved.pk, "merged", "Anna Berger"),
        (moved.pk, "unmerged", "Anna Berger"),
    ]
    assert own.pk != moved.pk
    assert not lines.filter(public_seq__isnull=False)


def test_customer_information_comes_from_sources_that_were_missing(kept, merged, anna):
    give(kept, Source.PAGE, basket="1 mill")
    give(merged, Source.PAGE, basket="2 mills")
    give(merged, Source.API, tier="gold")

    record = merge(kept, merged, anna)

    rows = CustomerInformation.objects.filter(visitor=kept).order_by("source")
    assert [(row.source, row.items[0]["value"]) for row in rows] == [
        ("api", "gold"),
        ("page", "1 mill"),
    ]
    undo(record, anna)
    assert [row.source for row in rows.all()] == ["page"]
    assert CustomerInformation.objects.filter(visitor=merged).count() == 2


def test_customer_information_that_was_emptied_takes_no_place(kept, merged, anna):
    give(kept, Source.PAGE)
    give(merged, Source.PAGE, basket="2 mills")

    merge(kept, merged, anna)

    (row,) = CustomerInformation.objects.filter(visitor=kept)
    assert row.items[0]["value"] == "2 mills"


def test_customer_information_that_changed_since_stays(kept, merged, anna):
    give(merged, Source.API, tier="gold")
    record = merge(kept, merged, anna)
    CustomerInformation.objects.filter(visitor=kept).update(changed_at=timezone.now())

    undo(record, anna)

    assert CustomerInformation.objects.filter(visitor=kept).count() == 1
    assert CustomerInformation.objects.filter(visitor=merged).count() == 1


def test_both_notes_are_kept_and_come_apart_again(kept, merged, anna):
    save_note(visitor=kept, agent=anna, text="Calls back", version=0)
    save_note(visitor=merged, agent=anna, text="Buys spares", version=0)

    record = merge(kept, merged, anna)

    note = VisitorNote.objects.get(visitor=kept)
    assert (note.text, note.version) == ("Calls back\n\nBuys spares", 2)
    undo(record, anna)
    note.refresh_from_db()
    assert (note.text, note.version) == ("Calls back", 3)
    assert VisitorNote.objects.get(visitor=merged).text == "Buys spares"


def test_note_that_was_changed_since_stays(kept, merged, anna):
    save_note(visitor=merged, agent=anna, text="Buys spares", version=0)
    record = merge(kept, merged, anna)
    save_note(visitor=kept, agent=anna, text="Buys spares, calls back", version=1)

    undo(record, anna)

    assert VisitorNote.objects.get(visitor=kept).text == "Buys spares, calls back"


def test_note_of_a_colleague_who_is_gone_comes_back_without_author(kept, merged, anna):
    ben = make_agent(kept.account, "Ben Krause")
    save_note(visitor=kept, agent=ben, text="Calls back", version=0)
    save_note(visitor=merged, agent=ben, text="Buys spares", version=0)
    record = merge(kept, merged, anna)
    ben.delete()

    undo(record, anna)

    note = VisitorNote.objects.get(visitor=kept)
    assert (note.text, note.agent) == ("Calls back", None)


def test_who_was_blocked_stays_blocked(kept, merged, anna):
    block = Block.objects.create(account=kept.account, visitor=merged)
    over = timezone.now() - timedelta(days=1)
    Block.objects.create(account=kept.account, visitor=kept, ends_at=over)

    record = merge(kept, merged, anna)

    assert list(Block.objects.values_list("pk", "visitor")) == [(block.pk, kept.pk)]
    undo(record, anna)
    assert list(Block.objects.values_list("pk", "visitor")) == [(block.pk, merged.pk)]


def test_undo_gives_back_what_is_still_there(kept, merged, anna):
    moved = make_conversation(visitor=merged, account=kept.account)
    visit = make_visit(merged)
    record = merge(kept, merged, anna)

    undo(record, anna)

    visit.refresh_from_db()
    merged.refresh_from_db()
    record.refresh_from_db()
    assert owners(moved) == [merged.pk]
    assert visit.visitor_id == merged.pk
    assert merged.profile == merged
    assert contact(kept) == ("Lena Hofmann", "", "", "")
    assert contact(merged) == ("Lena H.", "lena@example.com", "form", "")
    assert record.undone_at is not None


def test_messages_written_since_stay_with_their_conversation(kept, merged, anna):
    moved = make_conversation(visitor=merged, account=kept.account)
    record = merge(kept, merged, anna)
    visitor_writes(moved, "One more thing")

    undo(record, anna)

    assert owners(moved) == [merged.pk]
    assert moved.messages.filter(text="One more thing").count() == 1


def test_conversation_that_a_merged_browser_began_goes_with_it(kept, merged, anna):
    record = merge(kept, merged, anna)
    stale = Visitor.objects.get(pk=merged.pk)
    theirs = make_conversation(visitor=stale, account=kept.account)
    own = make_conversation(visitor=kept, account=kept.account)

    assert owners(theirs, own) == [kept.pk, kept.pk]
    undo(record, anna)
    assert owners(theirs, own) == [merged.pk, kept.pk]


def test_contact_that_was_corrected_since_stays(kept, merged, anna):
    record = merge(kept, merged, anna)
    update_contact(visitor=kept, source=Source.AGENT, email="new@example.com")

    undo(record, anna)

    assert contact(kept) == ("Lena Hofmann", "new@example.com", "agent", "")


def test_undo_leaves_a_customer_id_to_whom_the_shop_has_named_since(kept, merged, anna):
    Visitor.objects.filter(pk=merged.pk).update(user_id="c-17")
    record = merge(kept, merged, anna)
    Visitor.objects.filter(pk=kept.pk).update(user_id="")
    other = make_visitor(kept.account)
    Visitor.objects.filter(pk=other.pk).update(user_id="c-17")

    undo(record, anna)

    assert contact(merged)[3] == ""


def test_merge_of_a_merge_comes_apart_in_its_order(kept, merged, anna):
    third = make_visitor(kept.account, name="L. Hofmann")
    conversation = make_conversation(visitor=merged, account=kept.account)
    first = merge(kept, merged, anna)
    second = merge(third, kept, anna)

    assert owners(conversation) == [third.pk]
    with pytest.raises(ConversationError, match="later merge first"):
        undo(first, anna)
    undo(second, anna)
    assert owners(conversation) == [kept.pk]
    undo(first, anna)
    assert owners(conversation) == [merged.pk]


def test_browser_within_a_merge_of_a_merge_begins_for_the_outermost(kept, merged, anna):
    third = make_visitor(kept.account)
    first = merge(kept, merged, anna)
    second = merge(third, kept, anna)
    stale = Visitor.objects.get(pk=merged.pk)
    theirs = make_conversation(visitor=stale, account=kept.account)

    assert owners(theirs) == [third.pk]
    undo(second, anna)
    assert owners(theirs) == [kept.pk]
    undo(first, anna)
    assert owners(theirs) == [merged.pk]


def test_two_merges_into_one_are_undone_in_any_order(kept, merged, anna):
    other = make_visitor(kept.account, phone="+49 30 1")
    first = merge(kept, merged, anna)
    second = merge(kept, other, anna)

    undo(first, anna)
    assert Visitor.objects.get(pk=kept.pk).phone == "+49 30 1"
    undo(second, anna)
    assert Visitor.objects.get(pk=kept.pk).phone == ""


def refused(kept, merged, agent):
    with pytest.raises(ConversationError) as error:
        merge(kept, merged, agent)
    assert not VisitorMerge.objects.exists()
    return str(error.value)


def test_profile_is_not_merged_with_itself(kept, anna):
    assert refused(kept, kept, anna) == "This is the same profile."


def test_profiles_of_two_accounts_stay_apart(kept, anna):
    stranger = make_visitor(make_account("Other"))

    assert refused(kept, stranger, anna) == "This profile does not exist any more."


def test_part_of_another_profile_is_not_merged_again(kept, merged, anna):
    other = make_visitor(kept.account)
    Visitor.objects.filter(pk=merged.pk).update(merged_into=other)

    sentence = "One of them is part of another profile already."
    assert refused(kept, merged, anna) == sentence
    assert refused(merged, kept, anna) == sentence
    # A circle would never end.
    assert refused(other, merged, anna) == sentence


def test_different_customer_ids_are_different_people(kept, merged, anna):
    Visitor.objects.filter(pk=kept.pk).update(user_id="c-1")
    Visitor.objects.filter(pk=merged.pk).update(user_id="c-2")

    assert "different customer ids" in refused(kept, merged, anna)


def test_merge_of_an_erased_profile_is_refused(kept, merged, anna):
    Visitor.objects.filter(pk=merged.pk).delete()

    assert refused(kept, merged, anna) == "This profile does not exist any more."


def test_undo_twice_is_refused(kept, merged, anna):
    record = merge(kept, merged, anna)
    undo(record, anna)

    with pytest.raises(ConversationError, match="undone already"):
        undo(record, anna)


def test_undo_after_thirty_days_is_refused(kept, merged, anna):
    record = merge(kept, merged, anna)
    late = timezone.now() - timedelta(days=30, minutes=1)
    VisitorMerge.objects.update(created_at=late)

    with pytest.raises(ConversationError, match="within 30 days"):
        undo(record, anna)


def test_undo_of_an_erased_profile_is_refused(kept, merged, anna):
    record = merge(kept, merged, anna)
    Visitor.objects.filter(pk=kept.pk).delete()

    with pytest.raises(ConversationError, match="does not exist any more"):
        undo(record, anna)


def test_old_merges_become_final_and_keep_no_second_copy(kept, merged, anna):
    make_visit(merged)
    Visitor.objects.filter(pk=merged.pk).update(user_id="c-17")
    save_note(visitor=merged, agent=anna, text="Buys spares", version=0)
    give(merged, Source.API, tier="gold")
    old = merge(kept, merged, anna)
    VisitorMerge.objects.update(created_at=timezone.now() - timedelta(days=31))
    young = merge(kept, make_visitor(kept.account, phone="1"), anna)
    late = make_visit(merged)

    finish_merges()
    finish_merges()

    assert contact(merged) == ("", "", "", "")
    assert contact(kept) == ("Lena Hofmann", "lena@example.com", "form", "c-17")
    assert VisitorNote.objects.get().visitor_id == kept.pk
    assert CustomerInformation.objects.get().visitor_id == kept.pk
    late.refresh_from_db()
    assert late.visitor_id == kept.pk
    merged.refresh_from_db()
    assert merged.profile == kept
    old.refresh_from_db()
    young.refresh_from_db()
    assert old.moved == {}
    assert young.moved != {}
    with pytest.raises(ConversationError, match="within 30 days"):
        undo(old, anna)


def in_threads(*functions):
    errors = []

    def run(function):
        try:
            function()
        except ConversationError as error:
            errors.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(each,)) for each in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.django_db(transaction=True)
def test_two_merges_at_once_in_both_directions_make_one():
    account = make_account()
    anna = make_agent(account, role=Role.FULL)
    one, two = make_visitor(account), make_visitor(account)

    errors = in_threads(
        lambda: merge(one, two, anna),
        lambda: merge(two, one, anna),
    )

    assert errors == ["One of them is part of another profile already."]
    assert VisitorMerge.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_conversations_that_begin_meanwhile_are_nobodys_loss():
    account = make_account()
    make_channel(account)
    anna = make_agent(account, role=Role.FULL)
    kept, merged = make_visitor(account), make_visitor(account)
    for _number in range(5):
        make_conversation(visitor=merged, account=account)

    def begin():
        for _number in range(5):
            make_conversation(visitor=merged, account=account)

    errors = in_threads(begin, lambda: merge(kept, merged, anna), begin)

    assert errors == []
    assert set(Conversation.objects.values_list("visitor", flat=True)) == {kept.pk}
    undo(VisitorMerge.objects.get(), anna)
    assert set(Conversation.objects.values_list("visitor", flat=True)) == {merged.pk}
