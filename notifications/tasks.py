from collections.abc import Iterable

from celery import shared_task
from django.utils import timezone

from notifications import services

# Others may take what a look hands on; the next look would find it anyway.
LOOK_LASTS = 30


@shared_task(
    name="notifications.send_notification",
    ignore_result=True,
    # Beyond a mail server's slow greeting and answer, within what a claim lasts.
    soft_time_limit=40,
    time_limit=60,
)
def send_notification(notification_id: int) -> None:
    services.send_notification(notification_id=notification_id)


@shared_task(name="notifications.send_due", ignore_result=True, time_limit=60)
def send_due() -> None:
    services.give_up_exhausted()
    hand_over_due()


@shared_task(name="notifications.look_out", ignore_result=True, time_limit=120)
def look_out() -> None:
    services.look_out(
        hand_on=lambda page: decide_bursts.apply_async([page], expires=LOOK_LASTS)
    )
    hand_over_due()


@shared_task(name="notifications.decide_bursts", ignore_result=True, time_limit=120)
def decide_bursts(burst_ids: list[int]) -> None:
    services.decide_bursts(burst_ids=burst_ids)
    hand_over_due()


@shared_task(name="notifications.tell_colleagues", ignore_result=True, time_limit=60)
def tell_colleagues(message_id: int) -> None:
    services.tell_colleagues(message_id=message_id)
    hand_over_due()


@shared_task(name="notifications.push_conversation", ignore_result=True, time_limit=60)
def push_conversation(conversation_id: int) -> None:
    services.push_conversation(conversation_id=conversation_id)
    hand_over_due()


@shared_task(name="notifications.record_digests", ignore_result=True, time_limit=60)
def record_digests() -> None:
    services.record_digests(now=timezone.now())
    hand_over_due()


@shared_task(name="notifications.prune", ignore_result=True, time_limit=300)
def prune() -> None:
    services.prune()


def hand_over_due() -> None:
    """What has just become due goes out now, and not when the beat finds it."""
    while due := services.take_due():
        hand_over(due)


def hand_over(notification_ids: Iterable[int]) -> None:
    """Tell the queue; a job that comes too late has been handed over once more."""
    expires = services.QUEUE_PATIENCE.total_seconds()
    for notification_id in notification_ids:
        send_notification.apply_async((notification_id,), expires=expires)
