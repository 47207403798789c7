"""A website that moves over: Smartsupp's page API drives our widget."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.visiting import bubbles, told, warnings, write

VENDOR = Path(__file__).parent / "vendor"
FILES = {
    "domready.js": (VENDOR / "domready/ready.js").read_text(),
    "smartsupp-widget.js": (VENDOR / "smartsupp-widget/index.esm.js").read_text(),
}
# Nothing but what has this nonce or comes from the desk may run.
PACKAGE = """
<script nonce="shop" src="domready.js"></script>
<script nonce="shop" type="importmap">
{"imports": {"domready": "./ready-module.js", "smartsupp-widget": "./smartsupp-widget.js"}}
</script>
<script nonce="shop" type="module">
import * as sdk from "smartsupp-widget";
window.sdk = sdk;
sdk.init(%(key)s, %(options)s);
%(calls)s
</script>
"""
SNIPPET = """
<script>
var _smartsupp = _smartsupp || {};
Object.assign(_smartsupp, %(options)s, {key: %(key)s});
window.smartsupp || (function (d) {
  var s, c, o = smartsupp = function () { o._.push(arguments) }; o._ = [];
  window.stub = o;
  s = d.getElementsByTagName("script")[0]; c = d.createElement("script");
  c.async = true; c.src = "%(loader)s"; s.parentNode.insertBefore(c, s);
})(document);
%(calls)s
</script>
"""


@pytest.fixture
def move_over(stack, website, key):
    """`move_over(page, calls)`: stand on a website that uses the snippet."""

    def visit(page, calls="", **options):
        html = SNIPPET % {
            "key": json.dumps(key),
            "loader": f"{stack.url}/loader.js",
            "options": json.dumps(options),
            "calls": calls,
        }
        website.show(page, html)
        page.locator("support-widget").wait_for(state="attached")

    return visit


def launcher(page):
    return page.locator("support-widget .w-launch")


def test_package_from_npm_drives_the_widget(stack, website, desk, key, new_page):
    page = new_page()
    warned = warnings(page)
    html = PACKAGE % {
        "key": json.dumps(key),
        "options": json.dumps(
            {"_loaderUrl": f"{stack.url}/loader.js", "hideWidget": True, "gaKey": "x"}
        ),
        "calls": """
            sdk.setName("Katharina Vogt");
            sdk.setEmail("katharina@example.com");
            sdk.setPhone("+49 421 5550123");
            sdk.setVariables({
                orders: {label: "Orders", value: 3}, vip: true, spent: "1.204,00 €",
                card: "4111 1111 1111 1111",
            });
            sdk.setGroup("repairs");
            sdk.setLanguage("de");
            sdk.chatMessage("Guten Tag");
        """,
    }
    socket = stack.url.replace("http", "ws")
    policy = (
        f"default-src 'none'; img-src data:; script-src 'nonce-shop' 'self' {stack.url};"
        f" connect-src {stack.url} {socket}; base-uri 'none'"
    )
    ready = {"ready-module.js": "export default window.domready;"}
    website.show(page, html, policy=policy, files=FILES | ready)

    box = page.get_by_role("textbox", name="Nachricht schreiben")
    expect(box).to_have_value("Guten Tag")
    page.evaluate("sdk.chatClose()")
    expect(page.get_by_role("button", name="Chat öffnen")).to_be_visible()
    page.evaluate("sdk.chatHide()")
    expect(launcher(page)).to_be_hidden()
    page.evaluate("sdk.chatShow()")
    expect(launcher(page)).to_be_visible()
    page.evaluate("smartsupp('theme:color', '#00aa11')")
    expect(launcher(page)).to_have_css("background-color", "rgb(0, 170, 17)")
    page.evaluate(
        """
        window.heard = [];
        for (const event of ["message_sent", "message_received", "messenger_close"])
            smartsupp("on", event, (told) => heard.push(
                [event, told && told.content.text]));
        sdk.chatOpen();
        """
    )
    box.fill("Ist die Mühle da?")
    page.get_by_role("button", name="Senden").click()
    expect(page.get_by_text("Gesendet", exact=True)).to_be_visible()
    desk.answer("Ja, ist sie.")
    expect(bubbles(page).last).to_contain_text("Ja, ist sie.")
    page.evaluate("sdk.chatClose()")

    assert page.evaluate("heard") == [
        ["message_sent", "Ist die Mühle da?"],
        ["message_received", "Ja, ist sie."],
        ["messenger_close", None],
    ]
    assert warned == []
    stored = desk.do(
        "import json\n"
        "from visitors.customer import read_customer\n"
        "visitor = latest.visitor.profile\n"
        "items = read_customer(visitor, owner.account)\n"
        "print(json.dumps([visitor.name, visitor.email, visitor.phone,"
        " latest.group.key, [[i.label, i.value, i.verified] for i in items]]))"
    )
    assert json.loads(stored) == [
        "Katharina Vogt",
        "katharina@example.com",
        "+494215550123",
        "repairs",
        [
            ["Orders", 3, False],
            ["vip", True, False],
            ["spent", "1.204,00 €", False],
            ["card", "[card ····1111]", False],
        ],
    ]


def test_logout_forgets_the_visitor(desk, move_over, new_page):
    page = new_page()
    move_over(page)
    launcher(page).click()
    write(page, "My secret question")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()

    with page.expect_response("**/widget/logout") as answer:
        page.evaluate("smartsupp('logout')")

    assert answer.value.status == 204
    expect(bubbles(page)).to_have_text(["AnnaHello! How can we help?"])


def test_calls_from_before_run_in_order_and_the_stub_stays_alive(move_over, new_page):
    page = new_page()
    move_over(
        page,
        """
        smartsupp("language", "de");
        smartsupp("theme:color", "#aa0000");
        smartsupp("theme:color", {color: "#00aa00"});
        smartsupp(function () { window.isReady = document.querySelector("support-widget").lang });
        """,
    )

    expect(launcher(page)).to_have_attribute("aria-label", "Chat öffnen")
    expect(launcher(page)).to_have_css("background-color", "rgb(0, 170, 0)")
    assert page.evaluate("isReady") == "de"
    page.evaluate("stub('language', 'en')")
    expect(launcher(page)).to_have_attribute("aria-label", "Open chat")


def test_what_is_unknown_is_warned_of_and_nothing_is_thrown(move_over, new_page):
    page = new_page()
    warned = warnings(page)
    move_over(page)

    thrown = page.evaluate(
        """
        () => {
            const thrown = [];
            for (const call of [
                ["nonsense"], ["constructor"], ["__proto__"], [], [null], [{}],
                ["on", "nonsense", () => {}], ["on", "message_sent", "no function"],
                ["on", "toString", () => {}],
                ["language", "fr"], ["language", null], ["theme:color", "red"],
                ["theme:color", null], ["name", 5], ["email", {}], ["variables", "x"],
                ["analyticsConsent", "yes"], ["chat:message", { toString() { throw 1 } }],
                [{ toString() { throw 1 } }], ["on", { toString() { throw 1 } }],
                [() => { throw 1 }],
            ])
                try { smartsupp(...call) } catch (error) { thrown.push(String(error)) }
            return thrown;
        }
        """
    )

    assert thrown == []
    assert warned[0] == "supportdesk: unknown command nonsense"
    page.wait_for_timeout(300)
    assert len(warned) == 21


def test_options_settle_place_and_colour(move_over, new_page):
    page = new_page()
    move_over(
        page,
        orientation="left",
        offsetX=50,
        offsetY="60",
        zIndex=77,
        color="#123456",
        cookieDomain=".example.com",
        unheardOf=[1],
        privacyNoticeUrl="javascript:alert(1)",
        ratingEnabled="maybe",
    )

    host = page.locator("support-widget")
    box = host.bounding_box()
    assert box["x"] == 50
    assert box["y"] + box["height"] == DESKTOP["height"] - 60
    expect(host).to_have_css("z-index", "77")
    expect(launcher(page)).to_have_css("background-color", "rgb(18, 52, 86)")
    launcher(page).click()
    page.get_by_role("textbox", name="Write a message").wait_for()
    assert page.locator("support-widget a").count() == 0


@pytest.mark.parametrize(
    ("options", "calls", "viewport", "visible"),
    [
        ({}, "", DESKTOP, True),
        ({"hideWidget": True}, "", DESKTOP, False),
        ({"hideWidget": True}, "smartsupp('chat:show')", DESKTOP, True),
        ({"hideWidget": True}, "smartsupp('chat:open')", DESKTOP, True),
        ({}, "smartsupp('chat:hide')", DESKTOP, False),
        ({"hideMobileWidget": True}, "", DESKTOP, True),
        ({"hideMobileWidget": True}, "smartsupp('chat:open')", PHONE, False),
        ({"hideOfflineChat": True}, "", DESKTOP, True),
    ],
)
def test_whether_the_widget_shows(
    desk, move_over, new_page, options, calls, viewport, visible
):
    page = new_page(viewport=viewport)

    move_over(page, calls, **options)
    page.wait_for_timeout(300)

    assert page.locator("support-widget").is_visible() == visible


def test_hidden_while_nobody_is_there_unless_a_conversation_runs(
    desk, move_over, new_page
):
    page = new_page()
    move_over(page, hideOfflineChat=True)
    launcher(page).click()
    write(page, "Hello")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    page.evaluate("smartsupp('chat:close')")
    desk.go()
    stranger = new_page()

    move_over(stranger, hideOfflineChat=True)
    page.reload()

    expect(launcher(page)).to_be_visible()
    expect(stranger.locator("support-widget")).to_be_hidden()


def test_old_attributes_open_the_chat(move_over, new_page):
    page = new_page()
    page.on("framenavigated", lambda frame: frame.url.endswith("#") and 1 / 0)
    move_over(
        page,
        """
        document.body.innerHTML = `
            <a href="#" data-api="smartsupp" data-operation="send"
               data-text="Card 4111 1111 1111 1111"><b>Ask us</b></a>
            <button data-api="smartsupp" data-operation="open">Chat</button>`;
        """,
    )

    page.get_by_text("Ask us").click()
    box = page.get_by_role("textbox", name="Write a message")
    expect(box).to_have_value("Card 4111 1111 1111 1111")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Chat", exact=True).click()

    expect(box).to_be_visible()


def test_consent_is_remembered_for_the_recorder(key, move_over, new_page):
    page = new_page()

    move_over(
        page,
        "smartsupp('analyticsConsent', true); smartsupp('marketingConsent', false);"
        "smartsupp('recording:off', true); smartsupp('recording:disable', true)",
    )
    page.wait_for_timeout(100)

    kept = page.evaluate(f"localStorage.getItem('supportdesk:{key}:consent')")
    assert json.loads(kept) == {
        "analytics": True,
        "marketing": False,
        "recordingOff": True,
    }


def test_empty_contact_of_guests_is_not_told(move_over, new_page):
    page = new_page()
    contacts = told(page, "identify")
    with page.expect_response("**/widget/visit"):
        move_over(
            page,
            "smartsupp('name', ''); smartsupp('email', ''); smartsupp('phone', '')",
        )
    page.wait_for_timeout(500)

    assert contacts == []
