"""Browsers that show notifications while no page of the desk is open."""

import base64
import binascii
import logging
import time
import uuid
from datetime import timedelta

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from notifications.exceptions import (
    DeliveryError,
    SubscriptionGone,
    SubscriptionRefused,
)
from notifications.models import Notification, PushSubscription, VapidKey
from notifications.transports.push import PushContent, VapidPair, send_push
from supportdesk.accounts.models import User
from supportdesk.core.outbound import is_allowed_url
from supportdesk.core.sealing import SealBroken, seal, unseal
from supportdesk.core.text import clean_line

logger = logging.getLogger(__name__)

MAX_BROWSERS = 20
MAX_ENDPOINT = 1000
PATIENCE = 20.0
"""Seconds after which no further browser of an agent is tried: the last one may take as
long again, and a task that is killed would ring anew where it has rung."""


@transaction.atomic
def subscribe_browser(
    *, agent: User, device: str, endpoint: str, p256dh: str, auth: str
) -> PushSubscription:
    """Send this agent's pushes to this browser from now on.

    A browser has one address, and it belongs to whoever signed in there last; a
    signed-in browser that brings another one has changed it. Raises
    SubscriptionRefused.
    """
    if len(endpoint) > MAX_ENDPOINT or not is_allowed_url(endpoint):
        raise SubscriptionRefused("the endpoint is no public https address")
    keys = {"p256dh": _public_key(p256dh), "auth": _secret(auth)}
    # The row is the lock for how many browsers the agent has.
    locked = User.objects.select_for_update(no_key=True).filter(pk=agent.pk)
    if not locked.active().exists():
        raise SubscriptionRefused("the agent is not active")
    subscription, _created = PushSubscription.objects.update_or_create(
        endpoint=endpoint,
        defaults={
            "agent": agent,
            "device": device,
            "last_error": "",
            # Pages say it again each day: see `send_to_agent`.
            "created_at": timezone.now(),
            **keys,
        },
    )
    others = PushSubscription.objects.filter(agent=agent).exclude(pk=subscription.pk)
    others.filter(device=device).delete()
    kept = others.order_by("-pk").values("pk")[: MAX_BROWSERS - 1]
    others.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    return subscription


@transaction.atomic
def unsubscribe_browser(*, agent: User, endpoint: str) -> bool:
    """Send nothing more to this browser; returns whether it was the agent's."""
    rows = PushSubscription.objects.filter(agent=agent, endpoint=endpoint)
    return bool(rows.delete()[0])


@transaction.atomic
def forget_signed_out(*, agent_id: int, device: str | None) -> int:
    """Nothing more to a browser that signed out, or (None) to any of the agent's.

    The browser in which a password was changed stays signed in, under another name:
    its page subscribes again.
    """
    rows = PushSubscription.objects.filter(agent_id=agent_id)
    if device is not None:
        rows = rows.filter(device=device)
    return rows.delete()[0]


@transaction.atomic
def forget_inactive(*, agent_id: int) -> int:
    """Nothing more to the browsers of an agent who was deactivated."""
    rows = PushSubscription.objects.filter(agent_id=agent_id, agent__is_active=False)
    return rows.delete()[0]


@transaction.atomic
def record_push_test(*, agent: User) -> Notification:
    """Note that the agent wants to see whether pushes arrive."""
    if agent.account_id is None:
        raise ValueError("the platform operator is told of nothing")
    return Notification.objects.create(
        account_id=agent.account_id,
        kind=Notification.Kind.TEST,
        way=Notification.Way.PUSH,
        agent=agent,
        occasion=f"test {uuid.uuid4()}",
    )


def send_to_agent(*, notification: Notification, content: PushContent) -> None:
    """Show it in each of the agent's browsers; it is done when one took it.

    Trying once more for the others would ring twice where it arrived. A browser that
    showed no page for as long as sessions last is signed out, though nobody said so.
    Raises DeliveryError when none took it, permanent unless one may take it later.
    """
    signed_in_since = timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    keys = vapid_keys()
    until = time.monotonic() + PATIENCE
    failure = DeliveryError("no browser wants to be told", permanent=True)
    delivered = False
    subscriptions = PushSubscription.objects.filter(
        agent_id=notification.agent_id, created_at__gte=signed_in_since
    )
    for subscription in subscriptions.order_by("-pk"):
        if time.monotonic() > until:
            failure = DeliveryError("the push services are slow", permanent=False)
            break
        try:
            send_push(subscription, content, keys)
        except SubscriptionGone:
            _remove_gone(subscription)
        except DeliveryError as error:
            if failure.permanent:
                failure = error
            _note_error(subscription, error)
        else:
            delivered = True
            _note_error(subscription, None)
    if not delivered:
        raise failure


def vapid_keys() -> VapidPair:
    """The installation's keys, made when they are first asked for.

    Of two that ask at once one makes them, the other gets the same. Keys that cannot be
    opened any more are replaced; subscriptions that were made for them are void then,
    and browsers whose agent signs in bring new ones.
    """
    row = VapidKey.objects.filter(name="desk").first()
    if row is None:
        row, _created = VapidKey.objects.get_or_create(name="desk", defaults=_make())
    try:
        return VapidPair(row.public_key, unseal(row.sealed_private_key))
    except SealBroken:
        return _replace_keys(row)


@transaction.atomic
def _replace_keys(broken: VapidKey) -> VapidPair:
    row = VapidKey.objects.select_for_update().get(name=broken.name)
    if row.public_key == broken.public_key:
        logger.warning("the VAPID keys were sealed under another SECRET_KEY: new ones")
        PushSubscription.objects.all().delete()
        fields = _make()
        for name, value in fields.items():
            setattr(row, name, value)
        row.save(update_fields=list(fields))
    return VapidPair(row.public_key, unseal(row.sealed_private_key))


def _make() -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    private = key.private_numbers().private_value.to_bytes(32, "big")
    return {
        "public_key": _encode(public),
        "sealed_private_key": seal(_encode(private)),
    }


def _remove_gone(subscription: PushSubscription) -> None:
    # Meanwhile the browser may have subscribed anew under the same address.
    PushSubscription.objects.filter(
        pk=subscription.pk, p256dh=subscription.p256dh, auth=subscription.auth
    ).delete()


def _note_error(subscription: PushSubscription, error: Exception | None) -> None:
    said = clean_line(str(error), 300) if error else ""
    if said != subscription.last_error:
        PushSubscription.objects.filter(pk=subscription.pk).update(last_error=said)


def _public_key(text: str) -> str:
    raw = _decode(text, 65)
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
    except ValueError:
        raise SubscriptionRefused("p256dh is no point of the curve") from None
    return _encode(raw)


def _secret(text: str) -> str:
    return _encode(_decode(text, 16))


def _decode(text: str, size: int) -> bytes:
    """Base64 as browsers write it, with or without its padding."""
    if len(text) > 2 * size:
        raise SubscriptionRefused("a key is too long")
    try:
        bare = text.rstrip("=").replace("+", "-").replace("/", "_").encode("ascii")
        raw = base64.b64decode(bare + b"=" * (-len(bare) % 4), b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise SubscriptionRefused("a key is not base64") from None
    if len(raw) != size:
        raise SubscriptionRefused("a key has the wrong length")
    return raw


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
