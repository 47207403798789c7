"""What the demo's people did on the website: past visits, and some who are there now."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from channels_integration.website.services import open_session
from conversations.models import Channel, Conversation
from supportdesk.demo.script import Passer, Shop, Story
from visitors import live
from visitors.models import PageView, Visit, Visitor
from visitors.services import Browser, SeenPage, record_pages

LONGEST_VISIT = timedelta(minutes=40)
BEFORE_WRITING = timedelta(minutes=3)
# Nobody speaks for invented visitors, so they are there for an hour, then gone.
STAY = 3600

DEVICES = {
    "windows": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "mac": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "iphone": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) "
    "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
    "android": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
    "linux": "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
}
SEARCH = "https://search.example.org/"
_HOME = {"de": ("/", "Startseite"), "en": ("/en/", "Home")}


def tell_visits(shop: Shop, told: Iterable[tuple[Conversation, Story]]) -> None:
    """The visit behind each conversation, as rows: the service knows only the present.

    The stories must have been put back in time before.
    """
    devices = list(DEVICES.values())
    for conversation, story in told:
        visitor = conversation.visitor
        begin = conversation.created_at - BEFORE_WRITING
        end = max(conversation.visitor_seen_at or begin, conversation.created_at)
        guest = story.guest
        chance = devices[visitor.hue % len(devices)]
        city, country = guest.place
        visit = Visit.objects.create(
            visitor=visitor,
            started_at=begin,
            last_seen_at=min(end, begin + LONGEST_VISIT),
            referrer=SEARCH if country else "",
            user_agent=DEVICES[guest.device] if guest.device else chance,
            city=city,
            country=country,
            page_count=2,
        )
        home = _HOME[story.guest.language]
        written_on = (story.page, story.title)
        for at, (path, title) in ((begin, home), (conversation.created_at, written_on)):
            _view(visit, f"https://{shop.site}{path}", title, at)
        Visitor.objects.filter(pk=visitor.pk, created_at__gt=begin).update(
            created_at=begin
        )


def walk_in(shop: Shop, channel: Channel) -> None:
    """Let those who only look around be on the website now."""
    for passer in shop.passers:
        _walk_in(shop, channel, passer)


def _walk_in(shop: Shop, channel: Channel, passer: Passer) -> None:
    now = timezone.now()
    session, _token = open_session(channel=channel, language=passer.language)
    pause = timedelta(minutes=passer.minutes) / len(passer.pages)
    pages = [
        SeenPage(
            url=f"https://{shop.site}{path}",
            title=title,
            at=now - pause * (len(passer.pages) - number),
        )
        for number, (path, title) in enumerate(passer.pages)
    ]
    visit = record_pages(
        visitor=session.visitor,
        pages=pages,
        referrer=passer.referrer,
        campaign=passer.campaign,
        browser=Browser(user_agent=DEVICES[passer.device], time_zone=passer.time_zone),
    )
    city, country = passer.place
    Visit.objects.filter(pk=visit.pk).update(city=city, country=country)
    first = visit.started_at
    for number in range(1, passer.visits):
        first = visit.started_at - timedelta(days=9 * number, hours=number)
        _came_before(visit, pages[0], first)
    Visitor.objects.filter(pk=visit.visitor_id).update(created_at=first)
    page = pages[-1]
    live.touch(
        channel.account_id,
        visit.pk,
        live.LivePage(page.url, page.title, channel.pk, session.pk),
        stays=STAY,
    )


def _came_before(visit: Visit, page: SeenPage, at: datetime) -> None:
    former = Visit.objects.create(
        visitor_id=visit.visitor_id,
        started_at=at,
        last_seen_at=at + timedelta(minutes=4),
        user_agent=visit.user_agent,
        page_count=1,
    )
    _view(former, page.url, page.title, at)


def _view(visit: Visit, url: str, title: str, at: datetime) -> None:
    PageView.objects.create(visit=visit, url=url, title=title, at=at)
