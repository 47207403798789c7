from datetime import timedelta

import pytest
from django.utils import timezone

from notifications import services, tasks
from notifications.models import Burst, Notification
from notifications.services import pruning
from tests import factories
from tests.notifications.watching import bursts, look, settle

pytestmark = pytest.mark.django_db

AGE = timedelta(days=91)


@pytest.fixture
def told():
    """A conversation whose burst was told long ago."""
    settle()
    conversation = factories.make_conversation()
    look()
    look(minutes=3)
    Burst.objects.update(decided_at=timezone.now() - AGE)
    Notification.objects.update(created_at=timezone.now() - AGE)
    return conversation


def test_what_is_finished_and_old_goes(told, monkeypatch):
    monkeypatch.setattr(pruning, "AT_ONCE", 1)
    factories.make_agent(told.account)
    Notification.objects.update(state="sent")
    Notification.objects.create(
        account=told.account,
        kind="test",
        recipient_email="a@example.net",
        occasion="young",
        state="sent",
    )

    tasks.prune()

    assert not Burst.objects.exists()
    assert Notification.objects.get().occasion == "young"


@pytest.mark.parametrize("state", ["pending", "sending"])
def test_what_is_on_its_way_stays_with_its_burst(told, state):
    Notification.objects.update(state=state)

    assert services.prune() == 0

    assert bursts(told) == ["offline told"]
    assert Notification.objects.count() == 1


def test_what_is_young_or_watched_stays(told):
    Notification.objects.update(state="sent", created_at=timezone.now())
    Burst.objects.update(state="watched", decided_at=None)

    assert services.prune() == 0


def test_forgotten_burst_of_who_still_waits_is_not_found_anew(told):
    Notification.objects.update(state="sent")
    long_ago = timezone.now() - AGE
    told.messages.update(created_at=long_ago)
    type(told).objects.update(waiting_since=long_ago, last_activity_at=long_ago)
    services.prune()
    look(minutes=4)
    before = bursts(told)
    message = factories.visitor_writes(told)

    look(minutes=5)

    assert before == []
    assert Burst.objects.get().first_seq == message.seq


def test_transcript_is_sent_again_after_the_first_was_forgotten(told):
    visitor = told.visitor
    visitor.email = "k.vogt@example.net"
    visitor.save(update_fields=["email"])

    def request():
        return services.record_transcript(conversation_id=told.pk)

    first = request()
    Notification.objects.update(state="sent")
    second = request()
    Notification.objects.update(state="sent")
    Notification.objects.filter(pk=first.pk).delete()

    third = request()

    assert len({first.pk, second.pk, third.pk}) == 3
    assert third.state == "pending"
