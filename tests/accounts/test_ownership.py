"""Handing the account over: the one way to give up one's own role."""

import pytest
from django.core import mail

from supportdesk.accounts import services
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import Invitation, Role, User
from tests.factories import make_account, make_agent, owner_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return make_account()


def test_both_change_places_and_hear_of_it(account, django_capture_on_commit_callbacks):
    owner, agent = owner_of(account), make_agent(account, language="de")

    with django_capture_on_commit_callbacks(execute=True):
        services.transfer_ownership(owner=owner, to=agent)

    roles = dict(User.objects.values_list("pk", "role"))
    assert roles == {owner.pk: Role.FULL, agent.pk: Role.OWNER}
    assert sorted(message.to[0] for message in mail.outbox) == sorted(
        [owner.email, agent.email]
    )
    assert all("Anna Berger" in message.body for message in mail.outbox)


def test_what_the_former_owner_had_invited_is_withdrawn(account):
    owner = owner_of(account)
    services.invite_agent(account=account, by=owner, email="x@example.com")

    services.transfer_ownership(owner=owner, to=make_agent(account))

    assert Invitation.objects.get().state == "revoked"


def test_nobody_else_hands_it_over_and_nobody_else_gets_it(account):
    owner, agent = owner_of(account), make_agent(account)
    full = make_agent(account, role=Role.FULL)
    sleeping = make_agent(account)
    services.change_access(agent=sleeping, by=owner, is_active=False)
    stranger = make_agent(make_account("Another"))

    refused = [(full, agent), (agent, agent)]
    refused += [(owner, who) for who in (owner, sleeping, stranger)]
    for giving, taking in refused:
        with pytest.raises(AccountError):
            services.transfer_ownership(owner=giving, to=taking)

    assert list(account.agents.filter(role=Role.OWNER)) == [owner]
    stranger.refresh_from_db()
    assert stranger.role == Role.AGENT


def test_a_second_time_there_is_nothing_to_hand_over(account):
    owner, agent = owner_of(account), make_agent(account)
    services.transfer_ownership(owner=owner, to=agent)

    with pytest.raises(AccountError, match="Only an owner"):
        services.transfer_ownership(owner=owner, to=make_agent(account))
