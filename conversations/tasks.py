from celery import shared_task

from conversations import services


@shared_task(name="conversations.delete_files", ignore_result=True, time_limit=300)
def delete_files() -> None:
    """What is left stays on the list; beat strikes again."""
    services.delete_files()
