"""The search beside what else narrows and orders the list: snooze, follow, priority."""

import re
from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from conversations import services
from conversations.inbox import InboxQuery, list_page
from conversations.models import Conversation
from tests import factories
from tests.conversations.desk import signed_in
from visitors.models import Visit

pytestmark = pytest.mark.django_db

INBOX = "/"


@pytest.fixture
def pair(account, anna):
    """Two that every filter here finds, of which the second is put off."""
    tag = services.create_tag(account=account, name="Complaint")
    channel = factories.make_channel(account)
    pair = [
        factories.make_conversation(
            channel=channel, visitor=factories.make_visitor(account, name="Sofia")
        )
        for _ in range(2)
    ]
    for conversation in pair:
        services.tag_conversation(conversation_id=conversation.pk, tag=tag, agent=anna)
        seen_on(conversation, "https://shop.example.com/mill")
    Conversation.objects.update(rating=1)
    services.update_documents(now=timezone.now())
    services.snooze_conversation(
        conversation_id=pair[1].pk,
        until=timezone.now() + timedelta(hours=3),
        agent=anna,
    )
    return pair


def seen_on(conversation, url):
    now = timezone.now()
    visit = Visit.objects.create(
        visitor=conversation.visitor,
        started_at=now,
        last_seen_at=now,
        ip="203.0.113.7",
    )
    visit.pages.create(url=url, at=now)


def found(agent, query):
    page = list_page(agent, InboxQuery.parse(QueryDict(query)))
    return [row.pk for row in page.rows]


def tag_key(conversation):
    conversation.refresh_from_db()
    return conversation.tag_ids[0]


@pytest.mark.parametrize("order", ["", "&sort=waiting", "&sort=priority"])
@pytest.mark.parametrize(
    "asked", ["q=sofia", "rating=1", "url=mill", "ip=203.0.113.", "channel=website"]
)
def test_a_search_in_open_leaves_out_what_is_snoozed(anna, pair, asked, order):
    awake, snoozed = pair

    assert found(anna, f"{asked}{order}") == [awake.pk]
    assert found(anna, f"{asked}{order}&snoozed=1") == [snoozed.pk]


def test_a_tag_given_by_hand_is_found_and_leaves_out_what_is_snoozed(anna, pair):
    awake, snoozed = pair
    tag = tag_key(awake)

    assert found(anna, f"tag={tag}") == [awake.pk]
    assert found(anna, f"tag={tag}&snoozed=1") == [snoozed.pk]
    assert found(anna, f"tag={tag}&tags=none") == []


def test_what_was_put_off_is_not_counted_as_found(anna, pair):
    text = signed_in(anna).get(INBOX, {"rating": "1"}).text

    assert "1 conversation found" in text


def test_a_search_finds_what_the_agent_follows(anna, pair):
    awake, _snoozed = pair
    services.follow_conversation(conversation_id=awake.pk, agent=anna)
    Conversation.objects.filter(pk=awake.pk).update(rating=3)

    assert found(anna, "following=1&rating=3") == [awake.pk]
    assert found(anna, "following=1&rating=1") == []


@pytest.mark.parametrize(
    ("asked", "is_search"),
    [
        ("snoozed=1", False),
        ("following=1", False),
        ("missed=1&group=1&agent=1", False),
        ("snoozed=1&rating=1", True),
        ("following=1&q=mill", True),
    ],
)
def test_what_rows_and_frames_say_is_judged_by_the_page(anna, asked, is_search):
    text = signed_in(anna).get(f"{INBOX}?{asked}").text

    section = re.search(r'<section[^>]* id="list"[^>]*>', text).group()
    assert ("data-searched" in section) is is_search


def test_chips_and_form_keep_snooze_and_follow(anna):
    query = {"snoozed": "1", "following": "1", "rating": "1"}

    text = signed_in(anna).get(INBOX, query).text

    chips = re.findall(
        r'<span class="token"><span dir="auto">([^<]+)</span><a href="([^"]+)"', text
    )
    assert chips == [
        ("Snoozed", "/?following=1&amp;rating=1"),
        ("Following", "/?snoozed=1&amp;rating=1"),
        ("Rating: Bad", "/?snoozed=1&amp;following=1"),
    ]
    assert (
        '<input class="check" type="checkbox" name="snoozed" value="1" checked>' in text
    )
    assert (
        '<input class="check" type="checkbox" name="following" value="1" checked>'
        in text
    )


def test_resolved_offers_no_snooze(anna):
    text = signed_in(anna).get(INBOX, {"status": "resolved", "snoozed": "1"}).text

    assert 'name="snoozed"' not in text
    assert 'name="following" value="1">' in text


@pytest.mark.parametrize("looked_at", [1, 2, 3, 1_000])
@pytest.mark.parametrize("size", [1, 2, 30])
def test_pages_by_priority_are_looked_through_in_their_order(
    account, anna, monkeypatch, size, looked_at
):
    monkeypatch.setattr("conversations.inbox.PAGE_SIZE", size)
    monkeypatch.setattr("conversations.inbox.MAX_LOOKED_AT", looked_at)
    channel = factories.make_channel(account)
    made = [factories.make_conversation(channel=channel) for _ in range(6)]
    for number, priority in {0: 2, 2: 1, 4: 2}.items():
        services.change_priority(
            conversation_id=made[number].pk, priority=priority, by=anna
        )
    for number in (0, 1, 2, 5):
        seen_on(made[number], "https://shop.example.com/mill")
    query = InboxQuery.parse(QueryDict("url=mill&sort=priority"))

    pages, after = [], ""
    while not pages or after:
        page = list_page(anna, query, after)
        pages += [row.pk for row in page.rows]
        after = page.after

    assert pages == [made[number].pk for number in (0, 2, 5, 1)]


def test_an_action_on_several_rows_leads_back_to_the_search(anna, pair):
    awake, _snoozed = pair
    query = "rating=1&rating=3&following=1"

    response = signed_in(anna).post(
        "/conversations/bulk/",
        {"ids": [str(awake.public_id)], "do": "priority:1", "next_query": query},
    )

    assert response.status_code == 302
    back = InboxQuery.parse(QueryDict(response.url.partition("?")[2]))
    assert back == InboxQuery.parse(QueryDict(query))
