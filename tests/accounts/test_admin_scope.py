"""Every class of the admin, for every role, with an account beside it."""

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.urls import NoReverseMatch, reverse

from supportdesk.accounts.models import Account, AgentGroup, Invitation, Role, User
from tests.factories import make_account, make_agent, make_group, owner_of

pytestmark = pytest.mark.django_db

MODELS = [Account, User, AgentGroup]
OUTSIDE = [Role.AGENT, None]
INSIDE = [Role.FULL, Role.OWNER]


@pytest.fixture
def own():
    account = make_account("Own shop")
    make_agent(account, "Own Agent", groups=(make_group(account, "Own group"),))
    return account


@pytest.fixture
def foreign():
    account = make_account("Foreign shop")
    group = make_group(account, "Foreign group")
    make_agent(account, "Foreign Agent", groups=(group,))
    return account


def row_of(model, account):
    if model is Account:
        return account
    return model.objects.filter(account=account).order_by("pk").last()


def url(model, action, *args):
    return reverse(f"admin:accounts_{model._meta.model_name}_{action}", args=args)


def sign_in(client, account, role):
    viewer = owner_of(account) if role == Role.OWNER else make_agent(account, role=role)
    client.force_login(viewer)
    return viewer


def operator(client):
    client.force_login(User.objects.create_superuser("op@example.com", name="Op"))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("role", OUTSIDE)
def test_admin_does_not_exist_for_agents_and_asks_strangers_to_sign_in(
    client, own, model, role
):
    if role:
        sign_in(client, own, role)
    paths = [
        reverse("admin:index"),
        url(model, "changelist"),
        url(model, "add"),
        url(model, "change", row_of(model, own).pk),
        url(model, "delete", row_of(model, own).pk),
        url(model, "history", row_of(model, own).pk),
        "/admin/autocomplete/",
        "/admin/accounts/",
        "/admin/nothing/",
    ]

    for path in paths:
        assert client.get(path).status_code == (404 if role else 302), path


def test_sign_in_is_the_desks_own(client):
    response = client.get("/admin/", follow=True)

    assert response.redirect_chain == [("/accounts/login/?next=/admin/", 302)]
    assert client.get("/admin/login/").status_code == 302


def test_admins_own_sign_in_page_leads_on_or_nowhere(client, own):
    sign_in(client, own, Role.OWNER)
    owner = client.get("/admin/login/")
    sign_in(client, own, Role.AGENT)

    assert owner.url == "/admin/"
    assert client.get("/admin/login/").status_code == 404


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("role", INSIDE)
def test_lists_hold_own_rows_only(client, own, foreign, model, role):
    sign_in(client, own, role)

    page = client.get(url(model, "changelist"))

    rows = page.context["cl"].result_list
    assert set(rows) == set(
        model.objects.filter(pk=own.pk)
        if model is Account
        else model.objects.filter(account=own)
    )
    assert b"Foreign" not in page.content


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("role", INSIDE)
@pytest.mark.parametrize("action", ["change", "delete", "history"])
def test_foreign_rows_do_not_exist(client, own, foreign, model, role, action):
    sign_in(client, own, role)
    row = row_of(model, foreign)
    before = model.objects.filter(pk=row.pk).values().get()

    answers = [
        client.get(url(model, action, row.pk)),
        client.post(url(model, action, row.pk), {"name": "Taken", "post": "yes"}),
    ]

    # As for a row that there is not, or no right to such an action.
    may_look = action != "delete" or (model is AgentGroup and role == Role.OWNER)
    missing = [10**6, 2**70, "x"]
    expected = 404 if may_look else 403
    assert model.objects.filter(pk=row.pk).values().get() == before
    assert answers[0].status_code == expected
    for key in missing:
        assert client.get(url(model, action, key)).status_code == expected, key
    assert answers[1].status_code in (403, 404)
    for answer in answers:
        assert b"Foreign" not in answer.content


@pytest.mark.parametrize("model", [User, AgentGroup])
@pytest.mark.parametrize("role", INSIDE)
def test_full_access_looks_and_the_owner_changes(client, own, model, role):
    sign_in(client, own, role)
    row = row_of(model, own)
    may = role == Role.OWNER

    page = client.get(url(model, "change", row.pk))
    client.post(
        url(model, "change", row.pk),
        {
            "name": "Changed",
            "email": "c@example.com",
            "language": "en",
            "role": "agent",
            "is_active": "on",
            "key": "changed",
        },
    )
    add = client.get(url(model, "add"))

    row.refresh_from_db()
    assert page.status_code == 200
    assert (b'name="_save"' in page.content) is may
    assert (row.name == "Changed") is may
    # Agents are invited.
    assert add.status_code == (200 if may and model is AgentGroup else 403)


def test_read_only_page_names_the_groups(client, own):
    sign_in(client, own, Role.FULL)

    page = client.get(url(User, "change", User.objects.get(name="Own Agent").pk))

    assert b"Own group" in page.content


@pytest.mark.parametrize("role", INSIDE)
def test_full_access_changes_the_account_no_more_than_seen(client, own, role):
    sign_in(client, own, role)
    form = {"name": "Changed", "language": "en", "time_zone": "Europe/Berlin"}
    form["ip_storage"] = "full"

    client.post(url(Account, "change", own.pk), form)

    own.refresh_from_db()
    assert (own.name == "Changed") is (role == Role.OWNER)
    assert client.get(url(Account, "add")).status_code == 403
    assert client.get(url(Account, "delete", own.pk)).status_code == 403


def test_choices_are_of_the_own_account(client, own, foreign):
    sign_in(client, own, Role.OWNER)

    for path in (
        url(Invitation, "add"),
        url(AgentGroup, "add"),
        url(User, "change", row_of(User, own).pk),
        url(AgentGroup, "change", row_of(AgentGroup, own).pk),
        url(User, "changelist"),
    ):
        page = client.get(path)
        assert page.status_code == 200
        assert b"Own " in page.content
        assert b"Foreign" not in page.content


def test_foreign_choices_are_refused_when_posted(client, own, foreign):
    sign_in(client, own, Role.OWNER)
    group, agent = row_of(AgentGroup, foreign), row_of(User, foreign)
    person = {"name": "X", "email": "x@example.com", "language": "en", "role": "agent"}

    as_agent = client.post(
        url(User, "change", row_of(User, own).pk), {**person, "groups": [group.pk]}
    )
    as_invited = client.post(url(Invitation, "add"), {**person, "groups": [group.pk]})
    as_group = client.post(
        url(AgentGroup, "add"), {"name": "X", "key": "x", "agents": [agent.pk]}
    )

    for answer in (as_agent, as_invited):
        assert list(answer.context["adminform"].form.errors) == ["groups"]
    assert list(as_group.context["adminform"].form.errors) == ["agents"]


@pytest.mark.parametrize("action", ["deactivate", "activate", "send_password_link"])
def test_bulk_actions_leave_foreign_agents_alone(client, own, foreign, action):
    sign_in(client, own, Role.OWNER)
    agent = row_of(User, foreign)
    before = User.objects.filter(pk=agent.pk).values().get()

    client.post(
        url(User, "changelist"),
        {"action": action, "_selected_action": [agent.pk], "select_across": "1"},
    )

    assert User.objects.filter(pk=agent.pk).values().get() == before


@pytest.mark.parametrize("forged", ["abc", "", "-1", "1.5", "٣", "1" * 5000, 2**70])
def test_bulk_actions_drop_what_is_no_number_of_a_row(client, own, forged):
    sign_in(client, own, Role.OWNER)
    agent = row_of(User, own)
    send = {"action": "deactivate", "index": "0"}

    alone = client.post(url(User, "changelist"), {**send, "_selected_action": [forged]})
    agent.refresh_from_db()
    left_alone = agent.is_active
    client.post(
        url(User, "changelist"), {**send, "_selected_action": [forged, agent.pk]}
    )

    agent.refresh_from_db()
    assert alone.status_code in (200, 302)
    assert (left_alone, agent.is_active) == (True, False)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("query", ["p=999999", "o=x", "is_active__exact=x"])
def test_wrong_query_strings_lead_to_the_list(client, own, model, query):
    """Also with the mark that Django's own redirect leaves."""
    sign_in(client, own, Role.OWNER)

    once = client.get(f"{url(model, 'changelist')}?{query}", follow=True)
    twice = client.get(f"{url(model, 'changelist')}?{query}&e=1")

    assert once.status_code in (200, 400)
    assert twice["Location"] == url(model, "changelist")


@pytest.mark.parametrize("action", ["deactivate", "send_password_link"])
def test_full_access_has_no_bulk_actions(client, own, action):
    sign_in(client, own, Role.FULL)
    agent = row_of(User, own)

    client.post(
        url(User, "changelist"), {"action": action, "_selected_action": [agent.pk]}
    )

    agent.refresh_from_db()
    assert agent.is_active


@pytest.mark.parametrize(
    ("model", "query"),
    [
        (User, "password__startswith=a"),
        (User, "account__name__startswith=Foreign"),
        (User, "is_superuser__exact=0"),
        (User, "groups__name=Foreign"),
        (User, "public_id=x"),
        (AgentGroup, "agents__password__startswith=a"),
        (AgentGroup, "account__name=x"),
        (Account, "agents__email__startswith=a"),
    ],
)
def test_query_strings_cannot_probe_columns(client, own, model, query):
    sign_in(client, own, Role.OWNER)

    response = client.get(f"{url(model, 'changelist')}?{query}")

    assert response.status_code in (302, 400)


def test_filters_that_are_offered_work(client, own, foreign):
    sign_in(client, own, Role.OWNER)
    group = row_of(AgentGroup, own)

    def names(query):
        page = client.get(f"{url(User, 'changelist')}?{query}")
        return [agent.name for agent in page.context["cl"].result_list]

    assert names("role__exact=owner") == ["Olga Owner"]
    assert names("is_active__exact=0") == []
    assert names(f"group={group.pk}") == ["Own Agent"]
    everybody = ["Olga Owner", "Own Agent"]
    assert names(f"group={row_of(AgentGroup, foreign).pk}") == everybody
    assert names("group=nonsense") == everybody
    assert names("q=own") == ["Olga Owner", "Own Agent"]


def test_index_shows_own_actions_only(client, own, foreign):
    sign_in(client, own, Role.OWNER)
    group = row_of(AgentGroup, foreign)
    LogEntry.objects.create(
        user=owner_of(foreign),
        content_type=ContentType.objects.get_for_model(AgentGroup),
        object_id=group.pk,
        object_repr="Foreign group",
        action_flag=CHANGE,
    )

    assert b"Foreign" not in client.get("/admin/").content


@pytest.mark.parametrize(
    "name", ["view_on_site", "password_change_done", "autocomplete"]
)
def test_doors_past_the_classes_are_closed(name):
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:{name}", args=[1, 1] if name == "view_on_site" else [])


def test_password_change_is_the_desks_own(client, own):
    sign_in(client, own, Role.OWNER)

    assert client.get("/admin/password_change/").url == "/accounts/password/change/"


# The platform operator


def test_operator_sees_accounts_and_their_agents(client, own, foreign):
    operator(client)

    accounts = client.get(url(Account, "changelist")).context["cl"].result_list
    agents = client.get(url(User, "changelist")).context["cl"].result_list

    assert {account.name for account in accounts} == {"Own shop", "Foreign shop"}
    assert len(agents) == User.objects.count()
    assert client.get(url(AgentGroup, "changelist")).status_code == 403
    assert client.get(url(User, "add")).status_code == 403


def test_operator_changes_an_agent_within_its_account(client, own, foreign):
    operator(client)
    agent = row_of(User, own)
    form = {"name": "New", "email": agent.email, "language": "en", "role": "agent"}
    address = url(User, "change", agent.pk)

    page = client.get(address)
    client.post(address, {**form, "groups": [row_of(AgentGroup, foreign).pk]})
    agent.refresh_from_db()
    refused = agent.name
    client.post(address, {**form, "is_active": "on"})
    agent.refresh_from_db()

    assert b"Own group" in page.content
    assert b"Foreign group" not in page.content
    assert (refused, agent.name, agent.account) == ("Own Agent", "New", own)


def test_operators_are_not_changed_here(client):
    operator(client)
    me = User.objects.get()

    page = client.get(url(User, "change", me.pk))
    client.post(url(User, "change", me.pk), {"name": "Changed"})

    me.refresh_from_db()
    assert page.status_code == 200
    assert b'name="_save"' not in page.content
    assert me.name == "Op"


def test_operator_flag_gives_an_agent_nothing(client, own, foreign):
    agent = make_agent(own, "Flagged")
    User.objects.filter(pk=agent.pk).update(is_superuser=True)
    client.force_login(agent)

    assert client.get("/admin/").status_code == 404
