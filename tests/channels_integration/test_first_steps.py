"""The owner's way from the account to the first conversation."""

import threading

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from channels_integration.website import onboarding_services
from channels_integration.website import services as website
from channels_integration.website.onboarding_services import add_first_website
from conversations.models import Channel
from supportdesk.accounts import services as accounts
from supportdesk.accounts.models import Invitation, Role
from tests.factories import (
    make_account,
    make_agent,
    make_channel,
    make_conversation,
    owner_of,
    put_on_website,
)

pytestmark = pytest.mark.django_db

START = "/start/"


@pytest.fixture
def owner(client):
    owner = owner_of(make_account())
    client.force_login(owner)
    return owner


def seen_on(channel, url):
    """A browser that the widget on this page reported."""
    session, _token = website.open_session(channel=channel, language="en")
    put_on_website(session.visitor, channel=channel, url=url)
    return session


def test_empty_inbox_leads_there_until_it_is_done(client, owner):
    before = client.get("/").content.decode()
    done = client.post(f"{START}finish/")
    after = client.get("/").content.decode()

    assert f'href="{START}"' in before
    assert done.url == "/"
    assert f'href="{START}"' not in after
    assert client.get(START).status_code == 200


def test_only_owners_are_led_there(client, owner):
    client.force_login(make_agent(owner.account, role=Role.FULL))

    assert f'href="{START}"' not in client.get("/").content.decode()


@pytest.mark.parametrize("role", [Role.FULL, Role.AGENT])
@pytest.mark.parametrize(
    "path", ["", "seen/", "arrived/", "preview/", "website/", "invite/", "finish/"]
)
def test_pages_are_the_owners(owner, role, path):
    client = Client()
    client.force_login(make_agent(owner.account, role=role))

    assert client.get(START + path).status_code in (404, 405)
    assert client.post(START + path).status_code in (404, 405)
    owner.account.refresh_from_db()
    assert owner.account.started_at is None


def test_website_is_added_by_its_address(client, owner):
    response = client.post(
        f"{START}website/", {"domain": "https://Shop.Example.com/about"}
    )

    channel = Channel.objects.get(account=owner.account)
    assert response.url == START
    assert (channel.name, channel.config["allowed_domains"]) == (
        "shop.example.com",
        ["shop.example.com"],
    )
    assert channel.public_key in client.get(START).content.decode()


def test_website_sent_twice_is_added_once(client, owner):
    for domain in ("shop.example.com", "other.example.com"):
        client.post(f"{START}website/", {"domain": domain})

    assert Channel.objects.get(account=owner.account).name == "shop.example.com"


@pytest.mark.django_db(transaction=True)
def test_website_sent_twice_at_the_same_moment_is_added_once(monkeypatch):
    account, create = make_account(), onboarding_services.conversations.create_channel
    begun, pids, added = [], [], []

    def second():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pids.extend(cursor.fetchone())
        try:
            added.append(add_first_website(account=account, domain="two.example.com"))
        finally:
            connection.close()

    def is_waiting():
        with connection.cursor() as cursor:
            asked = "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = ANY(%s) AND NOT granted)"
            cursor.execute(asked, [pids])
            return cursor.fetchone()[0]

    def create_while_another_comes(**fields):
        if not begun:
            begun.append(threading.Thread(target=second))
            begun[0].start()
            while begun[0].is_alive() and not is_waiting():
                pass
        return create(**fields)

    monkeypatch.setattr(
        onboarding_services.conversations, "create_channel", create_while_another_comes
    )
    first = add_first_website(account=account, domain="one.example.com")
    begun[0].join()

    assert added == [None]
    assert Channel.objects.get(account=account) == first


@pytest.mark.parametrize(
    "domain", ["", "*.example.com", "javascript:alert(1)", "a b", "<b>", "x" * 300]
)
def test_what_is_no_address_is_refused(client, owner, domain):
    response = client.post(f"{START}website/", {"domain": domain})

    assert response.status_code == 422
    assert list(response.context["website_form"].errors) == ["domain"]
    assert not Channel.objects.filter(account=owner.account).exists()


def test_website_is_seen_with_the_first_page_on_it(client, owner):
    channel = make_channel(owner.account)
    before = client.get(f"{START}seen/")
    seen_on(channel, "https://shop.example.com/")
    after = client.get(f"{START}seen/")

    assert (before.context["seen"], after.context["seen"]) == (False, True)
    assert b"hx-trigger" in before.content
    assert b"hx-trigger" not in after.content


def test_preview_is_not_the_website(client, owner):
    seen_on(make_channel(owner.account), f"http://testserver{START}preview/")

    assert not client.get(f"{START}seen/").context["seen"]


def test_website_of_another_account_counts_for_that_one(client, owner):
    make_channel(owner.account)
    other = make_channel(make_account("Another"))
    seen_on(other, "https://shop.example.com/")
    make_conversation(channel=other)

    page = client.get(START)

    assert not page.context["seen"]
    assert page.context["conversation"] is None
    assert other.public_key not in page.content.decode()


def test_first_message_is_shown_with_the_way_to_it(client, owner):
    before = client.get(f"{START}arrived/")
    conversation = make_conversation(owner.account)
    after = client.get(f"{START}arrived/")

    assert b"hx-trigger" in before.content
    assert f"/conversations/{conversation.public_id}/" in after.content.decode()
    assert b"hx-trigger" not in after.content


def test_colleague_is_invited(client, owner, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(
            f"{START}invite/", {"name": "Jonas", "email": "Jonas@Example.com"}
        )

    jonas = Invitation.objects.get(email="jonas@example.com")
    assert response.url == START
    assert (jonas.account, jonas.role) == (owner.account, Role.AGENT)
    assert [message.to for message in mail.outbox] == [["jonas@example.com"]]
    assert b"jonas@example.com" in client.get(START).content


def test_invitation_grants_nothing_that_is_not_asked(client, owner):
    other = make_account("Another")

    client.post(
        f"{START}invite/",
        {
            "name": "J",
            "email": "j@example.com",
            "role": "owner",
            "account": other.pk,
            "is_superuser": "on",
        },
    )

    invited = Invitation.objects.get(email="j@example.com")
    assert (invited.role, invited.account, invited.agent) == (
        Role.AGENT,
        owner.account,
        None,
    )


@pytest.mark.parametrize(
    ("name", "email", "field"),
    [
        ("", "a@example.com", "name"),
        ("\u202e", "a@example.com", "name"),
        ("A", "no", "email"),
    ],
)
def test_refused_invitation_says_where(client, owner, name, email, field):
    response = client.post(f"{START}invite/", {"name": name, "email": email})

    assert response.status_code == 422
    assert list(response.context["invitation_form"].errors) == [field]
    assert mail.outbox == []


def test_address_in_use_is_refused(client, owner):
    response = client.post(f"{START}invite/", {"name": "O", "email": owner.email})

    assert response.status_code == 409
    assert mail.outbox == []


def test_invitations_are_limited(client, owner, monkeypatch):
    monkeypatch.setattr(
        "channels_integration.website.onboarding_views.INVITATIONS", "2/hour"
    )
    statuses = [
        client.post(
            f"{START}invite/", {"name": "A", "email": f"a{number}@example.com"}
        ).status_code
        for number in range(3)
    ]

    assert statuses == [302, 302, 429]


def test_preview_shows_the_chat_of_the_own_website(client, owner):
    missing = client.get(f"{START}preview/").status_code
    channel = make_channel(owner.account)
    page = client.get(f"{START}preview/")

    assert missing == 404
    assert f'data-key="{channel.public_key}"' in page.content.decode()


def test_finishing_counts_the_first_time(owner):
    accounts.finish_start(account=owner.account)
    owner.account.refresh_from_db()
    first = owner.account.started_at
    accounts.finish_start(account=owner.account)

    owner.account.refresh_from_db()
    assert owner.account.started_at == first


@pytest.mark.parametrize("path", ["seen/", "arrived/"])
def test_asking_again_costs_the_same(
    client, owner, path, django_assert_max_num_queries
):
    channel = make_channel(owner.account)
    with django_assert_max_num_queries(3) as few:
        client.get(START + path)
    for number in range(3):
        seen_on(channel, f"https://shop.example.com/{number}")
    with django_assert_max_num_queries(3) as many:
        client.get(START + path)

    assert len(few) == len(many)
