"""What agents are told when somebody else may have changed how they sign in."""

import re

import pytest
from django.core import mail
from django.utils import timezone

from supportdesk.accounts import mails, services, tokens
from supportdesk.accounts.models import User
from tests.accounts.second_factors import add_app
from tests.factories import PASSWORD, make_account, make_agent, owner_of

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/user/"
NEW = "nine lives of a cat"


@pytest.fixture
def agent():
    agent = make_agent(make_account(), password=PASSWORD)
    User.objects.filter(pk=agent.pk).update(last_login=timezone.now())
    agent.refresh_from_db()
    return agent


@pytest.fixture
def posted(client, django_capture_on_commit_callbacks):
    def post(path, form=None):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(path, form or {}, follow=True)

    return post


def told():
    return [(message.to, message.subject) for message in mail.outbox]


def test_password_that_is_changed(client, agent, posted):
    client.force_login(agent)

    posted(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW},
    )

    assert told() == [([agent.email], "Your password was changed")]
    assert "/accounts/password/reset/" in mail.outbox[0].body
    assert NEW not in mail.outbox[0].body


def test_password_that_is_chosen_by_a_link(client, agent, posted):
    link = mails.password_link(agent).partition("//")[2]
    page = client.get(link[link.index("/") :]).url

    posted(page, {"password1": NEW, "password2": NEW})

    assert told() == [([agent.email], "Your password was changed")]


def test_factors_that_an_owner_takes_away(client, agent, posted):
    add_app(agent)
    client.force_login(owner_of(agent.account))

    for _ in range(2):
        posted(LIST, {"action": "reset_second_factor", "_selected_action": [agent.pk]})

    assert told() == [
        ([agent.email], "Two-factor sign-in: your factors were taken away")
    ]
    assert "Olga Owner took your second factors away" in mail.outbox[0].body


# The link to choose a password


def test_who_has_been_here_is_not_welcomed_again(client, agent, posted):
    client.force_login(owner_of(agent.account))
    newcomer = make_agent(agent.account, "Jonas Adler")

    for person in (agent, newcomer):
        posted(f"{LIST}{person.pk}/password-link/")

    link, welcome = mail.outbox
    assert link.subject == "Choose a new password"
    assert "Olga Owner sent you a link" in link.body
    assert "If you did not expect it, ask Olga Owner." in link.body
    assert "you now answer customers" not in link.body
    path = re.search(r"http://[^/\s]+(/\S+/key/\S+)", link.body)[1]
    assert client.get(path).status_code == 302
    assert "you now answer customers" in welcome.body


@pytest.mark.parametrize(
    ("rate", "sent"), [("_AGENT_RATE", [2, 1]), ("_ACCOUNT_RATE", [2, 0])]
)
def test_links_are_limited(client, agent, posted, monkeypatch, rate, sent):
    """For one agent, whoever else gets some; and for the account together."""
    monkeypatch.setattr(f"supportdesk.accounts.services.mailing.{rate}", "2/hour")
    colleague = make_agent(agent.account)
    client.force_login(owner_of(agent.account))
    pages = [posted(f"{LIST}{agent.pk}/password-link/") for _ in range(3)]
    mine = len(mail.outbox)

    posted(
        LIST,
        {
            "action": "send_password_link",
            "_selected_action": [agent.pk, colleague.pk],
        },
    )

    assert [mine, len(mail.outbox) - mine] == sent
    assert "Too many mails" in pages[2].content.decode()
    history = agent.account.history.filter(action="agent.link_sent")
    assert history.count() == len(mail.outbox)


def test_links_and_invitations_are_limited_together(client, agent, posted, monkeypatch):
    monkeypatch.setattr("supportdesk.accounts.services.mailing._ACCOUNT_RATE", "1/hour")
    owner = owner_of(agent.account)
    client.force_login(owner)
    services.invite_agent(account=owner.account, by=owner, email="lena@example.com")

    page = posted(f"{LIST}{agent.pk}/password-link/")

    assert "Too many mails" in page.content.decode()
    assert mail.outbox == []


# API tokens outlive what their maker may do


def form_of(agent, **more):
    return {
        "name": agent.name,
        "email": agent.email,
        "language": agent.language,
        "role": agent.role,
        "is_active": "on",
        **more,
    }


def notices(page):
    content = page.content.decode()
    link = '<a class="link" href="/admin/accounts/apitoken/">To the API tokens</a>'
    return (
        content.count(link)
        if "go on working: &lt;b&gt;Shop&lt;/b&gt;." in content
        else 0
    )


@pytest.fixture
def maker():
    maker = make_agent(make_account(), role="full")
    tokens.create_api_token(account=maker.account, agent=maker, name="<b>Shop</b>")
    return maker


def test_who_loses_full_access_by_the_form(client, maker, posted):
    client.force_login(owner_of(maker.account))
    path = f"{LIST}{maker.pk}/change/"

    kept = posted(path, form_of(maker, name="Lena"))
    lost = posted(path, form_of(maker, role="agent"))

    assert (notices(kept), notices(lost)) == (0, 1)


def test_who_is_switched_off_by_the_form(client, maker, posted):
    client.force_login(owner_of(maker.account))
    form = form_of(maker)
    del form["is_active"]

    assert notices(posted(f"{LIST}{maker.pk}/change/", form)) == 1


def test_who_is_switched_off_with_others(client, maker, posted):
    client.force_login(owner_of(maker.account))
    other = make_agent(maker.account)

    page = posted(
        LIST, {"action": "deactivate", "_selected_action": [maker.pk, other.pk]}
    )

    assert notices(page) == 1


def test_revoked_tokens_are_not_named(client, maker, posted):
    tokens.revoke_api_token(token=maker.account.api_tokens.get())
    client.force_login(owner_of(maker.account))

    page = posted(f"{LIST}{maker.pk}/change/", form_of(maker, role="agent"))

    assert notices(page) == 0
