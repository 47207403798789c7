"""The history as people read it: sentences in their language, and a file of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from supportdesk.accounts import audit
from supportdesk.accounts.models import AuditEntry, User
from supportdesk.accounts.querysets import AuditQuerySet

PAGE_SIZE = 50
MAX_ROWS = 50_000
"""Of a file. An answer is held in memory as a whole, and one that is sent while it is
being written cannot say that it broke off: so there is an end, and the file names it."""
NOTHING = "–"  # noqa: RUF001
_CURSOR = re.compile(r"([0-9]{1,17})-([0-9]{1,18})")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}.*")
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Change:
    label: str
    old: str
    new: str

    @property
    def is_new(self) -> bool:
        """There was nothing before, as with all that is just being made."""
        return self.old == NOTHING

    def __str__(self) -> str:
        if self.is_new:
            return f"{self.label}: {self.new}"
        return f"{self.label}: {self.old} → {self.new}"


@dataclass(frozen=True)
class Line:
    """An entry in the reader's language."""

    entry: AuditEntry
    sentence: str
    changes: list[Change]

    @classmethod
    def of(cls, entry: AuditEntry) -> "Line":
        changes = [
            Change(
                label_of(entry, name),
                value_of(entry, name, old),
                value_of(entry, name, new),
            )
            for name, (old, new) in entry.changes.items()
        ]
        changes = [change for change in changes if change.old != change.new]
        template = audit.sentences().get(entry.action)
        if template is None:
            # Of a part of the desk that is gone.
            return cls(entry, f"{who(entry)}: {entry.action}", changes)
        words = {"by": who(entry), "target": entry.target_label or NOTHING}
        if "%(old)s" in str(template):
            only = changes.pop() if changes else Change("", NOTHING, NOTHING)
            words |= {"old": only.old, "new": only.new}
        return cls(entry, str(template) % words, changes)


def who(entry: AuditEntry) -> str:
    """A name as it was then; programs by their token, else what acted by itself."""
    name = entry.by_name or entry.by_email
    if entry.via == AuditEntry.Via.API:
        return _("API token “%(name)s”") % {"name": name}
    if name:
        return name
    return _("The desk") if entry.via == AuditEntry.Via.SYSTEM else _("Somebody")


def label_of(entry: AuditEntry, name: str) -> str:
    """What a change is called: as the app says, else as the model does."""
    words = audit.words_of_fields()
    known = words.get(f"{entry.topic}.{name}") or words.get(name)
    if known:
        return str(known)
    field = _field_of(entry, name)
    return capfirst(str(field.verbose_name)) if field else name


def value_of(entry: AuditEntry, name: str, value: Any) -> str:
    if value is None or value in ("", []):
        return NOTHING
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(value_of(entry, name, each) for each in value)
    field = _field_of(entry, name)
    choices: dict[Any, Any] = dict(field.flatchoices) if field else {}
    if not isinstance(value, dict) and value in choices:
        return str(choices[value])
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return _moment(value)
    return str(value)


def found(
    agent: User,
    *,
    who: str = "",
    topic: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    text: str = "",
) -> AuditQuerySet:
    """Entries that the agent may see and asks for, newest first.

    `who` is an agent's key, or a way (`api`, `system`); times are from `since` to
    before `until`. A text is looked for in the account's entries of the period.
    """
    rows = AuditEntry.objects.visible_to(agent).newest_first()
    if who.isdecimal():
        rows = rows.filter(by_id=int(who))
    elif who:
        rows = rows.filter(via=who, by_id__isnull=True)
    if topic:
        rows = rows.filter(topic=topic)
    if since is not None:
        rows = rows.filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lt=until)
    if text:
        rows = rows.alias(changed=Cast("changes", TextField())).filter(
            Q(target_label__icontains=text)
            | Q(by_name__icontains=text)
            | Q(by_email__icontains=text)
            | Q(changed__icontains=text)
        )
    return rows


def page_of(rows: AuditQuerySet, cursor: str) -> tuple[list[Line], str]:
    """The lines after a cursor, and the cursor of what follows; empty at the end."""
    match = _CURSOR.fullmatch(cursor)
    if match:
        at = _EPOCH + int(match[1]) * _MICROSECOND
        older = Q(at__lt=at) | Q(pk__lt=int(match[2]))
        rows = rows.filter(older, at__lte=at)
    entries = list(rows[: PAGE_SIZE + 1])
    lines = [Line.of(entry) for entry in entries[:PAGE_SIZE]]
    if len(entries) <= PAGE_SIZE:
        return lines, ""
    last = lines[-1].entry
    return lines, f"{(last.at - _EPOCH) // _MICROSECOND}-{last.pk}"


def table_of(rows: AuditQuerySet) -> Iterator[list[str]]:
    """The same as rows of a file, with a head, the newest MAX_ROWS of them.

    If there are more, a last row says so.
    """
    yield [
        _("Time"),
        _("Who"),
        _("E-mail"),
        _("What"),
        _("Changes"),
        _("Via"),
        _("IP address"),
        _("Browser"),
    ]
    for number, entry in enumerate(rows[: MAX_ROWS + 1].iterator(1000)):
        if number == MAX_ROWS:
            text = _(
                "Not complete: older entries than these %(max)s are left out. Choose a "
                "shorter period."
            )
            yield [text % {"max": formats.number_format(MAX_ROWS, force_grouping=True)}]
            return
        line = Line.of(entry)
        yield [
            timezone.localtime(entry.at).isoformat(" ", "seconds"),
            who(entry),
            entry.by_email,
            line.sentence,
            "; ".join(str(change) for change in line.changes),
            entry.get_via_display(),
            entry.ip or "",
            entry.user_agent,
        ]


def _field_of(entry: AuditEntry, name: str) -> "models.Field[Any, Any] | None":
    try:
        field = apps.get_model(entry.target_kind)._meta.get_field(name)
    except (LookupError, ValueError, FieldDoesNotExist):
        return None
    return field if isinstance(field, models.Field) else None


def _moment(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    if timezone.is_aware(at):
        at = timezone.localtime(at)
    return formats.date_format(at, "SHORT_DATETIME_FORMAT")
