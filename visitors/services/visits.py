"""Visits and page views, as the browser reports them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from supportdesk.accounts.models import Account, IpStorage
from supportdesk.core import client_ip
from supportdesk.core.events import emit_on_commit
from supportdesk.core.text import redact_line
from supportdesk.core.time_zones import known_time_zones
from visitors.devices import MAX_USER_AGENT, clean_hints
from visitors.events import VisitorUpdated, visitor_updated
from visitors.location import locate
from visitors.models import PageView, Visit, Visitor
from visitors.services.locking import lock_profile
from visitors.services.profile import mark_seen

VISIT_PAUSE = timedelta(minutes=30)
MAX_VISIT_PAGES = 500


@dataclass(frozen=True)
class SeenPage:
    """A page as it may be stored: cleaned by whoever received it."""

    url: str
    title: str
    at: datetime


@dataclass(frozen=True)
class Browser:
    """What a request says about itself: the address in full, nothing cleaned."""

    ip: str = ""
    user_agent: str = ""
    hints: Any = None
    time_zone: Any = None


@transaction.atomic
def record_pages(
    *,
    visitor: Visitor,
    pages: Sequence[SeenPage],
    referrer: str = "",
    campaign: Mapping[str, str] | None = None,
    browser: Browser = Browser(),
) -> Visit:
    """Add pages, in order of time, to the visit that goes on, or begin the next one.

    Referrer and campaign are those of the first page: they count for a new visit
    only, as does the browser. The account says how much of the address is stored.
    A visit keeps its first `MAX_VISIT_PAGES` pages.
    """
    now = timezone.now()
    # Two tabs of a visitor begin one visit, also while a merge moves it.
    profile = lock_profile(visitor.pk)
    visit = _going_on(profile, now)
    taken = list(pages[: MAX_VISIT_PAGES - (visit.page_count if visit else 0)])
    if visit is None:
        visit = Visit.objects.create(
            visitor=profile,
            started_at=min([now, *(page.at for page in pages)]),
            last_seen_at=now,
            referrer=referrer,
            campaign=dict(campaign or {}),
            **_place(visitor.account, browser.ip),
            ip=_stored_ip(visitor.account, browser.ip),
            user_agent=redact_line(browser.user_agent, MAX_USER_AGENT),
            hints=clean_hints(browser.hints),
            time_zone=known_time_zone(browser.time_zone),
            page_count=len(taken),
        )
    else:
        visit.last_seen_at = max(visit.last_seen_at, now)
        visit.page_count += len(taken)
        visit.time_zone = visit.time_zone or known_time_zone(browser.time_zone)
        visit.save(update_fields=["last_seen_at", "page_count", "time_zone"])
    PageView.objects.bulk_create(
        PageView(visit=visit, url=page.url, title=page.title, at=page.at)
        for page in taken
    )
    mark_seen(visitor=profile, at=now)
    emit_on_commit(
        visitor_updated, VisitorUpdated(visitor_id=profile.pk, sections=("history",))
    )
    return visit


@transaction.atomic
def continue_visit(*, visitor: Visitor) -> Visit | None:
    """The visitor is still on the page: the visit goes on. None if there is none."""
    now = timezone.now()
    visit = _going_on(visitor, now)
    if visit is None:
        return None
    # Only forward, for a page view may have been stored meanwhile.
    Visit.objects.filter(pk=visit.pk, last_seen_at__lt=now).update(last_seen_at=now)
    mark_seen(visitor=visitor, at=now)
    return visit


def known_time_zone(name: Any) -> str:
    """A name of the zone database, or nothing."""
    return name if isinstance(name, str) and name in known_time_zones() else ""


def _going_on(visitor: Visitor, now: datetime) -> Visit | None:
    recent = Visit.objects.filter(visitor=visitor, last_seen_at__gt=now - VISIT_PAUSE)
    return recent.order_by("-last_seen_at").first()


def _stored_ip(account: Account, ip: str) -> str | None:
    if account.ip_storage == IpStorage.NONE:
        return None
    short = account.ip_storage == IpStorage.SHORT
    return (client_ip.shortened(ip) if short else ip) or None


def _place(account: Account, ip: str) -> dict[str, str]:
    """Country and city, of no more of the address than the account wants kept."""
    if account.ip_storage != IpStorage.FULL:
        ip = client_ip.shortened(ip)
    return asdict(locate(ip, account.language))
