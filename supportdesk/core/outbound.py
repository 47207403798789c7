"""The one client for requests that leave the house.

Addresses come from outside, so each request resolves its host anew and goes to exactly
the address that was checked: public ones only, without redirects, and never more of
the answer than is of use.
"""

import ipaddress
import time
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress
from urllib3.exceptions import HTTPError

CONNECT_TIMEOUT = 4.0
READ_TIMEOUT = 8.0
MAX_ANSWER = 64 * 1024
# Names that lead inside whatever they resolve to.
_INSIDE = (".localhost", ".local", ".internal", ".lan", ".home", ".corp", ".intranet")


class OutboundError(Exception):
    """There was no answer; `permanent` if this address will never give one."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class OutboundSession(HTTPSession):
    """A `requests` session for addresses that somebody else chose."""

    def __init__(self) -> None:
        super().__init__(
            Config(
                ip_filter_enable=True,
                ip_filter_allow_loopback_ips=settings.OUTBOUND_ALLOW_LOOPBACK,
                never_redirect=True,
                default_timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
                user_agent_override="Supportdesk",
            )
        )
        # No proxy and no password of the machine's own.
        self.trust_env = False
        # What is unpacked may be far longer than what came.
        self.headers["Accept-Encoding"] = "identity"

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: looking for it would read the whole answer first."""
        return

    def send(
        self, request: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        """Raises OutboundError when nothing, too much or something too slow comes."""
        if not is_allowed_url(request.url or ""):
            raise OutboundError("not a public https address", permanent=True)
        kwargs |= {"stream": True, "timeout": (CONNECT_TIMEOUT, READ_TIMEOUT)}
        try:
            response = super().send(request, **kwargs)
            with response:
                response._content = _read(response)
        except InvalidIPAddress as error:
            raise OutboundError("not a public address", permanent=True) from error
        except (requests.RequestException, HTTPError, OSError, UnicodeError) as error:
            # The text of the error may repeat the address, which can be a secret.
            raise OutboundError(type(error).__name__) from error
        return response


def is_allowed_url(url: str) -> bool:
    """Whether an address can be one on the internet: https, and a name in public.

    Where the name leads is checked when it is used.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None:
        return False
    if settings.OUTBOUND_ALLOW_LOOPBACK and host == "127.0.0.1":
        return parts.scheme in {"http", "https"}
    if parts.scheme != "https" or port not in {None, 443}:
        return False
    return "." in host.strip(".") and not (_is_address(host) or host.endswith(_INSIDE))


def _is_address(host: str) -> bool:
    # Also as resolvers read them: 0x7f.1 and 127.1 are addresses too.
    last = host.rstrip(".").rpartition(".")[2]
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return last.isdigit() or last.lower().startswith("0x")
    return True


def _read(response: requests.Response) -> bytes:
    """The answer's beginning; who drips it byte by byte is not waited for.

    In reads that end with what has come: others wait until a piece is full. Headers
    that drip are cut off by the caller's time limit.
    """
    deadline = time.monotonic() + READ_TIMEOUT
    content = b""
    while piece := response.raw.read1(4096):
        content += piece
        if len(content) >= MAX_ANSWER:
            return content[:MAX_ANSWER]
        if time.monotonic() > deadline:
            raise requests.Timeout
    return content
