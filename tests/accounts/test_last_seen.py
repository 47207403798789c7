"""When agents were last there, as owners see it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from supportdesk.accounts import presence, services
from tests.factories import make_account, make_agent

pytestmark = pytest.mark.django_db


def test_who_is_reachable_is_noted_once_a_minute():
    account = make_account()
    here, away = make_agent(account), make_agent(account)
    stranger = make_agent(make_account("Another"))
    presence.touch(account.pk, here.pk, "device")
    presence.touch(stranger.account_id, stranger.pk, "device")
    now = timezone.now()

    def note(at):
        return services.note_seen(account_id=account.pk, now=at)

    assert note(now) == 1
    assert note(now + timedelta(seconds=59)) == 0
    for agent in (here, away, stranger):
        agent.refresh_from_db()
    assert [each.last_seen_at for each in (here, away, stranger)] == [now, None, None]
    assert note(now + timedelta(seconds=60)) == 1
