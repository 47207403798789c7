import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from conversations import services
from supportdesk.core import redis as desk_redis
from tests.conversations.desk import htmx, signed_in
from tests.factories import (
    agent_writes,
    make_account,
    make_agent,
    make_channel,
    make_conversation,
    make_group,
    make_visitor,
    owner_of,
    put_on_website,
)
from visitors import live
from visitors.models import Visit, Visitor
from visitors.services import Browser

pytestmark = pytest.mark.django_db

PAGE = "/visitors/"
ROWS = htmx("live-visitors")
WINDOWS = Browser(
    user_agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)


@pytest.fixture
def account():
    account = make_account()
    make_channel(account)
    return account


@pytest.fixture
def owner(account):
    return signed_in(owner_of(account))


def names(response):
    return [row.visitor.display_name for row in response.context["page"].rows]


def shown(client, query=""):
    return names(client.get(f"{PAGE}{query}"))


def come_back(visit):
    """A visit of an hour ago, and now another one."""
    past = timezone.now() - timedelta(hours=1)
    Visit.objects.filter(pk=visit.pk).update(started_at=past, last_seen_at=past)
    desk_redis.client().delete(desk_redis.key("live", visit.visitor.account_id))
    return put_on_website(visit.visitor)


def test_page_tells_who_is_there(account, owner):
    visitor = make_visitor(account, name="Mira Weber")
    visit = put_on_website(
        visitor,
        title="Nordkorn 360",
        referrer="https://www.search.example.org/?q=mill",
        campaign={"source": "news", "campaign": "spring"},
        browser=WINDOWS,
    )
    Visit.objects.update(
        city="Leipzig",
        country="DE",
        started_at=timezone.now() - timedelta(minutes=12),
    )

    response = owner.get(PAGE)

    [row] = response.context["page"].rows
    html = re.sub(r"\s+", " ", response.content.decode())
    assert (row.visit, row.visits, row.conversation) == (visit, 1, None)
    assert "Mira Weber" in html
    assert "Leipzig, DE · Windows 10/11, Chrome 131" in html
    assert 'href="https://shop.example.com/mill" target="_blank"' in html
    assert ">Nordkorn 360</a>" in html
    assert ">/mill</small>" in html
    assert ">12 min</span>" in html
    assert "1 page, first visit" in html
    assert ">search.example.org</span>" in html
    assert "news · spring" in html
    assert f'href="/visitors/{visitor.public_id}/start/"' in html
    assert "1\u20131 of 1 visitor<" in html
    assert 'href="/visitors/" aria-current="page"' in html


def test_visitors_stand_in_the_order_in_which_they_came(account, owner):
    first, second = (make_visitor(account, name=name) for name in ("First", "Second"))
    put_on_website(first)
    put_on_website(second)
    put_on_website(first, title="Another page")

    assert shown(owner) == ["Second", "First"]


def test_who_left_is_not_shown(account, owner, monkeypatch):
    visit = put_on_website(make_visitor(account))
    monkeypatch.setattr("visitors.live.LEFT_GRACE", -1)

    live.leave(account.pk, visit.pk)

    assert shown(owner) == []


def test_htmx_gets_the_rows_alone(account, owner):
    put_on_website(make_visitor(account, name="Mira Weber"))

    response = owner.get(PAGE, headers=ROWS)

    html = response.content.decode()
    assert html.startswith('<div id="live-visitors">')
    assert "Mira Weber" in html
    assert "<html" not in html
    assert "HX-Target" in response["Vary"]
    assert "no-store" in response["Cache-Control"]


def test_running_conversation_is_opened_instead(account, owner):
    visitor = make_visitor(account, name="Mira Weber")
    conversation = make_conversation(account, visitor=visitor)
    agent_writes(conversation, make_agent(account, name="Anna Berger"))
    put_on_website(visitor)

    html = owner.get(PAGE).content.decode()

    assert f'href="/conversations/{conversation.public_id}/"' in html
    assert f"/visitors/{visitor.public_id}/start/" not in html
    assert "Anna Berger" in html


def test_resolved_conversation_is_named_and_another_can_begin(account, owner):
    visitor = make_visitor(account)
    old = make_conversation(account, visitor=visitor)
    services.resolve_conversation(conversation_id=old.pk, agent=owner_of(account))
    put_on_website(visitor)

    html = owner.get(PAGE).content.decode()

    assert '<span class="badge">Resolved</span>' in html
    assert f"/visitors/{visitor.public_id}/start/" in html


def test_open_conversation_counts_before_a_newer_resolved_one(account, owner):
    visitor = make_visitor(account)
    running, resolved = (make_conversation(account, visitor=visitor) for _ in range(2))
    services.resolve_conversation(conversation_id=resolved.pk, agent=owner_of(account))
    put_on_website(visitor)

    [row] = owner.get(PAGE).context["page"].rows

    assert row.conversation == running


def test_empty_page_says_what_to_do(client, account, owner):
    html = owner.get(PAGE).content.decode()
    assert "Nobody is here right now" in html
    assert 'href="/settings/"' in html

    limited = signed_in(make_agent(account, groups=(make_group(account),)))
    assert 'href="/settings/"' not in limited.get(PAGE).content.decode()

    bare = signed_in(owner_of(make_account()))
    assert "Connect your website first" in bare.get(PAGE).content.decode()


def test_page_needs_an_agent(client):
    assert client.get(PAGE).status_code == 302


def test_page_is_read_only(owner):
    assert owner.post(PAGE).status_code == 405


# Who sees whom


def test_foreign_account_sees_nobody(account):
    visit = put_on_website(make_visitor(account, name="Mira Weber"))
    stranger = owner_of(make_account())
    # Even with the key of a foreign visit in its own set.
    live.touch(stranger.account_id, visit.pk, live.LivePage("https://x.test", "", 1, 1))

    response = signed_in(stranger).get(PAGE)

    assert names(response) == []
    assert b"Mira" not in response.content


def test_limited_agent_sees_nobodys_visitors_and_their_own(account):
    repairs, sales = make_group(account, "Repairs"), make_group(account, "Sales")
    agent = make_agent(account, groups=(repairs,))
    for name, group in (("Mine", repairs), ("Secret", sales), ("Shared", None)):
        visitor = make_visitor(account, name=name, email=f"{name}@example.com")
        make_conversation(account, visitor=visitor, group=group)
        put_on_website(visitor)
    put_on_website(make_visitor(account, name="New"))

    response = signed_in(agent).get(PAGE)

    assert names(response) == ["New", "Shared", "Mine"]
    assert response.context["page"].total == 3
    assert b"Secret" not in response.content
    for query in ("?q=secret", "?show=talking", "?show=new"):
        assert b"Secret@example" not in signed_in(agent).get(PAGE + query).content
        assert "Secret" not in shown(signed_in(agent), query)


def test_rest_of_a_merged_profile_is_not_shown(account, owner):
    kept, merged = make_visitor(account), make_visitor(account, name="Former")
    put_on_website(merged)
    Visitor.objects.filter(pk=merged.pk).update(merged_into=kept)

    assert shown(owner) == []


def test_erased_visitor_is_not_shown(account, owner):
    visitor = make_visitor(account)
    put_on_website(visitor)
    visitor.delete()

    assert shown(owner) == []


# Search and filters


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("mira", ["Mira Weber"]),
        ("WEBER mira", ["Mira Weber"]),
        ("mira@example", ["Mira Weber"]),
        ("nordkorn", ["Mira Weber"]),
        ("/mills/nordkorn", ["Mira Weber"]),
        ("mira basket", []),
        ("shop.example.com", ["Paul Adler", "Mira Weber"]),
        ("%", []),
        ("_", []),
    ],
)
def test_search_finds_names_addresses_and_pages(account, owner, query, found):
    mira = make_visitor(account, name="Mira Weber", email="mira@example.com")
    put_on_website(
        mira, url="https://shop.example.com/mills/nordkorn", title="Nordkorn 360"
    )
    paul = make_visitor(account, name="Paul Adler")
    put_on_website(paul, url="https://shop.example.com/basket", title="Basket")

    response = owner.get(PAGE, {"q": query})

    assert names(response) == found
    assert response.context["page"].total == len(found)


def test_search_finds_the_number_of_who_has_no_name(account, owner):
    visitor = make_visitor(account)
    put_on_website(visitor)

    assert shown(owner, f"?q={visitor.number}") == [visitor.display_name]


def test_filter_by_website(account, owner):
    other = make_channel(account)
    put_on_website(make_visitor(account, name="Here"))
    put_on_website(make_visitor(account, name="There"), channel=other)

    assert shown(owner, f"?website={other.pk}") == ["There"]
    assert shown(owner) == ["There", "Here"]


def test_filter_by_kind_of_visitor(account, owner):
    returning = put_on_website(make_visitor(account, name="Returning"))
    come_back(returning)
    put_on_website(make_visitor(account, name="New"))
    talking = make_visitor(account, name="Talking")
    make_conversation(account, visitor=talking)
    put_on_website(talking)

    assert shown(owner, "?show=new") == ["Talking", "New"]
    assert shown(owner, "?show=returning") == ["Returning"]
    assert shown(owner, "?show=talking") == ["Talking"]
    assert shown(owner, "?show=returning&q=new") == []


def test_number_of_visits_is_told(account, owner):
    come_back(put_on_website(make_visitor(account)))

    assert "2 visits" in owner.get(PAGE).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "?website=x&show=x&page=x",
        "?website=-1&page=-1",
        "?website=99999999999999999999&page=99999999999999999999",
        "?page=0&website=0",
        "?page=99&q=%00",
        "?show[]=new&q=" + "x" * 5000,
    ],
)
def test_odd_queries_are_no_errors(account, owner, query):
    put_on_website(make_visitor(account))

    assert owner.get(PAGE + query).status_code == 200


def test_pages_hold_fifty(account, owner, monkeypatch):
    monkeypatch.setattr("conversations.live.PAGE_SIZE", 2)
    for number in range(5):
        put_on_website(make_visitor(account, name=f"V{number}"))

    assert shown(owner) == ["V4", "V3"]
    assert shown(owner, "?page=3") == ["V0"]
    assert shown(owner, "?page=9") == ["V0"]
    html = owner.get(f"{PAGE}?page=2&q=v").content.decode()
    assert "3\u20134 of 5 visitors" in html
    assert 'href="/visitors/?q=v"' in html
    assert 'href="/visitors/?q=v&amp;page=3"' in html


# Price


@pytest.mark.parametrize("number", [1, 30])
@pytest.mark.parametrize(
    ("query", "price"),
    # Agent, websites, visits with visitors, conversations; who matches.
    [("", 4), ("?q=shop", 5), ("?show=new", 5), ("?website={website}", 4)],
)
def test_rows_cost_a_constant_number_of_queries(
    account, owner, number, query, price, django_assert_num_queries
):
    for _ in range(number):
        visitor = make_visitor(account)
        agent_writes(make_conversation(account, visitor=visitor), owner_of(account))
        put_on_website(visitor)
    query = query.format(website=account.channels.get().pk)

    with django_assert_num_queries(price):
        response = owner.get(PAGE + query, headers=ROWS)

    assert len(response.context["page"].rows) == number


@pytest.mark.parametrize("number", [1, 30])
def test_limited_agent_costs_one_query_more(account, number, django_assert_num_queries):
    client = signed_in(make_agent(account, groups=(make_group(account),)))
    for _ in range(number):
        put_on_website(make_visitor(account))

    with django_assert_num_queries(5):
        client.get(PAGE, headers=ROWS)


# What pages say is hostile

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror="alert(1)">',
    "' onmouseover='alert(1)",
    "{{ request.user }}{% csrf_token %}",
    "\u202eevil",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_shown_as_words(client, account, text):
    from tests.channels_integration.browser import open_browser

    browser = open_browser(client, account.channels.get())
    page = {
        "url": f"https://shop.example.com/{text}?q={text}&utm_source={text}",
        "title": text,
        "referrer": f"https://evil.example.net/{text}",
    }
    sent = {"token": browser.token, "pages": [page], "time_zone": text}
    client.post(
        "/widget/visit",
        json.dumps(sent),
        content_type="text/plain",
        headers={"Origin": browser.origin, "User-Agent": "Mozilla/5.0 <b>x</b>"},
    )
    visitor = browser.session.visitor
    Visitor.objects.filter(pk=visitor.pk).update(name=text.replace("\u202e", ""))

    owner = signed_in(owner_of(account))
    html = owner.get(PAGE).content.decode()
    form = owner.get(f"/visitors/{visitor.public_id}/start/").content.decode()

    for answer in (html, form):
        assert "<script>alert" not in answer
        assert "<img src=x" not in answer
        assert " onmouseover='" not in answer
        assert "csrfmiddlewaretoken" not in answer.partition("<title>")[2][:200]
        assert "\u202e" not in answer
        assert 'href="javascript' not in answer
    if text.startswith("{{"):
        assert "{{ request.user }}" in html


def test_links_to_pages_give_nothing_away(account, owner):
    put_on_website(make_visitor(account))

    html = owner.get(PAGE).content.decode()

    [link] = re.findall(r'<a [^>]*href="https://shop[^>]*>', html)
    assert 'rel="noopener noreferrer nofollow"' in link


def test_address_that_is_none_does_not_take_the_page_along(account, owner):
    visit = put_on_website(
        make_visitor(account), url="http://[card ····1111]/", title="Odd"
    )
    Visit.objects.filter(pk=visit.pk).update(referrer="http://[card ····1111]/")

    response = owner.get(PAGE)

    assert response.status_code == 200
    assert "Odd" in response.content.decode()
