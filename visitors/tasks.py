from celery import shared_task

from visitors import services


@shared_task(name="visitors.finish_merges", ignore_result=True, time_limit=300)
def finish_merges() -> None:
    for merge_id in services.overdue():
        services.finish_merge(merge_id=merge_id)


@shared_task(name="visitors.delete_ended_blocks", ignore_result=True, time_limit=60)
def delete_ended_blocks() -> None:
    services.delete_ended_blocks()
