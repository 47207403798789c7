"""What was done, by whom, when and from where; written by whoever does it.

An entry is part of the transaction that does what it tells of: neither is there
without the other. Who acts is known from the request, so services need not pass it on;
where there is none, in a task or a command, the desk itself acts.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from django.db import connection, models, transaction
from django.http import HttpRequest
from django.utils.functional import Promise

from supportdesk.accounts.models import ApiToken, AuditEntry, User
from supportdesk.core import client_ip
from supportdesk.core.text import clean_line, redact_line

Via = AuditEntry.Via
Changes = Mapping[str, tuple[Any, Any] | list[Any]]

VALUE_LENGTH = 300
MAX_VALUES = 50
HIDDEN = "•••"
_SECRET = ("password", "secret", "token", "sealed", "hash", "credential")

_request: ContextVar[HttpRequest | None] = ContextVar("audit_request", default=None)
# By action: a sentence with %(by)s and %(target)s, and with %(old)s and %(new)s where
# one thing changes. By `topic.field`, or `field` for any: how a change is called.
_sentences: dict[str, Promise] = {}
_fields: dict[str, Promise] = {}


@dataclass(frozen=True)
class Target:
    """What something was done to, where the row's own name must not be kept."""

    kind: str
    id: int | None
    label: str


def tell(
    sentences: Mapping[str, Promise], fields: Mapping[str, Promise] | None = None
) -> None:
    """Make actions known, each with its sentence; called once by each app."""
    _sentences.update(sentences)
    _fields.update(fields or {})


def sentences() -> Mapping[str, Promise]:
    return _sentences


def words_of_fields() -> Mapping[str, Promise]:
    return _fields


@contextmanager
def acting_in(request: HttpRequest) -> Iterator[None]:
    """Whatever is recorded within was done by the request's user or token."""
    before = _request.set(request)
    try:
        yield
    finally:
        _request.reset(before)


def record(
    action: str,
    *,
    account_id: int | None,
    by: User | None = None,
    target: models.Model | Target | None = None,
    changes: Changes | None = None,
    via: str = "",
    ip: str = "",
    user_agent: str = "",
) -> None:
    """Write an entry, in the caller's transaction.

    `by` is who acts; without it the request says so, unless somebody of another account
    is signed in there: they follow a link of this one, and are nobody here. `changes` are `{field: (before,
    after)}` and are cut, cleaned of card numbers, and never hold a secret. Without
    account (the platform operator) there is nothing to write. Raises ValueError for an
    action that has no sentence.
    """
    if action not in _sentences:
        raise ValueError(f"an action that nobody can read: {action}")
    if account_id is None:
        return
    request = _request.get()
    AuditEntry.objects.create(
        account_id=account_id,
        action=action,
        topic=action.partition(".")[0],
        changes=_storable(changes or {}),
        **_actor_fields(request, by, account_id),
        **_place_fields(request, via, ip, user_agent),
        **_target_fields(target),
    )


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The changes between two states, for `record`; fields of one of them only, too."""
    return {
        name: (before.get(name), after.get(name))
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    }


def state_of(row: models.Model, *names: str) -> dict[str, Any]:
    """The row's values by field name, to be compared later."""
    return {name: getattr(row, name) for name in names}


def stored_state(row: models.Model, *names: str) -> dict[str, Any]:
    """The same as the database has it: forms write into the rows that they check."""
    # Not its type: `request.user` is a lazy object around the agent.
    manager = row._meta.model._base_manager
    return manager.filter(pk=row.pk).values(*names).first() or {}


@contextmanager
def may_go() -> Iterator[None]:
    """A transaction in which entries may be deleted: retention, or the account goes."""
    with transaction.atomic():
        _let_go("on")
        yield
        _let_go("off")


def _let_go(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('supportdesk.audit_may_go', %s, true)", [value]
        )


def _actor_fields(
    request: HttpRequest | None, by: User | None, account_id: int
) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if by is None and isinstance(user, User) and _may_act_in(user, account_id):
        by = user
    if by is not None:
        return {"by_id": by.pk, "by_name": by.name, "by_email": by.email}
    token = _token_of(request)
    return {"by_name": token.name} if token else {}


def _may_act_in(user: User, account_id: int) -> bool:
    """Agents in their own account, the platform operator in every one."""
    return user.account_id == account_id or user.account_id is None


def _place_fields(
    request: HttpRequest | None, via: str, ip: str, user_agent: str
) -> dict[str, Any]:
    if request is not None:
        via = via or _via_of(request)
        ip = ip or client_ip.of_request(request)
        user_agent = user_agent or request.headers.get("User-Agent", "")
    return {
        "via": via or Via.SYSTEM,
        "ip": ip or None,
        "user_agent": clean_line(user_agent, 200),
    }


def _via_of(request: HttpRequest) -> str:
    if _token_of(request):
        return Via.API
    match = request.resolver_match
    places = match.namespaces if match else []
    if "admin" in places:
        return Via.ADMIN
    return Via.WEBSITE if "website" in places else Via.DASHBOARD


def _token_of(request: HttpRequest | None) -> ApiToken | None:
    """What a program of the account showed."""
    token = getattr(request, "auth", None)
    return token if isinstance(token, ApiToken) else None


def _target_fields(target: models.Model | Target | None) -> dict[str, Any]:
    if target is None:
        return {}
    if isinstance(target, models.Model):
        target = Target(target._meta.label_lower, target.pk, str(target))
    return {
        "target_kind": target.kind,
        "target_id": target.id,
        "target_label": redact_line(target.label, 200),
    }


def _storable(changes: Changes) -> dict[str, list[Any]]:
    found = {}
    for name, (before, after) in changes.items():
        if any(word in name.lower() for word in _SECRET):
            found[name] = [before and HIDDEN, after and HIDDEN]
        else:
            found[name] = [_short(before), _short(after)]
    return found


def _short(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        # A card number is one too.
        line = redact_line(str(value), VALUE_LENGTH)
        return value if line == str(value) else line
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        value = json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, list | tuple | set | frozenset):
        many = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [_short(each) for each in list(many)[:MAX_VALUES]]
    # More than fits is read, so that a card number at the edge is still one.
    return redact_line(str(value)[: VALUE_LENGTH * 4], VALUE_LENGTH)
