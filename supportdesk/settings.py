"""The one settings module: everything comes from the environment.

`ENVIRONMENT=development` (what the Makefile sets) fills what is missing with
values for one machine; without it a missing or unsafe value stops the start
with a sentence that says what to set.
"""

import ipaddress
import re
from pathlib import Path
from typing import Any

import dj_database_url
import dj_email_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environs import FileAwareEnv
from kombu import Exchange, Queue

from supportdesk.schedule import jobs

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = FileAwareEnv()
env.read_env(str(BASE_DIR / ".env"), recurse=False)


def _text(name: str, default: str = "") -> str:
    """A value without the newline that secrets in files end with."""
    return str(env.str(name, default)).strip()


ENVIRONMENT = _text("ENVIRONMENT", "production")
if ENVIRONMENT not in {"development", "production"}:
    raise ImproperlyConfigured(
        "ENVIRONMENT must be 'production' (the default) or 'development'."
    )
DEVELOPMENT = ENVIRONMENT == "development"
DEBUG = env.bool("DEBUG", False)
if DEBUG and not DEVELOPMENT:
    raise ImproperlyConfigured(
        "Set DEBUG: off in production, its error pages show what is secret."
    )


def _required(name: str, development: str, hint: str) -> str:
    value = _text(name)
    if value:
        return value
    if DEVELOPMENT:
        return development
    raise ImproperlyConfigured(f"Set {name}: {hint}")


# Identity and addresses

SECRET_KEY = _required(
    "SECRET_KEY",
    "development-only-key-that-production-refuses",
    "a long random text that stays the same over restarts, for example from "
    "`openssl rand -base64 48`.",
)
if not DEVELOPMENT and (len(SECRET_KEY) < 50 or "development-only" in SECRET_KEY):
    raise ImproperlyConfigured("Set SECRET_KEY: at least 50 characters, random.")
# Former keys: what was signed or sealed under them is still read.
SECRET_KEY_FALLBACKS = [
    key.strip() for key in _text("SECRET_KEY_FALLBACKS").split(",") if key.strip()
]
SITE_URL = _required(
    "SITE_URL",
    f"http://localhost:{_text('PORT', '8000')}",
    "the address people type to reach the desk, for example https://desk.example.com.",
).rstrip("/")
if not DEVELOPMENT and not SITE_URL.startswith("https://"):
    raise ImproperlyConfigured("Set SITE_URL: it must begin with https://.")
ALLOWED_HOSTS = [
    host.strip()
    for host in _required(
        "ALLOWED_HOSTS",
        "*",
        "the host names the desk answers to, separated by commas.",
    ).split(",")
    if host.strip()
]
if not DEVELOPMENT and "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("Set ALLOWED_HOSTS: name the hosts, '*' is unsafe.")
CSRF_TRUSTED_ORIGINS = [
    SITE_URL,
    *(
        origin.strip()
        for origin in _text("CSRF_TRUSTED_ORIGINS").split(",")
        if origin.strip()
    ),
]
TRUSTED_PROXIES = [
    proxy.strip() for proxy in _text("TRUSTED_PROXIES").split(",") if proxy.strip()
]
try:
    for _proxy in TRUSTED_PROXIES:
        ipaddress.ip_network(_proxy, strict=False)
except ValueError as error:
    raise ImproperlyConfigured(
        "Set TRUSTED_PROXIES: addresses or networks, separated by commas, for "
        "example 10.0.0.0/8,192.0.2.7."
    ) from error

# Database and Redis

DATABASE_URL = _required(
    "DATABASE_URL",
    "postgres://postgres@127.0.0.1:5432/postgres",
    "a PostgreSQL 15 or newer, as postgres://user:password@host:5432/name.",
)
if not DATABASE_URL.startswith(("postgres://", "postgresql://")):
    raise ImproperlyConfigured("Set DATABASE_URL: only PostgreSQL is supported.")
REDIS_URL = _required(
    "REDIS_URL",
    "redis://127.0.0.1:6379/0",
    "a Redis 7 or Valkey, as redis://:password@host:6379/0.",
)
if not REDIS_URL.startswith(("redis://", "rediss://")):
    raise ImproperlyConfigured("Set REDIS_URL: it begins with redis:// or rediss://.")
# Django's persistent connections and psycopg's pool exclude each other.
_database: dict[str, Any] = dict(dj_database_url.parse(DATABASE_URL, conn_max_age=0))
_options = _database.get("OPTIONS", {})
_database["OPTIONS"] = _options | {
    # Compiling a query, and starting processes that share its work, pays for reports
    # that run for minutes; the inbox of a large desk would wait three times as long as
    # for its rows. What the address says comes after it, and counts.
    "options": (
        f"-c jit=off -c max_parallel_workers_per_gather=0 {_options.get('options', '')}"
    ).strip(),
    "pool": {
        "min_size": env.int("DATABASE_POOL_MIN", 1),
        "max_size": env.int("DATABASE_POOL_MAX", 16),
        "timeout": 10,
    },
}
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_PREFIX = _text("REDIS_PREFIX", "desk")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_PREFIX}:cache",
    }
}
LAYER_PREFIX = f"{REDIS_PREFIX}:layer"
CHANNEL_LAYERS = {
    "default": {
        # Publish/subscribe subscribes anew by itself after Redis restarts; the
        # list-based layer would forget every group and stay silent.
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": LAYER_PREFIX},
    }
}
# Seconds between two pushes of an account's counts.
COUNTS_PAUSE = 0.5
# Seconds for which a thread that serves sockets keeps its database connection.
SOCKET_CONNECTION_AGE = 5.0
# Seconds between two pushes of one conversation's list row while it is written in.
ROW_PAUSE = 0.5
# Seconds for which page views wait for each other before open cards are told.
HISTORY_PAUSE = 0.5
# Seconds for which comings and goings wait for each other before onlookers are told.
LOOKERS_PAUSE = 0.5

# Applications, from the top of the import stack down

INSTALLED_APPS = [
    "supportdesk.operations",
    "supportdesk.demo",
    "notifications",
    "channels_integration",
    "conversations",
    "visitors",
    "supportdesk.accounts",
    "supportdesk.core",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "channels",
    "django_filters",
    "django_htmx",
    "template_partials",
    "csp",
    "whitenoise.runserver_nostatic",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
]

MIDDLEWARE = [
    "supportdesk.operations.middleware.headers",
    "supportdesk.operations.middleware.probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "supportdesk.operations.bodies.refuse",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "supportdesk.accounts.middleware.LoginRequiredMiddleware",
    "supportdesk.accounts.middleware.AgentLocaleMiddleware",
    "supportdesk.accounts.middleware.AuditMiddleware",
    "supportdesk.accounts.middleware.AgentSessionMiddleware",
    "supportdesk.operations.middleware.LimitMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "supportdesk.urls"
ASGI_APPLICATION = "supportdesk.asgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "supportdesk.core.templatetags.constant",
            ],
        },
    }
]

# Signing in

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "supportdesk.accounts.backends.AgentBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "conversations:inbox"
ACCOUNT_ADAPTER = "supportdesk.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# Owners enter agents' addresses; the invitation that verifies them is their mail.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_PREVENT_ENUMERATION = True
# allauth's own would keep a second list of addresses, which an owner who changes an
# agent's address would have to know of.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = (
    "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
)
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reset_password": "20/m/ip,5/m/key",
    "reauthenticate": "10/m/user",
    "sign_up": "20/h/ip,5/h/key",
    "confirm_sign_up": "30/m/ip,5/5m/key",
}
MFA_ADAPTER = "supportdesk.accounts.two_factor.TwoFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Supportdesk"
# Clocks of phones are off by some seconds, and people type slowly.
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEVELOPMENT
# Whether companies may open an account by themselves, on /signup/.
SIGNUP_OPEN = env.bool("SIGNUP_OPEN", DEVELOPMENT)
# cached_db: a request reads its session from Redis, a restart of Redis signs no one out.
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = not DEVELOPMENT
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "supportdesk.accounts.views.errors.csrf_failure"

# Transport and content security

if not DEVELOPMENT:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", True)
    SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", True)
    if env.bool("BEHIND_TLS_PROXY", False):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "frame-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# Requests to addresses that others chose go to public ones only; tests have a server of
# their own on this machine.
OUTBOUND_ALLOW_LOOPBACK = DEVELOPMENT and env.bool("OUTBOUND_ALLOW_LOOPBACK", False)

# Words and numbers

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

# Files

STATIC_URL = "static/"
STATIC_ROOT = Path(_text("STATIC_ROOT", str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEVELOPMENT
# Otherwise a file edited while the desk runs arrives cut to its former size.
WHITENOISE_AUTOREFRESH = DEVELOPMENT
WHITENOISE_ALLOW_ALL_ORIGINS = True
MEDIA_ROOT = Path(_text("MEDIA_ROOT", str(VAR_DIR / "media")))
S3_BUCKET = _text("S3_BUCKET")
STORAGES = {
    "default": (
        {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": S3_BUCKET,
                "endpoint_url": _text("S3_ENDPOINT_URL") or None,
                "default_acl": "private",
                "file_overwrite": False,
                # What is larger is on its way through a file, not in memory.
                "max_memory_size": 4 * 1024 * 1024,
            },
        }
        if S3_BUCKET
        else {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    ),
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEVELOPMENT
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
ATTACHMENT_MAX_BYTES = 20 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o640
# An operator's own database of places; without it the country is known, not the city.
GEOIP_DATABASE = _text("GEOIP_DATABASE")

# The widget's rate limits are multiplied by it; load tests raise it.
WIDGET_RATE_FACTOR = env.float("WIDGET_RATE_FACTOR", 1.0)
# The same for the desk's pages.
DESK_RATE_FACTOR = env.float("DESK_RATE_FACTOR", 1.0)

# Mail

DEFAULT_FROM_EMAIL = _text("DEFAULT_FROM_EMAIL", "Supportdesk <desk@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
_mail = dj_email_url.parse(
    _text("EMAIL_URL", "console:" if DEVELOPMENT else "smtp://localhost:25")
)
if "EMAIL_BACKEND" not in _mail:
    raise ImproperlyConfigured(
        "Set EMAIL_URL: for example submission://user:password@mail.example.com:587."
    )
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_FILE_PATH = _mail["EMAIL_FILE_PATH"]
EMAIL_HOST = _mail["EMAIL_HOST"]
EMAIL_PORT = _mail["EMAIL_PORT"]
EMAIL_HOST_USER = _mail["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = _mail["EMAIL_USE_TLS"]
EMAIL_USE_SSL = _mail["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 20
# Where agents' answers to the desk's mails arrive; without it they cannot be answered.
REPLY_ADDRESS = _text("REPLY_ADDRESS").lower()
_reply_name, _at, _reply_domain = REPLY_ADDRESS.rpartition("@")
if REPLY_ADDRESS and not (
    re.fullmatch(
        r"[a-z0-9_=+-]+(\.[a-z0-9_=+-]+)*", _reply_name.replace("{token}", "t", 1)
    )
    and re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", _reply_domain)
    # A name has 64 characters at most, and the token needs 44 of them.
    and len(_reply_name.replace("{token}", "")) < 20
    and len(_reply_domain) <= 180
):
    raise ImproperlyConfigured(
        "Set REPLY_ADDRESS: for example reply@desk.example.com if reply+anything@ "
        "arrives too, reply-{token}@desk.example.com, or {token}@reply.example.com; "
        "at most 19 characters before the @ besides {token}."
    )

# Jobs

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
# Each with its own key: queues that share the default one get each other's tasks.
CELERY_TASK_QUEUES = [
    Queue(name, Exchange(name), routing_key=name)
    for name in ("default", "delivery", "notifications", "long")
]
# Those whose worker is deaf without a sign every ten seconds; what is long may keep all
# of its processes busy for hours.
HEARTBEAT_QUEUES = ("default", "delivery", "notifications")
# Delivery of messages never waits behind notifications or reports, and nothing waits
# behind what goes through all of an account.
CELERY_TASK_ROUTES = {
    "accounts.delete_old": {"queue": "long"},
    "conversations.delete_files": {"queue": "long"},
    "conversations.merge_tags": {"queue": "long"},
    "conversations.rebuild_figures": {"queue": "long"},
    "conversations.write_export": {"queue": "long"},
    "operations.erase_account": {"queue": "long"},
    "operations.write_account_export": {"queue": "long"},
    "visitors.finish_merges": {"queue": "long"},
    "channels_integration.*": {"queue": "delivery"},
    # Who is to be told is found out beside the mails that are on their way.
    "notifications.look_out": {"queue": "default"},
    "notifications.decide_bursts": {"queue": "default"},
    "notifications.*": {"queue": "notifications"},
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": f"{REDIS_PREFIX}:celery:",
    # A connection that died without a word is found within about 20 seconds.
    "health_check_interval": 10,
    "socket_connect_timeout": 5,
    "socket_timeout": 15,
    "socket_keepalive": True,
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = jobs(HEARTBEAT_QUEUES)

# What the desk says of itself

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": _text("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.channels": {"level": "ERROR"},
        # A line for each task taken and done; their failures are still told.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
SILENCED_SYSTEM_CHECKS: list[str] = []
