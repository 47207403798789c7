"""Invitations in the admin: made, sent again, changed, withdrawn."""

import re

import pytest
from django.core import mail
from django.utils import timezone

from supportdesk.accounts import services
from supportdesk.accounts.models import Invitation, Role, User
from tests.factories import make_account, make_agent, make_group, owner_of

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/invitation/"
PERSON = {"name": "Lena Voss", "email": "Lena@example.com", "language": "de"}


@pytest.fixture
def owner(client):
    owner = owner_of(make_account())
    client.force_login(owner)
    return owner


@pytest.fixture
def posted(client, django_capture_on_commit_callbacks):
    def post(path, form=None):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(path, form or {}, follow=True)

    return post


def invite(owner, email="lena@example.com"):
    return services.invite_agent(account=owner.account, by=owner, email=email)


def links():
    found = re.compile(r"/accounts/invitation/\S+")
    return [found.search(message.body)[0] for message in mail.outbox]


def test_inviting_sends_a_link_and_makes_no_agent_yet(client, owner, posted):
    group = make_group(owner.account)

    page = posted(f"{LIST}add/", {**PERSON, "role": "full", "groups": [group.pk]})

    invitation = Invitation.objects.get()
    assert (invitation.account, invitation.invited_by) == (owner.account, owner)
    assert (invitation.email, invitation.role) == ("lena@example.com", "full")
    assert list(invitation.groups.all()) == [group]
    assert not User.objects.filter(email="lena@example.com").exists()
    assert [message.to for message in mail.outbox] == [["lena@example.com"]]
    assert (
        "Einladung" in mail.outbox[0].subject or "Invitation" in mail.outbox[0].subject
    )
    assert b"on its way to lena@example.com" in page.content
    assert client.get(links()[0]).status_code == 200


@pytest.mark.parametrize("taken", ["agent", "invited"])
def test_taken_address_is_named_beside_its_field(client, owner, taken):
    if taken == "agent":
        email = make_agent(owner.account).email
    else:
        email = invite(owner).email

    response = client.post(
        f"{LIST}add/", {**PERSON, "email": email.upper(), "role": "agent"}
    )

    assert list(response.context["adminform"].form.errors) == ["email"]
    assert mail.outbox == []


def test_the_form_does_not_tell_who_is_in_other_accounts(client, owner, posted):
    stranger = make_agent(make_account("Another"))

    answers = [
        posted(f"{LIST}add/", {**PERSON, "email": email, "role": "agent"})
        for email in (stranger.email, "nobody@example.com")
    ]

    pages = {
        answer.content.decode()
        .replace(stranger.email, "x@example.com")
        .replace("nobody@example.com", "x@example.com")
        .count("on its way to x@example.com")
        for answer in answers
    }
    states = [(row.state, row.sent_at is None) for row in Invitation.objects.all()]
    assert [answer.redirect_chain[-1][0] for answer in answers] == [LIST, LIST]
    assert pages == {1}
    assert states == [("pending", False), ("pending", False)]


def test_sending_again_makes_the_former_link_void(client, owner, posted):
    invitation = invite(owner)
    for _ in range(2):
        posted(f"{LIST}{invitation.pk}/resend/")

    former, newest = links()

    assert client.get(former).status_code == 410
    assert client.get(newest).status_code == 200


def test_list_says_which_could_not_be_sent(client, owner):
    failed, gone = invite(owner, "failed@example.com"), invite(owner)
    for invitation in (failed, gone):
        services.note_unsent(invitation=invitation, now=timezone.now())
    services.revoke_invitation(invitation=gone)

    page = client.get(LIST).content.decode()

    assert page.count("Could not be sent") == 1


def test_withdrawing_one_and_several(client, owner, posted):
    one, two, three = (invite(owner, f"{n}@example.com") for n in range(3))

    posted(f"{LIST}{one.pk}/revoke/")
    posted(LIST, {"action": "withdraw", "_selected_action": [two.pk, one.pk]})

    assert {row.email: str(row.state) for row in Invitation.objects.all()} == {
        one.email: "revoked",
        two.email: "revoked",
        three.email: "pending",
    }


def test_what_is_over_is_only_looked_at(client, owner):
    invitation = invite(owner)
    services.revoke_invitation(invitation=invitation)

    page = client.get(f"{LIST}{invitation.pk}/change/")
    client.post(f"{LIST}{invitation.pk}/change/", {**PERSON, "role": "owner"})

    invitation.refresh_from_db()
    assert b'name="_save"' not in page.content
    assert invitation.role == "agent"


def test_role_changes_but_never_the_address(client, owner):
    invitation = invite(owner)

    client.post(
        f"{LIST}{invitation.pk}/change/",
        {**PERSON, "email": "eve@example.com", "role": "full"},
    )

    invitation.refresh_from_db()
    assert (invitation.email, invitation.role) == ("lena@example.com", "full")


@pytest.mark.parametrize("action", ["resend", "revoke"])
@pytest.mark.parametrize("role", [Role.FULL, Role.AGENT])
def test_buttons_are_the_owners(client, owner, posted, role, action):
    invitation = invite(owner)
    client.force_login(make_agent(owner.account, role=role))

    answer = posted(f"{LIST}{invitation.pk}/{action}/")

    invitation.refresh_from_db()
    assert answer.status_code == 404
    assert (invitation.state, mail.outbox) == ("pending", [])


@pytest.mark.parametrize("action", ["resend", "revoke"])
def test_buttons_post(client, owner, action):
    invitation = invite(owner)

    assert client.get(f"{LIST}{invitation.pk}/{action}/").status_code == 404
    invitation.refresh_from_db()
    assert invitation.state == "pending"


def test_filter_by_state(client, owner):
    invite(owner, "open@example.com")
    services.revoke_invitation(invitation=invite(owner, "gone@example.com"))

    def emails(state):
        page = client.get(f"{LIST}?state={state}")
        return [row.email for row in page.context["cl"].result_list]

    assert emails("pending") == ["open@example.com"]
    assert emails("revoked") == ["gone@example.com"]
    assert emails("accepted") == emails("expired") == []
    assert len(emails("nonsense")) == 2
