"""How the last mails went, for the settings pages: when, or why not, in plain words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from notifications.models import Notification
from supportdesk.accounts.models import Account, User

# How many of the newest tests are looked through for one of each event.
TESTS_SEEN = 20

State = Notification.State


@dataclass(frozen=True)
class Status:
    """The newest mail that went out or could not; `failure` is a sentence."""

    at: datetime
    failure: str = ""
    is_retried: bool = False
    is_test: bool = False


def statuses(account: Account, kinds: Iterable[str]) -> dict[str, Status | None]:
    """Of each kind the newest mail or test of it; a query for each and one for all."""
    mails = Notification.objects.filter(account=account, way=Notification.Way.MAIL)
    tests = {
        str(test.data.get("event")): test
        for test in reversed(_told(mails.filter(kind=Notification.Kind.TEST)))
    }
    return {
        kind: _newest([*_told(mails.filter(kind=kind), 1), tests.get(kind)])
        for kind in kinds
    }


def last_test(account: Account, agent: User) -> Status | None:
    tests = Notification.objects.filter(
        account=account,
        kind=Notification.Kind.TEST,
        way=Notification.Way.MAIL,
        agent=agent,
    )
    return _newest(_told(tests, 1))


def _told(rows, number: int = TESTS_SEEN) -> list[Notification]:  # type: ignore[no-untyped-def]
    """Rows with something to tell, newest first."""
    told = Q(state__in=[State.SENT, State.FAILED]) | ~Q(last_error="")
    return list(rows.filter(told).order_by("-created_at")[:number])


def _newest(rows: Iterable[Notification | None]) -> Status | None:
    known = [row for row in rows if row is not None]
    if not known:
        return None
    row = max(known, key=lambda row: row.created_at)
    if row.state == State.SENT:
        return Status(
            at=row.sent_at or row.created_at, is_test=row.kind == Notification.Kind.TEST
        )
    return Status(
        at=row.claimed_at or row.created_at,
        failure=in_words(row.last_error),
        is_retried=row.state in (State.PENDING, State.SENDING),
        is_test=row.kind == Notification.Kind.TEST,
    )


def in_words(error: str) -> str:
    """A stored error (its class, then the server's words) as a sentence for people."""
    name = error.partition(":")[0]
    if name == "SMTPAuthenticationError":
        return _("The mail server refused the desk's user name or password.")
    if name == "SMTPSenderRefused":
        return _("The mail server refused the desk's own address.")
    if name in {"SMTPRecipientsRefused", "ValueError"}:
        return _("The mail server refused the recipient's address.")
    if name in {"SMTPDataError", "SMTPResponseException"}:
        return _("The mail server refused the e-mail.")
    if name in _UNREACHABLE:
        return _("The mail server cannot be reached.")
    return _("The desk itself failed; its log says why.")


_UNREACHABLE = {
    "BrokenPipeError",
    "ConnectionAbortedError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "OSError",
    "SMTPConnectError",
    "SMTPHeloError",
    "SMTPServerDisconnected",
    "SSLError",
    "TimeoutError",
    "gaierror",
}
