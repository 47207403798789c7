import re
from io import StringIO

import pytest
from django.apps import apps
from django.conf import settings as configured
from django.core.checks import Tags, run_checks
from django.core.management import CommandError, call_command
from django.db import models
from django.test import Client

from channels_integration.website.identity_services import create_identity_secret
from channels_integration.website.models import IdentitySecret
from notifications import services as notifications
from notifications.models import Event, Notification, VapidKey
from notifications.reply_addresses import ReplyTo, reply_address, verify
from notifications.unsubscribing import unsubscribe_url
from supportdesk.accounts import mails
from supportdesk.core.sealing import is_current, seal, unseal
from supportdesk.operations import resealing
from supportdesk.operations.resealing import Outcome, Place, places, reseal
from tests import factories
from tests.api.caller import make_caller
from tests.channels_integration.browser import open_browser
from tests.product import BASE_DIR

pytestmark = pytest.mark.django_db

OLD, NEW = "former key " * 6, "key of today " * 5
# Who seals, and where that is kept; None for what lives as long as a page.
CALLERS = {
    "channels_integration/website/identity_services.py": IdentitySecret,
    "notifications/services/browsers.py": VapidKey,
    "supportdesk/accounts/two_factor.py": "mfa.Authenticator",
    # Both are in links, which end by themselves.
    "supportdesk/accounts/addresses.py": None,
    "supportdesk/api/paging.py": None,
    "supportdesk/operations/resealing.py": None,
}


@pytest.fixture
def keys(settings):
    """Set today's key and the former ones."""

    def use(key, *former):
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = key, list(former)

    use(OLD)
    return use


def make_secrets(number):
    """Identity secrets as their shops know them."""
    account = factories.make_account()
    return [
        create_identity_secret(channel=factories.make_channel(account))
        for _time in range(number)
    ]


def place_of(model):
    [place] = [place for place in places() if place.model is model]
    return place


def stored():
    return list(IdentitySecret.objects.order_by("pk").values_list("sealed", flat=True))


def command():
    out = StringIO()
    call_command("reseal", stdout=out)
    return out.getvalue().splitlines()


def test_every_caller_of_seal_keeps_it_where_it_is_sealed_anew():
    callers = {
        str(path.relative_to(BASE_DIR)): path
        for path in BASE_DIR.glob("*/**/*.py")
        if path.parts[len(BASE_DIR.parts)] not in {"tests", "var", ".venv"}
        and re.search(r"^from .*sealing import .*\bseal\b", path.read_text(), re.M)
    }
    known = {place.model for place in places()}

    assert callers.keys() - CALLERS.keys() == set()
    assert {kept for kept in CALLERS.values() if isinstance(kept, type)} <= known


def test_every_field_that_says_so_is_sealed_anew():
    named = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.fields
        if "sealed" in field.name and isinstance(field, models.TextField)
    }
    found = {(place.model, name) for place in places() for name in place.fields}

    assert named <= found
    assert {
        (IdentitySecret, "sealed"),
        (IdentitySecret, "former_sealed"),
        (VapidKey, "sealed_private_key"),
    } <= found


def test_secrets_are_sealed_anew_once(keys):
    secrets = make_secrets(3)
    pair = notifications.vapid_keys()
    rows = IdentitySecret.objects.order_by("pk").values_list("pk", "created_at")
    before = list(rows)
    keys(NEW, OLD)
    assert not any(is_current(text) for text in stored())

    first, second = command(), command()

    label = "channels_integration.IdentitySecret"
    assert f"{label}: 3 sealed anew, 0 were so, 0 cannot be opened" in first
    assert f"{label}: 0 sealed anew, 3 were so, 0 cannot be opened" in second
    keys(NEW)
    assert [unseal(text) for text in stored()] == secrets
    assert notifications.vapid_keys() == pair
    assert list(rows.all()) == before


def test_former_secret_is_sealed_anew_with_the_other(keys):
    channel = factories.make_channel(factories.make_account())
    first = create_identity_secret(channel=channel)
    second = create_identity_secret(channel=channel)
    keys(NEW, OLD)

    command()

    keys(NEW)
    row = IdentitySecret.objects.get()
    assert (unseal(row.former_sealed), unseal(row.sealed)) == (first, second)


def test_one_that_is_killed_goes_on_where_it_was(keys, monkeypatch):
    secrets = make_secrets(5)
    keys(NEW, OLD)
    done = []

    def seal_three(text):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(text)
        return seal(text)

    with monkeypatch.context() as patch:
        patch.setattr(resealing, "seal", seal_three)
        with pytest.raises(KeyboardInterrupt):
            reseal(place_of(IdentitySecret), batch=2)
    # The batch it was in is as before.
    assert [is_current(text) for text in stored()] == [True] * 2 + [False] * 3

    outcome = reseal(place_of(IdentitySecret), batch=2)

    assert outcome == Outcome(resealed=3, current=2, unknown=0)
    keys(NEW)
    assert [unseal(text) for text in stored()] == secrets


def test_queries_do_not_grow_with_what_is_done(keys, django_assert_num_queries):
    make_secrets(6)

    # A savepoint and its release around each.
    with django_assert_num_queries(6):
        reseal(place_of(IdentitySecret), batch=6)


def test_what_no_key_opens_stays_and_is_said(keys):
    make_secrets(2)
    lost, _other = stored()
    keys(NEW)
    IdentitySecret.objects.exclude(sealed=lost).update(sealed=seal("known"))

    with pytest.raises(CommandError, match="Add that key and run this again"):
        command()

    assert stored()[0] == lost
    keys(NEW, OLD)
    assert "1 sealed anew, 1 were so" in " ".join(command())


def test_seals_inside_json_are_found_and_nothing_else_touched(keys):
    states = set()
    data = {
        "secret": seal("a secret"),
        "codes": [seal("one"), "gAAAAA is no seal", 7, None],
        "name": "plain",
    }
    keys(NEW, OLD)

    renewed = resealing._renewed(data, states)

    keys(NEW)
    assert unseal(renewed["secret"]) == "a secret"
    assert unseal(renewed["codes"][0]) == "one"
    assert renewed["codes"][1:] == data["codes"][1:]
    assert renewed["name"] == "plain"
    assert states == {"unknown"}


def warnings():
    found = run_checks(
        tags=[Tags.database], include_deployment_checks=True, databases=["default"]
    )
    return [(entry.id, entry.msg) for entry in found if entry.id == "operations.W005"]


def test_check_warns_of_what_no_key_opens(keys):
    make_secrets(1)
    assert warnings() == []
    keys(NEW, OLD)
    assert warnings() == []

    keys(NEW)

    [(_id, sentence)] = warnings()
    assert sentence.startswith("channels_integration.IdentitySecret holds secrets")


def test_place_is_read_in_bounded_steps(keys):
    make_secrets(3)
    place = Place(IdentitySecret, ("sealed",))
    first = list(place.rows(None, 2))

    assert len(first) == 2
    assert len(place.rows(first[-1].pk, 2)) == 1


def test_change_of_the_key_from_beginning_to_end(keys, settings):
    """What README promises, step by step."""
    settings.REPLY_ADDRESS = "reply@desk.example.com"
    [secret] = make_secrets(1)
    account = factories.make_account()
    agent = factories.make_agent(account, password=factories.PASSWORD)
    used, unused = Client(), Client()
    for client in (used, unused):
        client.force_login(agent)
    browser = open_browser(Client(), factories.make_channel(account))
    caller = make_caller(account)
    reset = mails.password_link(agent)
    address = reply_address(conversation_id=7, agent_id=agent.pk)
    told = Notification(
        kind=Event.OFFLINE,
        account=account,
        agent=agent,
        way=Notification.Way.MAIL,
        recipient_email=agent.email,
    )
    link = unsubscribe_url(told)

    def path(url):
        return url.removeprefix(configured.SITE_URL)

    def is_in(client):
        return client.get("/profile/").status_code == 200

    def opens(url):
        return Client().get(path(url)).status_code in {200, 302}

    # Both keys: nothing is different for anybody.
    keys(NEW, OLD)
    assert is_in(used)
    assert opens(reset)
    assert opens(link)
    assert verify(address) == ReplyTo(7, agent.pk)
    command()

    # The new one alone.
    keys(NEW)
    assert unseal(stored()[0]) == secret
    # Who came by meanwhile stays signed in, who did not signs in again.
    assert is_in(used)
    assert not is_in(unused)
    assert not opens(link)
    assert b"no longer valid" in Client().get(path(reset)).content
    assert verify(address) is None
    # Tokens of visitors and programs never depended on it.
    assert browser.get("conversation").status_code == 200
    assert caller.get("/visitors").status_code == 200
