"""What may be done with many rows of the list at once, and what of it taken back.

A form sends `verb` or `verb:value`. Another verb is an entry in `ACTIONS` and one in
`DONE`; with one in `UNDO` it can be taken back for some minutes.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations import services
from conversations.exceptions import ConversationError
from conversations.forms.actions import (
    AgentForm,
    GroupForm,
    PriorityForm,
    SnoozeForm,
    first_error,
)
from conversations.models import Conversation
from conversations.services.bulk import Act, Change, restore_waiting
from supportdesk.accounts.models import AgentGroup, User

UNDO_LASTS = 300
_SALT = "conversations.bulk"


def act_of(agent: User, verb: str, value: str) -> Act:
    """What is to be done with each; raises ConversationError if it makes no sense."""
    if verb not in ACTIONS:
        raise ConversationError(_("Please choose what to do."))
    return ACTIONS[verb](agent, value)


def done_text(verb: str, number: int) -> str:
    return DONE[verb](number) % {"number": number}


def undo_token(
    agent: User, verb: str, value: str, changes: Sequence[Change]
) -> str | None:
    """A signed note of what was changed; None for what cannot be taken back."""
    if verb not in UNDO or not changes:
        return None
    rows = [change.as_list() for change in changes]
    return signing.dumps([agent.pk, verb, value, rows], salt=_SALT, compress=True)


def read_token(agent: User, token: str) -> tuple[str, str, list[Change]]:
    """What a token notes; raises ConversationError for one that is old, invented, or
    another agent's."""
    try:
        agent_id, verb, value, rows = signing.loads(
            token, salt=_SALT, max_age=UNDO_LASTS
        )
    except signing.BadSignature as error:
        raise ConversationError(_("It is too late to undo that.")) from error
    if agent_id != agent.pk:
        raise ConversationError(_("It is too late to undo that."))
    return verb, value, [Change(*row) for row in rows]


def undo_of(agent: User, verb: str, value: str) -> Callable[[Change], object]:
    return partial(UNDO[verb], agent, value)


def _resolve(agent: User, value: str) -> Act:
    return lambda pk: services.resolve_conversation(conversation_id=pk, agent=agent)


def _reopen(agent: User, value: str) -> Act:
    return lambda pk: services.reopen_conversation(conversation_id=pk, agent=agent)


def _assign(agent: User, value: str) -> Act:
    form = AgentForm({"agent": value}, agent=agent)
    if not form.is_valid():
        raise first_error(form)
    colleague = form.cleaned_data["agent"]
    return lambda pk: services.assign_conversation(
        conversation_id=pk, agent=colleague, by=agent
    )


def _group(agent: User, value: str) -> Act:
    form = GroupForm({"group": value}, agent=agent)
    if not form.is_valid():
        raise first_error(form)
    group = form.cleaned_data["group"]
    return lambda pk: services.change_group(conversation_id=pk, group=group, by=agent)


def _read(agent: User, value: str) -> Act:
    return lambda pk: services.mark_read(
        conversation=Conversation.objects.get(pk=pk), agent=agent
    )


def _unread(agent: User, value: str) -> Act:
    return lambda pk: services.mark_unread(
        conversation=Conversation.objects.get(pk=pk), agent=agent
    )


def _snooze(agent: User, value: str) -> Act:
    form = SnoozeForm({"choice": value})
    if not form.is_valid():
        raise first_error(form)
    until = form.cleaned_data["moment"]
    return lambda pk: services.snooze_conversation(
        conversation_id=pk, until=until, agent=agent
    )


def _wake(agent: User, value: str) -> Act:
    return lambda pk: services.wake_conversation(conversation_id=pk, agent=agent)


def _priority(agent: User, value: str) -> Act:
    form = PriorityForm({"priority": value})
    if not form.is_valid():
        raise first_error(form)
    priority = form.cleaned_data["priority"]
    return lambda pk: services.change_priority(
        conversation_id=pk, priority=priority, by=agent
    )


def _undo_resolve(agent: User, value: str, change: Change) -> None:
    restore_waiting(change)
    services.reopen_conversation(conversation_id=change.pk, agent=agent)


def _undo_assign(agent: User, value: str, change: Change) -> None:
    colleague = User.objects.get(pk=value)
    services.unassign_conversation(conversation_id=change.pk, agent=colleague, by=agent)


def _undo_group(agent: User, value: str, change: Change) -> None:
    # A group that was deleted since is no group.
    group = AgentGroup.objects.filter(pk=change.group_id or 0).first()
    services.change_group(conversation_id=change.pk, group=group, by=agent)


ACTIONS: dict[str, Callable[[User, str], Act]] = {
    "resolve": _resolve,
    "reopen": _reopen,
    "assign": _assign,
    "group": _group,
    "read": _read,
    "unread": _unread,
    "snooze": _snooze,
    "wake": _wake,
    "priority": _priority,
}
UNDO: dict[str, Callable[[User, str, Change], object]] = {
    "resolve": _undo_resolve,
    "assign": _undo_assign,
    "group": _undo_group,
}


def _changed(number: int) -> Any:
    return ngettext(
        "%(number)s conversation changed.", "%(number)s conversations changed.", number
    )


def _marked(number: int) -> Any:
    return ngettext(
        "%(number)s conversation marked.", "%(number)s conversations marked.", number
    )


DONE: dict[str, Callable[[int], Any]] = {
    "resolve": lambda number: ngettext(
        "%(number)s conversation resolved.",
        "%(number)s conversations resolved.",
        number,
    ),
    "reopen": lambda number: ngettext(
        "%(number)s conversation reopened.",
        "%(number)s conversations reopened.",
        number,
    ),
    "assign": lambda number: ngettext(
        "%(number)s conversation assigned.",
        "%(number)s conversations assigned.",
        number,
    ),
    "group": lambda number: ngettext(
        "%(number)s conversation handed over.",
        "%(number)s conversations handed over.",
        number,
    ),
    "read": _marked,
    "unread": _marked,
    "snooze": lambda number: ngettext(
        "%(number)s conversation snoozed.",
        "%(number)s conversations snoozed.",
        number,
    ),
    "wake": _changed,
    "priority": _changed,
}
