"""Tags on conversations, through the services."""

import json
import threading

import pytest
from django.db import connection, connections

from conversations import services
from conversations.belongings import export_visitor
from conversations.exceptions import ConversationError, NotAllowed
from conversations.models import Conversation, Message, Tag, Tagging
from conversations.services import tags as tag_services
from conversations.services.tagging import MAX_ON_CONVERSATION
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira(account):
    return factories.make_agent(account, "Mira Sahin")


def make_tag(account, name="Complaint", **fields):
    return services.create_tag(account=account, name=name, **fields)


def put(conversation, *tags, agent=None):
    for tag in tags:
        services.tag_conversation(conversation_id=conversation.pk, tag=tag, agent=agent)


def names(conversation):
    return [tag.name for tag in factories.fresh(conversation).tags]


def lines(conversation):
    events = conversation.messages.filter(event__in=["tagged", "untagged"])
    return [
        (line.event, line.data["name"], line.agent_id)
        for line in events.order_by("seq")
    ]


def agrees(conversation):
    """Whether the copy for lists says what the rows say."""
    stored = Conversation.objects.get(pk=conversation.pk).tag_ids
    rows = conversation.taggings.order_by("tag").values_list("tag", flat=True)
    return stored == list(rows)


# On a conversation


def test_tagging_writes_row_copy_and_event_line(account, mira, conversation):
    second = make_tag(account, "Spare part")
    first = make_tag(account, "Advice")

    put(conversation, first, second, agent=mira)

    assert names(conversation) == ["Advice", "Spare part"]
    assert Conversation.objects.get(pk=conversation.pk).tag_ids == [
        second.pk,
        first.pk,
    ]
    assert agrees(conversation)
    assert lines(conversation) == [
        ("tagged", "Advice", mira.pk),
        ("tagged", "Spare part", mira.pk),
    ]
    assert Tagging.objects.get(tag=first).agent == mira


def test_tagging_twice_changes_nothing(account, mira, conversation):
    tag = make_tag(account)
    put(conversation, tag, tag, agent=mira)

    assert Tagging.objects.count() == 1
    assert len(lines(conversation)) == 1


def test_untagging_takes_it_off_and_a_second_time_changes_nothing(
    account, mira, conversation
):
    kept, gone = make_tag(account, "Advice"), make_tag(account)
    put(conversation, kept, gone, agent=mira)

    for _ in range(2):
        services.untag_conversation(
            conversation_id=conversation.pk, tag=gone, agent=mira
        )

    assert names(conversation) == ["Advice"]
    assert agrees(conversation)
    assert lines(conversation)[2:] == [("untagged", "Complaint", mira.pk)]


def test_event_line_is_not_the_visitors(account, conversation):
    before = conversation.last_public_seq

    put(conversation, make_tag(account))

    assert factories.fresh(conversation).last_public_seq == before


def test_tag_of_another_account_is_refused(mira, conversation):
    foreign = make_tag(factories.make_account("Elsewhere"))

    with pytest.raises(ConversationError):
        put(conversation, foreign, agent=mira)

    assert names(conversation) == []
    assert lines(conversation) == []


def test_archived_tag_is_refused_but_stays_where_it_is(
    account, anna, mira, conversation
):
    tag = make_tag(account)
    put(conversation, tag, agent=mira)
    services.archive_tag(tag=tag, by=anna)
    other = factories.make_conversation(account)

    with pytest.raises(ConversationError, match="archived"):
        put(other, tag, agent=mira)
    with pytest.raises(ConversationError, match="archived"):
        services.tag_conversation_by_name(
            conversation_id=other.pk, name="complaint", agent=mira
        )

    assert names(conversation) == ["Complaint"]
    assert names(other) == []


def test_deleted_tag_is_refused(account, anna, mira, conversation):
    tag = make_tag(account)
    services.delete_tag(tag=Tag.objects.get(pk=tag.pk), by=anna)

    with pytest.raises(ConversationError, match="not exist"):
        put(conversation, tag, agent=mira)


def test_conversation_has_room_for_twenty(account, mira, conversation):
    tags = [make_tag(account, f"Tag {n}") for n in range(MAX_ON_CONVERSATION + 1)]
    put(conversation, *tags[:-1], agent=mira)

    with pytest.raises(ConversationError, match="at most 20"):
        put(conversation, tags[-1], agent=mira)

    assert len(names(conversation)) == MAX_ON_CONVERSATION


def test_tag_by_name_is_found_however_it_is_written(account, mira, conversation):
    tag = make_tag(account, "Rücksendung")

    services.tag_conversation_by_name(
        conversation_id=conversation.pk, name="  RU\u0308CKSENDUNG ", agent=mira
    )

    assert Tag.objects.get() == tag
    assert names(conversation) == ["Rücksendung"]


def test_tag_by_name_is_made_on_the_spot(account, mira, conversation):
    make_tag(account, "Other", hue=1)

    services.tag_conversation_by_name(
        conversation_id=conversation.pk, name="Spare part", agent=mira
    )

    tag = Tag.objects.get(name="Spare part")
    assert (tag.account, tag.hue) == (account, 2)
    assert names(conversation) == ["Spare part"]


def test_nothing_is_made_for_a_conversation_that_is_full(account, mira, conversation):
    put(conversation, *(make_tag(account, f"T{n}") for n in range(20)))

    with pytest.raises(ConversationError):
        services.tag_conversation_by_name(
            conversation_id=conversation.pk, name="New", agent=mira
        )

    assert not Tag.objects.filter(name="New").exists()


def test_tags_without_row_are_read_once(
    account, conversation, django_assert_num_queries
):
    put(conversation, make_tag(account), make_tag(account, "advice"))
    plain = Conversation.objects.get(pk=conversation.pk)

    with django_assert_num_queries(1):
        found = [tag.name for tag in plain.tags + plain.tags]

    assert found == ["advice", "Complaint"] * 2
    untagged = factories.make_conversation(account)
    with django_assert_num_queries(0):
        assert Conversation(pk=untagged.pk).tags == []


# The account's tags


@pytest.mark.parametrize("name", ["", "   ", "\u200b", "\u202e\x00", "\n\t", "x" * 41])
def test_names_that_are_none_are_refused(account, name):
    with pytest.raises(ConversationError):
        make_tag(account, name)

    assert not Tag.objects.exists()


def test_name_is_cleaned_and_card_numbers_are_hidden(account):
    tag = make_tag(
        account, " Big\n order\u202e ", description="4111 1111 1111 1111 was theirs"
    )

    assert tag.name == "Big order"
    assert tag.description == "[card ····1111] was theirs"
    assert make_tag(account, "4111-1111-1111-1111").name == "[card ····1111]"


def test_name_is_unique_whatever_its_case_within_the_account(account):
    make_tag(account, "Großmenge")

    with pytest.raises(ConversationError, match="already"):
        make_tag(account, "GROßMENGE")

    assert make_tag(factories.make_account("Elsewhere"), "Großmenge").pk


@pytest.mark.parametrize("hue", [0, 9, -1])
def test_colour_is_one_of_eight(account, hue):
    with pytest.raises(ConversationError):
        make_tag(account, hue=hue)


def test_account_has_room_for_two_hundred(account, anna, mira, conversation):
    Tag.objects.bulk_create(
        Tag(account=account, name=f"Tag {n}", hue=1) for n in range(200)
    )

    with pytest.raises(ConversationError, match="200"):
        make_tag(account)
    with pytest.raises(ConversationError, match="200"):
        services.tag_conversation_by_name(
            conversation_id=conversation.pk, name="Complaint", agent=mira
        )

    services.delete_tag(tag=Tag.objects.first(), by=anna)
    assert make_tag(account).pk


def test_change_keeps_what_is_not_given(account, anna):
    tag = make_tag(account, hue=3, description="Not happy")

    services.change_tag(tag=tag, by=anna, name="complaint")
    services.change_tag(tag=tag, by=anna, hue=5)

    tag.refresh_from_db()
    assert (tag.name, tag.hue, tag.description) == ("complaint", 5, "Not happy")


def test_renaming_onto_another_is_refused(account, anna):
    tag, _other = make_tag(account), make_tag(account, "Advice")

    with pytest.raises(ConversationError, match="already"):
        services.change_tag(tag=tag, by=anna, name="ADVICE")


def test_renamed_tag_is_renamed_everywhere_but_in_the_past(account, anna, conversation):
    tag = make_tag(account)
    put(conversation, tag, agent=anna)

    services.change_tag(tag=tag, by=anna, name="Claim")

    assert names(conversation) == ["Claim"]
    assert lines(conversation) == [("tagged", "Complaint", anna.pk)]


def test_only_full_access_changes_tags_and_only_of_its_account(account, mira):
    tag, other = make_tag(account), make_tag(account, "Advice")
    stranger = factories.owner_of(factories.make_account("Elsewhere"))
    verbs = [
        lambda by: services.change_tag(tag=tag, by=by, name="Mine"),
        lambda by: services.archive_tag(tag=tag, by=by),
        lambda by: services.restore_tag(tag=tag, by=by),
        lambda by: services.delete_tag(tag=tag, by=by),
        lambda by: services.merge_tags(tag=tag, into=other, by=by),
    ]

    for verb in verbs:
        with pytest.raises(NotAllowed):
            verb(mira)
        with pytest.raises(ConversationError):
            verb(stranger)

    tag.refresh_from_db()
    assert (tag.name, tag.archived_at) == ("Complaint", None)


def test_tag_in_use_is_not_deleted(account, anna, conversation):
    tag = make_tag(account)
    put(conversation, tag)

    with pytest.raises(ConversationError, match="Merge"):
        services.delete_tag(tag=tag, by=anna)
    services.untag_conversation(conversation_id=conversation.pk, tag=tag, agent=anna)
    services.delete_tag(tag=tag, by=anna)

    assert not Tag.objects.exists()


def test_merge_moves_taggings_in_chunks_and_writes_no_lines(
    account, anna, mira, monkeypatch
):
    monkeypatch.setattr(tag_services, "MERGED_AT_ONCE", 2)
    wrong, right = make_tag(account, "Complain"), make_tag(account)
    other = make_tag(account, "Advice")
    channel = factories.make_channel(account)
    rows = [factories.make_conversation(channel=channel) for _ in range(6)]
    for row in rows[:5]:
        put(row, wrong, agent=mira)
    put(rows[0], right, other)
    put(rows[5], right)
    before = Message.objects.count()

    moved = services.merge_tags(tag=wrong, into=right, by=anna)

    assert moved == 5
    assert [names(row) for row in rows] == [["Advice", "Complaint"]] + [
        ["Complaint"]
    ] * 5
    assert all(agrees(row) for row in rows)
    assert Message.objects.count() == before
    assert not Tag.objects.filter(pk=wrong.pk).exists()
    assert rows[1].taggings.get().agent == mira


def test_merge_refuses_itself_archived_and_foreign_tags(account, anna):
    tag, archived = make_tag(account), make_tag(account, "Old")
    services.archive_tag(tag=archived, by=anna)
    foreign = make_tag(factories.make_account("Elsewhere"))

    for into in (tag, archived, foreign):
        with pytest.raises(ConversationError):
            services.merge_tags(tag=tag, into=into, by=anna)

    tag.refresh_from_db()
    assert tag.archived_at is None


def test_interrupted_merge_goes_on(account, anna, conversation, monkeypatch):
    wrong, right = make_tag(account, "Complain"), make_tag(account)
    put(conversation, wrong)
    services.archive_tag(tag=wrong, by=anna)

    services.merge_tags(tag=wrong, into=right, by=anna)

    assert names(conversation) == ["Complaint"]


# What else happens to visitors


def test_export_names_tags(account, anna, conversation):
    put(conversation, make_tag(account), make_tag(account, "Advice"), agent=anna)

    document = json.loads("".join(export_visitor(conversation.visitor, anna)))

    [exported] = document["conversations"]
    assert exported["tags"] == ["Advice", "Complaint"]
    assert [
        entry["data"]["name"]
        for entry in exported["messages"]
        if entry.get("event") == "tagged"
    ] == ["Complaint", "Advice"]


def test_erasing_a_visitor_takes_taggings_and_leaves_tags(account, anna, conversation):
    put(conversation, make_tag(account))

    services.erase_visitor(visitor=conversation.visitor, agent=anna)

    assert not Tagging.objects.exists()
    assert Tag.objects.count() == 1


def test_merged_visitors_keep_their_conversations_tags(account, anna):
    channel = factories.make_channel(account)
    one, two = (factories.make_conversation(channel=channel) for _ in range(2))
    put(one, make_tag(account))
    put(two, make_tag(account, "Advice"))

    services.merge_visitors(kept=one.visitor, merged=two.visitor, agent=anna)

    assert (names(one), names(two)) == (["Complaint"], ["Advice"])


# At once


def at_once(*jobs):
    """Each in a thread and connection of its own; returns what they raised."""
    start, raised = threading.Barrier(len(jobs)), []

    def run(job):
        try:
            start.wait(10)
            job()
        except Exception as error:
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    return raised


@pytest.mark.django_db(transaction=True)
def test_two_agents_tag_at_once(account, anna, mira, conversation):
    tags = [make_tag(account, name) for name in ("Advice", "Complaint")]

    raised = at_once(
        lambda: put(conversation, *tags, agent=anna),
        lambda: put(conversation, *reversed(tags), agent=mira),
    )

    assert raised == []
    assert names(conversation) == ["Advice", "Complaint"]
    assert agrees(conversation)
    assert len(lines(conversation)) == 2


@pytest.mark.django_db(transaction=True)
def test_two_agents_make_the_same_tag_at_once(account, anna, mira):
    channel = factories.make_channel(account)
    one, two = (factories.make_conversation(channel=channel) for _ in range(2))

    raised = at_once(
        *(
            lambda row=row, agent=agent, name=name: services.tag_conversation_by_name(
                conversation_id=row.pk, name=name, agent=agent
            )
            for row, agent, name in ((one, anna, "Refund"), (two, mira, "refund"))
        )
    )

    assert raised == []
    assert Tag.objects.count() == 1
    assert names(one) == names(two)


@pytest.mark.django_db(transaction=True)
def test_tagging_during_a_merge_loses_nothing(account, anna, mira):
    """Whoever tags at that moment is refused, or what they did is merged, too."""
    wrong, right = make_tag(account, "Complain"), make_tag(account)
    channel = factories.make_channel(account)
    rows = [factories.make_conversation(channel=channel) for _ in range(4)]
    put(rows[0], wrong)

    raised = at_once(
        lambda: services.merge_tags(tag=wrong, into=right, by=anna),
        lambda: put(rows[1], wrong, agent=mira),
        lambda: put(rows[2], wrong, agent=mira),
    )

    assert all(isinstance(error, ConversationError) for error in raised)
    assert not Tag.objects.filter(pk=wrong.pk).exists()
    assert names(rows[0]) == ["Complaint"]
    tagged = [row for row in rows[1:] if names(row) == ["Complaint"]]
    assert len(tagged) == 2 - len(raised)
    assert all(agrees(row) for row in rows)


@pytest.mark.django_db(transaction=True)
def test_tag_cannot_be_deleted_while_somebody_puts_it_on(account, anna, conversation):
    tag = make_tag(account)

    raised = at_once(
        lambda: put(conversation, tag),
        lambda: services.delete_tag(tag=tag, by=anna),
    )

    [error] = raised
    assert isinstance(error, ConversationError)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert agrees(conversation)
