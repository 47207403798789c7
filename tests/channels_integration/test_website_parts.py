from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import RequestFactory

from benchmarks import widget_bytes
from channels_integration.website.config import Ask, WebsiteConfig, normalise_domain
from channels_integration.website.origins import is_allowed
from channels_integration.website.pages import clean_url
from supportdesk.core import client_ip
from supportdesk.operations import widget_build

WIDGET = Path(django_settings.BASE_DIR) / "static" / "widget"


@pytest.mark.parametrize(
    "config", [None, [], "x", {"color": 1, "texts": [], "allowed_domains": "x"}]
)
def test_odd_settings_are_the_defaults(config):
    assert WebsiteConfig.parse(config) == WebsiteConfig()


def test_settings_are_read_by_type():
    config = WebsiteConfig.parse(
        {
            "allowed_domains": ["Shop.Example.com", "*.müller.example", "", 7],
            "color": "#ABCDEF",
            "ask_email": "required",
            "ask_name": "always",
            "privacy_url": "javascript:alert(1)",
            "texts": {"en": {"welcome": " Hi ", "other": "x"}, "fr": {"welcome": "x"}},
        }
    )

    assert config.allowed_domains == ("shop.example.com", "*.xn--mller-kva.example")
    assert config.color == "#abcdef"
    assert (config.ask_email, config.ask_name) == (Ask.REQUIRED, Ask.OPTIONAL)
    assert config.privacy_url == ""
    assert config.texts == {"en": {"welcome": "Hi"}}


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://Shop.example.com/path", "shop.example.com"),
        ("*.example.com", "*.example.com"),
        ("localhost:3000", "localhost:3000"),
        ("example.com.", "example.com"),
        ("*", ""),
        ("a b", ""),
        ("", ""),
    ],
)
def test_domains_are_normalised(text, domain):
    assert normalise_domain(text) == domain


@pytest.mark.parametrize(
    ("origin", "domains", "allowed"),
    [
        ("https://shop.example.com", ["shop.example.com"], True),
        ("https://SHOP.example.com:8443", ["shop.example.com"], True),
        ("https://www.shop.example.com", ["shop.example.com"], False),
        ("https://www.example.com", ["*.example.com"], True),
        ("https://example.com", ["*.example.com"], False),
        ("https://evilexample.com", ["*.example.com"], False),
        ("https://shop.example.com.evil.net", ["shop.example.com"], False),
        ("https://shop.example.com@evil.net", ["shop.example.com"], False),
        ("http://localhost:3000", ["localhost:3000"], True),
        ("http://localhost:4000", ["localhost:3000"], False),
        ("https://desk.example.org", ["shop.example.com"], True),
        ("https://shop.example.com", [], False),
        ("http://localhost:1234", [], True),
        ("null", ["shop.example.com"], False),
        ("file://shop.example.com", ["shop.example.com"], False),
        ("https://shop.example.com/x", ["shop.example.com"], False),
        ("https://[", ["shop.example.com"], False),
    ],
)
def test_origin_is_compared_by_host(settings, origin, domains, allowed):
    settings.SITE_URL = "https://desk.example.net"
    settings.ALLOWED_HOSTS = ["desk.example.org"]
    config = WebsiteConfig.parse({"allowed_domains": domains})

    assert is_allowed(origin, config, "desk.example.org") is allowed


def test_host_that_the_desk_does_not_answer_to_is_not_its_own(settings):
    """A name that an attacker points at the desk comes as Origin and as Host."""
    settings.ALLOWED_HOSTS = ["desk.example.org"]
    config = WebsiteConfig.parse({"allowed_domains": ["shop.example.com"]})

    assert not is_allowed("https://evil.example.com", config, "evil.example.com")


def test_localhost_needs_development(settings):
    settings.DEVELOPMENT = False
    settings.SITE_URL = "https://desk.example.net"

    assert not is_allowed("http://localhost", WebsiteConfig(), "desk.example.org")


@pytest.mark.parametrize(
    ("url", "cleaned"),
    [
        ("https://shop.example.com/a?b=1#secret", "https://shop.example.com/a?b=1"),
        ("https://u:p@shop.example.com/", "https://shop.example.com/"),
        (
            "https://shop.example.com/app#/mills/reset/a1b2?token=3",
            "https://shop.example.com/app#/mills/reset/%E2%80%A6",
        ),
        ("https://shop.example.com/#!/a", "https://shop.example.com/#!/a"),
        (
            "https://shop.example.com/?TOKEN=1&api_key=2&reset-code=3&code=4&e-mail=5&x=6",
            "https://shop.example.com/?reset-code=3&x=6",
        ),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("/relative", ""),
        ("https://[bad", ""),
        (
            "https://shop.example.com/passwort/reset/MTI-c9z3kd/5f2a/?reset=zz&q=mill",
            "https://shop.example.com/passwort/reset/%E2%80%A6/%E2%80%A6/?q=mill",
        ),
        (
            "https://shop.example.com/of/kim@example.net/?q=kim%40example.net",
            "https://shop.example.com/of/%E2%80%A6/?q=%E2%80%A6",
        ),
        (
            "https://shop.example.com/d41d8cd98f00b204e9800998ecf8427e/nordkorn-360",
            "https://shop.example.com/%E2%80%A6/nordkorn-360",
        ),
        ("https://4111111111111111/", ""),
        ("http://4111-1111-1111-1111.x/", ""),
        ("http://41111111/11111111/", ""),
        ("https://[2001:db8::1]:8443/a", "https://[2001:db8::1]:8443/a"),
        (
            "https://shop.example.com/?q=4111111111111111",
            "https://shop.example.com/?q=%5Bcard+%C2%B7%C2%B7%C2%B7%C2%B71111%5D",
        ),
    ],
)
def test_addresses_lose_their_secrets(url, cleaned):
    assert clean_url(url) == cleaned


def test_long_address_is_cut():
    assert len(clean_url("https://shop.example.com/" + "a" * 9000)) == 2000


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "expected"),
    [
        ("9.9.9.9", "1.1.1.1", [], "9.9.9.9"),
        ("10.0.0.1", "1.1.1.1", ["10.0.0.0/8"], "1.1.1.1"),
        ("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", ["10.0.0.0/8"], "1.1.1.1"),
        ("10.0.0.1", "1.1.1.1, junk", ["10.0.0.0/8"], "10.0.0.1"),
        ("::ffff:10.0.0.1", "2001:db8::1", ["10.0.0.0/8"], "2001:db8::1"),
        ("", "1.1.1.1", ["10.0.0.0/8"], ""),
    ],
)
def test_client_address_is_counted_from_the_trusted_end(
    settings, peer, forwarded, trusted, expected
):
    settings.TRUSTED_PROXIES = trusted
    request = RequestFactory().get(
        "/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded}
    )
    scope = {
        "client": (peer, 1),
        "headers": [(b"x-forwarded-for", forwarded.encode())],
    }

    assert client_ip.of_request(request) == expected
    assert client_ip.of_scope(scope) == expected


def test_limits_count_ipv6_by_network():
    assert client_ip.limit_key("2001:db8:1:2:3::4") == "2001:db8:1:2::/64"
    assert client_ip.limit_key("1.2.3.4") == "1.2.3.4"


@pytest.mark.parametrize("name", [*widget_build.SCRIPTS, *widget_build.STYLES])
def test_served_file_is_made_from_these_sources(name):
    first_line = (WIDGET / name).read_text().splitlines()[0]

    assert widget_build.fingerprint(WIDGET) in first_line, "run manage.py build_widget"


def test_widget_is_within_its_limits(capsys):
    assert widget_bytes.main() == 0
