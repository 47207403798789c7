"""Upgrading a desk that has sent transcripts."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from notifications.models import Notification
from tests import factories

FIRST = [("notifications", "0001_initial")]
LAST = [("notifications", "0004_notification_account_required")]


def migrate(target):
    executor = MigrationExecutor(connection)
    executor.migrate(target)
    return executor.loader.project_state(target).apps


@pytest.fixture
def first_version():
    """Notifications as they were stored by the first version."""
    yield migrate(FIRST).get_model("notifications", "Notification").objects
    migrate(LAST)


@pytest.mark.django_db(transaction=True)
def test_transcripts_of_one_visitor_are_kept(first_version):
    account = factories.make_account()
    visitor = factories.make_visitor(account, email="sofia@example.net")
    threads = [factories.make_conversation(account, visitor=visitor) for _ in range(2)]
    for thread in threads:
        first_version.create(
            conversation_id=thread.pk,
            kind="transcript",
            recipient_email=visitor.email,
            occasion="request 1",
            state="sent",
        )

    migrate(LAST)

    kept = Notification.objects.order_by("pk")
    assert [(row.account, row.conversation) for row in kept] == [
        (account, thread) for thread in threads
    ]
