"""What `check --deploy` demands of a production installation."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from conversations import part_words
from supportdesk.operations.resealing import has_unknown, places
from visitors import location

OLDEST_POSTGRESQL = 150000
# Rows of each model with something sealed.
LOOKED_AT = 500


@register(Tags.security, deploy=True)
def check_environment(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Development leaves doors open that nobody may find in production."""
    messages: list[CheckMessage] = []
    if settings.DEVELOPMENT:
        messages.append(
            Error(
                "ENVIRONMENT=development is for one person's machine.",
                hint="Leave ENVIRONMENT out, or set it to production.",
                id="operations.E001",
            )
        )
    if settings.EMAIL_BACKEND.endswith(
        (".console.EmailBackend", ".dummy.EmailBackend")
    ):
        messages.append(
            Warning(
                "Mail goes nowhere.",
                hint="Set EMAIL_URL, for example submission://user:password@host:587.",
                id="operations.W001",
            )
        )
    return messages


@register(Tags.database, deploy=True)
def check_server(
    app_configs: Sequence[AppConfig] | None,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """The database's version and its trigram extension (`check --database default`)."""
    messages: list[CheckMessage] = []
    for alias in databases or ():
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute(
                    "SELECT current_setting('server_version_num')::int,"
                    " EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'),"
                    " to_regclass(%s) IS NOT NULL",
                    [part_words.INDEX],
                )
                version, trigrams, indexed = cursor.fetchone()
        except DatabaseError:
            messages.append(
                Error(
                    "The database does not answer.",
                    hint="Check DATABASE_URL and that the server runs.",
                    id="operations.E002",
                )
            )
            continue
        if version < OLDEST_POSTGRESQL:
            messages.append(
                Error("PostgreSQL 15 or newer is needed.", id="operations.E003")
            )
        if not trigrams:
            messages.append(
                Warning(
                    "The extension pg_trgm is missing: no parts of words are found.",
                    hint="As a superuser of the database: CREATE EXTENSION pg_trgm;"
                    " then manage.py rebuild_search",
                    id="operations.W002",
                )
            )
        elif not indexed:
            messages.append(
                Warning(
                    "Parts of words have no index yet, and are not found.",
                    hint="Run manage.py rebuild_search",
                    id="operations.W004",
                )
            )
    return messages


@register(Tags.files)
def check_places(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Visits are recorded without a city if the database of places cannot be read."""
    reason = location.database_error()
    if not reason:
        return []
    return [
        Warning(
            f"GEOIP_DATABASE cannot be read: {reason}.",
            hint="Name a database in MaxMind's format (.mmdb), or leave it out.",
            id="operations.W003",
        )
    ]


@register(Tags.database, deploy=True)
def check_seals(
    app_configs: Sequence[AppConfig] | None,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """Whether the keys that are set open what is sealed; looks at a part of it."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    try:
        closed = [place for place in places() if has_unknown(place, number=LOOKED_AT)]
    except DatabaseError:
        # Before the first migration; that the server is away is said by check_server.
        return []
    return [
        Warning(
            f"{place} holds secrets that were sealed under an unknown SECRET_KEY.",
            hint="Add the former key to SECRET_KEY_FALLBACKS, then run "
            "`manage.py reseal`.",
            id="operations.W005",
        )
        for place in closed
    ]
