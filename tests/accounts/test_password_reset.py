import re

import pytest
from django.core import mail
from django.test import Client

from supportdesk.accounts import services
from tests.factories import PASSWORD, make_account, make_agent, owner_of

pytestmark = pytest.mark.django_db

RESET = "/accounts/password/reset/"
NEW = "nine lives of a cat"


@pytest.fixture
def agent():
    return make_agent(make_account(), password=PASSWORD)


def ask(client, email, **more):
    return client.post(RESET, {"email": email}, **more)


def link_in(message):
    return re.search(r"http\S+/key/\S+", message.body)[0]


def open_link(client, link):
    """The page behind the link: its address no longer holds the key."""
    response = client.get(re.sub(r"^https?://[^/]+", "", link))
    return response.url


def test_link_sets_a_password_once_and_ends_all_sessions(client, agent):
    elsewhere = Client()
    elsewhere.force_login(agent)
    ask(client, agent.email.upper())
    [message] = mail.outbox
    page = open_link(client, link_in(message))
    form = client.get(page)

    done = client.post(page, {"password1": NEW, "password2": NEW})

    assert form.status_code == 200
    assert done.url == "/accounts/password/reset/key/done/"
    assert client.get(done.url).status_code == 200
    agent.refresh_from_db()
    assert agent.check_password(NEW)
    assert elsewhere.get("/profile/").url == "/accounts/login/?next=/profile/"
    again = Client().get(re.sub(r"^https?://[^/]+", "", link_in(message)))
    assert b"This link is no longer valid" in again.content


def test_mail_has_text_and_html_and_a_link_to_the_configured_address(
    client, agent, settings
):
    settings.SITE_URL = "https://desk.example.com"
    settings.ALLOWED_HOSTS = ["*"]

    ask(client, agent.email, headers={"host": "evil.example"})

    [message] = mail.outbox
    [(html, kind)] = message.alternatives
    assert message.to == [agent.email]
    assert kind == "text/html"
    assert link_in(message).startswith(
        "https://desk.example.com/accounts/password/reset/key/"
    )
    assert link_in(message) in html
    assert "evil.example" not in message.message().as_string()


def test_unknown_and_inactive_addresses_get_the_same_answer_and_no_mail(client, agent):
    services.change_access(agent=agent, by=owner_of(agent.account), is_active=False)
    known = make_agent(agent.account)
    answers = {
        (response.status_code, response.url, response.content)
        for response in (
            ask(client, known.email),
            ask(client, agent.email),
            ask(client, "nobody@example.com"),
        )
    }

    assert len(answers) == 1
    assert [message.to for message in mail.outbox] == [[known.email]]
    assert client.get(RESET + "done/").status_code == 200


def test_view_does_the_same_work_for_every_address(
    client, agent, monkeypatch, django_assert_num_queries
):
    queued = []
    monkeypatch.setattr(
        "supportdesk.accounts.tasks.send_password_reset.delay", queued.append
    )
    with django_assert_num_queries(0):
        ask(client, agent.email)
        ask(client, "nobody@example.com")

    assert queued == [agent.email, "nobody@example.com"]


def test_agent_without_a_password_can_ask_for_one(client):
    invited = make_agent(make_account(), password=None)
    ask(client, invited.email)
    page = open_link(client, link_in(mail.outbox[0]))

    client.post(page, {"password1": NEW, "password2": NEW})

    invited.refresh_from_db()
    assert invited.check_password(NEW)


def test_link_for_a_former_address_is_worth_nothing(client, agent):
    ask(client, agent.email)
    agent.email = "new@example.com"
    agent.save(update_fields=["email"])

    response = client.get(re.sub(r"^https?://[^/]+", "", link_in(mail.outbox[0])))

    assert b"This link is no longer valid" in response.content


def test_password_that_could_not_be_typed_to_sign_in_is_refused(client, agent):
    ask(client, agent.email)
    page = open_link(client, link_in(mail.outbox[0]))
    longest = "nine lives of a cat".ljust(256, "!")

    long = client.post(page, {"password1": longest + "!", "password2": longest + "!"})
    client.post(page, {"password1": longest, "password2": longest})
    client.post("/accounts/login/", {"login": agent.email, "password": longest})

    assert long.status_code == 422
    assert list(long.context["form"].errors) == ["password1", "password2"]
    assert client.session["_auth_user_id"] == str(agent.pk)


def test_weak_or_differing_passwords_are_refused(client, agent):
    ask(client, agent.email)
    page = open_link(client, link_in(mail.outbox[0]))

    weak = client.post(page, {"password1": "12345678", "password2": "12345678"})
    different = client.post(page, {"password1": NEW, "password2": NEW + "s"})

    assert [weak.status_code, different.status_code] == [422, 422]
    agent.refresh_from_db()
    assert agent.check_password(PASSWORD)


@pytest.mark.parametrize("key", ["x-y", "1-set-password", "zzzzzzzzzzzzzz-abc-def"])
def test_nonsense_links_are_said_to_be_invalid(client, agent, key):
    response = client.get(f"/accounts/password/reset/key/{key}/")

    assert b"This link is no longer valid" in response.content


def test_mail_is_in_the_agents_language(client):
    german = make_agent(make_account(), language="de")

    ask(client, german.email, headers={"accept-language": "en"})

    assert 'lang="de"' in mail.outbox[0].alternatives[0].content


def test_names_in_mails_cannot_carry_markup_or_headers(client):
    agent = make_agent(make_account("Acme\nBcc: x@example.com"), name="<b>Eve</b> X")
    from supportdesk.accounts import mails

    mails.send_welcome(agent)

    [message] = mail.outbox
    assert "\n" not in message.subject
    assert message.recipients() == [agent.email]
    assert "&lt;b&gt;Eve" in message.alternatives[0].content
    assert "<b>Eve" in message.body


@pytest.mark.parametrize("email", ["", "no address", "a@b\nc", "x" * 300 + "@a.de"])
def test_what_is_no_address_is_refused(client, email):
    response = ask(client, email)

    assert response.status_code == 422
    assert mail.outbox == []


def test_sixth_request_for_one_address_gets_the_429_page(client, agent):
    statuses = [ask(client, agent.email).status_code for _ in range(6)]

    assert statuses == [302] * 5 + [429]
    assert len(mail.outbox) == 5


def test_reset_clears_failed_attempts(client, agent):
    for _ in range(5):
        client.post("/accounts/login/", {"login": agent.email, "password": "wrong"})
    ask(client, agent.email)
    page = open_link(client, link_in(mail.outbox[0]))
    client.post(page, {"password1": NEW, "password2": NEW})

    response = client.post("/accounts/login/", {"login": agent.email, "password": NEW})

    assert (response.status_code, response.url) == (302, "/")
