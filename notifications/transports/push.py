"""One notification to one browser, by its push service (RFC 8030, 8291, 8292)."""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from http import HTTPStatus
from typing import TypedDict
from urllib.parse import urlsplit

import requests
from django.conf import settings
from py_vapid import Vapid02, VapidException
from pywebpush import WebPushException, webpush

from notifications.exceptions import DeliveryError, SubscriptionGone
from notifications.models import PushSubscription
from supportdesk.core.outbound import OutboundError, OutboundSession

TTL = 15 * 60
"""Seconds after which it is too late to show it."""

MAX_BODY = 300
MAX_TITLE = 120
# Its encryption adds about a hundred bytes; push services take 4096.
MAX_PAYLOAD = 3000


class PushContent(TypedDict):
    """What the service worker shows; `tag` makes a later one replace this one."""

    title: str
    body: str
    url: str
    tag: str
    kind: str
    lang: str


@dataclass(frozen=True)
class VapidPair:
    """The installation's name towards push services, and what proves it."""

    public_key: str
    private_key: str


def send_push(
    subscription: PushSubscription, content: PushContent, keys: VapidPair
) -> None:
    """Raises SubscriptionGone, or DeliveryError that says whether it is for good."""
    vapid = Vapid02.from_raw(keys.private_key.encode())
    # Its check of `sub` knows neither ports nor hosts without a dot.
    vapid.conf = {"no-strict": True}
    headers = {
        # A new message wants an answer; all else may wait for the device to wake.
        "Urgency": "high" if content["kind"] == "message" else "normal",
        # What still waits for this device is replaced, not stacked.
        "Topic": _topic(content["tag"]),
    }
    try:
        with OutboundSession() as session:
            response = webpush(
                {
                    "endpoint": subscription.endpoint,
                    "keys": {
                        "p256dh": subscription.p256dh,
                        "auth": subscription.auth,
                    },
                },
                data=payload(content),
                vapid_private_key=vapid,
                vapid_claims={"sub": contact()},
                ttl=TTL,
                headers=headers,
                requests_session=session,
            )
    except WebPushException as error:
        if error.response is None:
            raise DeliveryError(error.message, permanent=True) from error
        response = error.response
    except OutboundError as error:
        raise DeliveryError(str(error), permanent=error.permanent) from error
    except (VapidException, ValueError) as error:
        # An address or keys that no push service gives out.
        raise DeliveryError(type(error).__name__, permanent=True) from error
    _judge(response)


def payload(content: PushContent) -> str:
    """As JSON; what would be too long for a push is cut, its address never."""
    title, body = content["title"][:MAX_TITLE], content["body"]
    room = MAX_BODY
    while True:
        shown = body if len(body) <= room else f"{body[: room - 1].rstrip()}…"
        text = json.dumps(
            {**content, "title": title, "body": shown}, ensure_ascii=False
        )
        if len(text.encode()) <= MAX_PAYLOAD or room <= 1:
            return text
        room //= 2


def contact() -> str:
    """Whom a push service may ask about our pushes: the desk's address."""
    site = urlsplit(settings.SITE_URL)
    if site.scheme == "https" and site.hostname:
        return f"https://{site.hostname}"
    return f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}"


def _topic(tag: str) -> str:
    """At most 32 characters of base64url; push services need not know the tag."""
    digest = hashlib.blake2b(tag.encode(), digest_size=24, person=b"desk.push").digest()
    return base64.urlsafe_b64encode(digest).decode()


def _judge(response: requests.Response | str) -> None:
    if isinstance(response, str):
        raise TypeError("a push that was only to be printed")
    status = response.status_code
    if 200 <= status < 300:
        return
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        raise SubscriptionGone
    later = status >= 500 or status in {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
    said = " ".join(response.text.split())[:200]
    wait = response.headers.get("Retry-After", "")
    # Nobody needs a push that comes after its time.
    known = later and wait.isascii() and wait.isdecimal() and len(wait) < 6
    raise DeliveryError(
        f"{status} {said}".strip(),
        permanent=not later,
        delay=timedelta(seconds=min(int(wait), TTL)) if known else None,
    )
