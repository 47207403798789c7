"""What owners do in the admin, and that only services write."""

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from supportdesk.accounts import services
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import Account, AgentGroup, Role, User
from tests.factories import PASSWORD, make_account, make_agent, make_group, owner_of

pytestmark = pytest.mark.django_db

AGENT = {"name": "Lena Voss", "language": "de"}


@pytest.fixture
def owner(client):
    owner = owner_of(make_account())
    client.force_login(owner)
    return owner


def change(agent):
    return f"/admin/accounts/user/{agent.pk}/change/"


def errors_of(response):
    return response.context["adminform"].form.errors


def test_agents_are_invited_not_added(client, owner):
    response = client.post(
        "/admin/accounts/user/add/",
        {**AGENT, "email": "lena@example.com", "role": "agent", "password": "typed"},
    )

    assert response.status_code == 403
    assert list(User.objects.all()) == [owner]


def test_owner_changes_an_agent(client, owner):
    agent, group = make_agent(owner.account), make_group(owner.account)

    response = client.post(
        change(agent),
        {**AGENT, "role": "full", "is_active": "on", "groups": [group.pk]},
    )

    agent.refresh_from_db()
    assert response.status_code == 302
    assert (agent.name, agent.language, agent.role) == ("Lena Voss", "de", "full")
    assert list(agent.groups.all()) == [group]


def test_password_and_account_cannot_be_posted(client, owner):
    agent, other = make_agent(owner.account, password=PASSWORD), make_account("B")

    client.post(
        change(agent),
        {
            **AGENT,
            "role": "agent",
            "is_active": "on",
            "account": other.pk,
            "password": "x",
            "is_superuser": "on",
            "public_id": "00000000-0000-0000-0000-000000000000",
        },
    )

    after = User.objects.get(pk=agent.pk)
    assert (after.name, after.account, after.is_superuser) == (
        "Lena Voss",
        owner.account,
        False,
    )
    assert after.check_password(PASSWORD)
    assert after.public_id == agent.public_id


def test_own_role_and_switch_are_read_only(client, owner):
    page = client.get(change(owner)).content.decode()

    client.post(change(owner), {**AGENT, "role": "agent"})

    owner.refresh_from_db()
    assert 'name="role"' not in page
    assert (owner.name, owner.role, owner.is_active) == ("Lena Voss", "owner", True)


def test_refusal_of_the_service_is_an_error_of_the_form(client, owner):
    operator = User.objects.create_superuser("op@example.com", name="Op")
    client.force_login(operator)

    response = client.post(change(owner), {**AGENT, "role": "agent", "is_active": "on"})

    assert response.status_code == 200
    assert errors_of(response)["__all__"] == [
        "The account needs at least one active owner."
    ]
    owner.refresh_from_db()
    assert (owner.name, owner.role) == ("Olga Owner", "owner")


def test_refusal_after_the_form_rolls_all_back(client, owner, monkeypatch):
    second = make_agent(owner.account, role=Role.OWNER)
    monkeypatch.setattr(services, "check_access_change", lambda **kwargs: None)
    form_check = {**AGENT, "role": "agent", "is_active": "on"}

    def refuse(**kwargs):
        raise AccountError("Somebody was faster.")

    monkeypatch.setattr(services, "change_access", refuse)
    response = client.post(change(second), form_check, follow=True)

    second.refresh_from_db()
    assert b"Somebody was faster." in response.content
    assert second.name == "Anna Berger"


def test_saving_an_agent_locks_the_account_first_and_keeps_nobody_waiting(
    client, owner
):
    """In another order than `change_access`, two owners could wait for each other."""
    agent = make_agent(owner.account)

    with CaptureQueriesContext(connection) as found:
        client.post(change(agent), {**AGENT, "role": "full", "is_active": "on"})

    statements = [query["sql"] for query in found.captured_queries]
    writes = 'UPDATE "accounts_user" SET '
    locks = [sql for sql in statements if " FOR " in sql or sql.startswith(writes)]
    assert 'FROM "accounts_account"' in locks[0]
    assert any(sql.startswith(writes) for sql in locks)
    assert all(sql.endswith("FOR NO KEY UPDATE") for sql in locks if " FOR " in sql)


def test_agents_cannot_be_deleted(client, owner):
    agent = make_agent(owner.account)

    one = client.post(f"/admin/accounts/user/{agent.pk}/delete/", {"post": "yes"})
    client.post(
        "/admin/accounts/user/",
        {"action": "delete_selected", "_selected_action": agent.pk, "post": "yes"},
    )

    assert one.status_code == 403
    assert User.objects.filter(pk=agent.pk).exists()


def test_switching_off_several_skips_oneself(client, owner):
    agents = [make_agent(owner.account) for _ in range(2)]
    chosen = [owner.pk, *(agent.pk for agent in agents)]

    response = client.post(
        "/admin/accounts/user/",
        {"action": "deactivate", "_selected_action": chosen},
        follow=True,
    )

    active = User.objects.filter(is_active=True)
    assert list(active) == [owner]
    assert b"You cannot change your own role" in response.content
    assert b"2 agents changed." in response.content


def test_switching_passes_by_who_is_so_already(client, owner):
    awake, leaver = make_agent(owner.account), make_agent(owner.account)
    services.change_access(agent=leaver, by=owner, is_active=False, successor=awake)

    response = client.post(
        "/admin/accounts/user/",
        {"action": "deactivate", "_selected_action": [leaver.pk]},
        follow=True,
    )

    leaver.refresh_from_db()
    assert leaver.successor == awake
    assert b"0 agents changed." in response.content
    assert not LogEntry.objects.exists()


def test_links_go_to_active_agents_only(
    client, owner, django_capture_on_commit_callbacks
):
    active, inactive = (make_agent(owner.account) for _ in range(2))
    services.change_access(agent=inactive, by=owner, is_active=False)

    with django_capture_on_commit_callbacks(execute=True):
        client.post(
            "/admin/accounts/user/",
            {
                "action": "send_password_link",
                "_selected_action": [active.pk, inactive.pk],
            },
        )

    assert [message.to for message in mail.outbox] == [[active.email]]


def test_group_with_members(client, owner):
    agent = make_agent(owner.account)
    form = {"name": "Sales", "key": "sales", "agents": [agent.pk]}

    client.post("/admin/accounts/agentgroup/add/", form)
    group = AgentGroup.objects.get()
    created = (group.account, list(group.agents.all()))
    url = f"/admin/accounts/agentgroup/{group.pk}/"
    client.post(url + "change/", {**form, "name": "Shop", "agents": []})
    group.refresh_from_db()
    changed = (group.name, list(group.agents.all()))
    again = client.post("/admin/accounts/agentgroup/add/", {**form, "key": "SALES"})
    client.post(url + "delete/", {"post": "yes"})

    assert created == (owner.account, [agent])
    assert changed == ("Shop", [])
    assert list(errors_of(again)) == ["key"]
    assert not AgentGroup.objects.exists()


def test_several_groups_are_deleted_by_the_service(client, owner):
    group, foreign = make_group(owner.account), make_group(make_account("B"))
    chosen = [group.pk, foreign.pk]

    client.post(
        "/admin/accounts/agentgroup/",
        {"action": "delete_selected", "_selected_action": chosen, "post": "yes"},
    )

    assert list(AgentGroup.objects.all()) == [foreign]


def test_owner_changes_the_account(client, owner):
    form = {
        "name": "Moor",
        "language": "de",
        "time_zone": "Europe/Vienna",
        "reopen_window_days": "14",
        "ip_storage": "short",
    }
    url = f"/admin/accounts/account/{owner.account_id}/change/"

    bad = client.post(url, {**form, "time_zone": "Mars/Base"})
    good = client.post(url, form)

    account = Account.objects.get()
    assert list(errors_of(bad)) == ["time_zone"]
    assert good.status_code == 302
    assert (account.name, account.time_zone, account.reopen_window_days) == (
        "Moor",
        "Europe/Vienna",
        14,
    )
    assert account.ip_storage == "short"


def test_operator_opens_an_account_with_its_owner(
    client, django_capture_on_commit_callbacks
):
    client.force_login(User.objects.create_superuser("op@example.com", name="Op"))
    form = {
        "name": "New shop",
        "language": "de",
        "time_zone": "Europe/Berlin",
        "ip_storage": "full",
        "owner_name": "Nora",
        "owner_email": "Nora@example.com",
    }

    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/admin/accounts/account/add/", form)
    again = client.post("/admin/accounts/account/add/", form)

    nora = User.objects.get(email="nora@example.com")
    assert response.status_code == 302
    assert (nora.account.name, nora.role, nora.language) == ("New shop", "owner", "de")
    assert [message.to for message in mail.outbox] == [["nora@example.com"]]
    assert list(errors_of(again)) == ["owner_email"]


def test_lists_cost_the_same_with_many_rows(client, owner):
    def queries(path):
        with CaptureQueriesContext(connection) as found:
            client.get(path)
        return len(found)

    paths = ("/admin/accounts/user/", "/admin/accounts/agentgroup/")
    make_agent(owner.account, groups=(make_group(owner.account),))
    few = [queries(path) for path in paths]
    for _ in range(3):
        make_agent(owner.account, groups=(make_group(owner.account),))

    assert [queries(path) for path in paths] == few
