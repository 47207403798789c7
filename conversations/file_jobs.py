"""Files that take a while to write: claimed, kept, given up, discarded.

For rows with the columns of `Export` and `AccountExport`. A job is claimed by whoever
writes it, and the claim renewed with each chunk. Whoever lost it (it took too long, the
agent cancelled) notices before anything is kept. One that is taken up again begins
anew, in a file of its own name: nothing can be in it twice.
"""

import logging
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import IO, Any, TypeVar

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from conversations.models import DoomedFile, Export
from supportdesk.accounts.models import Account, AccountExport

logger = logging.getLogger(__name__)

Job = TypeVar("Job", Export, AccountExport)

# A worker that has not written a chunk for so long is dead.
LEASE = timedelta(minutes=5)
# What the queue has forgotten is handed over anew.
FORGOTTEN = timedelta(minutes=1)
MAX_ATTEMPTS = 5
RENEWED_EVERY = 30.0
"""Seconds between two renewals while a finished file is on its way to the storage."""


class ClaimLost(Exception):
    """Somebody else writes it now, or nobody shall any more."""


def to_take_up(rows: "QuerySet[Job]", *, now: datetime) -> list[int]:
    """Of unfinished ones: keys of what the queue forgot, or a dead worker left."""
    state = rows.model.State
    forgotten = Q(state=state.WAITING, created_at__lte=now - FORGOTTEN)
    left = Q(state=state.RUNNING, claimed_until__lte=now)
    found = rows.filter(forgotten | left).order_by("pk")
    return list(found.values_list("pk", flat=True)[:100])


@transaction.atomic
def claim(
    model: type[Job],
    pk: int,
    *,
    now: datetime,
    failed: Mapping[str, Any],
    anew: Mapping[str, Any],
) -> Job | None:
    """The row, if it is to be written and nobody else does.

    `failed` are the fields of one that was begun too often, `anew` those of one that
    begins.
    """
    # The account first, as everywhere: whoever erases a visitor holds it until they are
    # gone.
    of_row = model._base_manager.filter(pk=pk).values("account")
    Account.objects.select_for_update(no_key=True).filter(pk__in=of_row).first()
    row = model._base_manager.select_for_update().filter(pk=pk).first()
    if row is None or not row.is_unfinished:
        return None
    if row.claimed_until is not None and row.claimed_until > now:
        return None
    if row.path:
        # Of one that died: whatever it left goes.
        DoomedFile.objects.create(path=row.path)
    if row.attempts >= MAX_ATTEMPTS:
        changed = {**failed, "path": ""}
    else:
        changed = {
            **anew,
            "state": model.State.RUNNING,
            "claim": uuid.uuid4(),
            "claimed_until": now + LEASE,
            "attempts": row.attempts + 1,
            "path": f"exports/{uuid.uuid4().hex}",
        }
    for name, value in changed.items():
        setattr(row, name, value)
    row.save(update_fields=list(changed))
    return row if row.is_unfinished else None


def held(row: Job) -> "QuerySet[Job]":
    """The row, as long as its claim is ours."""
    rows = type(row)._base_manager
    return rows.filter(pk=row.pk, claim=row.claim, state=row.State.RUNNING)


def renew(row: Job, **fields: Any) -> None:
    """Show how far it is, and that its worker lives. Raises ClaimLost."""
    if not held(row).update(claimed_until=timezone.now() + LEASE, **fields):
        raise ClaimLost


def write(row: Job, fill: Callable[[IO[bytes]], bool]) -> bool:
    """Have the file of a claimed row filled, and keep it; whether there is one now.

    `fill` says whether there is something to keep, and renews the claim meanwhile.
    """
    try:
        # Without a name: nothing is left of it when the process dies.
        with tempfile.TemporaryFile() as file:
            if not fill(file):
                return False
            size = file.seek(0, 2)
            file.seek(0)
            return keep(row, file, size)
    except ClaimLost:
        return False
    except Exception:
        # The database or the storage may be back in a minute; then it is taken up.
        logger.exception("%s %s not written", row._meta.label, row.pk)
        held(row).update(claimed_until=timezone.now())
        return False


def keep(row: Job, file: IO[bytes], size: int) -> bool:
    """The file first, then the row that offers it; without the row it goes again.

    Raises ClaimLost when that happens on the way to the storage.
    """
    try:
        saved = default_storage.save(row.path, _Renewing(file, lambda: renew(row)))
    except ClaimLost:
        # Who discarded the row may have deleted before this was there.
        DoomedFile.objects.create(path=row.path)
        raise
    kept = held(row).update(
        state=row.State.DONE, size=size, path=saved, claimed_until=None
    )
    if not kept:
        DoomedFile.objects.create(path=saved)
    return bool(kept)


@transaction.atomic
def discard(rows: "QuerySet[Job]") -> int:
    """Cancel what is being written, delete what is there, with the files; how many."""
    found = list(rows.select_for_update(of=("self",)).order_by("pk"))
    for row in found:
        if row.path:
            DoomedFile.objects.create(path=row.path)
        row.delete()
    return len(found)


class _Renewing(File):
    """Says that its worker lives while a slow storage reads it."""

    def __init__(self, file: IO[bytes], renewal: Callable[[], None]) -> None:
        super().__init__(file)
        self._content, self._renewal = file, renewal
        self._thread = threading.get_ident()
        self._renewed_at = time.monotonic()

    def read(self, *args: Any) -> Any:
        if time.monotonic() - self._renewed_at >= RENEWED_EVERY:
            self._renewed_at = time.monotonic()
            try:
                self._renewal()
            finally:
                # A storage may read in threads of its own, which nobody tidies up.
                if threading.get_ident() != self._thread:
                    connection.close()
        return self._content.read(*args)
