"""Another address to sign in with: by a link that is sent to it, and by nothing else."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from supportdesk.accounts import services
from supportdesk.accounts.addresses import address_link, read_link
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.history import Line
from supportdesk.accounts.models import Role, User
from supportdesk.core.sealing import seal
from tests.factories import PASSWORD, make_account, make_agent, owner_of

pytestmark = pytest.mark.django_db

PAGE = "/profile/address/"
NEW = "lena@example.com"


@pytest.fixture
def agent():
    return make_agent(make_account(), password=PASSWORD)


@pytest.fixture
def posted(client, django_capture_on_commit_callbacks):
    def post(path, form=None, client=client):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(path, form or {})

    return post


@pytest.fixture
def ask(client, agent, posted):
    def run(email=NEW, password=PASSWORD):
        client.force_login(agent)
        return posted(PAGE, {"email": email, "password": password})

    return run


def path_of(agent, email=NEW, now=None):
    link = address_link(agent, email, now or timezone.now())
    return link.removeprefix("http://localhost:8000")


def link_in(message):
    return re.search(r"http://\S+?(/accounts/address/\S+)", message.body)[1]


def to(email):
    return [message for message in mail.outbox if message.to == [email]]


def email_of(agent):
    return User.objects.get(pk=agent.pk).email


def test_address_changes_when_the_link_in_it_is_opened(client, agent, ask, posted):
    old = agent.email
    asked = ask(NEW.upper())
    [link] = to(NEW)
    [notice] = to(old)
    before = email_of(agent)
    # As programs do that look into mails.
    seen = Client().get(link_in(link))
    unchanged = email_of(agent)

    done = posted(link_in(link), client=Client())

    assert asked.url == "/profile/security/"
    assert NEW in notice.body
    assert link_in(link) not in notice.body
    assert seen.status_code == 200
    assert (before, unchanged, email_of(agent)) == (old, old, NEW)
    assert done.url == "/accounts/login/"
    assert [message.subject for message in to(old)] == [
        "Your e-mail address is to be changed",
        "Your e-mail address was changed",
    ]
    assert len(to(NEW)) == 1
    # Whoever is signed in stays so.
    assert client.get("/profile/").status_code == 200
    browser = Client()
    browser.post("/accounts/login/", {"login": NEW, "password": PASSWORD})
    assert "_auth_user_id" in browser.session


def test_history_tells_of_asking_and_of_changing(agent, ask, posted):
    old = agent.email
    ask()
    posted(link_in(to(NEW)[0]), client=Client())

    told = agent.account.history.filter(action__startswith="agent.address")
    assert list(told.order_by("pk").values_list("action", "by_id", "changes")) == [
        ("agent.address_asked", agent.pk, {"email": [old, NEW]}),
        ("agent.address_changed", agent.pk, {"email": [old, NEW]}),
    ]
    lines = [Line.of(entry) for entry in told.order_by("pk")]
    assert [(line.sentence, *map(str, line.changes)) for line in lines] == [
        (
            "Anna Berger asked for another e-mail address of Anna Berger",
            f"E-mail address: {old} → {NEW}",
        ),
        (f"Anna Berger confirmed the e-mail address {NEW}, {old} before",),
    ]


def test_who_is_signed_in_goes_on_to_their_own_page(client, agent, posted):
    client.force_login(agent)

    done = posted(path_of(agent))

    assert done.url == "/profile/security/"
    assert NEW in client.get(done.url).content.decode()


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"password": ""}, "password"),
        ({"password": "guess"}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"email": "no address"}, "email"),
        ({"email": ""}, "email"),
        ({"email": "x" * 250 + "@example.com"}, "email"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(ask, form, field):
    response = ask(**form)

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert mail.outbox == []


def test_the_present_address_is_refused(agent, ask):
    response = ask(agent.email.upper())

    assert response.context["form"].errors["email"] == ["This is the address already."]
    assert mail.outbox == []


def test_guessing_the_password_ends(ask, monkeypatch):
    monkeypatch.setattr("supportdesk.accounts.forms.PROOF_RATE", "2/hour")
    for _ in range(2):
        ask(password="guess")

    response = ask()

    assert response.status_code == 422
    assert "Too many attempts" in response.content.decode()
    assert mail.outbox == []


def test_asking_is_limited(ask, monkeypatch):
    monkeypatch.setattr("supportdesk.accounts.services.mailing._AGENT_RATE", "1/hour")
    first = ask()

    second = ask("other@example.com")

    assert (first.status_code, second.status_code) == (302, 409)
    assert to("other@example.com") == []


def test_whoever_has_the_address_the_answer_is_the_same(client, agent, monkeypatch):
    monkeypatch.setattr(
        "supportdesk.accounts.tasks.send_address_change.delay_on_commit",
        lambda *args: None,
    )
    known = make_agent(make_account("Another"))
    colleague = make_agent(agent.account)
    client.force_login(agent)
    answers, queries = [], []
    for email in (known.email, colleague.email, "nobody@example.com"):
        with CaptureQueriesContext(connection) as found:
            response = client.post(PAGE, {"email": email, "password": PASSWORD})
        answers.append((response.status_code, response.url))
        queries.append(len(found))

    assert set(answers) == {(302, "/profile/security/")}
    # The first one notes the session besides.
    assert queries[1] == queries[2]


def test_who_has_the_address_is_told_and_gets_no_link(agent, ask):
    known = make_agent(make_account("Quitte"), language="de")

    ask(known.email)

    [message] = to(known.email)
    assert "gibt es bereits ein Konto" in message.body
    assert "/accounts/address/" not in message.body
    assert agent.name not in message.body
    assert email_of(known) == known.email


def test_an_address_that_was_taken_meanwhile_is_refused(client, agent, posted):
    path = path_of(agent)
    make_account("Another").agents.update(email=NEW)

    response = posted(path)

    assert response.status_code == 409
    assert "has an account already" in response.content.decode()
    assert email_of(agent) == agent.email


def test_a_link_works_once(client, agent, posted):
    path, other = path_of(agent), path_of(agent, "other@example.com")
    posted(path)

    again = [client.get(path), client.post(path), client.post(other)]

    assert [answer.status_code for answer in again] == [404, 404, 404]
    assert email_of(agent) == NEW


def test_of_two_who_open_it_at_once_the_second_finds_it_used(agent):
    token = path_of(agent).rstrip("/").rpartition("/")[2]
    services.change_address(token=token, now=timezone.now())

    with pytest.raises(AccountError, match="used already"):
        services.change_address(token=token, now=timezone.now())


def test_after_three_days_it_is_worth_nothing(client, agent):
    now = timezone.now()
    token = path_of(agent, now=now).rstrip("/").rpartition("/")[2]
    path = path_of(agent, now=now - timedelta(days=3))

    last = now + timedelta(days=3) - timedelta(seconds=2)
    assert read_link(token, last).email == NEW
    assert read_link(token, now + timedelta(days=3)) is None
    assert client.post(path).status_code == 404


def test_a_new_password_makes_the_link_void(client, agent):
    path = path_of(agent)
    agent.set_password("nine lives of a cat")
    agent.save(update_fields=["password"])

    assert client.post(path).status_code == 404


@pytest.mark.parametrize("why", ["switched off", "suspended"])
def test_who_is_not_let_in_changes_nothing(client, agent, why):
    path = path_of(agent)
    if why == "suspended":
        services.suspend_account(account=agent.account)
    else:
        owner = owner_of(agent.account)
        services.change_access(agent=agent, by=owner, is_active=False)

    assert client.post(path).status_code == 404
    assert email_of(agent) == agent.email


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("x", id="one letter"),
        pytest.param("gAAAAABn", id="cut"),
        pytest.param(seal("no json"), id="no JSON"),
        pytest.param(seal("[]"), id="no object"),
        pytest.param(seal('{"for": "other"}'), id="of something else"),
    ],
)
def test_nonsense_links_are_void(client, token):
    assert client.get(f"/accounts/address/{token}/").status_code == 404


def test_link_hides_the_addresses_and_survives_a_new_key(client, agent, settings):
    path = path_of(agent)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key that came after the link was sent"

    page = client.get(path)

    assert page.status_code == 200
    assert "lena" not in path


def test_opening_is_limited(client, agent, monkeypatch):
    monkeypatch.setattr("supportdesk.accounts.views.address._RATE", "1/minute")
    path = path_of(agent)

    assert [client.get(path).status_code for _ in range(2)] == [200, 429]


def test_page_needs_a_session_and_an_account(client):
    anonymous = client.get(PAGE)
    client.force_login(User.objects.create_superuser("op@example.com", name="Op"))
    operator = client.get(PAGE)

    assert anonymous.url == f"/accounts/login/?next={PAGE}"
    assert operator.status_code == 404


# In the admin


def change(agent):
    return f"/admin/accounts/user/{agent.pk}/change/"


def form_of(agent, **more):
    return {
        "name": agent.name,
        "language": agent.language,
        "role": agent.role,
        "is_active": "on",
        **more,
    }


def test_owner_asks_and_the_agent_confirms(client, agent, posted):
    owner, old = owner_of(agent.account), agent.email
    client.force_login(owner)

    posted(change(agent), form_of(agent, email="eve@example.com", new_email=NEW))
    [message], [notice] = to(NEW), to(old)
    told = client.get("/admin/accounts/user/").content.decode()
    unchanged = email_of(agent)
    posted(link_in(message), client=Client())

    assert (unchanged, email_of(agent)) == (old, NEW)
    assert f"A link was sent to {NEW}; the address changes when it is opened." in told
    assert "Olga Owner asked" in message.body
    assert "Olga Owner asked" in notice.body
    asked = agent.account.history.get(action="agent.address_asked")
    assert (asked.by_id, asked.target_id) == (owner.pk, agent.pk)


def test_ones_own_address_is_not_the_admins_matter(client, agent, posted):
    owner = owner_of(agent.account)
    client.force_login(owner)

    page = client.get(change(owner)).content.decode()
    posted(change(owner), form_of(owner, new_email=NEW, email=NEW))

    assert 'name="new_email"' not in page
    assert email_of(owner) == owner.email
    assert mail.outbox == []


def test_only_colleagues_addresses_are_named_as_taken(client, agent, posted):
    stranger = make_agent(make_account("Another"))
    colleague = make_agent(agent.account)
    client.force_login(owner_of(agent.account))

    refused = posted(change(agent), form_of(agent, new_email=colleague.email.upper()))
    taken = posted(change(agent), form_of(agent, new_email=stranger.email))

    errors = refused.context["adminform"].form.errors
    assert errors == {"new_email": ["This e-mail address is already in use."]}
    assert taken.url == "/admin/accounts/user/"
    assert "has an account already" in to(stranger.email)[0].body


def test_who_is_switched_off_gets_no_link(client, agent, posted):
    client.force_login(owner_of(agent.account))
    form = form_of(agent, new_email=NEW)
    del form["is_active"]

    response = posted(change(agent), form)

    assert list(response.context["adminform"].form.errors) == ["new_email"]
    with pytest.raises(AccountError, match="switched off"):
        services.ask_for_address(
            agent=switched_off(agent), by=owner_of(agent.account), email=NEW
        )
    assert mail.outbox == []


def switched_off(agent):
    owner = owner_of(agent.account)
    return services.change_access(agent=agent, by=owner, is_active=False)


@pytest.mark.parametrize("role", [Role.FULL, Role.AGENT])
def test_only_owners_ask_for_others(client, agent, posted, role):
    client.force_login(make_agent(agent.account, role=role))

    posted(change(agent), form_of(agent, new_email=NEW))

    assert mail.outbox == []
