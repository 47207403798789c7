"""The daily summary's rows: who gets one this morning."""

from datetime import datetime, time, timedelta

from notifications.models import Notification
from supportdesk.accounts.models import Role, User
from supportdesk.accounts.querysets import AgentQuerySet

SENT_FROM = time(7, 0)


def record_digests(*, now: datetime) -> list[int]:
    """Note the summaries of the day before where it is past seven in the morning.

    Returns the keys of the new rows; a second time there are none. The row is written
    for quiet days too, and the mail decides: otherwise each look of this day would
    count the same nothing again.
    """
    due = [row for agent in _who_want_it() if (row := _row(agent, now)) is not None]
    known = set(
        Notification.objects.filter(
            kind=Notification.Kind.DIGEST,
            agent__in=[row.agent_id for row in due],
            occasion__in={row.occasion for row in due},
        ).values_list("agent_id", "occasion")
    )
    rows = [row for row in due if (row.agent_id, row.occasion) not in known]
    # Two lookouts at once write the same rows, and the constraint lets one through.
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    written = Notification.objects.filter(public_id__in=[row.public_id for row in rows])
    return list(written.order_by("pk").values_list("pk", flat=True))


def _who_want_it() -> AgentQuerySet:
    """Numbers of the whole account, so for those who may see all of it."""
    return (
        User.objects.in_service()
        .filter(
            account__isnull=False,
            role__in=[Role.OWNER, Role.FULL],
            notification_preferences__digest=True,
        )
        .select_related("account")
    )


def _row(agent: User, now: datetime) -> Notification | None:
    if agent.account is None:
        return None
    local = now.astimezone(agent.account.tz)
    if local.time() < SENT_FROM:
        return None
    return Notification(
        account=agent.account,
        kind=Notification.Kind.DIGEST,
        agent=agent,
        occasion=(local.date() - timedelta(days=1)).isoformat(),
        due_at=now,
    )
