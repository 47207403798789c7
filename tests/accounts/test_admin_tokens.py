"""API tokens in the admin: seen by full access, revoked by owners."""

import pytest

from supportdesk.accounts import services, tokens
from supportdesk.accounts.models import ApiToken, Role
from tests.factories import make_account, make_agent, owner_of

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/apitoken/"


@pytest.fixture
def owner(client):
    owner = owner_of(make_account())
    client.force_login(owner)
    return owner


def make_token(agent, name="Shop server"):
    return tokens.create_api_token(account=agent.account, agent=agent, name=name)


def test_a_token_of_somebody_who_left_stays_and_says_so(client, owner):
    agent = make_agent(owner.account)
    _token, text = make_token(agent)
    services.change_access(agent=agent, by=owner, is_active=False)

    page = client.get(LIST).content.decode()

    assert tokens.use_api_token(tokens.hash_api_token(text)) is not None
    assert "Anna Berger" in page
    assert "Switched off" in page
    assert text not in page


def test_one_and_several_are_revoked(client, owner):
    one, two, three = (make_token(owner, f"Token {n}")[0] for n in range(3))

    client.post(f"{LIST}{one.pk}/revoke/")
    response = client.post(
        LIST,
        {"action": "revoke_chosen", "_selected_action": [one.pk, two.pk]},
        follow=True,
    )

    assert list(ApiToken.objects.valid()) == [three]
    # The first one was revoked before.
    assert b"1 token revoked." in response.content


def test_full_access_looks_and_buttons_post(client, owner):
    token, _text = make_token(owner)
    assert client.get(f"{LIST}{token.pk}/revoke/").status_code == 404
    client.force_login(make_agent(owner.account, role=Role.FULL))

    page = client.get(LIST)
    refused = client.post(f"{LIST}{token.pk}/revoke/")

    assert page.status_code == 200
    assert b"/revoke/" not in page.content
    assert refused.status_code == 404
    assert list(ApiToken.objects.valid()) == [token]


def test_filter_by_state(client, owner):
    valid, _text = make_token(owner, "Good")
    tokens.revoke_api_token(token=make_token(owner, "Bad")[0])

    def names(state):
        page = client.get(f"{LIST}?state={state}")
        return [row.name for row in page.context["cl"].result_list]

    assert names("valid") == [valid.name]
    assert names("revoked") == ["Bad"]
