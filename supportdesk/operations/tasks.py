from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings

from .health import note_heartbeat


@shared_task(name="operations.heartbeat", ignore_result=True, time_limit=20)
def heartbeat(queue: str) -> None:
    note_heartbeat(queue)


@worker_ready.connect(dispatch_uid="operations.send_heartbeats")
def send_heartbeats(**kwargs: object) -> None:
    """Ready soon after the start, not only when beat strikes for the first time."""
    for queue in settings.CELERY_TASK_QUEUES:
        heartbeat.apply_async([queue.name], queue=queue.name, expires=20)
