"""Invitations from the mail to the agent: once, in time, and only while they count."""

import re
import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import override_settings
from django.utils import timezone

from supportdesk.accounts import services, tasks
from supportdesk.accounts.exceptions import AccountError, InvitationOver
from supportdesk.accounts.invitations import invitation_link
from supportdesk.accounts.models import Invitation, Role, User
from tests.factories import make_account, make_agent, make_group, owner_of

pytestmark = pytest.mark.django_db

PASSWORD = "nine lives of a cat"
FORM = {"name": "Lena Voss", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture
def account():
    return make_account()


def invite(account, email="lena@example.com", **fields):
    return services.invite_agent(
        account=account, by=owner_of(account), email=email, **fields
    )


def path_of(invitation):
    return invitation_link(invitation).removeprefix("http://localhost:8000")


def key_of(invitation):
    return invitation_link(invitation).rstrip("/").rpartition("/")[2]


def expire(invitation, ago=timedelta(seconds=1)):
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now() - ago)


def test_the_mails_link_makes_an_agent(client, account):
    group = make_group(account)
    invitation = invite(account, "Lena@Example.com", role="full", groups=[group])

    tasks.send_invitation(invitation.pk)
    [message] = mail.outbox
    path = re.search(r"http://\S+?(/accounts/invitation/\S+)", message.body)[1]
    page = client.get(path)
    answer = client.post(path, FORM)

    agent = User.objects.get(email="lena@example.com")
    invitation.refresh_from_db()
    assert message.to == ["lena@example.com"]
    assert "Olga Owner" in message.body
    assert page.status_code == 200
    assert page["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert answer.url == "/accounts/login/"
    assert (agent.account, agent.role, agent.name) == (account, "full", "Lena Voss")
    assert list(agent.groups.all()) == [group]
    assert agent.check_password(PASSWORD)
    assert (invitation.state, invitation.agent) == ("accepted", agent)
    assert invitation.sent_at is not None


def test_history_names_the_new_agent_whoever_is_signed_in_there(client, account):
    client.force_login(owner_of(make_account("Another")))

    client.post(path_of(invite(account)), FORM)

    agent = User.objects.get(email="lena@example.com")
    told = account.history.filter(at__gte=agent.date_joined)
    assert set(told.values_list("action", "by_id")) == {
        ("agent.created", agent.pk),
        ("invitation.accepted", agent.pk),
    }


def test_what_is_posted_besides_changes_nothing(client, account):
    other = make_account("Another")
    invitation = invite(account)

    client.post(
        path_of(invitation),
        {
            **FORM,
            "email": "eve@example.com",
            "role": "owner",
            "account": other.pk,
            "is_superuser": "on",
        },
    )

    agent = User.objects.get(name="Lena Voss")
    assert (agent.email, agent.role) == ("lena@example.com", "agent")
    assert (agent.account, agent.is_superuser) == (account, False)


def test_a_link_works_once(client, account):
    invitation = invite(account)
    client.post(path_of(invitation), FORM)

    again = [client.get(path_of(invitation)), client.post(path_of(invitation), FORM)]

    assert [answer.status_code for answer in again] == [410, 410]
    assert b"accepted already" in again[0].content
    assert User.objects.filter(email="lena@example.com").count() == 1


def test_of_two_who_accept_at_once_the_second_finds_it_taken(account):
    invitation = invite(account)
    both = {"key": key_of(invitation), "name": "Lena", "password": PASSWORD}

    services.accept_invitation(invitation=invitation, **both)
    with pytest.raises(InvitationOver):
        services.accept_invitation(invitation=invitation, **both)


def test_after_seven_days_it_is_over(client, account):
    now = timezone.now()
    invitation = invite(account, now=now)
    link = {"public_id": invitation.public_id, "key": key_of(invitation)}

    last = now + timedelta(days=7) - timedelta(seconds=1)
    assert services.find_invitation(**link, now=last) == invitation
    with pytest.raises(InvitationOver, match="expired"):
        services.find_invitation(**link, now=now + timedelta(days=7))

    expire(invitation)
    assert client.post(path_of(invitation), FORM).status_code == 410
    assert not User.objects.filter(email="lena@example.com").exists()


def test_a_renewed_one_has_another_link(client, account):
    invitation = invite(account)
    former = path_of(invitation)
    expire(invitation)

    renewed = services.renew_invitation(invitation=invitation)

    assert client.get(former).status_code == 410
    assert client.get(path_of(renewed)).status_code == 200
    assert renewed.state == "pending"


def test_a_withdrawn_one_opens_nothing_and_sends_no_mail(client, account):
    invitation = services.revoke_invitation(invitation=invite(account))

    answer = client.post(path_of(invitation), FORM)
    tasks.send_invitation(invitation.pk)

    assert answer.status_code == 410
    assert b"withdrawn" in answer.content
    assert mail.outbox == []
    for call in (services.renew_invitation, services.revoke_invitation):
        with pytest.raises(AccountError, match="withdrawn"):
            call(invitation=invitation)


def test_changed_role_and_groups_count_for_the_link_that_was_sent(client, account):
    invitation = invite(account, role="owner")
    path, group = path_of(invitation), make_group(account)

    services.change_invitation(
        invitation=invitation,
        by=owner_of(account),
        name="",
        role="agent",
        groups=[group],
        language="de",
    )
    client.post(path, FORM)

    agent = User.objects.get(email="lena@example.com")
    assert (agent.role, agent.language) == ("agent", "de")
    assert list(agent.groups.all()) == [group]


@pytest.mark.parametrize(
    "change", [{"role": Role.FULL}, {"is_active": False}], ids=["role", "switch"]
)
def test_who_is_no_owner_any_more_brings_nobody_in(client, account, change):
    second = make_agent(account, role=Role.OWNER)
    invitation = services.invite_agent(
        account=account, by=second, email="eve@example.com", role="owner"
    )

    services.change_access(agent=second, by=owner_of_first(account), **change)

    assert client.post(path_of(invitation), FORM).status_code == 410
    assert not User.objects.filter(email="eve@example.com").exists()


def owner_of_first(account):
    return User.objects.filter(account=account, role=Role.OWNER).earliest("pk")


def test_changing_anything_else_of_an_owner_withdraws_nothing(account):
    second = make_agent(account, role=Role.OWNER)
    invitation = services.invite_agent(
        account=account, by=second, email="lena@example.com"
    )

    services.change_access(
        agent=second, by=owner_of_first(account), groups=[make_group(account)]
    )

    invitation.refresh_from_db()
    assert invitation.state == "pending"


def test_an_address_is_invited_once_and_never_one_of_the_account(account):
    taken = make_agent(account)
    first = invite(account)

    with pytest.raises(AccountError, match="invited already"):
        invite(account, "LENA@example.com")
    with pytest.raises(AccountError, match="already in use"):
        invite(account, taken.email.upper())

    services.revoke_invitation(invitation=first)
    invite(account)
    assert Invitation.objects.unanswered().count() == 1


def test_two_accounts_invite_the_same_person_and_the_first_gets_them(client, account):
    here, there = invite(account), invite(make_account("Another"))

    client.post(path_of(there), FORM)
    late = client.post(path_of(here), FORM)

    assert late.status_code == 409
    assert b"has an account already, and cannot be in two" in late.content
    assert User.objects.get(email="lena@example.com").account == there.account


@pytest.mark.parametrize("language", ["en", "de"])
def test_who_has_an_account_elsewhere_is_told_so_and_only_they_are(
    client, account, language
):
    known = make_agent(make_account("Quitte"), "Foreign Name")
    invitation = invite(account, known.email.upper(), language=language)

    tasks.send_invitation(invitation.pk)
    accepted = client.post(path_of(invitation), FORM)

    invitation.refresh_from_db()
    [message] = mail.outbox
    known.refresh_from_db()
    words = {"en": "has an account already", "de": "gibt es bereits ein Konto"}
    assert message.to == [known.email]
    assert words[language] in message.body
    assert "/accounts/invitation/" not in message.body
    assert "Quitte" not in message.body
    # What the owner sees is the same as for everybody.
    assert (invitation.state, invitation.sent_at is None) == ("pending", False)
    assert accepted.status_code == 409
    assert (known.account.name, known.name) == ("Quitte", "Foreign Name")


def test_groups_of_another_account_are_refused(account):
    foreign = make_group(make_account("Another"))

    with pytest.raises(ValueError, match="another account"):
        invite(account, groups=[foreign])


@pytest.mark.parametrize(
    "forge",
    [
        lambda path: path[:-2] + ("0/" if path[-2] != "0" else "1/"),
        lambda path: re.sub(r"/[0-9a-f]{64}/$", "/x/", path),
        lambda path: re.sub(
            r"/[0-9a-f-]{36}/", f"/{'0' * 8}-{'0' * 4}-4000-8000-{'0' * 12}/", path
        ),
    ],
    ids=["key", "short", "nobody"],
)
def test_a_forged_link_says_no_more_than_an_old_one(client, account, forge):
    path = path_of(invite(account))

    answer = client.get(forge(path))

    assert answer.status_code == 410
    assert b"not valid, or a newer one" in answer.content
    assert b"lena@example.com" not in answer.content


def test_a_key_is_worth_one_invitation(client, account):
    one, other = invite(account), invite(account, "second@example.com")

    mixed = path_of(one).replace(key_of(one), key_of(other))

    assert client.get(mixed).status_code == 410


def test_links_survive_a_new_secret_key(client, account):
    path = path_of(invite(account))

    with override_settings(SECRET_KEY="n" * 50, SECRET_KEY_FALLBACKS=[]):
        assert client.get(path).status_code == 410
    from django.conf import settings

    with override_settings(
        SECRET_KEY="n" * 50, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]
    ):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password2": "another one entirely"}, "password2"),
        ({"password1": "12345678", "password2": "12345678"}, "password1"),
        (
            {"password1": "lena@example.com", "password2": "lena@example.com"},
            "password1",
        ),
        ({"password1": "x" * 257, "password2": "x" * 257}, "password1"),
        ({"name": " \u202e "}, "name"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(client, account, change, field):
    invitation = invite(account)

    answer = client.post(path_of(invitation), {**FORM, **change})

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    invitation.refresh_from_db()
    assert invitation.state == "pending"


def test_card_numbers_in_names_are_hidden(client, account):
    invitation = invite(account, name="Lena 4111 1111 1111 1111")

    client.post(path_of(invitation), {**FORM, "name": "Lena 4111111111111111"})

    assert "4111111111" not in invitation.name.replace(" ", "")
    assert "4111111111" not in User.objects.get(email="lena@example.com").name


def test_mails_are_limited(account, monkeypatch):
    from supportdesk.accounts.services import mailing

    monkeypatch.setattr(mailing, "_ACCOUNT_RATE", "2/hour")
    first = invite(account)
    services.renew_invitation(invitation=first)

    with pytest.raises(AccountError, match="Too many"):
        invite(account, "next@example.com")
    with pytest.raises(AccountError, match="Too many"):
        services.renew_invitation(invitation=first)


def test_open_invitations_are_limited(account, monkeypatch):
    from supportdesk.accounts.services import invitations

    monkeypatch.setattr(invitations, "MAX_OPEN", 1)
    invite(account)

    with pytest.raises(AccountError, match="open invitations"):
        invite(account, "next@example.com")


def test_names_in_the_mail_cannot_carry_markup_or_headers():
    account = make_account("Acme\nBcc: x@example.com")
    User.objects.filter(account=account).update(name="<b>Eve</b>")

    tasks.send_invitation(invite(account, name="<i>Lena</i>").pk)

    [message] = mail.outbox
    [(html, _kind)] = message.alternatives
    assert "\n" not in message.subject
    assert "&lt;b&gt;Eve" in html
    assert "&lt;i&gt;Lena" in html
    assert "<b>Eve</b>" in message.body


def test_mail_that_cannot_be_sent_is_noted_until_one_leaves(account, monkeypatch):
    invitation = invite(account)
    send = EmailMultiAlternatives.send

    def refuse(self):
        raise smtplib.SMTPRecipientsRefused({})

    monkeypatch.setattr(EmailMultiAlternatives, "send", refuse)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        tasks.send_invitation.run(invitation.pk)
    invitation.refresh_from_db()
    noted = (invitation.is_unsent, invitation.sent_at)
    monkeypatch.setattr(EmailMultiAlternatives, "send", send)
    tasks.send_invitation(invitation.pk)
    invitation.refresh_from_db()

    assert noted == (True, None)
    assert (invitation.is_unsent, invitation.sent_at is None) == (False, False)


def test_sending_again_forgets_that_the_last_one_did_not_leave(account):
    invitation = invite(account)
    services.note_unsent(invitation=invitation, now=timezone.now())

    assert not services.renew_invitation(invitation=invitation).is_unsent


def test_page_speaks_the_language_of_the_invitation(client, account):
    path = path_of(invite(account, language="de"))

    assert 'lang="de"' in client.get(path).content.decode()
