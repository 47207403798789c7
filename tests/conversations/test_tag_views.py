"""Tags on the desk: rows, the editor on the card, event lines, pushes."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conversations import services
from conversations.models import Tag
from conversations.rendering import render_row
from tests import factories
from tests.conversations.desk import HTMX, address, htmx, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira(account):
    return factories.make_agent(account, "Mira Sahin")


def make_tags(account, *names):
    return [services.create_tag(account=account, name=name) for name in names]


def put(conversation, *tags):
    for tag in tags:
        services.tag_conversation(conversation_id=conversation.pk, tag=tag, agent=None)


def add(agent, conversation, headers=HTMX, **form):
    url = address("tag_add", conversation)
    return signed_in(agent).post(url, form, headers=headers)


def remove(agent, conversation, pk, headers=HTMX):
    url = reverse("conversations:tag_remove", args=[conversation.public_id, pk])
    return signed_in(agent).post(url, headers=headers)


def names(conversation):
    return [tag.name for tag in factories.fresh(conversation).tags]


def on_row(text):
    """What the row shows: tags, and how many more there are."""
    tags = re.findall(
        r'<span class="tag" data-hue="(\d)" aria-hidden="true"><span dir="auto">(.*?)<',
        text,
    )
    more = re.search(r'conv__more" aria-hidden="true">(.*?)<', text)
    return tags, more[1] if more else ""


# Rows


def test_row_shows_two_tags_and_how_many_more(account, anna, conversation):
    put(conversation, *make_tags(account, "Delta", "Alpha", "Charly", "Bravo"))
    services.join_conversation(conversation_id=conversation.pk, agent=anna)
    services.post_agent_message(
        conversation_id=conversation.pk, agent=anna, text="It is on its way."
    )

    text = signed_in(anna).get("/").text

    assert on_row(text) == ([("2", "Alpha"), ("4", "Bravo")], "+2")
    assert "Tags: Alpha, Bravo, Charly, Delta" in text


def test_row_with_a_badge_shows_one_tag(account, anna, conversation):
    put(conversation, *make_tags(account, "Alpha", "Bravo", "Charly"))
    later = timezone.now() + timedelta(days=1)
    services.snooze_conversation(
        conversation_id=conversation.pk, until=later, agent=anna
    )

    text = signed_in(anna).get("/?snoozed=1").text

    assert on_row(text) == ([("1", "Alpha")], "+2")
    assert "Tags: Alpha, Bravo, Charly" in text


def test_pushed_row_carries_tags(account, anna, conversation):
    put(conversation, *make_tags(account, "Alpha", "Bravo", "Charly"))

    pushed = render_row(factories.fresh(conversation))

    assert on_row(pushed["en"]) == ([("1", "Alpha")], "+2")


def test_names_are_escaped_wherever_they_stand(account, anna, conversation):
    put(conversation, *make_tags(account, "<script>alert(1)</script>"))
    client = signed_in(anna)

    pages = [
        client.get(address("conversation", conversation)).text,
        client.get(address("tag_options", conversation)).text,
        client.get(reverse("settings:tags")).text,
        render_row(factories.fresh(conversation))["en"],
    ]

    for page in pages:
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize("path", ["/", None])
def test_tags_cost_the_page_no_query_per_row(account, anna, path):
    channel = factories.make_channel(account)
    visitor = factories.make_visitor(account)
    tags = make_tags(account, "Alpha", "Bravo", "Charly")
    first = factories.make_conversation(channel=channel, visitor=visitor)
    put(first, *tags)
    client, asked = signed_in(anna), []

    for _ in (1, 3):
        client.get(path or address("conversation", first))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(path or address("conversation", first))
        asked.append(len(queries))
        for _more in range(2):
            other = factories.make_conversation(channel=channel)
            put(other, *tags)

    assert asked[0] == asked[1]


# The editor


def test_card_shows_tags_of_the_conversation(account, mira, conversation):
    [tag] = make_tags(account, "Alpha")
    put(conversation, tag)

    text = signed_in(mira).get(address("conversation", conversation)).text

    assert f'data-hue="1" data-tag="{tag.pk}"' in text
    assert 'aria-label="Remove tag Alpha"' in text


def test_tags_come_with_the_thread_when_the_card_stays(account, mira):
    channel = factories.make_channel(account)
    visitor = factories.make_visitor(account)
    one, two = (
        factories.make_conversation(channel=channel, visitor=visitor) for _ in range(2)
    )
    put(two, *make_tags(account, "Alpha"))
    headers = {**htmx("thread"), "X-Visitor-Card": str(visitor.public_id)}

    text = signed_in(mira).get(address("conversation", two), headers=headers).text

    assert 'id="visitor-card"' not in text
    assert re.search(r'id="conversation-tags" hx-swap-oob="outerHTML"', text)
    assert "Remove tag Alpha" in text
    assert text.count('id="tag-list"') == 1
    assert names(one) == []


def test_head_brings_the_tags_along(account, mira, conversation):
    put(conversation, *make_tags(account, "Alpha"))

    text = signed_in(mira).get(address("head", conversation), headers=HTMX).text

    assert re.search(r'id="tag-list" [^>]*hx-swap-oob="outerHTML"', text)
    assert "Remove tag Alpha" in text


def test_options_are_the_accounts_offered_tags(account, anna, mira, conversation):
    make_tags(account, "Bravo", "alpha")
    [old] = make_tags(account, "Old")
    services.archive_tag(tag=old, by=anna)
    make_tags(factories.make_account("Elsewhere"), "Foreign")

    text = signed_in(mira).get(address("tag_options", conversation)).text

    assert re.findall(r'data-name="(.*?)"', text) == ["alpha", "Bravo"]


def test_everybody_tags_with_what_is_there(account, mira, conversation):
    [tag] = make_tags(account, "Alpha")

    response = add(mira, conversation, tag=tag.pk)

    assert response.status_code == 200
    assert "Remove tag Alpha" in response.text
    assert names(conversation) == ["Alpha"]


def test_everybody_makes_a_new_one(account, mira, conversation):
    response = add(mira, conversation, name="  Spare   part ")

    assert "Remove tag Spare part" in response.text
    assert Tag.objects.get().account == account


def test_without_script_the_form_leads_back(account, mira, conversation):
    response = add(mira, conversation, headers={}, name="Alpha")

    assert response.status_code == 302
    assert response.url == address("conversation", conversation)
    response = remove(mira, conversation, Tag.objects.get().pk, headers={})
    assert response.url == address("conversation", conversation)
    assert names(conversation) == []


def test_removing_answers_with_the_rest(account, mira, conversation):
    first, second = make_tags(account, "Alpha", "Bravo")
    put(conversation, first, second)

    response = remove(mira, conversation, first.pk)

    assert "Remove tag Bravo" in response.text
    assert "Alpha" not in response.text
    assert remove(mira, conversation, first.pk).status_code == 200
    assert names(conversation) == ["Bravo"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"name": ""},
        {"name": " \u200b "},
        {"name": "x" * 255},
        {"name": "x" * 5000},
        {"tag": "-1"},
        {"tag": "9" * 30},
        {"tag": "1 OR 1=1"},
        {"tag": "\x00"},
    ],
)
def test_nonsense_is_refused_with_a_reason(mira, conversation, form):
    response = add(mira, conversation, **form)

    assert response.status_code == 409
    assert "toast--error" in response.text
    assert names(conversation) == []
    assert not Tag.objects.exists()


def test_other_accounts_tags_and_conversations_do_not_exist(
    account, mira, conversation
):
    elsewhere = factories.make_account("Elsewhere")
    [foreign] = make_tags(elsewhere, "Foreign")
    [own] = make_tags(account, "Own")
    theirs = factories.make_conversation(elsewhere)
    put(theirs, foreign)

    assert add(mira, conversation, tag=foreign.pk).status_code == 404
    assert remove(mira, conversation, foreign.pk).status_code == 404
    assert add(mira, theirs, tag=own.pk).status_code == 404
    assert add(mira, theirs, name="Own").status_code == 404
    assert remove(mira, theirs, foreign.pk).status_code == 404
    options = signed_in(mira).get(address("tag_options", theirs))
    assert options.status_code == 404
    assert (names(conversation), names(theirs)) == ([], ["Foreign"])


def test_conversation_out_of_sight_is_not_tagged(account):
    repairs, sales = factories.make_group(account), factories.make_group(account, "S")
    agent = factories.make_agent(account, groups=(sales,))
    hidden = factories.make_conversation(account, group=repairs)

    assert add(agent, hidden, name="Alpha").status_code == 404
    assert not Tag.objects.exists()


def test_adding_and_removing_are_posts(mira, account, conversation):
    [tag] = make_tags(account, "Alpha")
    client = signed_in(mira)

    assert client.get(address("tag_add", conversation)).status_code == 405
    url = reverse("conversations:tag_remove", args=[conversation.public_id, tag.pk])
    assert client.get(url).status_code == 405
    assert client.post(address("tag_options", conversation)).status_code == 405


# The thread


def test_thread_says_who_tagged_what(account, anna, mira, conversation):
    [tag] = make_tags(account, "A & B")
    add(mira, conversation, tag=tag.pk)
    remove(anna, conversation, tag.pk)
    put(conversation, tag)

    text = signed_in(anna).get(address("messages", conversation)).text

    lines = re.findall(r'<span>((?:<b>[^<]*</b> )?[^<]*<b dir="auto">.*?)</span>', text)
    assert [re.sub(r"<.*?>", "", line) for line in lines] == [
        "Mira Sahin added the tag A &amp; B",
        "Anna Berger removed the tag A &amp; B",
        "Tag A &amp; B added",
    ]
