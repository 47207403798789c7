"""A real browser against the real product.

Playwright's loop runs in the tests' thread, so nothing here is asynchronous and
no test uses the ORM: the product has a database of its own, which `stack.manage`
and `stack.shell` reach.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser import chromium
from tests.browser.visiting import Desk, Website
from tests.product import BASE_DIR, Product

SCREENSHOTS = BASE_DIR / "var" / "screenshots"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
# For a page whose requests a test answers or holds back: with a service worker they may
# go past it.
ROUTED = {"service_workers": "block"}
TIMEOUT = 10_000
# What a loaded machine takes its time for is late, not wrong.
expect.set_options(timeout=TIMEOUT)
REPORT = pytest.StashKey[pytest.TestReport]()


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call":
        item.stash[REPORT] = report
    product = item.funcargs.get("running_product")
    if report.failed and product:
        report.sections.append(("the product's own words", product.logs()))
    return report


def failed(request):
    report = request.node.stash.get(REPORT, None)
    return report is None or report.failed


@pytest.fixture(scope="session")
def running_product(tmp_path_factory):
    product = Product(tmp_path_factory.mktemp("product"), "browser")
    try:
        product.start()
        yield product
    finally:
        product.stop()


@pytest.fixture
def stack(running_product):
    """The running product; what a test killed is started again for the next one."""
    yield running_product
    starters = {
        "web": running_product.start_web,
        "worker": running_product.start_worker,
        "beat": running_product.start_beat,
    }
    for name, start in starters.items():
        if name not in running_product.processes:
            start()


# Until its module ends: Playwright's loop would be in the way of asynchronous tests.
@pytest.fixture(scope="module")
def browser(request):
    whole = request.node.get_closest_marker("whole_browser") is not None
    with chromium.started(whole=whole) as browser:
        yield browser


class Pages:
    """Opens pages, each in a profile of its own unless told one to share."""

    def __init__(self, browser):
        self.browser = browser
        self.contexts = []
        self.pages = []
        self.errors = []
        self.forgiven = []

    def __call__(
        self, lang="en", viewport=None, dark=False, *, context=None, **options
    ):
        if context is None:
            context = self.browser.new_context(
                locale={"en": "en-GB", "de": "de-DE"}.get(lang, lang),
                viewport=viewport or DESKTOP,
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce",
                **options,
            )
            context.set_default_timeout(TIMEOUT)
            self.contexts.append(context)
        page = context.new_page()
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.pages.append(page)
        return page

    def _on_console(self, message):
        if message.type == "error":
            address = message.location.get("url", "")
            self.errors.append(f"{message.text} ({address})")

    def forgive(self, pattern):
        """Expect console errors like these."""
        self.forgiven.append(re.compile(pattern))

    def forgive_network(self):
        """Expect what the browser says while nobody answers, or not to the end."""
        self.forgive(r"net::ERR_|WebSocket connection|htmx:(sendError|afterRequest)")

    def forgive_card(self):
        """Expect that the visitor card may be asking for what is taken away."""
        self.forgive(r"status of 404 .*/visitor/\w+/\)")

    def unforgiven(self):
        return [
            error
            for error in self.errors
            if not any(pattern.search(error) for pattern in self.forgiven)
        ]


@pytest.fixture
def new_page(browser, request):
    """`new_page(lang="en", viewport=…, dark=False)`: a page in a fresh profile."""
    pages = Pages(browser)
    yield pages
    if failed(request):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w-]+", "-", request.node.name)
        for number, page in enumerate(pages.pages, 1):
            if not page.is_closed():
                page.screenshot(path=SCREENSHOTS / f"{name}-{number}.png")
    for context in pages.contexts:
        context.close()
    assert pages.unforgiven() == []


@pytest.fixture(scope="session")
def shop(running_product):
    """The demo shop, with demo data behind it."""
    running_product.manage("seed_demo")
    return f"{running_product.url}/demo/"


@pytest.fixture
def desk(stack, shop):
    """The demo account's side, with somebody there."""
    desk = Desk(stack)
    desk.come()
    return desk


@pytest.fixture(scope="session")
def website():
    with Website() as website:
        yield website
        website.shutdown()


@pytest.fixture
def key(desk):
    """The public key of the demo account's website."""
    return desk.do(
        "from conversations.models import Channel\n"
        "print(Channel.objects.filter(account=owner.account, kind='website')"
        ".earliest('pk').public_key)"
    ).strip()
