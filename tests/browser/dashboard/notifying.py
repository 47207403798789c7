"""A browser that may notify, and what it shows."""

import json

from playwright.sync_api import expect

SHOWN = """async () => {
  const registration = await navigator.serviceWorker.ready;
  const shown = await registration.getNotifications();
  return shown.map(({ title, body, tag, data, lang }) => ({ title, body, tag, lang, url: data.url }));
}"""
ACTIVE = (
    "async () => (await navigator.serviceWorker.ready).active.state === 'activated'"
)


def allow(desk, agent, path="/", **options):
    """The agent's page in a browser that was allowed to notify."""
    page = desk.sign_in(agent, path, permissions=["notifications"], **options)
    page.wait_for_function(ACTIVE)
    return page


def want(page, **ways):
    """What the settings say, on a page that is open already."""
    page.evaluate(
        "(ways) => Object.assign(document.querySelector('.app').dataset, ways)", ways
    )


def shown(page):
    return page.evaluate(SHOWN)


def expect_shown(page, *titles):
    """These notifications are on the screen, in no particular order."""
    found = None
    for _try in range(40):
        found = shown(page)
        if sorted(one["title"] for one in found) == sorted(titles):
            return found
        page.wait_for_timeout(100)
    raise AssertionError(f"shown: {found}, expected: {titles}")


def away(page):
    """The agent looks at something else, in a tab of its own."""
    other = page.context.new_page()
    other.goto("about:blank")
    other.bring_to_front()
    return other


class Worker:
    """The service worker, as the push service and the system's notifications reach it."""

    def __init__(self, page, origin):
        self.page, self.origin = page, origin
        self.session = page.context.new_cdp_session(page)
        registrations = []
        self.session.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda event: registrations.extend(event["registrations"]),
        )
        self.session.send("ServiceWorker.enable")
        for _try in range(50):
            if registrations:
                break
            page.wait_for_timeout(50)
        self.registration = registrations[0]["registrationId"]

    def push(self, content):
        data = content if isinstance(content, str) else json.dumps(content)
        self.session.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": self.origin, "registrationId": self.registration, "data": data},
        )

    def run(self, code, argument=None):
        (worker,) = self.page.context.service_workers
        return worker.evaluate(code, argument)


def content(id, **changes):
    return {
        "title": "Sofia Lindqvist",
        "body": "Where is my parcel?",
        "url": f"/conversations/{id}/",
        "tag": f"conversation-{id}",
        "kind": "message",
        "lang": "en",
        **changes,
    }


def expect_thread(page, id):
    expect(page.locator("#thread")).to_have_attribute("data-conversation", id)
