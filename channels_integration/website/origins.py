"""On whose pages a website's widget may stand."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

from channels_integration.website.config import WebsiteConfig

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def is_allowed(origin: str, config: WebsiteConfig, own_host: str) -> bool:
    """Whether a page of this Origin may speak for the website.

    The desk's own pages (demo shop, preview) always may. An empty list allows
    nobody else but, in development, pages on the same machine.
    """
    host, port = _split(origin)
    if not host:
        return False
    if (host, port) == _split(settings.SITE_URL):
        return True
    # A socket's Host header is checked by nobody else.
    if (host, port) == _split(f"http://{own_host}"):
        bare = f"[{host}]" if ":" in host else host
        return validate_host(bare, settings.ALLOWED_HOSTS)
    if not config.allowed_domains:
        return settings.DEVELOPMENT and host in LOCAL_HOSTS
    return any(_matches(host, port, domain) for domain in config.allowed_domains)


def is_web_origin(origin: str) -> bool:
    return bool(_split(origin)[0])


def _matches(host: str, port: int | None, domain: str) -> bool:
    domain, _, wanted = domain.partition(":")
    if wanted and wanted != str(port):
        return False
    if domain.startswith("*."):
        return host.endswith(domain[1:])
    return host == domain


def _split(origin: str) -> tuple[str, int | None]:
    """Host and port of an Origin header; an empty host for `null` and nonsense."""
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "", None
    bare = not (parts.path or parts.query or parts.fragment or parts.username)
    if parts.scheme not in {"http", "https"} or not host or not bare:
        return "", None
    return host.lower().rstrip("."), port
