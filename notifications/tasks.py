from celery import Task, shared_task

from notifications import services
from notifications.exceptions import DeliveryDelayed


# The row counts the attempts and says when it is enough.
@shared_task(
    name="notifications.send_notification",
    bind=True,
    ignore_result=True,
    max_retries=None,
    time_limit=120,
)
def send_notification(self: Task, notification_id: int) -> None:
    try:
        services.send_notification(notification_id=notification_id)
    except DeliveryDelayed as delayed:
        raise self.retry(
            exc=delayed, countdown=delayed.delay.total_seconds()
        ) from delayed


@shared_task(
    name="notifications.redrive_notifications", ignore_result=True, time_limit=60
)
def redrive_notifications() -> None:
    services.give_up_exhausted()
    for notification_id in services.left_behind():
        send_notification.delay(notification_id)
