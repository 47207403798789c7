"""The way out by mail, over connections to the mail server that are kept open.

Opening one (TCP, TLS, sign-in) takes several times as long as handing over a mail.
A kept one is asked whether it still lives before it is used, so a server that closed
it meanwhile costs nothing. After the mail's own commands have begun nothing is ever
tried a second time here: whether a mail that met an error was taken is for the row's
next attempt to risk, with the same Message-ID.
"""

import contextlib
import os
import smtplib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend

from notifications.exceptions import DeliveryError
from supportdesk.core.later import once

IDLE = 10.0
"""Seconds after which an unused connection is closed; servers end them after more."""

MAX_MAILS = 100
"""Mails after which a connection is closed, as many servers demand."""

SLOW = 5.0
RESPITE = 30.0
"""Seconds for which a server that made us wait and then failed is left alone. Each mail
would wait as long, and all other notifications behind it: pushes are void by then."""

# A goodbye that nobody answers must hold up nobody.
_GOODBYE = 2.0


@dataclass
class _Kept:
    backend: EmailBackend
    mails: int = 0
    used_at: float = 0.0


_idle: list[_Kept] = []
# Servers that are left alone, and until when.
_spared: dict[tuple[object, ...], float] = {}
_lock = threading.Lock()


def _begin_anew() -> None:
    """In a forked process: the connections are the parent's."""
    global _lock
    _lock = threading.Lock()
    _idle.clear()


os.register_at_fork(after_in_child=_begin_anew)


def send(mail: EmailMultiAlternatives) -> None:
    """Hand a mail over to the server, once."""
    try:
        with _connection() as connection:
            taken = connection.send_messages([mail])
    except ValueError as error:
        # Headers or an address that no mail can have.
        raise DeliveryError(_sentence(error), permanent=True) from error
    except OSError as error:  # smtplib's errors, and those of the connection
        raise DeliveryError(_sentence(error), permanent=_is_permanent(error)) from error
    if not taken:
        raise DeliveryError("There is no recipient.", permanent=True)


def close_idle(idle: float = IDLE) -> None:
    """Close what has not been used for so long; the rest is looked at again."""
    now = time.monotonic()
    with _lock:
        old = [kept for kept in _idle if now - kept.used_at >= idle]
        _idle[:] = [kept for kept in _idle if kept not in old]
        remaining = bool(_idle)
    for kept in old:
        _close(kept.backend)
    if remaining:
        _close_later()


@contextlib.contextmanager
def _connection() -> Iterator[BaseEmailBackend]:
    backend = get_connection()
    if not isinstance(backend, EmailBackend):
        # Console, files, memory, or a provider's: they know best.
        yield backend
        return
    with _sparing(_identity(backend)):
        kept = _take(backend) or _Kept(backend)
        try:
            kept.backend.open()
        except BaseException:
            # One that stopped half way, say at a refused login.
            _close(kept.backend)
            raise
        try:
            yield kept.backend
        except BaseException:
            # What the server has heard so far is anybody's guess.
            _drop(kept.backend)
            raise
    kept.mails += 1
    if kept.mails >= MAX_MAILS:
        _close(kept.backend)
        return
    kept.used_at = time.monotonic()
    with _lock:
        _idle.append(kept)
    _close_later()


@contextlib.contextmanager
def _sparing(server: tuple[object, ...]) -> Iterator[None]:
    begun = time.monotonic()
    if begun < _spared.get(server, begun):
        raise DeliveryError("TimeoutError: the server did not answer a moment ago")
    try:
        yield
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused):
        # Slow perhaps, but it has answered.
        raise
    except OSError:
        if time.monotonic() - begun >= SLOW:
            _spared[server] = time.monotonic() + RESPITE
        raise
    _spared.pop(server, None)


def _take(backend: EmailBackend) -> _Kept | None:
    """A kept connection to the same server that still answers."""
    while True:
        with _lock:
            if not _idle:
                return None
            kept = _idle.pop()
        if _identity(kept.backend) == _identity(backend) and _answers(kept.backend):
            return kept
        _drop(kept.backend)


def _identity(backend: EmailBackend) -> tuple[object, ...]:
    return (
        *(backend.host, backend.port, backend.username, backend.password),
        *(backend.use_tls, backend.use_ssl),
    )


def _answers(backend: EmailBackend) -> bool:
    connection = backend.connection
    if connection is None:
        return False
    try:
        return bool(connection.noop()[0] == 250)
    except OSError:
        return False


def _close_later() -> None:
    once("close idle connections to the mail server", IDLE, close_idle)


def _close(backend: EmailBackend) -> None:
    """Say goodbye. The mails are out: what goes wrong now changes nothing."""
    connection = backend.connection
    if connection is not None and connection.sock is not None:
        connection.sock.settimeout(_GOODBYE)
    with contextlib.suppress(OSError):
        backend.close()
    _drop(backend)


def _drop(backend: EmailBackend) -> None:
    if backend.connection is not None:
        backend.connection.close()
        backend.connection = None


def _is_permanent(error: OSError) -> bool:
    """Refused for this mail; a refused login or sender is ours to repair."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _text in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
