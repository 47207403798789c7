"""What an account and its agents want to be told of, and mails to try it out."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import time

from django.db import transaction
from django.utils.translation import gettext as _

from notifications.exceptions import NotificationError
from notifications.models import (
    Event,
    ExtraRecipient,
    Notification,
    NotificationSettings,
    Preferences,
    all_events,
    mailed_events,
)
from supportdesk.accounts import audit
from supportdesk.accounts.models import Account, AgentGroup, User
from supportdesk.core.ratelimit import allow

MAX_RECIPIENTS = 20
"""Extra addresses of one list: of all groups or of one."""

LONGEST_DELAY = 60
"""Minutes."""

TEST_RATE = "5/hour"

TESTED = frozenset({"", *mailed_events()})
"""Events that a test mail may be about, or none of them."""

# The event, and the group's key or None for all conversations.
RecipientList = tuple[str, int | None]


@transaction.atomic
def save_preferences(
    *,
    agent: User,
    mail: Iterable[str],
    browser: Iterable[str],
    sound: Iterable[str],
    quiet_from: time | None,
    quiet_until: time | None,
    away_when_idle: bool,
    digest: bool | None = None,
) -> Preferences:
    """Store what an agent wants to be told of, and how.

    `digest` None leaves the daily summary as it is: it tells of the whole account,
    so that only full access may choose it.
    """
    if (quiet_from is None) != (quiet_until is None):
        raise ValueError("quiet hours have a beginning and an end")
    values: dict[str, object] = {
        "mail": _events(mail, mailed_events()),
        "browser": _events(browser, all_events()),
        "sound": _events(sound, all_events()),
        "quiet_from": quiet_from,
        "quiet_until": quiet_until,
        "away_when_idle": away_when_idle,
    }
    if digest is not None:
        if digest and not agent.has_full_access:
            raise ValueError("the daily summary needs full access")
        values["digest"] = digest
    preferences, _created = Preferences.objects.update_or_create(
        agent=agent, defaults=values
    )
    return preferences


@transaction.atomic
def save_settings(
    *,
    account: Account,
    offline: bool,
    offline_delay: int,
    offline_with_messages: bool,
    missed: bool,
    missed_delay: int,
    missed_with_messages: bool,
    recipients: Mapping[RecipientList, Iterable[str]],
) -> NotificationSettings:
    """Store what an account tells of, when, and whom besides its agents."""
    for delay in (offline_delay, missed_delay):
        if not 1 <= delay <= LONGEST_DELAY:
            raise ValueError("a delay outside of what is offered")
    values = {
        "offline": offline,
        "offline_delay": offline_delay,
        "offline_with_messages": offline_with_messages,
        "missed": missed,
        "missed_delay": missed_delay,
        "missed_with_messages": missed_with_messages,
    }
    former = NotificationSettings.objects.filter(account=account).first()
    # Without a row the defaults hold.
    before = audit.state_of(former or NotificationSettings(), *values)
    settings, _created = NotificationSettings.objects.update_or_create(
        account=account, defaults=values
    )
    changes = audit.difference(before, values)
    if changes:
        audit.record(
            "notifications.changed",
            account_id=account.pk,
            target=settings,
            changes=changes,
        )
    set_extra_recipients(account=account, recipients=recipients)
    return settings


@transaction.atomic
def set_extra_recipients(
    *, account: Account, recipients: Mapping[RecipientList, Iterable[str]]
) -> None:
    """Make each named list hold just these addresses; other lists stay.

    Raises ValueError for a group of another account, NotificationError for one that
    was deleted meanwhile or a list that is too long.
    """
    wanted = {
        (event, group_id, email)
        for (event, group_id), emails in recipients.items()
        for email in _addresses(event, emails)
    }
    # The account's row lets one at a time through: two who save at once do not mix.
    Account.objects.select_for_update().get(pk=account.pk)
    _check_groups(account, {group_id for _event, group_id in recipients})
    stored = {
        (row.event, row.group_id, row.email): row.pk
        for row in ExtraRecipient.objects.filter(account=account)
        if (row.event, row.group_id) in recipients
    }
    gone = [pk for key, pk in stored.items() if key not in wanted]
    _record_recipients(account, stored.keys(), wanted)
    ExtraRecipient.objects.filter(pk__in=gone).delete()
    ExtraRecipient.objects.bulk_create(
        [
            ExtraRecipient(account=account, event=event, group_id=group_id, email=email)
            for event, group_id, email in sorted(
                wanted - stored.keys(), key=lambda new: (new[0], new[1] or 0, new[2])
            )
        ]
    )


def _record_recipients(
    account: Account,
    before: Collection[tuple[str, int | None, str]],
    after: Collection[tuple[str, int | None, str]],
) -> None:
    changes: dict[str, tuple[list[str], list[str]]] = {}
    for event in (Event.OFFLINE, Event.MISSED):
        old, new = (
            {row for row in rows if row[0] == event} for rows in (before, after)
        )
        if old != new:
            changes[f"recipients_{event}"] = (_emails(old), _emails(new))
    if changes:
        audit.record("notifications.recipients", account_id=account.pk, changes=changes)


def _emails(rows: Iterable[tuple[str, int | None, str]]) -> list[str]:
    return sorted({email for _event, _group, email in rows})


def send_test(*, kind: str, agent: User) -> Notification:
    """Record a test mail, to the agent who asks and to nobody else.

    Raises NotificationError when they have had enough of them for now.
    """
    if kind not in TESTED or agent.account_id is None:
        raise ValueError("nothing that is told by mail")
    if not allow(TEST_RATE, "test-mail", agent.pk):
        raise NotificationError(
            _("You have just sent several test e-mails. Try again in an hour.")
        )
    return Notification.objects.create(
        account_id=agent.account_id,
        kind=Notification.Kind.TEST,
        way=Notification.Way.MAIL,
        agent=agent,
        recipient_email=agent.email,
        occasion=f"test {uuid.uuid4()}",
        data={"event": kind},
    )


def _events(chosen: Iterable[str], known: list[str]) -> list[str]:
    """Each once, in the order of `Event`."""
    chosen = set(chosen)
    if not chosen <= set(known):
        raise ValueError("an event that is not told in this way")
    return [event for event in known if event in chosen]


def _addresses(event: str, emails: Iterable[str]) -> set[str]:
    if event not in (Event.OFFLINE, Event.MISSED):
        raise ValueError("extra recipients hear of offline and missed only")
    found = {email.lower() for email in emails}
    if len(found) > MAX_RECIPIENTS:
        raise NotificationError(
            _("At most %(number)s addresses.") % {"number": MAX_RECIPIENTS}
        )
    return found


def _check_groups(account: Account, group_ids: set[int | None]) -> None:
    named = {group_id for group_id in group_ids if group_id is not None}
    found = dict(
        AgentGroup.objects.filter(pk__in=named).values_list("pk", "account_id")
    )
    if any(account_id != account.pk for account_id in found.values()):
        raise ValueError("a group of another account")
    if len(found) < len(named):
        raise NotificationError(_("One of the groups has been deleted meanwhile."))
