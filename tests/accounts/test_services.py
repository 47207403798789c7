import pytest
from django.db import transaction

from supportdesk.accounts import services
from supportdesk.accounts.events import AccessChanged, access_changed
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import Account, AgentGroup, Role, User
from tests.factories import make_account, make_agent, make_group, owner_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def access(django_capture_on_commit_callbacks):
    """Runs a call and returns the agents whose open pages were told."""
    told = []

    def note(event: AccessChanged, **kwargs):
        told.append(event.agent_id)

    def run(call, **kwargs):
        told.clear()
        with django_capture_on_commit_callbacks(execute=True):
            call(**kwargs)
        return sorted(told)

    access_changed.connect(note)
    yield run
    access_changed.disconnect(note)


def test_account_is_never_without_an_owner():
    make_account()
    with pytest.raises(AccountError, match="already in use"):
        services.create_account(
            name="Second",
            owner_email=User.objects.get().email.upper(),
            owner_name="Eve",
            password=None,
        )

    assert [account.name for account in Account.objects.all()] == ["Moor & Mühle"]


def test_address_of_somebody_else_is_refused(account):
    other = make_agent(make_account("Another"))

    with pytest.raises(AccountError, match="already in use"):
        services.create_agent(account=account, email=other.email, name="Eve")

    assert list(account.agents.all()) == [owner_of(account)]


def test_nobody_changes_own_role_or_switch(account):
    owner = owner_of(account)
    make_agent(account, role=Role.OWNER)

    for change in ({"role": Role.FULL}, {"is_active": False}):
        with pytest.raises(AccountError, match="your own"):
            services.change_access(agent=owner, by=owner, **change)

    owner.refresh_from_db()
    assert (owner.role, owner.is_active) == (Role.OWNER, True)


def test_last_active_owner_stays(account):
    owner = owner_of(account)
    sleeping = make_agent(account, role=Role.OWNER)
    services.change_access(agent=sleeping, by=owner, is_active=False)
    operator = User.objects.create_superuser("op@example.com", name="Op")

    for change in ({"role": Role.AGENT}, {"is_active": False}):
        with pytest.raises(AccountError, match="at least one active owner"):
            services.change_access(agent=owner, by=operator, **change)

    services.change_access(agent=sleeping, by=owner, is_active=True)
    services.change_access(agent=owner, by=sleeping, role=Role.AGENT)
    owner.refresh_from_db()
    assert owner.role == Role.AGENT


def test_successor_stays_until_the_agent_is_back(account):
    leaver, heir, owner = make_agent(account), make_agent(account), owner_of(account)
    services.change_access(agent=leaver, by=owner, is_active=False, successor=heir)

    services.change_access(agent=leaver, by=owner, role=Role.FULL, is_active=False)
    leaver.refresh_from_db()
    kept = leaver.successor
    services.change_access(agent=leaver, by=owner, is_active=True)
    leaver.refresh_from_db()

    assert (kept, leaver.successor) == (heir, None)


def test_open_pages_hear_of_new_rights(account, access):
    agent, owner = make_agent(account), owner_of(account)
    group = make_group(account)

    told = access(services.change_access, agent=agent, by=owner, groups=[group])

    assert told == [agent.pk]
    assert list(agent.groups.all()) == [group]


def test_only_members_who_come_or_go_hear_of_a_group(account, access):
    stays, goes, comes = (make_agent(account) for _ in range(3))
    group = services.create_group(
        account=account, name="Sales", key="sales", agents=[stays, goes]
    )

    changed = access(
        services.update_group,
        group=group,
        name="Shop",
        key="sales",
        agents=[stays, comes],
    )
    deleted = access(services.delete_group, group=group, left_to="all")

    assert changed == sorted([goes.pk, comes.pk])
    # Its conversations belong to none now, and so to everybody.
    assert deleted == sorted(account.agents.values_list("pk", flat=True))
    assert not AgentGroup.objects.exists()


def test_groups_and_agents_of_another_account_are_refused(account):
    elsewhere = make_account("Another")
    foreign_group, foreigner = make_group(elsewhere), make_agent(elsewhere)
    agent, owner = make_agent(account), owner_of(account)
    group = make_group(account)

    calls = [
        lambda: services.create_agent(
            account=account, email="x@example.com", name="X", groups=[foreign_group]
        ),
        lambda: services.change_access(agent=agent, by=owner, groups=[foreign_group]),
        lambda: services.create_group(
            account=account, name="X", key="x", agents=[foreigner]
        ),
        lambda: services.update_group(
            group=group, name="X", key="x", agents=[agent, foreigner]
        ),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="another account"):
            call()

    assert not foreigner.groups.filter(account=account).exists()
    assert not foreign_group.agents.filter(account=account).exists()


def test_key_of_a_group_is_unique_in_its_account(account):
    services.create_group(account=account, name="Sales", key="sales")
    services.create_group(account=make_account("B"), name="Sales", key="sales")

    with pytest.raises(AccountError, match="has this key"):
        services.create_group(account=account, name="Shop", key="SALES")

    assert AgentGroup.objects.count() == 2


def test_nothing_is_told_of_a_write_that_is_rolled_back(account, access):
    agent, owner = make_agent(account), owner_of(account)

    def change_and_roll_back():
        with transaction.atomic():
            services.change_access(agent=agent, by=owner, role=Role.FULL)
            transaction.set_rollback(True)

    assert access(change_and_roll_back) == []
    agent.refresh_from_db()
    assert agent.role == Role.AGENT
