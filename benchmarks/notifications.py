"""Mails about bursts, beside bare smtplib sending the same bytes, in one run.

Two figures: mails per second of one worker process, from due rows to a local SMTP
server that only counts; and how long the last of many that fall due at once have to
wait. The floor is one kept connection that hands over the very same mails.
"""

import argparse
import email.utils
import multiprocessing
import os
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.sharedctypes import Synchronized
from typing import Any

from benchmarks.desk import fresh_database, percentile

DUE, SAMPLE = 10_000, 1000
# Of the floor's rate, at least so much: a mail is a claim, the checks, a look at what
# it tells of, two rendered parts and a settled row, where the floor only talks.
SHARE = 0.02
WORKERS = 2


class Counting:
    """Takes every mail at once."""

    def __init__(self, count: "Synchronized[int]") -> None:
        self.count = count

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        with self.count.get_lock():
            self.count.value += 1
        return "250 taken"


def _serve(port: int, count: "Synchronized[int]") -> None:
    from aiosmtpd.controller import Controller  # noqa: PLC0415

    Controller(Counting(count), hostname="127.0.0.1", port=port).start()
    while True:
        time.sleep(60)


@contextmanager
def sink() -> Iterator[tuple[int, "Synchronized[int]"]]:
    """A mail server in a process of its own; yields its port and its count."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    count = context.Value("l", 0)
    process = context.Process(target=_serve, args=(port, count), daemon=True)
    process.start()
    try:
        wait_for(lambda: _listens(port))
        yield port, count
    finally:
        process.terminate()
        process.join()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("it does not come")
        time.sleep(0.02)


@contextmanager
def workers(port: int) -> Iterator[None]:
    """Worker processes for notifications, as `run` starts them, that are ready."""
    from supportdesk.core.redis import client, key  # noqa: PLC0415

    process = subprocess.Popen(
        [
            *(
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "celery",
                "--quiet",
                "-A",
                "supportdesk",
            ),
            *("worker", "-Q", "default,notifications", "-c", str(WORKERS)),
            *("--loglevel", "WARNING", "--without-mingle", "--without-gossip"),
        ],
        env=os.environ | {"EMAIL_URL": f"smtp://127.0.0.1:{port}"},
    )
    try:
        wait_for(lambda: bool(client().get(key("heartbeat", "notifications"))))
        yield
    finally:
        process.terminate()
        process.wait(30)


def waiting(number: int) -> list[Any]:
    """Conversations whose visitor has written three times and was not answered."""
    from django.utils import timezone  # noqa: PLC0415

    from conversations.models import Conversation, Message  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415

    account = factories.make_account()
    channel = factories.make_channel(account)
    visitor = factories.make_visitor(
        account, name="Sofia Lindqvist", email="sofia@example.net"
    )
    factories.put_on_website(visitor, channel=channel)
    now = timezone.now()
    conversations = Conversation.objects.bulk_create(
        Conversation(
            account=account,
            visitor=visitor,
            channel=channel,
            channel_kind=channel.kind,
            last_activity_at=now,
            waiting_since=now,
            last_seq=3,
            visitor_message_count=3,
        )
        for _ in range(number)
    )
    Message.objects.bulk_create(
        Message(
            conversation=conversation,
            seq=seq,
            public_seq=seq,
            by_visitor=True,
            channel=channel,
            text="Hello, does the oval basket also hold 1.2 kg of dough?",
            created_at=now,
        )
        for conversation in conversations
        for seq in (1, 2, 3)
    )
    return conversations


def decide(conversations: list[Any]) -> list[int]:
    """Rows for the owner of what is to be told, as deciding bursts writes them."""
    from notifications.models import Burst, Notification  # noqa: PLC0415
    from tests import factories  # noqa: PLC0415

    account = conversations[0].account
    owner = factories.owner_of(account)
    bursts = Burst.objects.bulk_create(
        Burst(
            conversation=conversation,
            kind=Burst.Kind.OFFLINE,
            state=Burst.State.TOLD,
            first_seq=1,
            visitor_messages=3,
            began_at=conversation.waiting_since,
        )
        for conversation in conversations
    )
    rows = Notification.objects.bulk_create(
        Notification(
            account=account,
            kind=Notification.Kind.OFFLINE,
            conversation=burst.conversation,
            burst=burst,
            agent=owner,
            recipient_email=owner.email,
            occasion=f"burst {burst.pk}",
        )
        for burst in bursts
    )
    return [row.pk for row in rows]


def floor(ids: list[int], port: int) -> float:
    """Mails per second of bare smtplib with the bytes that the desk would send."""
    from notifications.mails import build_mail  # noqa: PLC0415
    from notifications.models import Notification  # noqa: PLC0415

    mails = []
    for row in Notification.objects.filter(pk__in=ids[:100]):
        letter = build_mail(row)
        assert letter is not None
        content = letter.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]
        mails.append((letter.to, content))
    sender = email.utils.parseaddr("desk@localhost")[1]
    begun = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as server:
        for number in range(len(ids)):
            to, content = mails[number % len(mails)]
            server.sendmail(sender, to, content)
    return len(ids) / (time.perf_counter() - begun)


def one_process(ids: list[int]) -> float:
    """Mails per second of the sending itself: claim, check, build, send, settle."""
    from notifications import services  # noqa: PLC0415

    begun = time.perf_counter()
    for notification_id in ids:
        assert services.send_notification(notification_id=notification_id)
    return len(ids) / (time.perf_counter() - begun)


def all_at_once(ids: list[int]) -> tuple[list[float], float]:
    """Seconds from due to sent of each, with real workers; and mails per second."""
    from django.utils import timezone  # noqa: PLC0415

    from notifications.models import Notification  # noqa: PLC0415
    from notifications.tasks import send_due  # noqa: PLC0415

    rows = Notification.objects.filter(pk__in=ids)
    begun = timezone.now()
    rows.update(due_at=begun)
    strikes = 0
    while rows.unfinished().exists():
        # As beat does; everything else is the workers' own.
        if (timezone.now() - begun).total_seconds() >= 5 * strikes:
            send_due.apply_async(expires=5)
            strikes += 1
        time.sleep(0.2)
    sent = list(rows.filter(state="sent").values_list("sent_at", flat=True))
    assert len(sent) == len(ids), "not all were sent"
    times = [(at - begun).total_seconds() for at in sent if at is not None]
    return times, len(times) / max(times)


def measure(due: int) -> int:
    from django.conf import settings  # noqa: PLC0415

    with sink() as (port, count):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        sample = decide(waiting(min(SAMPLE, due)))
        bare = floor(sample, port)
        alone = one_process(sample)
        good = alone >= SHARE * bare
        print(f"bare smtplib      {bare:>8.0f} mails/s")
        print(
            f"one process       {alone:>8.0f} mails/s   x {alone / bare:.3f}"
            f"   (at least x {SHARE})"
        )
        before = count.value
        ids = decide(waiting(due))
        with workers(port):
            times, rate = all_at_once(ids)
        assert count.value - before == due, "a mail came twice, or never"
        print(
            f"{due} due at once{'':<2}{rate:>8.0f} mails/s   with {WORKERS} workers"
            f"   p50 {percentile(times, 0.5):.1f} s   p99 {percentile(times, 0.99):.1f} s"
        )
    return 0 if good else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--due", type=int, default=DUE, help="how many fall due at once"
    )
    options = parser.parse_args()
    with fresh_database():
        return measure(options.due)


if __name__ == "__main__":
    sys.exit(main())
