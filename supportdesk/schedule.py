"""What beat asks for, and how often.

Nobody does one late that the next one does again: it expires.
"""

from collections.abc import Iterable
from typing import Any

from celery.schedules import crontab, schedule

Job = dict[str, Any]
HOUR = 3600


def jobs(heartbeat_queues: Iterable[str]) -> dict[str, Job]:
    """By name; each queue of `heartbeat_queues` shows that it is worked off."""
    return {
        # /readyz holds a queue for deaf that did not work this off lately.
        **{f"heartbeat of {queue}": _heartbeat(queue) for queue in heartbeat_queues},
        "announce presence": _every(15, "accounts.announce_presence"),
        "give out waiting conversations": _every(15, "conversations.give_out_waiting"),
        "hand over what was left behind": _every(
            60, "conversations.hand_over_left_behind"
        ),
        "count messages": _every(60, "conversations.count_messages"),
        "update search": _every(10, "conversations.update_search"),
        "wake snoozed conversations": _every(30, "conversations.wake_snoozed"),
        "take up exports": _every(60, "conversations.take_up_exports"),
        "delete files": _every(600, "conversations.delete_files"),
        "look after accounts": _every(60, "operations.look_after_accounts"),
        "look out": _every(5, "notifications.look_out"),
        "send due notifications": _every(5, "notifications.send_due"),
        # Every account has its own seven in the morning.
        "record digests": _by_the_clock(
            crontab(minute="*/15"), "notifications.record_digests", expires=900
        ),
        "delete ended sessions": _by_the_clock(
            crontab(hour=3, minute=0), "accounts.delete_ended"
        ),
        "delete ended blocks": _by_the_clock(
            crontab(hour=3, minute=10), "visitors.delete_ended_blocks"
        ),
        "finish merges": _by_the_clock(
            crontab(hour=3, minute=20), "visitors.finish_merges"
        ),
        # Once more in the night: what a worker that died left, and the queue with it.
        "delete what is not kept": _by_the_clock(
            crontab(hour="2,4", minute=30), "accounts.delete_old"
        ),
        "prune notifications": _by_the_clock(
            crontab(hour=3, minute=40), "notifications.prune"
        ),
    }


def _every(seconds: int, task: str) -> Job:
    return {
        "task": task,
        "schedule": schedule(seconds),
        "options": {"expires": seconds},
    }


def _by_the_clock(when: crontab, task: str, *, expires: int = HOUR) -> Job:
    return {"task": task, "schedule": when, "options": {"expires": expires}}


def _heartbeat(queue: str) -> Job:
    return {
        "task": "operations.heartbeat",
        "args": [queue],
        "schedule": schedule(10),
        "options": {"queue": queue, "expires": 20},
    }
