"""The web process: pages and sockets, started the same way everywhere.

`python -m supportdesk.operations.server --host 0.0.0.0 --port 8000`
"""

import argparse
import gc
import os
import warnings
from typing import Any

import uvicorn
from uvicorn.importer import import_from_string

OPTIONS: dict[str, Any] = {
    # Whoever wants several starts several: a host's WEB_CONCURRENCY is not for us.
    "workers": 1,
    "lifespan": "off",
    "server_header": False,
    # Addresses of pages hold links to choose a password, and what was searched for.
    "access_log": False,
    # Whom to believe about addresses is decided by TRUSTED_PROXIES alone.
    "proxy_headers": False,
    "ws_max_size": 128 * 1024,
    # Frames are small; deflating each costs more than it saves.
    "ws_per_message_deflate": False,
}


def settle() -> None:
    """Load what every page needs, and let no collection of garbage look at it again.

    It is some 200,000 objects that stay as long as the process: each full collection
    went through all of them, and every page and socket waited a tenth of a second.
    """
    from django.urls import get_resolver  # noqa: PLC0415 - needs Django set up

    _ = get_resolver().url_patterns
    gc.collect()
    gc.freeze()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the desk.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--log-level", default="info")
    parser.add_argument(
        "--grace", type=int, default=20, help="seconds for open requests at the end"
    )
    options = parser.parse_args()
    # Of the static files, which WhiteNoise lets Django read to the end: small ones.
    warnings.filterwarnings("ignore", "StreamingHttpResponse must consume")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
    application = import_from_string("supportdesk.asgi:application")
    settle()
    uvicorn.run(
        application,
        host=options.host,
        port=options.port,
        log_level=options.log_level,
        timeout_graceful_shutdown=options.grace,
        **OPTIONS,
    )


if __name__ == "__main__":
    main()
