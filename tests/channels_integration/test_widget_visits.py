import json
import time
from datetime import timedelta

import pytest
import redis.exceptions
from django.utils import timezone

from channels_integration.website import browsers, services
from supportdesk.accounts.models import Account
from tests.channels_integration.browser import FOREIGN, SHOP
from tests.factories import (
    agent_writes,
    make_account,
    make_channel,
    make_conversation,
    owner_of,
)
from visitors import live
from visitors.models import PageView, Visit, Visitor

pytestmark = pytest.mark.django_db

MILL = {"url": "https://shop.example.com/mill", "title": "The mill", "ago": 0}
HOSTILE = [
    '<img src=x onerror="alert(1)">',
    '<div hx-get="/" hx-trigger="load" hx-on:load="alert(1)"></div>',
    "{{ request.user }}{% csrf_token %}",
]


def report(browser, pages, **changed):
    """As the loader does: plain text, the token inside."""
    headers = {"Origin": browser.origin} | changed.pop("headers", {})
    return browser.client.post(
        "/widget/visit",
        json.dumps({"token": browser.token, "pages": pages} | changed),
        content_type="text/plain;charset=UTF-8",
        headers=headers,
    )


def beat(browser, token=None, headers=(), **changed):
    """A sign of life: the same request without pages."""
    return browser.client.post(
        "/widget/visit",
        json.dumps({"token": token or browser.token} | changed),
        content_type="text/plain;charset=UTF-8",
        headers={"Origin": browser.origin} | dict(headers),
    )


def views():
    return list(PageView.objects.order_by("at", "id").values_list("url", "title"))


def counts():
    return Visit.objects.count(), PageView.objects.count()


def test_page_view_is_recorded(browser):
    response = report(browser, [MILL])

    assert (response.status_code, response.content) == (204, b"")
    assert response["Access-Control-Allow-Origin"] == SHOP
    assert views() == [("https://shop.example.com/mill", "The mill")]
    visit = Visit.objects.get()
    assert visit.visitor == browser.session.visitor
    assert visit.page_count == 1


def test_page_view_says_that_the_visitor_is_here(browser):
    past = timezone.now() - timedelta(hours=1)
    Visitor.objects.update(last_seen_at=past)

    report(browser, [MILL])

    assert Visitor.objects.get().last_seen_at == Visit.objects.get().last_seen_at


def test_pages_from_before_the_first_opening_keep_their_times(browser):
    pages = [
        {**MILL, "url": f"{SHOP}/{name}", "ago": ago}
        for name, ago in [("b", 60), ("a", 600), ("c", 0)]
    ]

    report(browser, pages)

    assert [url for url, _title in views()] == [f"{SHOP}/a", f"{SHOP}/b", f"{SHOP}/c"]
    visit = Visit.objects.get()
    first = PageView.objects.earliest("at")
    assert visit.started_at == first.at
    assert timedelta(seconds=599) < timezone.now() - first.at < timedelta(seconds=700)


def test_visit_goes_on_until_a_long_pause(browser):
    report(browser, [MILL])
    report(browser, [MILL])
    assert counts() == (1, 2)

    past = timezone.now() - timedelta(minutes=31)
    Visit.objects.update(started_at=past, last_seen_at=past)
    report(browser, [MILL])

    assert counts() == (2, 3)


def test_referrer_and_campaign_are_those_of_the_first_page(browser):
    landing = {
        "url": f"{SHOP}/?utm_source=news&utm_campaign=spring&token=s3cret",
        "title": "Home",
        "ago": 30,
        "referrer": "https://search.example.org/?q=mill&token=s3cret",
    }

    report(browser, [MILL, landing])
    report(browser, [{**MILL, "referrer": "https://other.example.org/"}])

    visit = Visit.objects.get()
    assert visit.referrer == "https://search.example.org/?q=mill"
    assert visit.campaign == {"source": "news", "campaign": "spring"}
    assert "s3cret" not in str(views())


def test_own_pages_are_no_referrer(browser):
    report(browser, [{**MILL, "referrer": f"{SHOP}/before"}])

    assert Visit.objects.get().referrer == ""


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_title_and_parameters_are_stored_as_text(browser, text):
    landing = {"url": f"{SHOP}/", "title": text, "referrer": text}

    report(browser, [landing])

    assert views() == [(f"{SHOP}/", text)]
    assert Visit.objects.get().referrer == ""


def test_controls_and_card_numbers_do_not_get_in(browser):
    page = {
        "url": f"{SHOP}/a\0?n=4111111111111111",
        "title": "Pay 4111 1111 1111 1111 \u202etxt\0\ud800",
    }

    report(browser, [page])

    ((url, title),) = views()
    assert "4111111111111111" not in url
    assert "\0" not in url
    assert title == "Pay [card ····1111] txt"


def test_long_values_are_cut(browser):
    page = {"url": f"{SHOP}/{'x' * 9000}", "title": "t" * 9000}

    report(browser, [page])

    ((url, title),) = views()
    assert (len(url), len(title)) == (2000, 200)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        1,
        "https://shop.example.com/",
        [],
        {},
        {"url": None},
        {"url": ["https://shop.example.com/"]},
        {"url": "javascript:alert(1)"},
        {"url": "data:text/html,x"},
        {"url": "http://[::1"},
    ],
)
def test_what_is_no_page_costs_no_row(browser, entry):
    response = report(browser, [entry])

    assert response.status_code == 204
    assert counts() == (0, 0)


@pytest.mark.parametrize("ago", [None, "5", True, -5, 1.5, [], 10**30])
def test_odd_age_is_bounded(browser, ago):
    report(browser, [{**MILL, "ago": ago}])

    at = PageView.objects.get().at
    assert timedelta() <= timezone.now() - at < timedelta(hours=6, minutes=1)


@pytest.mark.parametrize("pages", [None, {}, "x", 1])
def test_pages_must_be_a_list(browser, pages):
    assert report(browser, pages).status_code == 400
    assert counts() == (0, 0)


def test_only_the_last_pages_of_a_batch_are_taken(browser):
    report(browser, [{**MILL, "title": str(number)} for number in range(30)])

    assert sorted(int(title) for _url, title in views()) == list(range(10, 30))


def test_large_body_is_refused(browser):
    response = report(browser, [{**MILL, "title": "x" * 1_000_000}])

    assert response.status_code == 413
    assert counts() == (0, 0)


@pytest.mark.parametrize("token", [None, "", 0, [], {}, "x" * 43, "%20", "a\0"])
def test_without_a_valid_token_nothing_is_recorded(browser, token):
    response = report(browser, [MILL], token=token)

    assert response.status_code == 401
    assert counts() == (0, 0)


def test_revoked_token_records_nothing(browser):
    services.revoke_session(session=browser.session)

    assert report(browser, [MILL]).status_code == 401
    assert counts() == (0, 0)


def test_foreign_page_is_refused(client):
    channel = make_channel(make_account(), allowed_domains=["shop.example.com"])
    session, token = services.open_session(channel=channel, language="en")

    response = client.post(
        "/widget/visit",
        json.dumps({"token": token, "pages": [MILL]}),
        content_type="text/plain",
        headers={"Origin": FOREIGN},
    )

    assert session.pk
    assert response.status_code == 403
    assert counts() == (0, 0)


def test_rate_is_limited_before_anything_is_read(
    browser, monkeypatch, django_assert_num_queries
):
    asked = []

    def refuse(rate, *who, uses=1):
        asked.append(who[0])
        return False

    monkeypatch.setattr("channels_integration.website.limits.allow", refuse)

    with django_assert_num_queries(0):
        response = report(browser, [MILL])

    assert response.status_code == 429
    assert asked == ["widget-visit"]


@pytest.mark.parametrize("number", [1, 20])
def test_costs_a_constant_number_of_queries(browser, number, django_assert_num_queries):
    report(browser, [MILL])

    # Session; begin, profile, lock, visit, its update, pages, seen, commit.
    with django_assert_num_queries(9):
        report(browser, [MILL] * number)


def test_visit_keeps_a_bounded_number_of_pages(browser):
    report(browser, [MILL])
    Visit.objects.update(page_count=499)

    report(browser, [MILL] * 3)

    assert Visit.objects.get().page_count == 500
    assert PageView.objects.count() == 2


@pytest.mark.parametrize(
    ("address", "storage", "stored"),
    [
        ("203.0.113.77", "full", "203.0.113.77"),
        ("203.0.113.77", "short", "203.0.113.0"),
        ("203.0.113.77", "none", None),
        ("2001:db8:1:2::3", "full", "2001:db8:1:2::3"),
        ("2001:db8:1:2::3", "short", "2001:db8:1::"),
    ],
)
def test_account_says_how_much_of_the_address_is_stored(
    browser, address, storage, stored
):
    Account.objects.update(ip_storage=storage)
    browser.client.defaults["REMOTE_ADDR"] = address

    report(browser, [MILL], headers={"X-Forwarded-For": "198.51.100.9"})

    assert Visit.objects.get().ip == stored


def test_browser_is_stored_with_the_visit(browser):
    hints = {"platform": "Windows", "platformVersion": "15.0.0", "odd": 1}
    agent = "Mozilla/5.0 <img src=x onerror=alert(1)> " + "x" * 1000

    report(browser, [MILL], device=hints, headers={"User-Agent": agent})

    visit = Visit.objects.get()
    assert visit.hints == {"platform": "Windows", "platformVersion": "15.0.0"}
    assert visit.user_agent == agent[:400]
    assert visit.device.system == "Windows 11"


@pytest.mark.parametrize("device", [None, [], "x", 1, {"platform": []}])
def test_odd_hints_do_not_stop_a_page_view(browser, device):
    assert report(browser, [MILL], device=device).status_code == 204
    assert Visit.objects.get().hints == {}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("Europe/Atlantis", ""),
        ("Factory", ""),
        ("../../etc/passwd", ""),
        ("<img src=x>", ""),
        ("", ""),
        (None, ""),
        (["Europe/Berlin"], ""),
        (7, ""),
        ("x" * 60_000, ""),
    ],
)
def test_time_zone_is_one_that_exists_or_none(browser, sent, stored):
    response = report(browser, [MILL], time_zone=sent)

    assert response.status_code == 204
    assert Visit.objects.get().time_zone == stored


def test_time_zone_may_come_later(browser):
    report(browser, [MILL])
    report(browser, [MILL], time_zone="Europe/Berlin")
    report(browser, [MILL], time_zone="Asia/Tokyo")

    assert Visit.objects.get().time_zone == "Europe/Berlin"


def test_page_view_makes_the_visitor_appear(browser):
    report(browser, [{**MILL, "ago": 30}, {**MILL, "title": "Now", "url": f"{SHOP}/b"}])

    account, visit = browser.channel.account_id, Visit.objects.get()
    assert live.online(account) == [visit.pk]
    assert live.pages_of(account, [visit.pk]) == {
        visit.pk: live.LivePage(
            f"{SHOP}/b", "Now", browser.channel.pk, browser.session.pk
        )
    }


def test_sign_of_life_costs_no_query(browser, django_assert_num_queries):
    report(browser, [MILL])

    with django_assert_num_queries(0):
        response = beat(browser)

    assert (response.status_code, response.content) == (204, b"")
    assert response["Access-Control-Allow-Origin"] == SHOP


def test_sign_of_life_keeps_the_visit_going(browser, django_assert_num_queries):
    report(browser, [MILL])
    past = timezone.now() - timedelta(minutes=29)
    Visit.objects.update(started_at=past, last_seen_at=past)
    Visitor.objects.update(last_seen_at=past)
    browsers.forget(browser.session.token_hash)

    # Session; begin, visit, its update, seen, commit: once a minute.
    with django_assert_num_queries(6):
        beat(browser)

    assert timezone.now() - Visit.objects.get().last_seen_at < timedelta(minutes=1)
    assert timezone.now() - Visitor.objects.get().last_seen_at < timedelta(minutes=1)
    report(browser, [MILL])
    assert counts() == (1, 2)


def test_sign_of_life_without_a_visit_shows_nobody(browser):
    assert beat(browser).status_code == 204
    assert live.online(browser.channel.account_id) == []
    assert counts() == (0, 0)


def test_who_leaves_is_gone_after_a_moment(browser, monkeypatch):
    account = browser.channel.account_id
    report(browser, [MILL])
    visit = Visit.objects.get()

    assert beat(browser, state="left").status_code == 204
    assert live.online(account) == [visit.pk]

    monkeypatch.setattr("visitors.live.LEFT_GRACE", -1)
    beat(browser, state="left")
    assert live.online(account) == []

    beat(browser)
    assert live.online(account) == [visit.pk]
    assert live.pages_of(account, [visit.pk])[visit.pk].title == "The mill"


def test_last_page_and_leaving_may_come_together(browser, monkeypatch):
    monkeypatch.setattr("visitors.live.LEFT_GRACE", -1)

    report(browser, [MILL], state="left")

    assert counts() == (1, 1)
    assert live.online(browser.channel.account_id) == []


@pytest.mark.parametrize("state", ["gone", "", None, 1, [], {"here": 1}])
def test_unknown_state_is_refused(browser, state):
    report(browser, [MILL])

    assert beat(browser, state=state).status_code == 400


@pytest.mark.parametrize("token", ["x" * 43, "a\0", "\ud800", "é" * 43])
def test_sign_of_life_needs_a_valid_token(browser, token):
    assert beat(browser, token=token).status_code == 401


def test_revoked_token_gives_no_sign_of_life(
    browser, django_capture_on_commit_callbacks
):
    report(browser, [MILL])

    with django_capture_on_commit_callbacks(execute=True):
        services.revoke_session(session=browser.session)

    assert beat(browser).status_code == 401


def test_revoked_token_is_not_believed_for_longer_than_a_minute(browser, monkeypatch):
    """Even if the process died after the commit."""
    monkeypatch.setattr("channels_integration.website.browsers.REMEMBERED", 1)
    report(browser, [MILL])
    services.revoke_session(session=browser.session)
    assert beat(browser).status_code == 204

    time.sleep(1.1)

    assert beat(browser).status_code == 401


def test_foreign_page_gives_no_sign_of_life(browser):
    report(browser, [MILL])

    for headers in ({"Origin": FOREIGN}, {"Origin": "null"}):
        assert beat(browser, headers=headers).status_code == 403


def test_claimed_address_does_not_widen_the_limit(browser, monkeypatch):
    asked = []

    def count(rate, *who, uses=1):
        asked.append(who)
        return True

    monkeypatch.setattr("channels_integration.website.limits.allow", count)
    browser.client.defaults["REMOTE_ADDR"] = "203.0.113.77"

    beat(browser, headers={"X-Forwarded-For": "198.51.100.9"})

    assert ("widget-visit", "address", "203.0.113.77") in asked
    assert "198.51.100.9" not in str(asked)


def test_what_an_agent_began_is_news_until_it_is_fetched(browser):
    account = browser.channel.account
    report(browser, [MILL])
    conversation = make_conversation(
        channel=browser.channel, visitor=browser.session.visitor, text=""
    )
    agent_writes(conversation, owner_of(account))
    browser.session.conversation = conversation
    browser.session.save()
    browsers.forget(browser.session.token_hash)

    first, second = beat(browser), beat(browser)
    assert (first.status_code, first.json()) == (200, {"news": True})
    assert (second.status_code, second.json()) == (200, {"news": True})

    assert len(browser.get("conversation").json()["messages"]) == 2
    assert beat(browser).status_code == 204
    assert report(browser, [MILL]).status_code == 204


def test_own_messages_are_no_news(browser):
    report(browser, [MILL])
    browser.say("Hello?")

    assert report(browser, [MILL]).status_code == 204
    assert beat(browser).status_code == 204


def test_without_redis_page_views_are_stored(browser, monkeypatch):
    def broken(*args, **kwargs):
        raise redis.exceptions.ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr("redis.connection.Connection.send_packed_command", broken)

        statuses = [
            report(browser, [MILL]).status_code,
            beat(browser).status_code,
            beat(browser, state="left").status_code,
        ]

    assert statuses == [204, 204, 204]
    assert counts() == (1, 1)
