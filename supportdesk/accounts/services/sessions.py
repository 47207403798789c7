"""Where an agent is signed in."""

from collections.abc import Collection
from datetime import timedelta
from importlib import import_module

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from supportdesk.accounts import audit, presence
from supportdesk.accounts.events import (
    AgentSignedOut,
    PresenceChanged,
    agent_signed_out,
    presence_changed,
)
from supportdesk.accounts.models import AgentSession, User
from supportdesk.core.events import emit_on_commit

_KEPT_WITHOUT_SESSION = timedelta(hours=1)


@transaction.atomic
def note_session(*, agent: User, session_key: str, ip: str, user_agent: str) -> None:
    """Record that the agent was active in a session just now, and from where."""
    now = timezone.now()
    AgentSession.objects.update_or_create(
        session_key=session_key,
        defaults={
            "agent": agent,
            "ip": ip or None,
            "user_agent": user_agent,
            "last_active_at": now,
        },
        create_defaults={
            "agent": agent,
            "ip": ip or None,
            "user_agent": user_agent,
            "created_at": now,
            "last_active_at": now,
        },
    )


def end_session(*, agent: User, session: SessionBase) -> None:
    """The agent signs out here; the device no longer counts for presence.

    The session dies first: a socket that is told to close must not come back.
    """
    session_key = session.session_key or ""
    _delete_stores([session_key])
    audit.record("sign_in.ended", account_id=agent.account_id, by=agent, target=agent)
    AgentSession.objects.filter(session_key=session_key).delete()
    if agent.account_id is not None:
        presence.forget(agent.account_id, agent.pk, presence.device_of(session_key))
        emit_on_commit(presence_changed, PresenceChanged(account_id=agent.account_id))
    emit_on_commit(
        agent_signed_out, AgentSignedOut(agent_id=agent.pk, session_key=session_key)
    )


def end_agent_session(*, agent: User, session: AgentSession) -> None:
    """Sign the agent out in another browser of theirs, at once."""
    end_session(agent=agent, session=_store(session.session_key))


def end_other_sessions(*, agent: User, keep: str = "") -> int:
    """Sign the agent out everywhere but in the session `keep`; returns how many ended.

    Sessions that were never noted still end with the password whose hash they carry;
    their sockets close with all others, and those of `keep` are back at once.
    """
    ended = _end_sessions(agent, keep)
    audit.record(
        "sign_in.others_ended", account_id=agent.account_id, by=agent, target=agent
    )
    return ended


def end_all_sessions(*, agent: User) -> int:
    """Sign the agent out everywhere; returns how many sessions ended.

    The history is the caller's to write: this is part of something that is told.
    """
    return _end_sessions(agent, keep="")


def note_password_changed(*, agent: User) -> None:
    """The agent has a new password; other sessions end with the old one's hash."""
    audit.record(
        "sign_in.password_changed", account_id=agent.account_id, by=agent, target=agent
    )


def note_sign_in(*, agent: User) -> None:
    """The agent signed in; where from is the request's."""
    audit.record(
        "sign_in.succeeded", account_id=agent.account_id, by=agent, target=agent
    )


def note_failed_sign_in(*, email: str, ip: str, user_agent: str) -> bool:
    """Somebody gave a wrong password for an agent; returns whether there is one.

    Who does not belong here is in nobody's history.
    """
    agent = User.objects.filter(email=email.lower(), account__isnull=False).first()
    if agent is None:
        return False
    audit.record(
        "sign_in.failed",
        account_id=agent.account_id,
        target=agent,
        via=audit.Via.DASHBOARD,
        ip=ip,
        user_agent=user_agent,
    )
    return True


def note_failed_factor(*, agent: User) -> None:
    """Somebody gave a wrong second factor: they know the agent's password already."""
    audit.record("sign_in.factor_failed", account_id=agent.account_id, target=agent)


@transaction.atomic
def delete_ended_sessions() -> int:
    """Remove what is left of sessions that are over; returns how many rows that were."""
    now = timezone.now()
    Session.objects.filter(expire_date__lte=now).delete()
    # One that has just begun may be noted before its transaction is seen here.
    ended = AgentSession.objects.filter(
        last_active_at__lt=now - _KEPT_WITHOUT_SESSION
    ).exclude(session_key__in=Session.objects.values("session_key"))
    return ended.delete()[0]


def _end_sessions(agent: User, keep: str) -> int:
    others = AgentSession.objects.visible_to(agent).exclude(session_key=keep)
    keys = list(others.values_list("session_key", flat=True))
    _delete_stores(keys)
    for session_key in keys:
        if agent.account_id is not None:
            presence.forget(agent.account_id, agent.pk, presence.device_of(session_key))
    AgentSession.objects.filter(session_key__in=keys).delete()
    if keys and agent.account_id is not None:
        emit_on_commit(presence_changed, PresenceChanged(account_id=agent.account_id))
    emit_on_commit(agent_signed_out, AgentSignedOut(agent_id=agent.pk, session_key=""))
    return len(keys)


def _delete_stores(keys: Collection[str]) -> None:
    """Delete Django's sessions from the database and from Redis.

    Redis once more after the commit: until then other connections still find the row,
    and put what they read back. Sockets are told later still.
    """

    def delete() -> None:
        for session_key in keys:
            _store(session_key).delete()

    delete()
    if transaction.get_connection().in_atomic_block:
        transaction.on_commit(delete, robust=True)


def _store(session_key: str) -> SessionBase:
    engine = import_module(settings.SESSION_ENGINE)
    store: SessionBase = engine.SessionStore(session_key)
    return store
