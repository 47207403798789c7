"""From the form that opens an account to a second factor, as its owner does it."""

import re
import time
import uuid
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.test_accessibility import WIDE, violations

PASSWORD = "correct horse battery staple"


@pytest.fixture
def address(stack):
    """By name: keys are tied to names, not to addresses."""
    return stack.url.replace("127.0.0.1", "localhost")


def mail_to(stack, email):
    """The last mail to the address, once it is there."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for path in sorted(Path(stack.directory / "mail").iterdir(), reverse=True):
            for raw in reversed(path.read_bytes().split(b"-" * 79)):
                message = message_from_bytes(raw.strip(), policy=policy.default)
                if message["To"] == email:
                    return message.get_body(("plain",)).get_content()
        time.sleep(0.2)
    raise AssertionError(f"no mail to {email}")


def code(secret):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def open_account(stack, address, page):
    """Sign up and follow the mail; returns the owner's address."""
    email = f"owner-{uuid.uuid4().hex[:8]}@duene.example"
    page.goto(f"{address}/accounts/login/")
    page.get_by_role("link", name="Open an account").click()
    expect(page.get_by_label("Company")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Company").fill("Deich & Düne")
    page.get_by_label("Your name").fill("Frauke Petersen")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    page.get_by_role("button", name="Open an account").click()
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
    assert violations(page) == []
    link = re.search(r"http\S+(/signup/confirm/\S+)", mail_to(stack, email))[1]
    page.goto(address + link)
    assert violations(page) == []
    page.get_by_role("button", name="Open the account").click()
    expect(page.get_by_role("heading", name="First steps")).to_be_visible()
    return email


def sign_in(address, page, email):
    page.goto(f"{address}/accounts/login/")
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize(
    ("viewport", "dark"), [(WIDE, False), (PHONE, True)], ids=["wide", "phone"]
)
def test_from_the_form_to_the_first_message(
    stack, address, website, new_page, viewport, dark
):
    page = new_page(viewport=viewport, dark=dark, timezone_id="Asia/Tokyo")
    open_account(stack, address, page)
    assert violations(page) == []

    page.get_by_label("Address of your website").fill("localhost")
    page.get_by_role("button", name="Add website").click()
    snippet = page.locator("#snippet")
    expect(snippet).to_contain_text("data-key=")
    key = re.search(r'data-key="([^"]+)"', snippet.inner_text())[1]
    expect(page.locator("#website-seen")).to_contain_text("Not seen yet")

    # Nobody touches the page from here on: it learns by itself.
    shop = new_page()
    line = f'<script async src="{stack.url}/widget.js" data-key="{key}"></script>'
    website.show(shop, line)
    expect(page.locator("#website-seen")).to_contain_text("We have seen your website")

    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open the preview").click()
    preview = opened.value
    preview.get_by_role("button", name="Open chat").click()
    preview.get_by_role("textbox", name="Write a message").fill("Is this on?")
    preview.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#message-arrived")).to_contain_text("has arrived")
    assert violations(page) == []

    page.get_by_label("Name").fill("Jonas")
    email = f"jonas-{uuid.uuid4().hex[:8]}@duene.example"
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Invite").click()
    expect(page.locator("#step-invite .rows")).to_contain_text(email)
    assert "Deich & Düne" in mail_to(stack, email)

    page.locator("#message-arrived").get_by_role("link", name="Answer it").click()
    expect(page.locator("#log")).to_contain_text("Is this on?")


@pytest.mark.parametrize(
    ("viewport", "dark"), [(WIDE, True), (PHONE, False)], ids=["wide", "phone"]
)
def test_app_recovery_codes_and_sessions(stack, address, new_page, viewport, dark):
    page = new_page(viewport=viewport, dark=dark, timezone_id="Asia/Tokyo")
    email = open_account(stack, address, page)
    other = new_page()
    sign_in(address, other, email)
    expect(other.locator("html[data-live]")).to_be_attached()

    page.goto(f"{address}/profile/security/")
    expect(page.locator("#sessions .rows__item")).to_have_count(2)
    assert violations(page) == []
    page.locator("#sessions .rows").get_by_role("button", name="Sign out").click()
    expect(page.locator("#sessions .rows__item")).to_have_count(1)
    # Its socket is told, so the page does not wait for the next click.
    other.wait_for_url("**/accounts/login/**")

    page.get_by_role("link", name="Set up App with codes").click()
    expect(page.locator(".qr")).to_be_visible()
    assert violations(page) == []
    secret = page.locator("#secret").text_content()
    page.get_by_label("Code").fill(code(secret))
    page.get_by_role("button", name="Switch on").click()
    codes = page.locator("#codes code")
    expect(codes).to_have_count(10)
    assert violations(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    kept = Path(download.value.path()).read_text().split()
    assert kept[1:] == codes.all_inner_texts()

    sign_in(address, other, email)
    expect(other.get_by_role("heading", name="Second step")).to_be_visible()
    assert violations(other) == []
    other.get_by_label("Code").fill(kept[1])
    other.get_by_role("button", name="Sign in").click()
    expect(other.locator("html[data-live]")).to_be_attached()


def test_security_key_signs_in_where_the_account_asks_for_a_factor(
    stack, address, new_page
):
    page = new_page(timezone_id="Asia/Tokyo")
    email = open_account(stack, address, page)
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "usb",
                "hasResidentKey": False,
                "hasUserVerification": True,
                "isUserVerified": True,
            }
        },
    )

    page.goto(f"{address}/profile/security/keys/new/")
    assert violations(page) == []
    page.get_by_label("Name of the key").fill("Blue stick")
    page.get_by_role("button", name="Go on with the key").click()
    expect(page.locator("#codes code")).to_have_count(10)
    page.goto(f"{address}/settings/security/")
    page.get_by_label("Require two-factor sign-in of everybody").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The security settings are saved.")).to_be_visible()
    assert violations(page) == []
    page.goto(f"{address}/profile/security/")
    expect(page.locator("#two-factor")).to_contain_text("Blue stick")

    page.goto(f"{address}/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    sign_in(address, page, email)
    page.get_by_role("button", name="Use the security key").click()
    expect(page.locator("html[data-live]")).to_be_attached()


def test_who_has_no_factor_sees_the_setup_at_once_and_nothing_else(
    stack, address, new_page
):
    owner = new_page(timezone_id="Asia/Tokyo")
    email = open_account(stack, address, owner)
    stack.shell(
        "from supportdesk.accounts import services\n"
        "from supportdesk.accounts.models import User\n"
        f"owner = User.objects.get(email='{email}')\n"
        f"services.create_agent(account=owner.account, email='x-{email}', name='Jo',"
        f" password='{PASSWORD}')\n"
    )
    agent = new_page()
    sign_in(address, agent, f"x-{email}")
    expect(agent.locator("html[data-live]")).to_be_attached()

    owner.goto(f"{address}/profile/security/app/")
    secret = owner.locator("#secret").text_content()
    owner.get_by_label("Code").fill(code(secret))
    owner.get_by_role("button", name="Switch on").click()
    expect(owner.locator("#codes")).to_be_visible()
    owner.goto(f"{address}/settings/security/")
    owner.get_by_label("Require two-factor sign-in of everybody").check()
    owner.get_by_role("button", name="Save").click()

    expect(agent.get_by_role("heading", name="One more step")).to_be_visible()
    assert violations(agent) == []
    expect(agent.locator(".sidebar")).to_have_count(0)
