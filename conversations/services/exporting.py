"""The results of a search as a file: asked for, written (see `file_jobs`), given up."""

from datetime import datetime, timedelta
from typing import IO

from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from conversations import file_jobs
from conversations.exceptions import NotAllowed
from conversations.exporting.results import Results, rights_of
from conversations.models import Conversation, DoomedFile, Export
from supportdesk.accounts import audit
from supportdesk.accounts.models import Account, User
from visitors import services as visitors

KEPT_FOR = timedelta(days=7)
MAX_UNFINISHED = 3
MAX_KEPT = 30
MAX_QUERY = 8_000


@transaction.atomic
def request_export(*, agent: User, query: str, now: datetime) -> Export:
    """Note what is to be written; a task does it.

    Raises NotAllowed while too many are unfinished or kept.
    """
    # Two clicks at once would each see one place left.
    agent = User.objects.select_for_update().get(pk=agent.pk)
    if agent.account_id is None or not agent.is_active:
        raise NotAllowed(_("Only agents of an account can export."))
    own = Export.objects.filter(agent=agent)
    if own.unfinished().count() >= MAX_UNFINISHED:
        raise NotAllowed(
            _("Only %(max)s exports at once. Wait for one, or cancel it.")
            % {"max": MAX_UNFINISHED}
        )
    if own.count() >= MAX_KEPT:
        raise NotAllowed(_("You have many exports already. Delete one first."))
    # What was searched for stays out of it: it may be a visitor's name.
    audit.record("export.requested", account_id=agent.account_id, by=agent)
    return Export.objects.create(
        account_id=agent.account_id,
        agent=agent,
        query=query[:MAX_QUERY],
        rights=rights_of(agent),
        created_at=now,
        expires_at=now + KEPT_FOR,
    )


def note_export_taken(*, export: Export, agent: User) -> None:
    """The file leaves the desk, with whoever downloads it."""
    audit.record(
        "export.taken",
        account_id=export.account_id,
        by=agent,
        changes={"conversations": (None, export.row_count)},
    )


def note_conversation_exported(
    *, conversation: Conversation, agent: User, extension: str, for_visitor: bool
) -> None:
    """One conversation leaves the desk as a file."""
    audit.record(
        "export.conversation",
        account_id=conversation.account_id,
        by=agent,
        target=visitors.audit_target(conversation.visitor),
        changes={"format": (None, extension), "for_visitor": (None, for_visitor)},
    )


def discard_export(*, export: Export) -> None:
    """Cancel it while it is written, delete it after; its file goes with it."""
    file_jobs.discard(Export.objects.filter(pk=export.pk))


def discard_expired(*, now: datetime) -> None:
    file_jobs.discard(Export.objects.filter(expires_at__lte=now))


def withdraw_exports(*, account_id: int) -> None:
    """Part of the transaction that erases somebody, who may be in any file of the account.

    What is done ends without its file, what is under way begins anew. The account is
    locked against those that begin to read now: they wait, and find nobody.
    """
    Account.objects.select_for_update(no_key=True).get(pk=account_id)
    rows = Export.objects.select_for_update().filter(account=account_id)
    for row in rows.filter(state__in=[Export.State.RUNNING, Export.State.DONE]):
        if row.path:
            DoomedFile.objects.create(path=row.path)
        is_done = row.is_done
        row.state = Export.State.ENDED if is_done else Export.State.WAITING
        row.reason = Export.Reason.ERASED if is_done else ""
        row.path, row.claim, row.claimed_until = "", None, None
        row.save(update_fields=["state", "reason", "path", "claim", "claimed_until"])


def exports_to_take_up(*, now: datetime) -> list[int]:
    return file_jobs.to_take_up(Export.objects.unfinished(), now=now)


def write_export(*, export_id: int, now: datetime | None = None) -> bool:
    """Write the file if nobody else does; returns whether there is one now."""
    export = file_jobs.claim(
        Export,
        export_id,
        now=now or timezone.now(),
        failed={"state": Export.State.ENDED, "reason": Export.Reason.FAILED},
        anew={"looked_at": 0, "row_count": 0},
    )
    if export is None:
        return False
    return file_jobs.write(export, lambda file: _write(export, file))


def _write(export: Export, file: IO[bytes]) -> bool:
    """False if the agent may not see any more what they saw."""
    agent = _agent_of(export)
    if agent is None or agent.account is None:
        _end(export, Export.Reason.RIGHTS)
        return False
    with translation.override(agent.language), timezone.override(agent.account.tz):
        results = Results(agent, export.query)
        file_jobs.renew(export, total=results.total, is_cut=results.is_cut)
        file.write(results.head().encode())
        for keys in results.chunks():
            # Asked anew for each: rights may be taken away while this runs.
            agent = _agent_of(export)
            if agent is None:
                _end(export, Export.Reason.RIGHTS)
                return False
            text, number = results.rows(agent, keys)
            file.write(text.encode())
            file_jobs.renew(
                export,
                looked_at=F("looked_at") + len(keys),
                row_count=F("row_count") + number,
            )
    # The last chunk's rights are those of the file.
    if _agent_of(export) is None:
        _end(export, Export.Reason.RIGHTS)
        return False
    return True


def _agent_of(export: Export) -> User | None:
    """Who asked, fresh from the database, if they may see the same as then."""
    agent = User.objects.select_related("account").filter(pk=export.agent_id).first()
    if agent is None or rights_of(agent) != export.rights:
        return None
    return agent


def _end(export: Export, reason: str) -> None:
    """Without a file: none was saved yet."""
    file_jobs.held(export).update(
        state=Export.State.ENDED, reason=reason, claimed_until=None, path=""
    )
