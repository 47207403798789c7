"""The product's settings with a test run's engines and nothing that leaves it."""

import os
import tempfile
from pathlib import Path

from tests import engines

os.environ["ENVIRONMENT"] = "development"
os.environ.setdefault("SECRET_KEY", "a-key-for-tests-only-that-guards-nothing-at-all")
engines.provide()

from supportdesk.settings import *  # noqa: E402

# Runs side by side on one server must not meet; xdist's workers add their names.
DATABASES["default"]["TEST"] = {"NAME": f"test_desk_{os.environ['DESK_TEST_RUN']}"}
# Threads of one test would wait for the one connection that sees its transaction.
DATABASES["default"]["OPTIONS"].pop("pool")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
_files = Path(tempfile.gettempdir()) / os.environ["REDIS_PREFIX"]
MEDIA_ROOT = _files / "media"
STATIC_ROOT = _files / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# Counts are sent at once: a timer would outlive its test.
COUNTS_PAUSE = 0
ROW_PAUSE = 0
HISTORY_PAUSE = 0
LOOKERS_PAUSE = 0
SOCKET_CONNECTION_AGE = 0
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
LOGGING["root"] = {"handlers": ["console"], "level": "WARNING"}
