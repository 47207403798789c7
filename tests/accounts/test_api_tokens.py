import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from supportdesk.accounts import tokens
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import ApiToken, Role, User
from tests.factories import make_account, make_agent, owner_of

pytestmark = pytest.mark.django_db

PAGE = "/settings/api/"
CARD = "4111 1111 1111 1111"


@pytest.fixture
def owner(client):
    owner = owner_of(make_account())
    client.force_login(owner)
    return owner


def make_token(agent, name="Shop server"):
    return tokens.create_api_token(account=agent.account, agent=agent, name=name)


def form(client, name):
    shown = client.get(PAGE).context["form"].initial["form_id"]
    return {"name": name, "form_id": str(shown)}


def revoke_path(token):
    return f"{PAGE}{token.pk}/revoke/"


def test_token_is_random_and_stored_as_its_hash(owner):
    token, text = make_token(owner)
    _other, other_text = make_token(owner)

    stored = ApiToken.objects.values().get(pk=token.pk)
    assert re.fullmatch(r"sd_[A-Za-z0-9_-]{43}", text)
    assert other_text != text
    assert stored["token_hash"] == hashlib.sha256(text.encode()).hexdigest()
    assert text not in str(stored)
    assert (stored["prefix"], stored["name"]) == (text[:12], "Shop server")


@pytest.mark.parametrize("name", ["", " \n", "\x00\u202e"])
def test_token_needs_a_name(owner, name):
    with pytest.raises(AccountError):
        make_token(owner, name)


def test_there_is_an_end_to_tokens_until_one_is_revoked(owner, monkeypatch):
    monkeypatch.setattr(tokens, "MAX_TOKENS", 2)
    first, _text = make_token(owner)
    make_token(owner)
    make_token(owner_of(make_account("Another")))

    with pytest.raises(AccountError):
        make_token(owner)
    tokens.revoke_api_token(token=first)
    make_token(owner)


def test_use_is_noted_at_most_once_a_minute(owner, django_assert_num_queries):
    token, text = make_token(owner)
    token_hash = tokens.hash_api_token(text)

    with django_assert_num_queries(2):
        first = tokens.use_api_token(token_hash)
    with django_assert_num_queries(1):
        second = tokens.use_api_token(token_hash)
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    with django_assert_num_queries(2):
        third = tokens.use_api_token(token_hash)

    assert first == second == third == token
    assert timezone.now() - third.last_used_at < timedelta(seconds=10)
    token.refresh_from_db()
    assert token.last_used_at == third.last_used_at


@pytest.mark.parametrize("kind", ["revoked", "unknown"])
def test_worthless_tokens_cost_one_query_each(owner, kind, django_assert_num_queries):
    token, text = make_token(owner)
    tokens.revoke_api_token(token=token)
    token_hash = tokens.hash_api_token(text if kind == "revoked" else "sd_" + "x" * 43)

    with django_assert_num_queries(1):
        assert tokens.use_api_token(token_hash) is None


@pytest.mark.parametrize(
    "text", ["", "sd_", "x" * 46, "sd_" + "x" * 42, "sd_" + "x" * 44, "sd_" + "ä" * 43]
)
def test_what_cannot_be_a_token_has_no_hash(text):
    assert tokens.hash_api_token(text) == ""
    assert tokens.hash_api_token(f"sd_{'x' * 43}\n") == ""


def test_page_shows_a_new_token_once(client, owner, settings):
    settings.SITE_URL = "https://desk.example.com"

    response = client.post(PAGE, form(client, "Shop server"))

    text = response.context["new_token_text"]
    page = response.content.decode()
    token = ApiToken.objects.get()
    assert (token.account, token.agent, token.name) == (
        owner.account,
        owner,
        "Shop server",
    )
    assert tokens.use_api_token(tokens.hash_api_token(text)) == token
    assert page.count(text) == 2
    assert "curl https://desk.example.com/api/v1/visitors" in page
    assert "no-store" in response["Cache-Control"]
    again = client.get(PAGE).content.decode()
    assert text not in again
    assert token.prefix in again


def test_page_says_when_as_the_rest_of_the_desk_does(client, owner):
    token, _text = make_token(owner)
    revoked, _text = make_token(owner, "Old server")
    at = datetime(2024, 11, 25, 18, 58, tzinfo=UTC)
    ApiToken.objects.filter(pk=token.pk).update(created_at=at, last_used_at=at)
    ApiToken.objects.filter(pk=revoked.pk).update(revoked_at=at)

    page = client.get(PAGE).content.decode()

    for verb in (f"made by {owner.name},", "last used", "revoked"):
        assert f"{verb} 25 Nov 2024, 19:58" in page


def test_form_sent_twice_makes_one_token(client, owner):
    data = form(client, "Shop server")
    client.post(PAGE, data)

    response = client.post(PAGE, data, follow=True)

    assert ApiToken.objects.count() == 1
    assert response.redirect_chain == [(PAGE, 302)]
    assert "made before" in response.content.decode()


def test_card_number_in_the_name_is_hidden(client, owner):
    response = client.post(PAGE, form(client, f"Shop {CARD}"))

    assert ApiToken.objects.get().name == "Shop [card ····1111]"
    assert CARD not in response.content.decode()


def test_name_is_escaped(client, owner):
    make_token(owner, "<img src=x onerror=alert(1)>")

    page = client.get(PAGE).content.decode()

    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


@pytest.mark.parametrize("name", ["", "x" * 81, "\u202e\x00"])
def test_invalid_name_is_named_beside_the_field(client, owner, name):
    response = client.post(PAGE, form(client, name))

    assert response.status_code == 422
    assert 'id="id_name_error"' in response.content.decode()
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("form_id", ["", "x", "' OR 1=1--"])
def test_form_without_its_number_makes_nothing(client, owner, form_id):
    response = client.post(PAGE, {"name": "Shop", "form_id": form_id})

    assert response.status_code == 422
    assert not ApiToken.objects.exists()


def test_refused_form_may_be_sent_again(client, owner, monkeypatch):
    monkeypatch.setattr(tokens, "MAX_TOKENS", 0)
    refused = client.post(PAGE, form(client, "Shop"))
    monkeypatch.setattr(tokens, "MAX_TOKENS", 50)

    shown = refused.context["form"]
    again = client.post(PAGE, {"name": "Shop", "form_id": shown["form_id"].value()})

    assert again.status_code == 200
    assert ApiToken.objects.get().name == "Shop"


def test_page_says_when_there_are_too_many(client, owner, monkeypatch):
    monkeypatch.setattr(tokens, "MAX_TOKENS", 0)

    response = client.post(PAGE, form(client, "Shop"))

    assert response.status_code == 409
    assert "At most 0 tokens" in response.content.decode()


def test_revoked_token_is_worthless_and_said_to_be_so(client, owner):
    token, text = make_token(owner)

    response = client.post(revoke_path(token), follow=True)

    page = response.content.decode()
    assert tokens.use_api_token(tokens.hash_api_token(text)) is None
    assert "“Shop server” is revoked." in page
    assert revoke_path(token) not in page
    assert list(response.context["revoked"]) == [token]
    when = ApiToken.objects.get().revoked_at
    again = client.post(revoke_path(token), follow=True)
    assert "was revoked before" in again.content.decode()
    assert ApiToken.objects.get().revoked_at == when


def test_list_shows_own_tokens_only(client, owner):
    own, _text = make_token(owner)
    foreign, _text = make_token(owner_of(make_account("Another")), "Foreign shop")

    page = client.get(PAGE)

    assert list(page.context["tokens"]) == [own]
    assert b"Foreign shop" not in page.content
    assert client.post(revoke_path(foreign)).status_code == 404
    foreign.refresh_from_db()
    assert foreign.revoked_at is None


def test_token_outlives_who_made_it(client, owner):
    mira = make_agent(owner.account, "Mira Sahin", Role.FULL)
    _token, text = make_token(mira)
    mira.delete()

    page = client.get(PAGE)

    assert tokens.use_api_token(tokens.hash_api_token(text)) is not None
    assert "Shop server" in page.content.decode()


def test_list_costs_the_same_with_many_tokens(
    client, owner, django_assert_max_num_queries
):
    make_token(owner)
    with django_assert_max_num_queries(30) as one:
        client.get(PAGE)
    for _ in range(3):
        make_token(owner)
    with django_assert_max_num_queries(len(one)):
        client.get(PAGE)


@pytest.mark.parametrize(
    ("role", "status"), [(Role.AGENT, 404), (Role.FULL, 200), (Role.OWNER, 200)]
)
def test_page_is_for_full_access(client, role, status):
    account = make_account()
    token, _text = make_token(owner_of(account))
    client.force_login(make_agent(account, role=role))

    assert client.get(PAGE).status_code == status
    client.post(revoke_path(token))
    token.refresh_from_db()
    assert (token.revoked_at is None) is (status == 404)


def test_page_is_not_for_operator_or_strangers(client):
    assert client.get(PAGE).url == f"/accounts/login/?next={PAGE}"
    client.force_login(User.objects.create_superuser("op@example.com", name="Op"))
    assert client.get(PAGE).status_code == 404


def test_wrong_methods(client, owner):
    token, _text = make_token(owner)

    assert client.delete(PAGE).status_code == 405
    assert client.get(revoke_path(token)).status_code == 405
