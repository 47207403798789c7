"""What a request says of the desk's own address is the sender's choice."""

import subprocess
import sys

import pytest
from django.core import mail
from django.test import Client

from notifications.models import mailed_events
from supportdesk.accounts.models import Role
from tests import factories
from tests.channels_integration.browser import open_browser
from tests.operations.test_settings import CLEAN, SAFE
from tests.product import BASE_DIR

pytestmark = pytest.mark.django_db

DESK = "https://desk.example.com"
EVIL = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Server": "evil.example",
    "X-Host": "evil.example",
    "Forwarded": "host=evil.example;proto=https",
    "X-Original-URL": "//evil.example/",
    "X-Rewrite-URL": "//evil.example/",
}


@pytest.fixture
def careless(settings):
    """A desk whose operator lets every host through, in front of or inside it."""
    settings.SITE_URL = DESK
    settings.ALLOWED_HOSTS = ["*"]


@pytest.fixture
def account():
    return factories.make_account()


@pytest.fixture
def anna(account):
    return factories.make_agent(account, "Anna", Role.FULL, password=factories.PASSWORD)


def signed_in(agent):
    client = Client(headers=EVIL)
    client.force_login(agent)
    return client


def sent():
    return [message.message().as_string() for message in mail.outbox]


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "a b", ""])
@pytest.mark.parametrize(
    "url", ["/", "/accounts/login/", "/accounts/password/reset/", "/api/v1/visitors"]
)
def test_unknown_host_is_refused(client, url, host):
    response = client.get(url, headers={"Host": host} if host else {"Host": "."})

    assert response.status_code == 400
    assert b"evil" not in response.content


def test_forwarded_host_is_not_believed(client, account):
    browser = open_browser(client, factories.make_channel(account))
    others = {name: value for name, value in EVIL.items() if name != "Host"}

    answer = client.get(
        f"/widget/config?key={browser.channel.public_key}", headers=others
    )

    assert answer.status_code == 200
    assert b"evil.example" not in answer.content


def test_form_from_elsewhere_is_refused_whatever_host_is_forwarded(anna):
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)
    token = client.get("/profile/").cookies["csrftoken"].value
    form = {"presence": "away", "csrfmiddlewaretoken": token}
    evil = {"Origin": "http://evil.example", "X-Forwarded-Host": "evil.example"}

    assert client.post("/presence/", form, headers=evil).status_code == 403
    assert (
        client.post("/presence/", form, headers={"Origin": "null"}).status_code == 403
    )
    own = {"Origin": "http://testserver"}
    assert client.post("/presence/", form, headers=own).status_code == 302


def test_mail_to_choose_a_password(careless, anna):
    Client(headers=EVIL).post("/accounts/password/reset/", {"email": anna.email})

    [text] = sent()
    assert f"{DESK}/accounts/password/reset/key/" in text
    assert "evil.example" not in text


@pytest.mark.parametrize("kind", ["", *sorted(mailed_events())])
def test_mails_to_try_out(careless, anna, kind, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = signed_in(anna).post("/settings/notifications/test/", {"event": kind})

    [text] = sent()
    assert answer.status_code == 302
    assert DESK in text
    assert "evil.example" not in text


@pytest.mark.parametrize("kind", sorted(mailed_events()))
def test_previews_of_mails(careless, anna, kind):
    page = signed_in(anna).get(f"/settings/notifications/preview/{kind}/")

    assert DESK.encode() in page.content
    assert b"evil.example" not in page.content


def test_transcript_a_visitor_asks_for(
    careless, account, django_capture_on_commit_callbacks
):
    browser = open_browser(Client(headers=EVIL), factories.make_channel(account))
    assert browser.say("Hello").status_code == 201
    with django_capture_on_commit_callbacks(execute=True):
        answer = browser.post("transcript", {"email": "k@example.net"})

    [text] = sent()
    assert answer.status_code == 200
    assert "evil.example" not in text


def settings_of(tmp_path, *names, **environment):
    script = (
        "import django; django.setup(); from django.conf import settings;"
        f"print([getattr(settings, name) for name in {names}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=BASE_DIR,
        env=CLEAN
        | SAFE
        | {
            "DJANGO_SETTINGS_MODULE": "supportdesk.settings",
            "STATIC_ROOT": str(tmp_path),
        }
        | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_proxies_are_believed_only_where_the_operator_says_so(tmp_path):
    names = ("USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT", "SECURE_PROXY_SSL_HEADER")

    alone = settings_of(tmp_path, *names)
    behind = settings_of(tmp_path, *names, BEHIND_TLS_PROXY="1")

    assert alone == "[False, False, None]"
    assert behind == "[False, False, ('HTTP_X_FORWARDED_PROTO', 'https')]"


def test_forms_may_come_from_the_desk_alone(tmp_path):
    assert settings_of(tmp_path, "CSRF_TRUSTED_ORIGINS", "ALLOWED_HOSTS") == (
        "[['https://desk.example.com'], ['desk.example.com']]"
    )
