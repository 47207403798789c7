import re
from datetime import timedelta
from html import escape

import pytest
from django.utils import timezone

from supportdesk.accounts.models import Role
from tests import factories
from tests.conversations.desk import HTMX, address, signed_in
from visitors.services import Browser, SeenPage, record_pages

pytestmark = pytest.mark.django_db


def visit(conversation, *titles, **fields):
    now = timezone.now()
    pages = [
        SeenPage(
            url=f"https://shop.example.com/{place}",
            title=title,
            at=now - timedelta(seconds=len(titles) - place),
        )
        for place, title in enumerate(titles)
    ]
    return record_pages(visitor=conversation.visitor, pages=pages, **fields)


def history(agent, conversation, **headers):
    url = address("visitor_history", conversation)
    return signed_in(agent).get(url, headers=headers)


def test_card_asks_for_the_history_by_itself(anna, conversation):
    response = signed_in(anna).get(address("conversation", conversation))

    assert f'hx-get="{address("visitor_history", conversation)}"' in response.text


def test_visitor_without_page_views(anna, conversation):
    response = history(anna, conversation, **HTMX)

    assert "No page views on record." in response.text
    assert '<span class="count">0</span>' in response.text


def test_trail_begins_with_the_page_of_now(anna, conversation):
    visit(
        conversation,
        "First",
        "Second",
        referrer="https://search.example.org/",
        campaign={"source": "news"},
    )

    response = history(anna, conversation, **HTMX)

    titles = re.findall(r'dir="auto">(\w+)</a>', response.text)
    assert titles == ["Second", "First"]
    assert response.text.count('class="is-now"') == 1
    assert '<span class="count">2</span>' in response.text
    assert "Came from search.example.org<" in response.text
    assert ">news</small>" in response.text


def test_who_left_is_nowhere_now(anna, conversation):
    visit(conversation, "First")
    past = timezone.now() - timedelta(hours=1)
    type(conversation.visitor).objects.update(last_seen_at=past)

    assert 'class="is-now"' not in history(anna, conversation, **HTMX).text


@pytest.mark.parametrize(("number", "folds"), [(8, 0), (9, 1)])
def test_long_trail_folds(anna, conversation, number, folds):
    visit(conversation, *(str(place) for place in range(number)))

    response = history(anna, conversation, **HTMX)

    assert response.text.count("Show earlier pages") == folds
    assert response.text.count("<li") == number


def test_history_without_htmx_is_a_page(anna, conversation):
    visit(conversation, "First")

    response = history(anna, conversation)

    assert "<html" in response.text
    assert 'id="visitor-history"' in response.text
    assert "hx-swap-oob" not in response.text


@pytest.mark.parametrize(
    "text",
    [
        '<img src=x onerror="alert(1)">',
        '<div hx-get="/" hx-trigger="load" hx-on:load="alert(1)"></div>',
        '" onmouseover="alert(1)',
        "</template><script>alert(1)</script>",
    ],
)
def test_hostile_values_stay_text(anna, conversation, text):
    referrer = f"https://evil.example.net/{text}"
    visit(conversation, text, referrer=referrer, campaign={"source": text})

    response = history(anna, conversation, **HTMX)

    assert f">{escape(text)}</a>" in response.text
    assert f">{escape(text)}</small>" in response.text
    assert escape(referrer) in response.text
    assert text not in response.text


def test_template_syntax_is_not_run(anna, conversation):
    visit(conversation, "{{ conversation.pk }}{% now 'Y' %}")

    response = history(anna, conversation, **HTMX)

    assert escape("{{ conversation.pk }}{% now 'Y' %}") in response.text


def test_stranger_finds_nothing(conversation):
    stranger = factories.make_agent(factories.make_account("Other"), "Eve", Role.FULL)

    assert history(stranger, conversation).status_code == 404


@pytest.mark.parametrize("number", [1, 60])
def test_history_costs_a_constant_number_of_queries(
    anna, conversation, number, django_assert_num_queries
):
    visit(conversation, *(str(place) for place in range(number)))
    client = signed_in(anna)
    client.get("/")

    with django_assert_num_queries(3):
        client.get(address("visitor_history", conversation), headers=HTMX)


def test_card_shows_system_browser_and_address(anna, conversation):
    hints = {"platform": "Windows", "platformVersion": "15.0.0"}
    hints["fullVersionList"] = [{"brand": "Google Chrome", "version": "131.0.1"}]
    visit(conversation, "Home", browser=Browser(ip="203.0.113.77", hints=hints))

    page = signed_in(anna).get(address("conversation", conversation))
    live = signed_in(anna).get(
        address("visitor_history", conversation) + "?with=glance", headers=HTMX
    )

    for response in (page, live):
        assert response.text.count('id="visitor-facts"') == 1
        assert "<dd>Windows 11</dd>" in response.text
        assert "<dd>Chrome 131 <" in response.text
        assert ">203.0.113.77</span>" in response.text


def test_hostile_hints_stay_text(anna, conversation):
    text = '<img src=x onerror="alert(1)">'
    hints = {"platform": text, "platformVersion": "1.0", "model": text}
    hints["fullVersionList"] = [{"brand": text, "version": "1"}]
    visit(conversation, "Home", browser=Browser(user_agent=text, hints=hints))

    response = signed_in(anna).get(
        address("visitor_contact", conversation), headers=HTMX
    )

    assert f"<dd>{escape(text)} 1 ({escape(text)})</dd>" in response.text
    assert text not in response.text
