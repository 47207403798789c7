import re
import time
from html.parser import HTMLParser

import pytest

from conversations import services
from conversations.models import Conversation, Message
from conversations.rendering import render_message, render_row
from conversations.templatetags.messages_text import message_text, preview_text
from supportdesk.accounts.models import Role
from tests import factories
from tests.conversations.desk import address, signed_in

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<script>alert(1)</script>",
    '"><iframe srcdoc="<script>alert(1)</script>">',
    "' onmouseover='alert(1)",
    "[click](javascript:alert(1))",
    '<a href="javascript:alert(1)">x</a>',
    '<div hx-get="/admin/" hx-trigger="load" hx-on:load="alert(1)">x</div>',
    "</template><template><li id=log hx-swap-oob=true>x</li>",
    "{{constructor.constructor('alert(1)')()}} {% load x %}",
    'https://example.com/"onmouseover="alert(1)',
    "https://example.com/<script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
]


class Tags(HTMLParser):
    """Elements and attributes a browser would make of a page."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def attributes_of(html, name):
    return [attrs[name] for _tag, attrs in Tags(html).found if name in attrs]


# Links


@pytest.mark.parametrize(
    ("text", "address", "rest"),
    [
        ("see https://example.com/a?b=1&c=2.", "https://example.com/a?b=1&c=2", "."),
        ("(http://example.com/a)", "http://example.com/a", ")"),
        ("https://example.com/a_(b)", "https://example.com/a_(b)", ""),
        ("HTTPS://EXAMPLE.COM/A!", "HTTPS://EXAMPLE.COM/A", "!"),
        ("https://example.com/a,https", "https://example.com/a,https", ""),
    ],
)
def test_addresses_become_links(text, address, rest):
    html = message_text(text)

    [link] = [attrs for tag, attrs in Tags(html).found if tag == "a"]
    assert link == {
        "href": address,
        "target": "_blank",
        "rel": "noopener noreferrer nofollow",
    }
    assert html.endswith(f"</a>{rest}</p>")


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.com/",
        "//example.com",
        "example.com",
        "java\tscript:https",
    ],
)
def test_nothing_else_becomes_a_link(text):
    assert "<a " not in message_text(text)


def test_previews_have_no_links():
    assert preview_text("https://example.com/") == "https://example.com/"


def test_line_breaks_and_paragraphs_stay():
    html = message_text("one\ntwo\n\nthree")

    assert html == '<p dir="auto">one<br>two</p><p dir="auto">three</p>'


def test_hidden_card_numbers_are_marked():
    html = message_text("Card [card ····1111], thanks")

    assert 'class="redacted"' in html
    assert html.endswith("Card number hidden ····1111</span>, thanks</p>")


@pytest.mark.parametrize("piece", ["https://", ")", "https://a)", "[card ", "\n", "<"])
def test_long_texts_take_no_time(piece):
    text = "https://example.com/" + piece * 10_000
    started = time.thread_time()

    message_text(text[:40_000])

    assert time.thread_time() - started < 1


# Hostile texts, wherever they are shown


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_message_is_text(text):
    html = message_text(text)

    allowed = {"p", "br", "a"}
    assert {tag for tag, _attributes in Tags(html).found} <= allowed
    for attribute in ("onmouseover", "onerror", "onload", "hx-get", "hx-on:load"):
        assert attributes_of(html, attribute) == []
    for link in attributes_of(html, "href"):
        assert link.startswith("https://example.com/")


@pytest.mark.django_db
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_visitor_changes_nothing_about_the_page(text):
    account = factories.make_account()
    anna = factories.make_agent(account, "Anna Berger", Role.FULL)
    client = signed_in(anna)

    plain = structure(client, account, anna, "plain")
    hostile = structure(client, account, anna, text)

    assert hostile == plain


def structure(client, account, anna, text):
    """Tags, event handlers and addresses of htmx of the page with such a visitor."""
    Conversation.objects.all().delete()
    # The name begins alike: an avatar without initials looks different.
    visitor = factories.make_visitor(account, name=f"Kat {text}", phone=text)
    conversation = services.start_conversation(
        visitor=visitor,
        channel=account.channels.first() or factories.make_channel(account),
        data={"url": "https://shop.example.com/", "title": text},
    )
    factories.visitor_writes(conversation, text)
    services.add_note(conversation_id=conversation.pk, agent=anna, text=text)
    services.resolve_conversation(conversation_id=conversation.pk, agent=anna)
    services.rate_conversation(conversation_id=conversation.pk, rating=1, comment=text)
    services.reopen_conversation(conversation_id=conversation.pk, agent=anna)
    response = client.get(address("conversation", conversation))
    assert response.status_code == 200
    found = []
    for tag, attrs in Tags(response.text).found:
        if tag in {"a", "p", "br"}:
            continue  # links and lines are what a text may make
        names = sorted(attrs)
        targets = [attrs[name] for name in names if name in {"hx-get", "hx-post"}]
        pattern = [re.sub(r"[0-9a-f-]{36}", "ID", target) for target in targets]
        found.append((tag, names, pattern))
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_visitor_is_text_in_pushes_too(text):
    account = factories.make_account()
    visitor = factories.make_visitor(account, name=text)
    conversation = factories.make_conversation(account, visitor=visitor)
    message = factories.visitor_writes(conversation, text)
    conversation = factories.fresh(conversation)
    message = Message.objects.for_thread().get(pk=message.pk)
    message.conversation = conversation

    fragments = render_row(conversation)["en"], render_message(message)["en"]

    for html in fragments:
        tags = Tags(html).found
        assert {tag for tag, _attributes in tags} <= {
            "li", "a", "span", "svg", "use", "time", "form", "input", "button",
            "label", "div", "p", "b", "br", "details", "summary",
        }  # fmt: skip
        names = {name for _tag, attrs in tags for name in attrs}
        assert not {name for name in names if name.startswith(("on", "hx-on"))}
        assert all(
            link.startswith(("/", "https://example.com/"))
            for link in attributes_of(html, "href")
        )


@pytest.mark.django_db
def test_pushed_row_carries_what_the_script_decides_by():
    account = factories.make_account()
    group = factories.make_group(account)
    agents = [factories.make_agent(account, name) for name in ("Anna", "Mira")]
    conversation = factories.make_conversation(account, group=group)
    for agent in agents:
        services.join_conversation(conversation_id=conversation.pk, agent=agent)
    conversation = factories.fresh(conversation)

    rows = render_row(conversation)

    row = Tags(rows["en"]).found[0][1]
    assert {name: row[name] for name in row if name.startswith("data-")} == {
        "data-id": str(conversation.public_id),
        "data-status": "open",
        "data-group": str(group.pk),
        "data-assignees": f"{agents[0].pk} {agents[1].pk}",
        "data-activity": str(int(conversation.last_activity_at.timestamp() * 1000)),
        "data-waiting": str(int(conversation.waiting_since.timestamp() * 1000)),
        "data-missed": "",
        "data-tags": "",
        "data-unread": "0",
        "data-snoozed": "",
        "data-priority": "0",
    }
    assert "data-resolve" in rows["en"]
    assert "csrfmiddlewaretoken" not in rows["en"]
    assert f'href="{address("conversation", conversation)}"' in rows["en"]
