"""The walks see every address there is, and the tables speak of no other."""

from collections import Counter

import pytest
from django.test import Client

from tests.isolation import rights, routes
from tests.isolation.forms import CHANGES_NOTHING, FORMS
from tests.isolation.house import OPERATOR


def test_every_address_has_a_name_of_its_own():
    """One without a name is in no walk, and of two with one name only one would be."""
    names = Counter(route.name for route in routes.ALL)

    assert [name for name, number in names.items() if number > 1] == []
    assert routes.unnamed() == set(routes.UNNAMED)


def test_every_address_is_in_a_walk():
    walks = Counter(route.walk for route in routes.ALL)

    assert set(walks) == {"desk", "widget", "api", "everybody", "signed"}
    # Addresses of the widget begin so; the walk with browsers' keys is for these.
    for route in routes.routes("widget"):
        assert route.path.startswith("widget/"), route


def test_tables_name_addresses_that_there_are():
    names = {route.name for route in routes.ALL}
    told = [*rights.LEAST.values(), rights.PERSONAL, rights.OPEN, rights.OF_OPERATOR]
    told += [set(rights.TO_CHANGE), set(FORMS), set(CHANGES_NOTHING)]
    told += [routes.SIGNED, set(routes.FOR_EVERYBODY), routes.OF_AGENTS]
    told += [set(routes.WORDS), {name for name in routes.OBJECTS if ":" in name}]

    assert set().union(*told) - names == set()


def test_nothing_stands_twice_in_the_table_of_rights():
    standing = Counter(
        name
        for names in (*rights.LEAST.values(), rights.PERSONAL, rights.OPEN)
        for name in names
    )

    assert [name for name, number in standing.items() if number > 1] == []


@pytest.mark.parametrize("route", routes.routes(), ids=str)
def test_somebody_said_who_may_open(route):
    assert rights.least(route)


def test_every_address_that_takes_a_form_has_one(ours, people, ask):
    """A form that works is what the walks smuggle into."""
    without = []
    for route in routes.routes():
        if route.name in FORMS or route.name in CHANGES_NOTHING:
            continue
        askers = [agent for role, agent in people.items() if rights.may(role, route)]
        answers = [ask(agent, route.url(ours), method="post") for agent in askers]
        takes = {answer.status_code for answer in answers} - {403, 404, 405}
        # History pages of the admin look the same however they are asked.
        if takes and not route.name.endswith("_history"):
            without.append((route.name, takes))

    assert without == []


@pytest.mark.parametrize("route", routes.routes("everybody"), ids=str)
def test_what_is_for_everybody_says_nothing_of_anybody(route, ours):
    response = Client().get(route.url(ours))

    assert ours.word not in b"".join(response).decode()


def test_operator_is_nobody_of_the_account(people, ours):
    assert people[OPERATOR].account_id is None
    assert set(people) - {OPERATOR} == set(ours.people)
