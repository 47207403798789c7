import shutil
import tempfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache

from supportdesk.operations.texts import compile_texts
from tests import emptying


@pytest.fixture(autouse=True)
def empty_redis():
    """Presence, limits and cached things of one test are not the next one's."""
    yield
    # The run claimed this database when it was empty: see tests/engines.py.
    cache.clear()


def pytest_configure(config):
    emptying.use()
    # Before the first worker starts: Django reads the texts once for each process.
    if not hasattr(config, "workerinput"):
        compile_texts(settings.LOCALE_PATHS)


def pytest_unconfigure():
    files = Path(tempfile.gettempdir()) / settings.REDIS_PREFIX
    shutil.rmtree(files, ignore_errors=True)
