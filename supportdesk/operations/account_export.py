"""All of an account in one ZIP: a file of JSON lines for each kind, and the files."""

import json
import logging
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from conversations import file_jobs
from conversations.models import SearchDocument, SearchWord
from supportdesk.accounts import services as accounts
from supportdesk.accounts.models import AccountExport, AgentSession, User
from supportdesk.operations.belongings import Model, file_fields, paths, rows_of

logger = logging.getLogger(__name__)

CHUNK = 1000
MAX_KEPT = 3
# What opens something is nobody's to take along; words of the search are derived.
_SECRET = ("password", "hash", "sealed", "p256dh", "auth", "endpoint", "claim", "nonce")
LEFT_OUT: tuple[Model, ...] = (
    *(SearchDocument, SearchWord, AccountExport),
    # Each row is the cookie of somebody who is signed in.
    AgentSession,
)


def exports_to_take_up(*, now: datetime) -> list[int]:
    return file_jobs.to_take_up(AccountExport.objects.unfinished(), now=now)


def discard_expired(*, now: datetime) -> None:
    """Delete what was kept long enough, with its file."""
    file_jobs.discard(AccountExport.objects.filter(expires_at__lte=now))


@transaction.atomic
def discard_account_export(*, export: AccountExport, by: User) -> None:
    """Cancel it while it is written, delete it after; its file goes with it."""
    if file_jobs.discard(AccountExport.objects.filter(pk=export.pk)):
        accounts.note_account_export_discarded(export=export, by=by)


def write_account_export(*, export_id: int, now: datetime | None = None) -> bool:
    """Write the file if nobody else does; returns whether there is one now."""
    export = file_jobs.claim(
        AccountExport,
        export_id,
        now=now or timezone.now(),
        failed={"state": AccountExport.State.FAILED},
        anew={"written": 0},
    )
    if export is None:
        return False
    if not file_jobs.write(export, lambda file: _write(export, file)):
        return False
    _discard_surplus(export.account_id)
    return True


def _discard_surplus(account_id: int) -> None:
    """Each is as large as the account; the oldest gives way to the new one."""
    kept = AccountExport.objects.filter(
        account=account_id, state=AccountExport.State.DONE
    )
    newest = kept.order_by("-pk").values_list("pk", flat=True)[:MAX_KEPT]
    file_jobs.discard(kept.exclude(pk__in=list(newest)))


def _write(export: AccountExport, file: IO[bytes]) -> bool:
    exported = [model for model in paths() if model not in LEFT_OUT]
    counts = {model: rows_of(model, export.account_id).count() for model in exported}
    file_jobs.renew(export, total=sum(counts.values()))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for model in exported:
            name = f"{model._meta.label_lower}.jsonl"
            with archive.open(name, "w", force_zip64=True) as lines:
                for rows in _chunks(model, export.account_id):
                    lines.writelines(_line(row) for row in rows)
                    file_jobs.renew(export, written=F("written") + len(rows))
            for field in file_fields(model):
                _write_files(export, archive, model, field.name)
    return True


def exported_fields(model: Model) -> "list[models.Field[Any, Any]]":
    """The columns that the file has; none of a model that is left out."""
    if model in LEFT_OUT:
        return []
    return [
        field
        for field in model._meta.concrete_fields
        if not any(word in field.name for word in _SECRET)
    ]


def _chunks(model: Model, account_id: int) -> Iterator[list[dict[str, Any]]]:
    """By key, each in a query of its own: nothing is held open for hours."""
    names = [field.attname for field in exported_fields(model)]
    key, last = model._meta.pk.attname, None
    while True:
        rows = rows_of(model, account_id).order_by("pk")
        if last is not None:
            rows = rows.filter(pk__gt=last)
        chunk = list(rows.values(*names)[:CHUNK])
        if not chunk:
            return
        yield chunk
        last = chunk[-1][key]


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False).encode() + b"\n"


def _write_files(
    export: AccountExport, archive: zipfile.ZipFile, model: Model, field: str
) -> None:
    """Named by key: what somebody called a file is in its row, and leads nowhere."""
    rows = rows_of(model, export.account_id).exclude(**{field: ""}).order_by("pk")
    for pk, path in rows.values_list("pk", field).iterator(CHUNK):
        extension = re.sub(r"[^A-Za-z0-9.]", "", path[path.rfind(".") :])[:10]
        suffix = extension if "." in path else ""
        name = f"files/{model._meta.label_lower}/{pk}{suffix}"
        file_jobs.renew(export)
        try:
            with (
                default_storage.open(path) as content,
                archive.open(name, "w", force_zip64=True) as copy,
            ):
                for piece in content.chunks():
                    copy.write(piece)
        except FileNotFoundError:
            logger.warning("file of %s %s is lost", model._meta.label, pk)
