"""How agents leave and owners change in the admin; and what the operator switches."""

import pytest
from django.core import mail

from conversations import services as conversations
from conversations.models import Assignment
from supportdesk.accounts import services, tokens
from supportdesk.accounts.models import Role, User
from tests.factories import (
    PASSWORD,
    make_account,
    make_agent,
    make_conversation,
    owner_of,
)

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/user/"


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
            return client.post(path, form or {}, follow=True)

    return post


def switch_off(agent):
    return f"{LIST}{agent.pk}/switch-off/"


def test_list_shows_what_each_has_open(client, owner):
    agent = make_agent(owner.account)
    for _ in range(2):
        conversation = make_conversation(owner.account)
        conversations.join_conversation(conversation_id=conversation.pk, agent=agent)

    rows = client.get(LIST).context["cl"].result_list

    assert {row.pk: row.open_count for row in rows} == {owner.pk: 0, agent.pk: 2}


def test_switching_off_asks_who_takes_over_and_names_tokens(client, owner, posted):
    agent, heir = make_agent(owner.account), make_agent(owner.account, "Jonas Adler")
    stranger = make_agent(make_account("Another"), "Foreign Agent")
    conversation = make_conversation(owner.account)
    conversations.join_conversation(conversation_id=conversation.pk, agent=agent)
    tokens.create_api_token(account=owner.account, agent=agent, name="Shop server")

    page = client.get(switch_off(agent)).content.decode()
    posted(switch_off(agent), {"successor": heir.pk})

    agent.refresh_from_db()
    assert "1 open conversation." in page
    assert "Shop server" in page
    assert "Jonas Adler" in page
    assert str(stranger) not in page
    assert (agent.is_active, agent.successor) == (False, heir)
    assert Assignment.objects.get(conversation=conversation).agent == heir


def test_a_successor_of_another_account_is_refused(client, owner):
    agent, stranger = make_agent(owner.account), make_agent(make_account("Another"))

    response = client.post(switch_off(agent), {"successor": stranger.pk})

    agent.refresh_from_db()
    assert response.status_code == 422
    assert agent.is_active


def test_oneself_and_who_is_off_already_are_not_switched_off(client, owner):
    sleeping = make_agent(owner.account)
    services.change_access(agent=sleeping, by=owner, is_active=False)

    for agent in (owner, sleeping):
        assert client.post(switch_off(agent)).status_code == 404
    page = client.get(LIST).content.decode()
    assert switch_off(owner) not in page
    assert switch_off(sleeping) not in page


def test_switching_on_again(client, owner, posted):
    agent = make_agent(owner.account)
    services.change_access(agent=agent, by=owner, is_active=False)

    assert client.get(f"{LIST}{agent.pk}/switch-on/").status_code == 404
    posted(f"{LIST}{agent.pk}/switch-on/")

    agent.refresh_from_db()
    assert agent.is_active


def test_the_account_is_handed_over_with_the_password(client, owner, posted):
    agent = make_agent(owner.account)
    path = f"{LIST}{agent.pk}/hand-over/"

    page = client.get(path)
    wrong = client.post(path, {"password": "guess"})
    answer = posted(path, {"password": PASSWORD})

    roles = dict(User.objects.values_list("pk", "role"))
    assert page.status_code == 200
    assert wrong.status_code == 422
    assert list(wrong.context["form"].errors) == ["password"]
    assert answer.status_code == 200
    assert roles == {owner.pk: Role.FULL, agent.pk: Role.OWNER}
    assert len(mail.outbox) == 2


def test_guessing_the_password_ends(client, owner, monkeypatch):
    from supportdesk.accounts import forms

    monkeypatch.setattr(forms, "PROOF_RATE", "2/hour")
    agent = make_agent(owner.account)
    path = f"{LIST}{agent.pk}/hand-over/"
    for _ in range(2):
        client.post(path, {"password": "guess"})

    response = client.post(path, {"password": PASSWORD}, follow=True)

    owner.refresh_from_db()
    assert b"Too many attempts" in response.content
    assert owner.role == Role.OWNER


def test_only_owners_hand_over_and_only_to_active_colleagues(client, owner):
    agent, second = make_agent(owner.account), make_agent(owner.account, role="owner")
    sleeping = make_agent(owner.account)
    services.change_access(agent=sleeping, by=owner, is_active=False)
    stranger = make_agent(make_account("Another"))

    for to in (owner, second, sleeping, stranger):
        response = client.post(f"{LIST}{to.pk}/hand-over/", {"password": PASSWORD})
        assert response.status_code == 404
    operator = User.objects.create_superuser("op@example.com", PASSWORD, name="Op")
    for other in (make_agent(owner.account, role=Role.FULL), operator):
        client.force_login(other)
        response = client.post(f"{LIST}{agent.pk}/hand-over/", {"password": PASSWORD})
        assert response.status_code == 404


@pytest.mark.parametrize(
    "view", ["switch-off", "switch-on", "hand-over", "password-link"]
)
def test_agents_of_others_have_no_pages(client, owner, view):
    stranger = make_agent(make_account("Another"))
    before = User.objects.filter(pk=stranger.pk).values().get()

    for answer in (
        client.get(f"{LIST}{stranger.pk}/{view}/"),
        client.post(f"{LIST}{stranger.pk}/{view}/", {"password": PASSWORD}),
    ):
        assert answer.status_code == 404
    assert User.objects.filter(pk=stranger.pk).values().get() == before
    assert mail.outbox == []


def test_password_link_for_one(client, owner, posted):
    agent = make_agent(owner.account)

    posted(f"{LIST}{agent.pk}/password-link/")

    assert [message.to for message in mail.outbox] == [[agent.email]]


# The platform operator


def test_operators_are_offered_and_sent_no_password_link(client, owner, posted):
    agent = make_agent(owner.account)
    operator = User.objects.create_superuser("op@example.com", name="Op")
    client.force_login(operator)
    links = [f"{LIST}{person.pk}/password-link/" for person in (agent, operator)]

    page = client.get(LIST).content.decode()
    posted(
        LIST,
        {
            "action": "send_password_link",
            "_selected_action": [agent.pk, operator.pk],
        },
    )

    assert [link in page for link in links] == [True, False]
    assert client.post(links[1]).status_code == 404
    assert [message.to for message in mail.outbox] == [[agent.email]]


@pytest.fixture
def operator(client):
    operator = User.objects.create_superuser("op@example.com", name="Op")
    client.force_login(operator)
    return operator


def test_operator_sees_numbers_and_no_words(client, operator):
    account = make_account()
    make_conversation(account, text="A secret word")

    page = client.get("/admin/accounts/account/")

    [row] = page.context["cl"].result_list
    assert (row.conversation_count, row.agent_count) == (1, 1)
    assert row.last_active_at is not None
    assert b"A secret word" not in page.content


def test_numbers_cost_the_same_with_many_accounts(client, operator):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries():
        with CaptureQueriesContext(connection) as found:
            client.get("/admin/accounts/account/")
            client.get(LIST)
        return len(found)

    make_account()
    few = queries()
    for _ in range(3):
        make_conversation(make_account())

    assert queries() == few


def test_operator_suspends_and_resumes(client, operator, posted):
    account = make_account()
    path = f"/admin/accounts/account/{account.pk}/"

    asked = client.get(f"{path}suspend/")
    account.refresh_from_db()
    assert (asked.status_code, account.is_suspended) == (200, False)
    posted(f"{path}suspend/")
    account.refresh_from_db()
    assert account.is_suspended
    assert client.get(f"{path}resume/").status_code == 404
    posted(f"{path}resume/")
    account.refresh_from_db()
    assert not account.is_suspended


def test_owners_suspend_nobody(client, owner):
    path = f"/admin/accounts/account/{owner.account_id}/"

    for view in ("suspend", "resume"):
        assert client.get(f"{path}{view}/").status_code == 404
        assert client.post(f"{path}{view}/").status_code == 404


def test_filter_by_state(client, operator):
    services.suspend_account(account=make_account("Late payer"))
    make_account("Good one")

    def names(state):
        page = client.get(f"/admin/accounts/account/?state={state}")
        return [row.name for row in page.context["cl"].result_list]

    assert names("suspended") == ["Late payer"]
    assert names("in-service") == ["Good one"]


def test_health_is_the_operators(client, operator):
    page = client.get("/admin/health/")

    assert page.status_code == 200
    assert [part["is_up"] for part in page.context["parts"][:1]] == [True]
    silent = {queue["name"]: queue["is_silent"] for queue in page.context["queues"]}
    assert silent == {
        "default": False,
        "delivery": False,
        "notifications": False,
        "long": True,
    }
    client.force_login(owner_of(make_account()))
    assert client.get("/admin/health/").status_code == 404
