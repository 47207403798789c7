import pytest
from django.db import DatabaseError, transaction
from django.test import RequestFactory

from supportdesk.accounts import audit, services, tokens
from supportdesk.accounts.models import AuditEntry, Role, User
from tests.factories import PASSWORD, make_account, make_agent, make_group, owner_of

pytestmark = pytest.mark.django_db

CARD = "4111 1111 1111 1111"


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def seen(account):
    """Runs a call and returns the entries that it wrote, oldest first."""

    def run(call, **kwargs):
        last = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
        call(**kwargs)
        return list(AuditEntry.objects.filter(pk__gt=last or 0).order_by("pk"))

    return run


def actions(entries):
    return [entry.action for entry in entries]


def test_change_of_a_role_says_who_what_and_whom(account, seen):
    agent, owner = make_agent(account), owner_of(account)

    (entry,) = seen(services.change_access, agent=agent, by=owner, role=Role.FULL)

    assert (entry.account_id, entry.action, entry.topic) == (
        account.pk,
        "agent.role_changed",
        "agent",
    )
    assert (entry.by_id, entry.by_name, entry.by_email) == (
        owner.pk,
        owner.name,
        owner.email,
    )
    assert (entry.target_kind, entry.target_id, entry.target_label) == (
        "accounts.user",
        agent.pk,
        "Anna Berger",
    )
    assert entry.changes == {"role": ["agent", "full"]}
    # No request: a command or a task.
    assert (entry.via, entry.ip, entry.user_agent) == ("system", None, "")


def test_what_stays_the_same_is_not_told(account, seen):
    agent, owner = make_agent(account), owner_of(account)
    group = services.create_group(account=account, name="Sales", key="sales")

    assert seen(services.change_access, agent=agent, by=owner, role=Role.AGENT) == []
    assert (
        seen(services.update_account, account=account, fields={"language": "en"}) == []
    )
    assert (
        seen(services.update_group, group=group, name="Sales", key="sales", agents=[])
        == []
    )


def test_each_kind_of_change_to_agents_and_groups_is_told(account, seen):
    owner, group = owner_of(account), make_group(account)

    created = seen(
        services.create_agent, account=account, email="j@example.com", name="Jonas"
    )
    agent = User.objects.get(email="j@example.com")
    renamed = seen(
        services.update_agent,
        agent=agent,
        name="Jonas Feld",
        language="en",
    )
    moved = seen(services.change_access, agent=agent, by=owner, groups=[group])
    off = seen(services.change_access, agent=agent, by=owner, is_active=False)
    on = seen(services.change_access, agent=agent, by=owner, is_active=True)
    group_changed = seen(
        services.update_group, group=group, name="Shop", key="shop", agents=[]
    )
    group.refresh_from_db()
    group_deleted = seen(services.delete_group, group=group)

    assert actions(created) == ["agent.created"]
    assert renamed[0].changes == {"name": ["Jonas", "Jonas Feld"]}
    assert moved[0].changes == {"groups": [[], ["Repairs"]]}
    assert actions(off + on) == ["agent.switched_off", "agent.switched_on"]
    assert group_changed[0].changes["agents"] == [["Jonas Feld"], []]
    assert (group_deleted[0].action, group_deleted[0].target_label) == (
        "group.deleted",
        "Shop",
    )


def test_tokens_are_told_without_what_they_open(account, seen):
    owner = owner_of(account)

    entries = seen(
        tokens.create_api_token, account=account, agent=owner, name="Shop server"
    )
    token = account.api_tokens.get()
    entries += seen(tokens.revoke_api_token, token=token)
    again = seen(tokens.revoke_api_token, token=token)

    assert actions(entries) == ["api_token.created", "api_token.revoked"]
    assert [entry.changes for entry in entries] == [{}, {}]
    assert again == []


def test_card_numbers_and_secrets_never_arrive(account, seen):
    (entry,) = seen(
        audit.record,
        action="account.changed",
        account_id=account.pk,
        target=audit.Target("x", 1, f"Card {CARD}"),
        changes={
            "name": ("", f"Shop {CARD}"),
            "number": (None, 4111111111111111),
            "list": ([], [CARD]),
            "config": ({}, {"text": CARD}),
            "api_secret": ("old", "new"),
            "password": ("", "new"),
        },
    )

    stored = f"{entry.target_label} {entry.changes}"
    assert "4111 1111" not in stored
    assert "4111111111111111" not in stored
    assert entry.changes["api_secret"] == ["•••", "•••"]
    assert entry.changes["password"] == ["", "•••"]
    assert "new" not in stored


def test_long_and_broken_values_are_cut(account, seen):
    (entry,) = seen(
        audit.record,
        action="account.changed",
        account_id=account.pk,
        target=audit.Target("x", 1, "n\x00" + "a" * 1000),
        changes={"name": ("a" * 9000, "\x00\ud800\u202e"), "list": ([], ["x"] * 500)},
        user_agent="\x00" + "u" * 900,
    )

    assert len(entry.target_label) == 200
    assert entry.changes["name"] == ["a" * 300, ""]
    assert len(entry.changes["list"][1]) == 50
    assert entry.user_agent == "u" * 200


def test_unknown_action_is_a_programmer_s_error(account):
    with pytest.raises(ValueError, match="nobody can read"):
        audit.record("agent.teleported", account_id=account.pk)


def test_rolled_back_change_leaves_no_entry(account):
    agent, owner = make_agent(account), owner_of(account)
    before = AuditEntry.objects.count()

    with transaction.atomic():
        services.change_access(agent=agent, by=owner, role=Role.FULL)
        transaction.set_rollback(True)

    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("setting", [None, "on"])
def test_database_refuses_to_change_an_entry(account, setting):
    entry = account.history.first()
    if setting:
        audit._let_go(setting)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).update(by_name="Nobody")

    assert AuditEntry.objects.get(pk=entry.pk).by_name == entry.by_name


def test_database_refuses_to_delete_unless_told_what_for(account):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        account.history.all().delete()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        account.delete()
    assert account.history.exists()

    with audit.may_go():
        account.history.all().delete()

    assert not account.history.exists()
    services.update_account(account=account, fields={"name": "Other"})
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        account.history.all().delete()


def test_entry_outlives_who_it_tells_of(account, seen):
    agent, owner = make_agent(account), owner_of(account)
    services.change_access(agent=agent, by=owner, role=Role.FULL)

    agent.delete()

    entry = account.history.get(action="agent.role_changed")
    assert (entry.target_label, entry.target_id is not None) == ("Anna Berger", True)


# Who acts, and from where


def test_request_says_who_and_from_where(client, account):
    owner = owner_of(account)
    client.force_login(owner)
    client.post(
        "/settings/groups/new/",
        {"name": "Sales", "key": "sales", "assigning": "off", "assigning_limit": 10},
        headers={"User-Agent": "Browser 1"},
        REMOTE_ADDR="203.0.113.7",
    )

    entry = account.history.get(action="group.created")
    assert (entry.by_id, entry.via, entry.ip, entry.user_agent) == (
        owner.pk,
        "dashboard",
        "203.0.113.7",
        "Browser 1",
    )


def test_admin_is_told_from_the_dashboard(client, account):
    agent = make_agent(account)
    client.force_login(owner_of(account))
    client.post(
        "/admin/accounts/user/",
        {"action": "send_password_link", "_selected_action": [agent.pk]},
    )

    entry = account.history.get(action="agent.link_sent")
    assert (entry.via, entry.target_label) == ("admin", "Anna Berger")


@pytest.mark.parametrize("who", ["stranger", "operator", "colleague"])
def test_only_who_may_act_in_the_account_is_named_by_the_request(account, who):
    people = {
        "stranger": owner_of(make_account("Another")),
        "operator": User.objects.create_superuser("op@example.com", name="Op"),
        "colleague": make_agent(account),
    }
    request = RequestFactory().get("/")
    request.user = people[who]
    request.resolver_match = None

    with audit.acting_in(request):
        audit.record("hours.changed", account_id=account.pk)

    entry = account.history.get(action="hours.changed")
    named = None if who == "stranger" else people[who].pk
    assert (entry.by_id, entry.via) == (named, "dashboard")


def test_requests_do_not_leak_into_each_other(account):
    request = RequestFactory().get("/")
    request.user = owner_of(account)
    request.resolver_match = None

    with pytest.raises(RuntimeError), audit.acting_in(request):
        raise RuntimeError
    audit.record("hours.changed", account_id=account.pk)

    entry = account.history.get(action="hours.changed")
    assert (entry.by_id, entry.via) == (None, "system")


def test_signing_in_and_out_is_told(client, account):
    agent = make_agent(account, password=PASSWORD)

    client.post("/accounts/login/", {"login": agent.email, "password": "wrong"})
    client.post("/accounts/login/", {"login": agent.email, "password": PASSWORD})
    client.post("/accounts/logout/")

    told = account.history.filter(topic="sign_in").order_by("pk")
    assert list(told.values_list("action", "by_id", "via", "ip")) == [
        ("sign_in.failed", None, "dashboard", "127.0.0.1"),
        ("sign_in.succeeded", agent.pk, "dashboard", "127.0.0.1"),
        ("sign_in.ended", agent.pk, "dashboard", "127.0.0.1"),
    ]
    assert told[0].target_label == "Anna Berger"
    assert "wrong" not in str(list(told.values()))


def test_failed_sign_in_of_nobody_is_told_to_nobody(client, account):
    User.objects.create_superuser("op@example.com", name="Op")
    before = AuditEntry.objects.count()

    for email in ("nobody@example.com", "op@example.com", "\x00", "a" * 5000):
        client.post("/accounts/login/", {"login": email, "password": "wrong"})

    assert AuditEntry.objects.count() == before


def test_new_password_is_told_without_it(client, account):
    agent = make_agent(account, password=PASSWORD)
    client.force_login(agent)
    client.post(
        "/accounts/password/change/",
        {
            "oldpassword": PASSWORD,
            "password1": "a new and long one 7",
            "password2": "a new and long one 7",
        },
    )

    entry = account.history.get(action="sign_in.password_changed")
    assert (entry.by_id, entry.changes) == (agent.pk, {})
