"""Page views and signs of life: one small request each, without a socket."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone

from channels_integration.website import browsers
from channels_integration.website.browsers import Browser
from channels_integration.website.http import address_of, read_json, with_beacon
from channels_integration.website.inputs import Input
from channels_integration.website.models import VisitorSession
from channels_integration.website.pages import (
    campaign_of,
    clean_page,
    clean_referrer,
)
from visitors import live
from visitors import services as visitors
from visitors.live import LivePage
from visitors.models import Visit
from visitors.services import SeenPage

MAX_PAGES = 20
# What a tab kept longer than that before the first opening counts from here.
MAX_AGO = 6 * 3600
STATES = ("here", "left")


@with_beacon("visit")
def visit_report(request: HttpRequest, browser: Browser) -> HttpResponseBase:
    """`{token, pages?, device?, time_zone?, state?}`; 200 `{"news": true}` if an agent
    wrote what this browser has not fetched yet, else 204.

    Without `pages` it is a sign of life.
    """
    content = Input(read_json(request))
    state = content.text("state", "here")
    if state not in STATES:
        raise BadRequest
    page = None
    if browser.session is not None:
        entries = _entries(content)
        visit = _record(request, browser.session, entries)
        page = _live_page(browser, entries)
        browser = browsers.remember(browser, visit.pk if visit else None)
    if browser.visit_id is not None:
        if state == "here" or page:
            live.touch(browser.account_id, browser.visit_id, page)
        if state == "left":
            live.leave(browser.account_id, browser.visit_id)
    if browsers.has_news(browser):
        return JsonResponse({"news": True})
    return HttpResponse(status=204)


Entry = tuple[SeenPage, dict[str, Any]]


def _entries(content: Input) -> list[Entry]:
    """The pages that were sent, in order of time, each with what was sent for it."""
    if "pages" not in content:
        return []
    sent = content.get("pages")
    if not isinstance(sent, list):
        raise BadRequest
    kept = [(page, entry) for entry in sent[-MAX_PAGES:] if (page := _seen_page(entry))]
    return sorted(kept, key=lambda pair: pair[0].at)


def _record(
    request: HttpRequest, session: VisitorSession, entries: Sequence[Entry]
) -> Visit | None:
    visitor = session.profile
    if not entries:
        return visitors.continue_visit(visitor=visitor)
    first, entry = entries[0]
    content = read_json(request)
    return visitors.record_pages(
        visitor=visitor,
        pages=[page for page, _entry in entries],
        referrer=clean_referrer(entry.get("referrer"), first.url),
        campaign=campaign_of(first.url),
        browser=visitors.Browser(
            ip=address_of(request),
            user_agent=request.headers.get("User-Agent", ""),
            hints=content.get("device"),
            time_zone=content.get("time_zone"),
        ),
    )


def _live_page(browser: Browser, entries: Sequence[Entry]) -> LivePage | None:
    if not entries:
        return None
    page = entries[-1][0]
    return LivePage(page.url, page.title, browser.website_id, browser.session_id)


def _seen_page(entry: Any) -> SeenPage | None:
    """The page of an entry; None for what is none."""
    page = clean_page(entry)
    if "url" not in page:
        return None
    ago = entry.get("ago")
    if not isinstance(ago, int) or isinstance(ago, bool):
        ago = 0
    at = timezone.now() - timedelta(seconds=min(max(ago, 0), MAX_AGO))
    return SeenPage(url=page["url"], title=page.get("title", ""), at=at)
