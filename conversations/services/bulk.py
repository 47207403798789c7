"""The same for many conversations: each in its own transaction, ordered by key, so
that two at once cannot wait for each other in a circle."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self

from django.db import transaction
from django.utils.translation import gettext as _

from conversations.exceptions import ConversationError
from conversations.models import Conversation
from conversations.services.thread import lock

MAX_BULK = 100
"""Conversations at once."""

Act = Callable[[int], object]


@dataclass(frozen=True)
class Change:
    """A conversation that was changed: its number of entries then, and what it was."""

    pk: int
    seq: int
    group_id: int | None
    waiting_since: str | None
    snoozed_until: str | None

    @classmethod
    def of(cls, before: Conversation, seq: int) -> Self:
        return cls(
            before.pk,
            seq,
            before.group_id,
            _written(before.waiting_since),
            _written(before.snoozed_until),
        )

    def as_list(self) -> list[Any]:
        return list(asdict(self).values())


@dataclass
class Outcome:
    """What came of it; refusals by their reason."""

    done: int = 0
    changes: list[Change] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


def in_bulk(*, conversation_ids: Iterable[int], act: Act) -> Outcome:
    """Do it with each; one that is refused keeps none of the others from it.

    `act` calls one of the services, which checks the agent's right.
    """
    outcome = Outcome()
    for pk in sorted(conversation_ids):
        try:
            with transaction.atomic():
                before = lock(pk)
                act(pk)
                seq = Conversation.objects.values_list("last_seq", flat=True).get(pk=pk)
        except Conversation.DoesNotExist:
            outcome.refused[not_available()] += 1
        except ConversationError as error:
            outcome.refused[str(error)] += 1
        else:
            outcome.done += 1
            if seq != before.last_seq:
                outcome.changes.append(Change.of(before, seq))
    return outcome


def undo_in_bulk(
    *, changes: Iterable[Change], act: Callable[[Change], object]
) -> Outcome:
    """Take back what nothing has followed since: no message, no note, no other line."""
    outcome = Outcome()
    for change in sorted(changes, key=lambda change: change.pk):
        try:
            with transaction.atomic():
                if lock(change.pk).last_seq != change.seq:
                    outcome.refused[_("It has changed since.")] += 1
                    continue
                act(change)
        except Conversation.DoesNotExist:
            outcome.refused[not_available()] += 1
        except ConversationError as error:
            outcome.refused[str(error)] += 1
        else:
            outcome.done += 1
    return outcome


def restore_waiting(change: Change) -> None:
    """Let it wait and sleep as before it was resolved; its lock is the caller's."""
    Conversation.objects.filter(pk=change.pk).update(
        waiting_since=_read(change.waiting_since),
        snoozed_until=_read(change.snoozed_until),
    )


def not_available() -> str:
    return _("It is no longer available to you.")


def _written(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
