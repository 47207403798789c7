"""What pages may call, and what hostile ones make of it."""

import itertools
import json
import time

import pytest
from playwright.sync_api import expect

from channels_integration.website.identity import Claim, sign
from tests.browser.visiting import bubbles, told, until, warnings, write

STUB = "window.supportdesk ||= (...a) => (supportdesk._ ||= []).push(a);"


@pytest.fixture
def secret(desk, key):
    return desk.do(
        "from channels_integration.website import identity_services\n"
        "from conversations.models import Channel\n"
        f"website = Channel.objects.get(public_key={key!r})\n"
        "print(identity_services.create_identity_secret(channel=website))"
    ).strip()


@pytest.fixture
def stand(stack, website, key):
    """`stand(page, before)`: be on a page that runs `before` and loads the widget."""

    def visit(page, before=""):
        tag = f'<script async src="{stack.url}/widget.js" data-key="{key}"></script>'
        website.show(page, f"<script>{before}</script>{tag}")
        page.locator("support-widget").wait_for(state="attached")

    return visit


SIGNED_BEFORE = itertools.count()


def signed(secret, **values):
    """Never twice the same: a signature counts only in the browser that brought it."""
    expires = int(time.time()) + 3600 + next(SIGNED_BEFORE)
    claim = Claim(expires=expires, **values)
    return values | {"expires": expires, "signature": sign(claim, secret)}


def read_visitor(desk):
    """Contact data and customer information of whose browser came last."""
    return json.loads(
        desk.do(
            "import json\n"
            "from channels_integration.website.models import VisitorSession\n"
            "from visitors.customer import read_customer\n"
            "visitor = VisitorSession.objects.latest('pk').visitor.profile\n"
            "items = read_customer(visitor, owner.account)\n"
            "print(json.dumps([visitor.name, visitor.email, visitor.user_id,"
            " {i.key: i.value for i in items}]))"
        )
    )


def test_page_code_can_drive_the_chat(shop, desk, new_page):
    page = new_page()
    page.goto(shop)
    page.get_by_role("button", name="Open chat").wait_for()
    warnings = []
    page.on("console", lambda message: warnings.append(message.text))

    page.evaluate(
        "supportdesk('nonsense'); supportdesk('on', 'open', () => { throw 1 })"
    )
    page.evaluate("supportdesk('language', 'de'); supportdesk('message', 'Guten Tag')")

    box = page.get_by_role("textbox", name="Nachricht schreiben")
    expect(box).to_have_value("Guten Tag")
    assert warnings[0] == "supportdesk: unknown command nonsense"
    page.evaluate("supportdesk('hide')")
    expect(page.locator("support-widget .w-launch")).to_be_hidden()


def test_page_says_who_is_there_and_what_the_shop_knows(shop, desk, stand, new_page):
    page = new_page()
    identities, customers = told(page, "identify"), told(page, "customer")
    said = """
        supportdesk("on", "identified", (said) => (window.said = said));
        supportdesk("identify", {name: "Sofia", email: "sofia@example.net", user_id: 77});
        supportdesk("customer", {orders: 3, old: 1});
        supportdesk("customer", {vip: true, old: null,
            card: {label: "Card", value: "4111 1111 1111 1111"},
            order: "4111111111111111"});
    """

    with page.expect_response("**/widget/customer") as answer:
        stand(page, STUB + said)

    assert answer.value.json() == {"kept": 5, "left_out": []}
    assert page.evaluate("said") == {"verified": False, "reason": "unsigned"}
    assert len(identities) == 1
    assert [list(customer["items"]) for customer in customers] == [
        ["orders", "old", "vip", "card", "order"]
    ]
    assert customers[0]["items"]["card"]["value"] == "[card ····1111]"
    assert read_visitor(desk) == [
        "Sofia",
        "sofia@example.net",
        "",
        {
            "user_id": "77",
            "orders": 3,
            "vip": True,
            "card": "[card ····1111]",
            "order": "4111111111111111",
        },
    ]
    # The next page says the same: nobody is asked again.
    with page.expect_response("**/widget/visit"):
        stand(page, STUB + said)
    page.wait_for_timeout(500)
    assert page.evaluate("said") == {"verified": False, "reason": ""}
    assert (len(identities), len(customers)) == (1, 1)


def test_signed_customer_finds_the_conversation_on_another_device(
    shop, desk, stand, secret, new_page
):
    identity = {"user_id": "4711", "name": "Katharina", "email": "k@example.com"}
    phone, laptop = new_page(), new_page()
    call = "supportdesk('identify', %s);"
    stand(phone, STUB + call % json.dumps(signed(secret, **identity)))
    phone.get_by_role("button", name="Open chat").click()
    write(phone, "Where is my parcel?")
    expect(phone.get_by_text("Sent", exact=True)).to_be_visible()

    stand(laptop)
    laptop.get_by_role("button", name="Open chat").click()
    laptop.get_by_role("textbox", name="Write a message").wait_for()
    laptop.evaluate(
        "window.heard = []; supportdesk('on', 'identified', e => heard.push(e))"
    )
    laptop.evaluate(call % json.dumps(signed(secret, **identity)))

    expect(bubbles(laptop)).to_have_text(["Where is my parcel?"])
    assert laptop.evaluate("heard") == [{"verified": True, "reason": ""}]
    desk.answer("On its way!")
    expect(bubbles(laptop).last).to_contain_text("On its way!")
    expect(bubbles(phone).last).to_contain_text("On its way!")
    assert read_visitor(desk)[:3] == ["Katharina", "k@example.com", "4711"]


def test_signed_customer_s_open_devices_show_the_same(
    shop, desk, stand, secret, new_page
):
    phone, laptop = new_page(), new_page()
    for page in (phone, laptop):
        identity = json.dumps(signed(secret, user_id="4719"))
        with page.expect_response("**/widget/identify"):
            stand(page, f"{STUB} supportdesk('identify', {identity});")
        page.get_by_role("button", name="Open chat").click()
        page.get_by_role("textbox", name="Write a message").wait_for()

    write(phone, "Where is my parcel?")

    expect(bubbles(laptop)).to_have_text(["Where is my parcel?"])
    write(laptop, "I am at my computer now.")
    expect(bubbles(phone).last).to_contain_text("I am at my computer now.")
    desk.answer("On its way!")
    for page in (phone, laptop):
        expect(bubbles(page).last).to_contain_text("On its way!")


def test_wrong_signature_reveals_nothing(shop, desk, stand, secret, new_page):
    page = new_page()
    warned = warnings(page)
    identity = signed(secret, user_id="4711") | {"user_id": "4712"}

    with page.expect_response("**/widget/identify") as answer:
        stand(page, f"{STUB} supportdesk('identify', {json.dumps(identity)});")

    assert answer.value.json()["verified"] is False
    page.wait_for_timeout(100)
    assert warned == ["supportdesk: identify: not verified, signature"]


def test_logout_begins_as_somebody_else(shop, desk, stand, secret, new_page):
    identity = signed(secret, user_id="4713", name="Katharina", email="k@example.com")
    page = new_page()
    visits = told(page, "visit")
    stand(page, f"{STUB} supportdesk('identify', {json.dumps(identity)});")
    page.get_by_role("button", name="Open chat").click()
    write(page, "Where is my parcel?")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    page.get_by_role("textbox", name="Write a message").fill("A draft")
    until(page, lambda: visits)
    former = visits[-1]["token"]

    with page.expect_response("**/widget/logout") as answer:
        page.evaluate(
            "supportdesk('logout'); supportdesk('customer', {basket: 'empty'})"
        )

    assert answer.value.status == 204
    expect(bubbles(page)).to_have_text(["AnnaHello! How can we help?"])
    expect(page.get_by_role("textbox", name="Write a message")).to_have_value("")
    until(page, lambda: visits[-1]["token"] != former)
    until(page, lambda: read_visitor(desk) == ["", "", "", {"basket": "empty"}])
    kept = page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert "parcel" not in kept
    assert "Katharina" not in kept
    write(page, "Hello")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    desk.stores("Hello")


def test_other_tab_of_who_logged_out_forgets_too(shop, desk, new_page):
    page = new_page()
    page.goto(shop)
    page.get_by_role("button", name="Open chat").click()
    write(page, "My secret question")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    other = new_page(context=page.context)
    other.goto(shop)
    expect(bubbles(other)).to_have_text(["My secret question"])

    page.evaluate("supportdesk('logout')")

    expect(bubbles(other)).to_have_text(["AnnaHello! How can we help?"])


def test_other_tab_shows_nothing_of_the_customer_before(
    shop, desk, stand, secret, new_page
):
    call = "supportdesk('identify', %s);"
    page = new_page()
    stand(page, STUB + call % json.dumps(signed(secret, user_id="4714")))
    page.get_by_role("button", name="Open chat").click()
    write(page, "My secret question")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    other = new_page(context=page.context)
    stand(other)
    expect(bubbles(other)).to_have_text(["My secret question"])

    page.evaluate(call % json.dumps(signed(secret, user_id="4715")))

    expect(bubbles(page)).to_have_text(["AnnaHello! How can we help?"])
    expect(bubbles(other)).to_have_text(["AnnaHello! How can we help?"])
    write(other, "Hello")
    expect(bubbles(page)).to_have_text(["Hello"])
    expect(bubbles(other)).to_have_text(["Hello"])


def leave_unsent(page, draft):
    """A file and words that wait for it, and words that were only typed."""
    page.route("**/widget/files", lambda route: route.abort())
    picker = page.locator("support-widget input[type=file]")
    with page.expect_event("requestfailed"):
        picker.set_input_files(
            {"name": "secret.txt", "mimeType": "text/plain", "buffer": b"Mine"}
        )
    write(page, "Words that wait")
    expect(bubbles(page).last).to_have_text("Words that wait")
    page.get_by_role("textbox", name="Write a message").fill(draft)


def test_nothing_unsent_in_another_tab_goes_out_after_logout(shop, desk, new_page):
    new_page.forgive("ERR_FAILED")
    page = new_page()
    page.goto(shop)
    page.get_by_role("button", name="Open chat").click()
    write(page, "My secret question")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    other = new_page(context=page.context)
    other.goto(shop)
    expect(bubbles(other)).to_have_text(["My secret question"])
    leave_unsent(other, "A draft")

    other.unroute("**/widget/files")
    page.evaluate("supportdesk('logout')")

    box = other.get_by_role("textbox", name="Write a message")
    expect(box).to_have_value("")
    expect(bubbles(other)).to_have_text(["AnnaHello! How can we help?"])
    write(other, "Hello")
    expect(other.get_by_text("Sent", exact=True)).to_be_visible()
    expect(bubbles(page)).to_have_text(["Hello"])
    other.wait_for_timeout(1500)
    desk.stores("Hello")
    kept = other.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert "A draft" not in kept


def test_form_of_who_logged_out_is_empty_again(shop, desk, new_page):
    # A visit that is reported while another tab ends the session.
    new_page.forgive("401")
    desk.go()
    page = new_page()
    page.goto(shop)
    page.get_by_role("button", name="Open chat").click()
    form = page.locator("support-widget form")
    form.locator("textarea").fill("My secret question")
    form.locator("input[type=email]").fill("k@example.com")
    other = new_page(context=page.context)
    other.goto(shop)
    form_there = other.locator("support-widget form")
    expect(form_there.locator("textarea")).to_have_value("My secret question")

    other.evaluate("supportdesk('logout')")

    expect(form_there.locator("textarea")).to_have_value("")
    expect(form.locator("textarea")).to_have_value("")
    expect(form.locator("input[type=email]")).to_have_value("")


def test_nothing_unsent_of_one_customer_goes_out_as_the_next(
    shop, desk, stand, secret, new_page
):
    new_page.forgive("ERR_FAILED")
    call = "supportdesk('identify', %s);"
    page = new_page()
    stand(page, STUB + call % json.dumps(signed(secret, user_id="4716")))
    page.get_by_role("button", name="Open chat").click()
    write(page, "My secret question")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    other = new_page(context=page.context)
    stand(other)
    expect(bubbles(other)).to_have_text(["My secret question"])
    leave_unsent(page, "A draft")
    leave_unsent(other, "Another draft")

    page.evaluate(call % json.dumps(signed(secret, user_id="4717")))

    for tab in page, other:
        expect(bubbles(tab)).to_have_text(["AnnaHello! How can we help?"])
        box = tab.get_by_role("textbox", name="Write a message")
        expect(box).to_have_value("")
        tab.unroute("**/widget/files")
    write(other, "Hello")
    expect(bubbles(page)).to_have_text(["Hello"])
    page.wait_for_timeout(1500)
    desk.stores("Hello")


def test_what_somebody_wrote_before_they_sign_in_stays_theirs(
    shop, desk, stand, secret, new_page
):
    page = new_page()
    stand(page)
    page.get_by_role("button", name="Open chat").click()
    write(page, "Hello")
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    page.get_by_role("textbox", name="Write a message").fill("A draft")
    phone = new_page()
    call = "supportdesk('identify', %s);"
    with phone.expect_response("**/widget/identify"):
        stand(phone, STUB + call % json.dumps(signed(secret, user_id="4718")))

    identity = signed(secret, user_id="4718", name="Katharina")
    with page.expect_response("**/widget/identify") as answer:
        page.evaluate(call % json.dumps(identity))

    assert answer.value.json()["changed"] is True
    page.wait_for_timeout(500)
    box = page.get_by_role("textbox", name="Write a message")
    expect(box).to_have_value("A draft")


HOSTILE = """
    const cyclic = {ok: 1};
    cyclic.self = cyclic;
    window.hostile = JSON.parse('{"__proto__": "p", "constructor": "c"}');
    Object.assign(hostile, {
        html: "<img src=x onerror=alert(1)>", cyclic, nested: {deep: {deeper: 1}},
        list: [1, 2], fn() {}, symbol: Symbol("s"), big: 10n, nan: NaN, inf: Infinity,
        long: "x".repeat(1e6), undef: undefined, date: new Date(),
        label: {label: "x".repeat(101), value: 1}, both: {label: {}, value: 1},
        ["k".repeat(65)]: 1, "": "nameless",
    });
    Object.defineProperty(hostile, "getter", {enumerable: true, get() { throw 1 }});
    for (let i = 0; i < 10000; i++) hostile[`key${i}`] = i;
"""


def test_what_cannot_be_customer_information_is_left_out(shop, desk, stand, new_page):
    page = new_page()
    warned = warnings(page)
    customers = told(page, "customer")

    with page.expect_response("**/widget/customer") as answer:
        stand(page, f"{STUB}{HOSTILE} supportdesk('customer', hostile);")

    items = customers[0]["items"]
    assert len(items) == 100
    assert list(items)[:4] == ["__proto__", "constructor", "html", "key0"]
    assert answer.value.json() == {"kept": 100, "left_out": []}
    assert "cyclic, nested, list, fn, symbol, big, nan" in warned[0]
    assert warned[0].endswith(" more")
    assert len(warned[0]) < 1000
    known = read_visitor(desk)[3]
    assert known["html"] == "<img src=x onerror=alert(1)>"
    assert known["__proto__"] == "p"


def test_nothing_that_a_page_does_is_thrown_back_at_it(shop, stand, new_page):
    page = new_page()
    stand(page, STUB + HOSTILE)

    thrown = page.evaluate(
        """
        async () => {
            const thrown = [];
            addEventListener("unhandledrejection", (event) => thrown.push(String(event.reason)));
            const evil = new Proxy({}, {
                ownKeys() { throw 1 }, get() { throw 2 }, getPrototypeOf() { throw 3 },
            });
            const text = { toString() { throw 4 } };
            const commands = ["open", "close", "toggle", "show", "hide", "on", "off",
                "language", "color", "theme", "message", "group", "identify", "customer"];
            const values = [undefined, null, 5, "", "x", [], {}, evil, text, Symbol("s"),
                () => { throw 5 }, hostile, new Date(NaN), window];
            for (const command of [...commands, ...values])
                for (const value of values)
                    try { supportdesk(command, value) } catch (e) { thrown.push(String(e)) }
            console.warn = () => { throw 6 };
            for (const value of values)
                try { supportdesk(value) } catch (e) { thrown.push(String(e)) }
            await new Promise((go) => setTimeout(go, 1500));
            return thrown;
        }
        """
    )

    # What a page's own function throws is that of its page, and goes to the console.
    assert thrown == []


@pytest.mark.parametrize(
    "before",
    [
        "window.supportdesk = Object.freeze({_: Object.freeze([Object.freeze(['language', 'de'])])});",
        "window.supportdesk = {_: {length: 1e9, 0: ['language', 'de'], 1: null}};",
        "window.supportdesk = {get _() { throw 1 }};",
        "Object.defineProperty(window, 'supportdesk', {value: {}, writable: false});",
        "Object.defineProperty(window, 'supportdesk', {get() { throw 1 }, set() { throw 2 }});",
        "Object.freeze(history);",
        "Object.defineProperty(window, 'localStorage', {get() { throw 1 }});",
        "Object.prototype.bad = {label: 'x', value: 1};",
        "navigator.sendBeacon = undefined; navigator.userAgentData.getHighEntropyValues = null;",
        "Object.defineProperty(document, 'title', {get() { throw 1 }});",
    ],
)
def test_widget_stands_whatever_the_page_did_before(stand, new_page, before):
    page = new_page()

    stand(page, before)

    page.locator("support-widget .w-launch").click()
    page.locator("support-widget textarea").wait_for()
    page.goto("about:blank")


def test_queue_of_a_frozen_stub_is_played(stand, new_page):
    page = new_page()

    stand(
        page,
        "window.supportdesk = {_: Object.freeze([['language', 'de'], null, 7, 'x'])};",
    )

    expect(page.get_by_role("button", name="Chat öffnen")).to_be_visible()


def test_stub_that_a_page_puts_over_ours_too_late_is_heard(
    stack, website, key, new_page
):
    page = new_page()
    held = []
    page.route("**/widget/config?*", lambda route: held.append(route))
    tag = f'<script async src="{stack.url}/widget.js" data-key="{key}"></script>'
    with page.expect_request("**/widget/config?*"):
        website.show(page, tag)
    page.evaluate("supportdesk('color', '#aa0000'); supportdesk = undefined;" + STUB)
    page.evaluate("supportdesk('language', 'de')")

    held[0].continue_()

    launcher = page.get_by_role("button", name="Chat öffnen")
    expect(launcher).to_have_css("background-color", "rgb(170, 0, 0)")
    page.evaluate("supportdesk = 5")
    launcher.click()
    expect(page.get_by_role("textbox", name="Nachricht schreiben")).to_be_visible()


def test_customer_of_the_demo_shop_signs_in_and_out(shop, desk, new_page):
    page = new_page()
    page.goto(shop)
    page.get_by_role("button", name="Open chat").wait_for()

    with (
        page.expect_response("**/widget/identify") as answer,
        page.expect_response("**/widget/customer"),
    ):
        page.get_by_role("link", name="Sign in as Katharina").click()
    assert answer.value.json() == {
        "verified": True,
        "reason": "",
        "changed": True,
        "switched": False,
        "left_out": [],
    }
    page.get_by_text("Katharina Vogt").wait_for()
    page.get_by_role("button", name="Open chat").click()
    expect(bubbles(page).first).to_be_visible()
    assert bubbles(page).count() > 1
    name, _email, user_id, known = read_visitor(desk)
    assert (name, user_id) == ("Katharina Vogt", "MM-10482")
    assert known["orders"] == 7

    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("link", name="Sign in as Katharina").wait_for()
    page.get_by_role("button", name="Open chat").click()
    expect(bubbles(page)).to_have_text(["AnnaHello! How can we help?"])
