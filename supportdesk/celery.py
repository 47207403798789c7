import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_init
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")

app = Celery("supportdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
def _connect_without_pool(**_kwargs: Any) -> None:
    """In workers each thread has a connection of its own.

    Celery closes a process's whole pool before and after every task, also under the
    feet of the thread that makes the deferred pushes (`supportdesk.core.later`).
    """
    for database in settings.DATABASES.values():
        database["OPTIONS"].pop("pool", None)
