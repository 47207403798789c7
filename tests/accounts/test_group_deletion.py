"""A group goes: nobody comes to see everything without somebody saying so."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from supportdesk.accounts import services
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.group_form import GroupDeletionForm
from supportdesk.accounts.models import AgentGroup, AuditEntry, Role, User
from tests.factories import make_account, make_agent, make_group, owner_of

pytestmark = pytest.mark.django_db

ADMIN = "/admin/accounts/agentgroup/"
QUESTION = "These people would be in no group then"


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def repairs(account):
    return make_group(account, "Repairs")


@pytest.fixture
def sales(account):
    return make_group(account, "Sales")


@pytest.fixture
def lena(account, repairs):
    """In Repairs only."""
    return make_agent(account, "Lena Voss", groups=(repairs,))


@pytest.fixture
def owner(client, account):
    owner = owner_of(account)
    client.force_login(owner)
    return owner


def invite(account, *groups):
    return services.invite_agent(
        account=account, by=owner_of(account), email="new@example.com", groups=groups
    )


def delete_page(group):
    return reverse("accounts:group_delete", args=[group.pk])


def edit_page(group):
    return reverse("accounts:group_edit", args=[group.pk])


def groups_of(person):
    return sorted(person.groups.values_list("name", flat=True))


def told(action):
    """Whom entries of the history are about, and what changed."""
    rows = AuditEntry.objects.filter(action=action).order_by("pk")
    return [(row.target_label, row.changes) for row in rows]


# The service


def test_refused_while_a_member_would_come_to_see_everything(repairs, lena):
    with pytest.raises(AccountError):
        services.delete_group(group=repairs)

    assert groups_of(lena) == ["Repairs"]
    assert told("group.deleted") == []


def test_refused_while_somebody_invited_would(account, repairs):
    invitation = invite(account, repairs)

    with pytest.raises(AccountError):
        services.delete_group(group=repairs)

    assert groups_of(invitation) == ["Repairs"]


def test_they_go_to_another_group(account, repairs, sales, lena):
    invitation = invite(account, repairs)

    services.delete_group(group=repairs, left_to=sales)

    assert groups_of(lena) == groups_of(invitation) == ["Sales"]
    assert not User.objects.get(pk=lena.pk).sees_all_groups
    moved = {"groups": [["Repairs"], ["Sales"]]}
    assert told("group.deleted") == [("Repairs", {"agents": [["Lena Voss"], None]})]
    assert told("agent.groups_changed") == [("Lena Voss", moved)]
    assert told("invitation.changed") == [("new@example.com", moved)]


def test_they_see_everything_if_that_is_said(repairs, lena):
    services.delete_group(group=repairs, left_to="all")

    assert User.objects.get(pk=lena.pk).sees_all_groups
    assert told("agent.groups_changed") == [
        ("Lena Voss", {"groups": [["Repairs"], []]})
    ]


def test_who_is_in_another_group_too_stays_there(account, repairs, sales):
    both = make_agent(account, groups=(repairs, sales))

    services.delete_group(group=repairs)

    assert groups_of(both) == ["Sales"]
    assert told("agent.groups_changed") == []


def test_invitation_that_is_over_is_not_asked_about(account, repairs):
    services.revoke_invitation(invitation=invite(account, repairs))

    services.delete_group(group=repairs)

    assert not AgentGroup.objects.exists()


def test_group_they_go_to_must_stay(account, repairs, sales, lena):
    foreign = make_group(make_account())
    gone = make_group(account, "Gone")
    AgentGroup.objects.filter(pk=gone.pk).delete()

    for group in (repairs, foreign, gone):
        with pytest.raises(AccountError):
            services.delete_group(group=repairs, left_to=group)

    assert groups_of(lena) == ["Repairs"]


def test_deleted_by_somebody_else_a_moment_ago(account, repairs):
    same = AgentGroup.objects.get(pk=repairs.pk)
    services.delete_group(group=repairs)

    services.delete_group(group=same)

    assert [target for target, _changes in told("group.deleted")] == ["Repairs"]


# Settings, groups


def test_page_names_them_and_asks(client, account, owner, repairs, sales, lena):
    invite(account, repairs)
    User.objects.filter(pk=lena.pk).update(is_active=False)
    make_agent(account, "Ben Both", groups=(repairs, sales))

    page = client.get(edit_page(repairs))
    content = page.content.decode()

    assert QUESTION in content
    assert '<li dir="auto">Lena Voss (switched off)</li>' in content
    assert '<li dir="auto">new@example.com, invited</li>' in content
    assert '<li dir="auto">Ben Both</li>' not in content
    assert page.context["deletion"].fields["left_to"].choices == [
        ("", "Choose…"),
        (str(sales.pk), "Sales"),
        ("all", "No group: they see all conversations"),
    ]


def test_page_asks_nothing_when_nobody_is_left(client, owner, repairs, sales, account):
    make_agent(account, groups=(repairs, sales))

    assert QUESTION not in client.get(edit_page(repairs)).content.decode()
    assert client.post(delete_page(repairs))["Location"] == "/settings/groups/"
    assert groups_of(account) == ["Sales"]


def test_answer_of_the_page_counts(client, owner, repairs, sales, lena):
    response = client.post(delete_page(repairs), {"left_to": sales.pk})

    assert response["Location"] == "/settings/groups/"
    assert groups_of(lena) == ["Sales"]


@pytest.mark.parametrize("answer", ["", "0", "x", "own", "foreign"])
def test_nothing_goes_without_a_valid_answer(client, owner, repairs, lena, answer):
    foreign = make_group(make_account())
    answer = {"own": repairs.pk, "foreign": foreign.pk}.get(answer, answer)

    response = client.post(delete_page(repairs), {"left_to": answer})

    assert response.status_code == 422
    assert "left_to" in response.context["deletion"].errors
    # The form of the group itself stands there as ever, and goes where it always goes.
    assert f'action="{edit_page(repairs)}"' in response.content.decode()
    assert groups_of(lena) == ["Repairs"]


def test_member_who_came_meanwhile_is_asked_about(client, owner, repairs, monkeypatch):
    valid = GroupDeletionForm.is_valid

    def somebody_comes(form):
        make_agent(owner.account, "Lena Voss", groups=(repairs,))
        return valid(form)

    monkeypatch.setattr(GroupDeletionForm, "is_valid", somebody_comes)
    response = client.post(delete_page(repairs), follow=True)

    assert response.redirect_chain == [(edit_page(repairs), 302)]
    assert "Lena Voss" in response.content.decode()
    assert AgentGroup.objects.filter(pk=repairs.pk).exists()


def test_question_costs_the_same_for_many(client, account, owner, repairs, lena):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(edit_page(repairs)).status_code == 200
        return len(captured)

    queries()
    one = queries()
    for _number in range(3):
        make_agent(account, groups=(repairs,))
        make_group(account)

    assert queries() == one


# Django admin


def test_admin_asks_for_one_group(client, owner, repairs, sales, lena):
    path = f"{ADMIN}{repairs.pk}/delete/"

    asked = client.get(path)
    unanswered = client.post(path, {"post": "yes"})

    assert QUESTION in asked.content.decode()
    assert unanswered.status_code == 422
    assert "Say where they go." in unanswered.content.decode()
    assert groups_of(lena) == ["Repairs"]
    assert not LogEntry.objects.exists()

    client.post(path, {"post": "yes", "left_to": sales.pk})

    assert groups_of(lena) == ["Sales"]
    assert LogEntry.objects.get().object_repr == "Repairs"


def test_admin_refuses_a_post_that_skips_the_question(client, owner, repairs, lena):
    client.post(f"{ADMIN}{repairs.pk}/delete/", {"anything": "else"})

    assert groups_of(lena) == ["Repairs"]
    assert not LogEntry.objects.exists()


def test_admin_asks_once_for_several_groups(client, account, owner, repairs, sales):
    both = make_agent(account, "Ben Both", groups=(repairs, sales))
    press = make_group(account, "Press")
    chosen = {"action": "delete_selected", "_selected_action": [repairs.pk, sales.pk]}

    asked = client.post(ADMIN, {**chosen, "index": "0"})
    unanswered = client.post(ADMIN, {**chosen, "post": "yes"})
    into_one_that_goes = client.post(
        ADMIN, {**chosen, "post": "yes", "left_to": sales.pk}
    )

    assert '<li dir="auto">Ben Both</li>' in asked.content.decode()
    assert unanswered.status_code == into_one_that_goes.status_code == 422
    assert groups_of(both) == ["Repairs", "Sales"]

    client.post(ADMIN, {**chosen, "post": "yes", "left_to": press.pk})

    assert groups_of(both) == ["Press"]
    assert groups_of(account) == ["Press"]
    assert LogEntry.objects.count() == 2


def test_admin_lets_full_access_delete_nothing(client, account, repairs):
    client.force_login(make_agent(account, role=Role.FULL))

    assert client.get(f"{ADMIN}{repairs.pk}/delete/").status_code == 403
    assert client.post(f"{ADMIN}{repairs.pk}/delete/", {"post": 1}).status_code == 403
    assert AgentGroup.objects.filter(pk=repairs.pk).exists()
