"""Settings, groups: made, changed and deleted by who has full access."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from supportdesk.accounts.events import access_changed
from supportdesk.accounts.models import AgentGroup, Assigning, Role, User
from tests import factories

pytestmark = pytest.mark.django_db

LIST = "/settings/groups/"


@pytest.fixture
def account():
    return factories.make_account()


@pytest.fixture
def client(account):
    return signed_in(factories.owner_of(account))


@pytest.fixture
def group(account):
    return factories.make_group(account)


@pytest.fixture
def heard():
    """Agents whose open pages look anew."""
    ids = []

    def hear(event, **kwargs):
        ids.append(event.agent_id)

    access_changed.connect(hear)
    yield ids
    access_changed.disconnect(hear)


def signed_in(agent):
    client = Client()
    client.force_login(agent)
    return client


def page(group):
    return reverse("accounts:group_edit", args=[group.pk])


def form(**fields):
    values = {"name": "Repairs", "key": "repairs", "agents": []}
    return {**values, "assigning": "off", "assigning_limit": "10", **fields}


def test_group_is_added_with_members_and_rule(account, client):
    anna = factories.make_agent(account)

    response = client.post(
        f"{LIST}new/",
        form(agents=[anna.pk], assigning="least_busy", assigning_limit="3"),
    )

    assert response["Location"] == LIST
    group = account.groups.get()
    assert (group.name, group.key) == ("Repairs", "repairs")
    assert (group.assigning, group.assigning_limit) == (Assigning.LEAST_BUSY, 3)
    assert list(group.agents.all()) == [anna]


@pytest.mark.parametrize(
    ("name", "key"), [("Spare parts", "spare-parts"), ("Müller & Co", "muller-co")]
)
def test_key_is_made_from_the_name(account, client, name, key):
    client.post(f"{LIST}new/", form(name=name, key=""))

    assert account.groups.get().key == key


def test_members_change_and_only_their_pages_look_anew(
    account, client, group, heard, django_capture_on_commit_callbacks
):
    stays, goes, comes, other = (
        factories.make_agent(account, name) for name in ("Anna", "Ben", "Cleo", "Dora")
    )
    group.agents.set([stays, goes])

    with django_capture_on_commit_callbacks(execute=True):
        client.post(page(group), form(key=group.key, agents=[stays.pk, comes.pk]))

    assert set(group.agents.all()) == {stays, comes}
    assert sorted(heard) == sorted([goes.pk, comes.pk])
    assert other.pk not in heard


def test_member_who_is_switched_off_stays_one_until_taken_out(account, client, group):
    anna = factories.make_agent(account, "Anna Berger")
    group.agents.set([anna])
    User.objects.filter(pk=anna.pk).update(is_active=False)

    content = client.get(page(group)).content.decode()

    assert "Anna Berger (switched off)" in content
    client.post(page(group), form(agents=[anna.pk]))
    assert list(group.agents.all()) == [anna]


def test_page_shows_the_line_of_page_code(client, group):
    content = client.get(page(group)).content.decode()

    assert f"supportdesk(&#x27;group&#x27;, &#x27;{group.key}&#x27;)" in content or (
        f"supportdesk('group', '{group.key}')" in content
    )


def test_deleted_group_leaves_its_conversations(
    account, client, group, heard, django_capture_on_commit_callbacks
):
    anna = factories.make_agent(account)
    channel = factories.make_channel(account)
    channel.group = group
    channel.save()
    conversation = factories.make_conversation(account, group=group)

    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("accounts:group_delete", args=[group.pk]))

    assert response["Location"] == LIST
    assert not AgentGroup.objects.exists()
    assert factories.fresh(conversation).group is None
    channel.refresh_from_db()
    assert channel.group is None
    # Everybody sees them now.
    assert sorted(heard) == sorted([anna.pk, factories.owner_of(account).pk])


def test_rule_for_conversations_of_no_group(account, client):
    response = client.post(LIST, {"assigning": "round_robin", "assigning_limit": "4"})

    assert response["Location"] == LIST
    account.refresh_from_db()
    assert (account.assigning, account.assigning_limit) == (Assigning.ROUND_ROBIN, 4)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 31),
        ("name", "\u202e"),
        ("key", "no spaces"),
        ("key", "x" * 31),
        ("key", "é"),
        ("agents", ["0"]),
        ("agents", ["x"]),
        ("agents", [str(2**70)]),
        ("assigning", "best"),
        ("assigning_limit", "0"),
        ("assigning_limit", "-1"),
        ("assigning_limit", "1001"),
        ("assigning_limit", "1e99"),
        ("assigning_limit", ""),
    ],
)
def test_nonsense_is_named_beside_its_field(account, client, group, field, value):
    for address in (f"{LIST}new/", page(group)):
        response = client.post(address, form(**{field: value}))

        assert response.status_code == 422
        assert field in response.context["form"].errors
    assert list(account.groups.values_list("name", flat=True)) == [group.name]


def test_name_of_signs_alone_makes_no_key(account, client):
    response = client.post(f"{LIST}new/", form(name="!!!", key=""))

    assert response.status_code == 422
    assert not account.groups.exists()


def test_key_is_once_in_an_account_whatever_its_case(account, client, group):
    group.key = "repairs"
    group.save()
    foreign = factories.make_group(factories.make_account())
    foreign.key = "sales"
    foreign.save()

    refused = client.post(f"{LIST}new/", form(key="REPAIRS"))
    taken = client.post(f"{LIST}new/", form(key="sales"))

    assert refused.status_code == 422
    assert taken.status_code == 302
    assert sorted(account.groups.values_list("key", flat=True)) == ["repairs", "sales"]


def test_two_who_take_one_key_at_the_same_moment(account, client, group, monkeypatch):
    monkeypatch.setattr(
        "supportdesk.accounts.group_form.GroupForm.clean_key",
        lambda self: self.cleaned_data["key"],
    )

    response = client.post(f"{LIST}new/", form(key=group.key))

    assert response.status_code == 422
    assert account.groups.count() == 1


def test_agents_of_another_account_are_no_members(account, client, group):
    stranger = factories.make_agent(factories.make_account())

    response = client.post(page(group), form(agents=[stranger.pk]))

    assert response.status_code == 422
    assert not group.agents.exists()


def test_groups_of_another_account_are_not_there(client):
    foreign = factories.make_group(factories.make_account())

    assert client.get(page(foreign)).status_code == 404
    assert client.post(page(foreign), form()).status_code == 404
    delete = reverse("accounts:group_delete", args=[foreign.pk])
    assert client.post(delete).status_code == 404
    assert client.get(f"{LIST}{2**70}/").status_code == 404
    assert AgentGroup.objects.filter(pk=foreign.pk).exists()
    assert list(client.get(LIST).context["groups"]) == []


@pytest.mark.parametrize(("role", "status"), [(Role.AGENT, 404), (Role.FULL, 200)])
def test_groups_are_for_full_access(account, group, role, status):
    client = signed_in(factories.make_agent(account, role=role))

    for address in (LIST, f"{LIST}new/", page(group)):
        assert client.get(address).status_code == status
    if status == 404:
        delete = reverse("accounts:group_delete", args=[group.pk])
        for address in (LIST, f"{LIST}new/", page(group), delete):
            assert client.post(address, form()).status_code == 404
        assert account.groups.get() == group


def test_deleting_is_posted(client, group):
    delete = reverse("accounts:group_delete", args=[group.pk])

    assert client.get(delete).status_code == 405
    assert AgentGroup.objects.filter(pk=group.pk).exists()


def test_list_costs_the_same_with_many_groups(account, client, group):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(LIST).status_code == 200
        return len(captured)

    group.agents.set([factories.make_agent(account)])
    queries()
    one = queries()
    for name in ("Sales", "Press"):
        more = factories.make_group(account, name)
        more.agents.set([factories.make_agent(account), factories.owner_of(account)])

    assert queries() == one
