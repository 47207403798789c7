"""Whoever makes somebody an owner proves who they are, and all owners hear of it."""

import pytest
from django.core import mail

from supportdesk.accounts import services
from supportdesk.accounts.invitations import invitation_link
from supportdesk.accounts.models import Invitation, Role, User
from tests.factories import PASSWORD, make_account, make_agent, owner_of

pytestmark = pytest.mark.django_db

INVITE = "/admin/accounts/invitation/add/"
PERSON = {"name": "Lena Voss", "email": "lena@example.com", "language": "en"}


@pytest.fixture
def owner(client):
    owner = owner_of(make_account())
    owner.set_password(PASSWORD)
    owner.save(update_fields=["password"])
    client.force_login(owner)
    return owner


@pytest.fixture
def posted(client, django_capture_on_commit_callbacks):
    def post(path, form=None):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(path, form or {})

    return post


def change(agent):
    return f"/admin/accounts/user/{agent.pk}/change/"


def form_of(agent, **more):
    return {
        "name": agent.name,
        "email": agent.email,
        "language": agent.language,
        "role": agent.role,
        "is_active": "on",
        **more,
    }


def role_of(agent):
    return User.objects.get(pk=agent.pk).role


def errors_of(response):
    return response.context["adminform"].form.errors


def recipients(subject):
    found = [message for message in mail.outbox if subject in message.subject]
    return sorted(message.to[0] for message in found)


@pytest.mark.parametrize("password", ["", "guess"])
def test_form_asks_for_the_password(owner, posted, password):
    agent = make_agent(owner.account)

    response = posted(
        change(agent), form_of(agent, role="owner", own_password=password)
    )

    assert list(errors_of(response)) == ["own_password"]
    assert role_of(agent) == Role.AGENT
    assert mail.outbox == []


def test_all_owners_hear_of_the_new_one(owner, posted):
    agent = make_agent(owner.account, "Anna Berger")
    second = make_agent(owner.account, "Jonas Adler", role=Role.OWNER)
    asleep = make_agent(owner.account, role=Role.OWNER)
    services.change_access(agent=asleep, by=owner, is_active=False)
    make_account("Another")

    posted(change(agent), form_of(agent, role="owner", own_password=PASSWORD))

    assert role_of(agent) == Role.OWNER
    assert recipients("one more owner") == sorted(
        [owner.email, second.email, agent.email]
    )
    assert all("Anna Berger" in message.body for message in mail.outbox)
    assert all("Olga Owner saw to that." in message.body for message in mail.outbox)


def test_everything_else_needs_no_password_and_tells_nobody(owner, posted):
    second = make_agent(owner.account, role=Role.OWNER)
    agent = make_agent(owner.account)

    posted(change(second), form_of(second, name="Jonas Adler"))
    posted(change(agent), form_of(agent, role="full"))

    second.refresh_from_db()
    assert (second.name, role_of(agent)) == ("Jonas Adler", Role.FULL)
    assert mail.outbox == []


def test_owner_who_is_switched_on_again_is_a_new_one(owner, posted):
    second = make_agent(owner.account, role=Role.OWNER)
    services.change_access(agent=second, by=owner, is_active=False)

    posted(f"/admin/accounts/user/{second.pk}/switch-on/")

    assert recipients("one more owner") == sorted([owner.email, second.email])


def test_operator_proves_it_too(client, owner, posted):
    agent = make_agent(owner.account)
    operator = User.objects.create_superuser("op@example.com", PASSWORD, name="Op")
    client.force_login(operator)

    without = posted(change(agent), form_of(agent, role="owner"))
    posted(change(agent), form_of(agent, role="owner", own_password=PASSWORD))

    assert list(errors_of(without)) == ["own_password"]
    assert role_of(agent) == Role.OWNER


def test_guessing_the_password_ends(owner, posted, monkeypatch):
    monkeypatch.setattr("supportdesk.accounts.forms.PROOF_RATE", "2/hour")
    agent = make_agent(owner.account)
    for _ in range(2):
        posted(change(agent), form_of(agent, role="owner", own_password="guess"))

    response = posted(
        change(agent), form_of(agent, role="owner", own_password=PASSWORD)
    )

    assert errors_of(response) == {
        "own_password": ["Too many attempts. Try again in an hour."]
    }
    assert role_of(agent) == Role.AGENT


def test_inviting_an_owner_asks_for_it_too(owner, posted):
    second = make_agent(owner.account, role=Role.OWNER)

    without = posted(INVITE, {**PERSON, "role": "owner"})
    nobody = Invitation.objects.exists()
    posted(INVITE, {**PERSON, "role": "owner", "own_password": PASSWORD})

    assert list(errors_of(without)) == ["own_password"]
    assert not nobody
    assert recipients("to be an owner") == sorted([owner.email, second.email])
    assert recipients("Invitation to") == ["lena@example.com"]


def test_invitation_that_becomes_one_of_an_owner_asks_for_it(owner, posted):
    invitation = services.invite_agent(
        account=owner.account, by=owner, email="lena@example.com"
    )
    path = f"/admin/accounts/invitation/{invitation.pk}/change/"

    without = posted(path, {**PERSON, "role": "owner"})
    posted(path, {**PERSON, "role": "owner", "own_password": PASSWORD})
    posted(path, {**PERSON, "role": "owner", "name": "Lena V."})

    invitation.refresh_from_db()
    assert list(errors_of(without)) == ["own_password"]
    assert (invitation.role, invitation.name) == ("owner", "Lena V.")
    assert recipients("to be an owner") == [owner.email]


def test_owner_who_accepts_is_told_to_all(client, owner, posted):
    invitation = services.invite_agent(
        account=owner.account, by=owner, email="lena@example.com", role="owner"
    )
    path = invitation_link(invitation).removeprefix("http://localhost:8000")
    password = "nine lives of a cat"
    client.logout()

    posted(path, {"name": "Lena", "password1": password, "password2": password})

    assert recipients("one more owner") == sorted([owner.email, "lena@example.com"])


def test_agent_who_accepts_is_told_to_nobody(client, owner, posted):
    invitation = services.invite_agent(
        account=owner.account, by=owner, email="lena@example.com", role="full"
    )
    path = invitation_link(invitation).removeprefix("http://localhost:8000")
    password = "nine lives of a cat"

    posted(path, {"name": "Lena", "password1": password, "password2": password})

    assert User.objects.filter(email="lena@example.com").exists()
    assert mail.outbox == []
