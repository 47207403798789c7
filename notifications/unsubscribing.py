"""Links with which a recipient ends one kind of mail, without signing in (RFC 8058).

A link says who gets what, signed, and nothing else. It has no end: a mail may be opened
years later, and must then still be able to be the last one.
"""

from dataclasses import asdict, dataclass
from typing import Self

from django.conf import settings
from django.core import signing
from django.urls import reverse

from notifications.models import Notification
from supportdesk.accounts.models import Account, User

SALT = "notifications.unsubscribing"
KINDS = frozenset(
    {
        Notification.Kind.OFFLINE,
        Notification.Kind.MISSED,
        Notification.Kind.ASSIGNED,
        Notification.Kind.MENTIONED,
        Notification.Kind.DIGEST,
    }
)


@dataclass(frozen=True)
class Subscription:
    """One kind of mail to an agent, or to another address of the account."""

    kind: str
    account_id: int
    agent_id: int | None = None
    email: str = ""

    @classmethod
    def of(cls, notification: Notification) -> Self:
        agent_id = notification.agent_id
        return cls(
            kind=notification.kind,
            account_id=notification.account_id,
            agent_id=agent_id,
            email="" if agent_id else notification.recipient_email,
        )

    @property
    def label(self) -> str:
        return str(Notification.Kind(self.kind).label)


def unsubscribe_url(notification: Notification) -> str | None:
    """For `List-Unsubscribe` and the mail's foot; None for what was asked for once."""
    if notification.way != Notification.Way.MAIL or notification.kind not in KINDS:
        return None
    token = signing.dumps(asdict(Subscription.of(notification)), salt=SALT)
    path = reverse("notifications:unsubscribe", kwargs={"token": token})
    return f"{settings.SITE_URL}{path}"


def subscription_of(token: str) -> Subscription | None:
    """What a link's token says; None for one that the desk did not make."""
    try:
        return Subscription(**signing.loads(token, salt=SALT))
    except signing.BadSignature:
        return None


def recipient_of(subscription: Subscription) -> tuple[str, str] | None:
    """Address and account for the page; None when the agent or account is gone."""
    if subscription.agent_id is None:
        account = Account.objects.filter(pk=subscription.account_id).first()
        return (subscription.email, account.name) if account else None
    agent = (
        User.objects.select_related("account")
        .filter(pk=subscription.agent_id, account_id=subscription.account_id)
        .first()
    )
    return (agent.email, str(agent.account)) if agent else None
