"""Page views: one small request each, without a socket."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from channels_integration.website.http import address_of, read_json, with_token
from channels_integration.website.inputs import Input
from channels_integration.website.models import VisitorSession
from channels_integration.website.pages import (
    campaign_of,
    clean_page,
    clean_referrer,
)
from visitors import services as visitors
from visitors.services import Browser, SeenPage

MAX_PAGES = 20
# What a tab kept longer than that before the first opening counts from here.
MAX_AGO = 6 * 3600


@with_token("POST", "visit", in_body=True)
def visit_report(request: HttpRequest, session: VisitorSession) -> HttpResponseBase:
    sent = Input(read_json(request)).get("pages")
    if not isinstance(sent, list):
        raise BadRequest
    kept = [(page, entry) for entry in sent[-MAX_PAGES:] if (page := _seen_page(entry))]
    if kept:
        first, entry = min(kept, key=lambda pair: pair[0].at)
        visitors.record_pages(
            visitor=session.profile,
            pages=sorted((page for page, _entry in kept), key=lambda page: page.at),
            referrer=clean_referrer(entry.get("referrer"), first.url),
            campaign=campaign_of(first.url),
            browser=Browser(
                ip=address_of(request),
                user_agent=request.headers.get("User-Agent", ""),
                hints=read_json(request).get("device"),
            ),
        )
    return HttpResponse(status=204)


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
