from typing import NamedTuple

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.db import transaction
from django.test import Client, RequestFactory

from supportdesk.accounts.models import User
from tests.isolation import stored
from tests.isolation.house import OPERATOR, House, furnish


class Houses(NamedTuple):
    theirs: House
    ours: House
    # As they were before anybody of ours asked for anything, and with ours.
    their_rows: stored.Rows
    all_rows: stored.Rows
    operator: User
    # Of sessions, by key of who is signed in.
    session_keys: dict[int, str]


@pytest.fixture(scope="module")
def houses(django_db_setup, django_db_blocker):
    """Theirs and ours, furnished once for a file; each test takes back what it did."""
    with django_db_blocker.unblock(), transaction.atomic():
        theirs = furnish("Quitte")
        rows = stored.stored()
        ours = furnish("Mispel")
        operator = User.objects.create_superuser("operator@example.com", name="Op")
        people = [*ours.people.values(), ours.limited, operator]
        keys = {agent.pk: _sign_in(agent) for agent in people}
        yield Houses(theirs, ours, rows, stored.stored(), operator, keys)
        transaction.set_rollback(True)


def _sign_in(agent):
    """The key of a session in which the password was given again just now: pages of
    the second factor answer only then."""
    browser = Client()
    browser.force_login(agent)
    request = RequestFactory().get("/")
    request.session = browser.session
    record_authentication(request, agent, method="password", reauthenticated=True)
    request.session.save()
    return request.session.session_key


@pytest.fixture
def theirs(houses, db):
    return houses.theirs


@pytest.fixture
def ours(houses, db):
    return houses.ours


@pytest.fixture
def their_rows(houses, db):
    return houses.their_rows


@pytest.fixture
def all_rows(houses, db):
    return houses.all_rows


@pytest.fixture
def people(houses, db):
    """Whoever may ask for something of ours, by role."""
    return {**houses.ours.people, OPERATOR: houses.operator}


@pytest.fixture(scope="module")
def handler():
    """The whole stack of middleware, made once for a file."""
    return Client(raise_request_exception=False).handler


@pytest.fixture
def ask(houses, handler, db):
    """Asks as one of the agents, each in a browser of their own."""
    browsers = {}

    def asked(agent, url, *, method="get", headers=None, data=None):
        if agent.pk not in browsers:
            browsers[agent.pk] = Client(raise_request_exception=False)
            browsers[agent.pk].handler = handler
        browser = browsers[agent.pk]
        # Signed in, even if it has just signed out: tests take back what was done.
        browser.cookies["sessionid"] = houses.session_keys[agent.pk]
        return getattr(browser, method)(url, data or {}, headers=headers or {})

    return asked
