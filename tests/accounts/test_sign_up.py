import re
from datetime import timedelta

import pytest
from django.core import mail, signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from supportdesk.accounts import services, tasks
from supportdesk.accounts.models import Account, SignUp, User
from tests.factories import PASSWORD, make_account, make_agent, owner_of

pytestmark = pytest.mark.django_db

FORM = {
    "company": "Deich & Düne",
    "name": "Frauke Petersen",
    "email": "frauke@duene.example",
    "password": PASSWORD,
    "language": "de",
    "time_zone": "Europe/Vienna",
}


@pytest.fixture(autouse=True)
def is_open(settings):
    settings.SIGNUP_OPEN = True


@pytest.fixture
def sign_up(client, django_capture_on_commit_callbacks):
    def send(browser=client, **more):
        with django_capture_on_commit_callbacks(execute=True):
            return browser.post("/signup/", {**FORM, **more})

    return send


def link_in(message):
    return re.sub(
        r"^https?://[^/]+", "", re.search(r"http\S+/confirm/\S+", message.body)[0]
    )


def test_account_is_opened_by_the_link_and_only_by_its_button(client, sign_up):
    sent = sign_up()
    told = client.get(sent.url)
    [message] = mail.outbox
    link = link_in(message)

    page = client.get(link)
    accounts = Account.objects.count()
    done = client.post(link)

    assert sent.url == "/signup/sent/"
    assert told.status_code == 200
    assert (page.status_code, accounts) == (200, 0)
    owner = User.objects.get(email=FORM["email"])
    assert done.url == "/start/"
    assert client.session["_auth_user_id"] == str(owner.pk)
    assert (owner.role, owner.name, owner.language) == ("owner", FORM["name"], "de")
    assert owner.check_password(PASSWORD)
    assert (owner.account.name, owner.account.time_zone) == (
        "Deich & Düne",
        "Europe/Vienna",
    )
    assert SignUp.objects.count() == 0
    assert client.get("/start/").status_code == 200
    told = owner.account.history.exclude(topic="sign_in")
    assert set(told.values_list("action", "by_id")) == {
        ("account.created", owner.pk),
        ("agent.created", owner.pk),
    }


def test_nothing_is_made_before_the_link(client, sign_up):
    sign_up()

    assert (Account.objects.count(), User.objects.count()) == (0, 0)
    login = client.post(
        "/accounts/login/", {"login": FORM["email"], "password": PASSWORD}
    )
    assert login.status_code == 422


def test_password_is_kept_as_a_hash_only(sign_up):
    sign_up()

    kept = SignUp.objects.values().get()
    assert PASSWORD not in str(kept)
    assert PASSWORD not in mail.outbox[0].message().as_string()


def test_elsewhere_the_link_asks_for_the_password_chosen(sign_up):
    """Else one could sign up with an address of others, who would follow the link."""
    sign_up()
    link = link_in(mail.outbox[0])
    elsewhere = Client()

    without = elsewhere.post(link)
    wrong = elsewhere.post(link, {"password": "not this one"})
    opened = Account.objects.count()
    right = elsewhere.post(link, {"password": PASSWORD})

    assert [without.status_code, wrong.status_code, opened] == [422, 422, 0]
    assert right.url == "/start/"


def test_guessing_that_password_is_limited(sign_up):
    sign_up()
    link = link_in(mail.outbox[0])

    statuses = [
        Client().post(link, {"password": f"guess {number}"}).status_code
        for number in range(6)
    ]

    assert statuses == [422] * 5 + [429]


def test_known_address_gets_the_same_answer_and_another_mail(sign_up):
    known = make_agent(make_account(), password=PASSWORD)
    before = Account.objects.count()

    answers = [sign_up(Client(), email=known.email), sign_up(Client())]

    assert len({(one.status_code, one.url, one.content) for one in answers}) == 1
    to_known, to_new = mail.outbox
    assert to_known.to == [known.email]
    assert "has one already" in to_known.body
    assert "/confirm/" not in to_known.body
    assert "/confirm/" in to_new.body
    assert Account.objects.count() == before


def test_inactive_agent_gets_no_mail(sign_up):
    agent = make_agent(make_account())
    services.change_access(agent=agent, by=owner_of(agent.account), is_active=False)

    response = sign_up(email=agent.email)

    assert response.url == "/signup/sent/"
    assert mail.outbox == []


def test_view_does_the_same_work_for_every_address(
    monkeypatch,
):
    known = make_agent(make_account())
    queued, hashed = [], []
    monkeypatch.setattr(
        "supportdesk.accounts.tasks.send_sign_up.delay_on_commit", queued.append
    )
    make_password = services.sign_ups.make_password
    monkeypatch.setattr(
        services.sign_ups,
        "make_password",
        lambda password: hashed.append(1) or make_password(password),
    )
    counts = []
    for email in (known.email, "nobody@example.com"):
        with CaptureQueriesContext(connection) as queries:
            Client().post("/signup/", {**FORM, "email": email})
        counts.append([re.sub(r"'[^']*'", "?", one["sql"]) for one in queries])

    assert len(queued) == len(hashed) == 2
    assert len(counts[0]) == len(counts[1])
    assert not any('FROM "accounts_user"' in sql for sql in counts[0])


def test_link_works_once(client, sign_up):
    sign_up()
    link = link_in(mail.outbox[0])
    client.post(link)
    client.logout()

    again = client.post(link)

    assert again.status_code == 404
    assert Account.objects.count() == 1


def test_second_sign_up_of_an_address_is_void_once_the_first_is_confirmed(sign_up):
    first, second = Client(), Client()
    sign_up(first)
    sign_up(second, company="Another")
    links = [link_in(message) for message in mail.outbox]

    first.post(links[0])
    late = second.post(links[1])

    assert late.status_code == 404
    assert Account.objects.get().name == "Deich & Düne"


def test_address_that_became_an_agent_meanwhile_opens_nothing(client, sign_up):
    account = make_account()
    sign_up()
    services.create_agent(account=account, email=FORM["email"], name="Frauke")

    response = client.post(link_in(mail.outbox[0]))

    assert response.status_code == 409
    assert Account.objects.count() == 1
    assert "_auth_user_id" not in client.session


def test_link_is_too_old_after_two_days(client, sign_up):
    sign_up()
    SignUp.objects.update(created_at=timezone.now() - timedelta(days=2, seconds=1))

    assert client.get(link_in(mail.outbox[0])).status_code == 404
    assert client.post(link_in(mail.outbox[0])).status_code == 404
    tasks.delete_ended()
    assert SignUp.objects.count() == 0


@pytest.mark.parametrize("token", ["x", "x:y:z", "IjEi:1abc:def", "%00", "a" * 3000])
def test_nonsense_links_are_void(client, token):
    assert client.get(f"/signup/confirm/{token}/").status_code == 404


def test_token_of_another_purpose_is_void(client):
    token = signing.dumps("11111111-1111-1111-1111-111111111111")

    assert client.get(f"/signup/confirm/{token}/").status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("company", ""),
        ("company", " \u202e \x00 "),
        ("company", "x" * 121),
        ("name", ""),
        ("email", "no address"),
        ("email", "a@b\nc"),
        ("password", "12345678"),
        ("password", "frauke@duene.example"),
        ("password", "x" * 300),
        ("language", "fr"),
        ("time_zone", "Mars/Olympus"),
    ],
)
def test_refused_form_says_where_and_keeps_nothing(sign_up, field, value):
    response = sign_up(**{field: value})

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert SignUp.objects.count() == 0
    assert mail.outbox == []


def test_card_numbers_and_markup_are_harmless(client, sign_up):
    sign_up(company="<b>4111 1111 1111 1111</b>", name="Eve\r\nBcc: x@example.com")

    [message] = mail.outbox
    client.post(link_in(message))

    account = Account.objects.get()
    assert account.name == "<b>[card ····1111]</b>"
    assert message.recipients() == [FORM["email"]]
    assert "&lt;b&gt;" in message.alternatives[0].content
    assert "\n" not in message.subject


def test_link_leads_to_the_configured_address(sign_up, client, settings):
    settings.SITE_URL = "https://desk.example.com"
    settings.ALLOWED_HOSTS = ["*"]

    sign_up(HTTP_HOST="evil.example")

    assert "https://desk.example.com/signup/confirm/" in mail.outbox[0].body


def test_sixth_sign_up_of_one_address_gets_the_429_page(sign_up):
    statuses = [sign_up(Client()).status_code for _ in range(6)]

    assert statuses == [302] * 5 + [429]
    assert len(mail.outbox) == 5


def test_many_from_one_network_get_the_429_page(sign_up):
    statuses = [
        sign_up(Client(), email=f"n{number}@example.com").status_code
        for number in range(21)
    ]

    assert statuses == [302] * 20 + [429]


def test_where_it_is_closed_there_is_no_such_page(client, sign_up, settings):
    sign_up()
    settings.SIGNUP_OPEN = False
    link = link_in(mail.outbox[0])

    answers = [
        client.get("/signup/"),
        client.post("/signup/", FORM),
        client.get("/signup/sent/"),
        client.get(link),
        client.post(link),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert b"/signup/" not in client.get("/accounts/login/").content
    settings.SIGNUP_OPEN = True
    assert b"/signup/" in client.get("/accounts/login/").content


def test_who_is_signed_in_has_an_account(client):
    client.force_login(make_agent(make_account()))

    assert client.get("/signup/").url == "/"


def test_session_key_changes_when_the_account_opens(client, sign_up):
    sign_up()
    planted = client.session.session_key

    client.post(link_in(mail.outbox[0]))

    assert client.session.session_key != planted
    assert not client.session.exists(planted)
