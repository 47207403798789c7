"""Many rows at once: each by its own right, and back again while nothing followed."""

import html
import re
import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from conversations import services
from conversations.bulk import ACTIONS, DONE, act_of
from conversations.models import Conversation, ConversationRead
from tests import factories
from tests.conversations.desk import HTMX, signed_in

pytestmark = pytest.mark.django_db

BULK = "/conversations/bulk/"
UNDO = "/conversations/bulk/undo/"


@pytest.fixture
def mira(account):
    """An agent who must be assigned to resolve."""
    return factories.make_agent(account, "Mira Sahin")


def many(account, number):
    channel = factories.make_channel(account)
    return [factories.make_conversation(channel=channel) for _ in range(number)]


def do(agent, what, conversations):
    data = {"do": what, "ids": [row.public_id for row in conversations]}
    return signed_in(agent).post(BULK, data, headers=HTMX)


def undo(agent, response):
    token = html.unescape(re.search(r'name="token" value="([^"]+)"', response.text)[1])
    return signed_in(agent).post(UNDO, {"token": token}, headers=HTMX)


def states(conversations, field="status"):
    rows = Conversation.objects.filter(pk__in=[row.pk for row in conversations])
    return list(rows.order_by("pk").values_list(field, flat=True))


def lines(conversation):
    events = conversation.messages.filter(kind="event").order_by("seq")
    return list(events.values_list("event", flat=True))[1:]


def test_every_verb_says_what_was_done():
    assert set(DONE) == set(ACTIONS)


def test_all_that_are_selected_are_resolved(account, anna):
    rows = many(account, 3)

    response = do(anna, "resolve", rows[:2])

    assert states(rows) == ["resolved", "resolved", "open"]
    assert "2 conversations resolved." in response.text


def test_what_is_refused_is_said_by_number_and_reason(account, mira):
    mine, other, third = rows = many(account, 3)
    services.join_conversation(conversation_id=mine.pk, agent=mira)
    elsewhere = factories.make_conversation()

    response = do(mira, "resolve", [mine, other, third, elsewhere])

    assert states(rows) == ["resolved", "open", "open"]
    assert states([elsewhere]) == ["open"]
    assert "1 conversation resolved." in response.text
    assert "2 left out: Only assigned agents" in response.text
    assert "1 left out: It is no longer available to you." in response.text


@pytest.mark.parametrize(
    ("what", "field", "expected"),
    [
        ("priority:2", "priority", 2),
        ("assign:{jonas}", "assignees", "jonas"),
        ("group:{group}", "group", "group"),
    ],
)
def test_other_things_are_done_to_all(account, anna, what, field, expected):
    jonas = factories.make_agent(account, "Jonas Adler")
    group = factories.make_group(account)
    keys = {"jonas": jonas.pk, "group": group.pk}
    rows = many(account, 2)

    do(anna, what.format(**keys), rows)

    assert states(rows, field) == [keys.get(expected, expected)] * 2


def test_snoozed_and_woken_again(account, anna):
    rows = many(account, 2)

    do(anna, "snooze:hour", rows)
    snoozed = states(rows, "snoozed_until")
    do(anna, "wake", rows)

    assert all(until > timezone.now() for until in snoozed)
    assert states(rows, "snoozed_until") == [None, None]


def test_marked_as_read_and_unread(account, anna):
    rows = many(account, 2)

    do(anna, "read", rows)
    read = list(ConversationRead.objects.values_list("visitor_messages", flat=True))
    do(anna, "unread", rows)

    unread = list(ConversationRead.objects.values_list("visitor_messages", flat=True))
    assert (read, unread) == ([1, 1], [0, 0])


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"do": "resolve"},
        {"do": "resolve", "ids": ["x"]},
        {"do": "resolve", "ids": ["{id}", "' OR 1=1"]},
        {"ids": ["{id}"]},
        {"do": "", "ids": ["{id}"]},
        {"do": "delete", "ids": ["{id}"]},
        {"do": "__class__:x", "ids": ["{id}"]},
        {"do": "assign:", "ids": ["{id}"]},
        {"do": "assign:99999999999999999999", "ids": ["{id}"]},
        {"do": "group:x", "ids": ["{id}"]},
        {"do": "snooze:never", "ids": ["{id}"]},
        {"do": "priority:7", "ids": ["{id}"]},
        {"do": "x" * 10_000, "ids": ["{id}"]},
    ],
)
def test_nonsense_is_refused_and_changes_nothing(account, anna, data):
    [row] = many(account, 1)
    ids = [text.format(id=row.public_id) for text in data.get("ids", [])]

    response = signed_in(anna).post(BULK, {**data, "ids": ids}, headers=HTMX)

    assert response.status_code == 200
    assert "toast--error" in response.text
    assert lines(row) == []


def test_more_than_a_hundred_are_refused(account, anna):
    [row] = many(account, 1)
    ids = [row.public_id, *(uuid4() for _ in range(100))]

    response = signed_in(anna).post(BULK, {"do": "resolve", "ids": ids}, headers=HTMX)

    assert "At most 100" in response.text
    assert states([row]) == ["open"]


def test_agents_and_groups_of_other_accounts_are_refused(account, anna):
    elsewhere = factories.make_account()
    stranger = factories.make_agent(elsewhere)
    group = factories.make_group(elsewhere)
    rows = many(account, 1)

    answers = [
        do(anna, what, rows).text
        for what in (f"assign:{stranger.pk}", f"group:{group.pk}")
    ]

    assert all("toast--error" in text for text in answers)
    assert lines(rows[0]) == []


def test_without_script_it_leads_back_to_the_list(account, anna):
    rows = many(account, 1)
    data = {"do": "resolve", "ids": [rows[0].public_id], "next_query": "show=mine"}

    response = signed_in(anna).post(BULK, data, follow=True)

    assert response.redirect_chain == [("/?show=mine", 302)]
    assert "1 conversation resolved." in response.text


# The way back


def test_undo_opens_again_what_was_resolved_and_lets_it_wait(account, anna):
    rows = many(account, 2)
    services.snooze_conversation(
        conversation_id=rows[0].pk,
        until=timezone.now() + timedelta(hours=1),
        agent=anna,
    )
    before = states(rows, "waiting_since"), states(rows, "snoozed_until")
    response = do(anna, "resolve", rows)

    answer = undo(anna, response)

    assert states(rows) == ["open", "open"]
    assert (states(rows, "waiting_since"), states(rows, "snoozed_until")) == before
    assert "Undone for 2 conversations." in answer.text


def test_undo_takes_off_only_who_was_put_on(account, anna):
    jonas = factories.make_agent(account, "Jonas Adler")
    had_him, had_none = many(account, 2)
    services.assign_conversation(conversation_id=had_him.pk, agent=jonas, by=anna)
    response = do(anna, f"assign:{jonas.pk}", [had_him, had_none])

    undo(anna, response)

    assert list(had_him.assignees.all()) == [jonas]
    assert list(had_none.assignees.all()) == []


def test_undo_hands_back_to_the_former_group(account, anna):
    sales, repairs = (factories.make_group(account, name) for name in ("A", "B"))
    first = factories.make_conversation(account, group=sales)
    second = factories.make_conversation(account)
    response = do(anna, f"group:{repairs.pk}", [first, second])

    undo(anna, response)

    assert states([first, second], "group") == [sales.pk, None]


@pytest.mark.parametrize("since", ["message", "note", "reopened"])
def test_undo_leaves_alone_what_changed_since(account, anna, since):
    changed, same = rows = many(account, 2)
    response = do(anna, "resolve", rows)
    if since == "message":
        factories.visitor_writes(changed)
    elif since == "note":
        services.add_note(conversation_id=changed.pk, agent=anna, text="Done")
    else:
        services.reopen_conversation(conversation_id=changed.pk, agent=anna)
    before = lines(changed)

    answer = undo(anna, response)

    assert lines(changed) == before
    assert states([same]) == ["open"]
    assert "1 left out: It has changed since." in answer.text


def test_undo_works_once(account, anna):
    rows = many(account, 1)
    response = do(anna, "resolve", rows)
    undo(anna, response)

    answer = undo(anna, response)

    assert "toast--error" in answer.text
    assert lines(rows[0]) == ["resolved", "reopened"]


def test_undo_is_the_agents_own(account, anna):
    rows = many(account, 1)
    response = do(anna, "resolve", rows)

    answer = undo(factories.owner_of(account), response)

    assert "It is too late to undo that." in answer.text
    assert states(rows) == ["resolved"]


def test_undo_has_its_time(account, anna, monkeypatch):
    rows = many(account, 1)
    response = do(anna, "resolve", rows)
    monkeypatch.setattr("conversations.bulk.UNDO_LASTS", -1)

    answer = undo(anna, response)

    assert "It is too late to undo that." in answer.text
    assert states(rows) == ["resolved"]


def test_undo_of_what_is_out_of_sight_is_refused(account):
    sales, repairs = (factories.make_group(account, name) for name in ("A", "B"))
    mira = factories.make_agent(account, "Mira Sahin", groups=(sales,))
    row = factories.make_conversation(account, group=sales)
    response = do(mira, f"group:{repairs.pk}", [row])

    answer = undo(mira, response)

    assert states([row], "group") == [repairs.pk]
    assert "It is no longer available to you." in answer.text


@pytest.mark.parametrize("token", ["", "x", "x:y:z", "\x00", "a" * 100_000])
def test_invented_tokens_are_refused(anna, token):
    response = signed_in(anna).post(UNDO, {"token": token}, headers=HTMX)

    assert response.status_code == 200
    assert "It is too late to undo that." in response.text


def test_marks_and_snoozes_offer_no_undo(account, anna):
    rows = many(account, 1)

    answers = [do(anna, what, rows).text for what in ("read", "snooze:hour")]

    assert not any("data-undo" in text for text in answers)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_not_wait_for_each_other_in_a_circle():
    account = factories.make_account()
    owner = factories.owner_of(account)
    keys = [row.pk for row in many(account, 8)]
    barrier = threading.Barrier(2)
    outcomes = []

    def resolve(order):
        barrier.wait()
        act = act_of(owner, "resolve", "")
        outcomes.append(services.in_bulk(conversation_ids=order, act=act))
        connection.close()

    workers = [
        threading.Thread(target=resolve, args=[order]) for order in (keys, keys[::-1])
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    changed = sorted(change.pk for outcome in outcomes for change in outcome.changes)
    assert changed == keys
    assert [outcome.done for outcome in outcomes] == [8, 8]
