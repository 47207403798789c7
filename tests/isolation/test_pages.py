"""No page, partial, file or form knows anything of another account."""

import pytest
from django.test import Client

from tests.isolation.asking import secrets_in, text_of, undone
from tests.isolation.form import smuggled
from tests.isolation.forms import FORMS
from tests.isolation.house import ROLES
from tests.isolation.rights import OPEN, PERSONAL, least, may
from tests.isolation.routes import named, routes
from tests.isolation.stored import changed, differing, pointing_at, stored

WITH_OBJECT = [route for route in routes() if route.has_object]
WITHOUT = [route for route in routes() if not route.has_object]
HTMX = {"HX-Request": "true"}
WAYS = [
    {"method": "get"},
    {"method": "head"},
    {"method": "post"},
    {"method": "post", "headers": HTMX},
    {"method": "get", "headers": HTMX},
]
REFUSED = {404, 405}
# Leaving is leaving, whoever asks.
ENDS_SESSION = {"account_logout", "admin:logout"}


@pytest.mark.parametrize("route", WITH_OBJECT, ids=str)
def test_their_objects_do_not_exist_for_anybody_of_ours(
    route, theirs, ours, their_rows, ask
):
    url = route.url(theirs)

    for role in ROLES:
        for way in WAYS:
            response = ask(ours.people[role], url, **way)
            # The admin asks for the right to do such a thing first.
            lacks_right = role != "owner" or route.is_of_admin
            expected = REFUSED | {403} if lacks_right else REFUSED
            assert response.status_code in expected, (role, way)
            assert theirs.word not in text_of(response), (role, way)
    assert changed(their_rows, stored()) == []


@pytest.mark.parametrize(
    "route", [route for route in WITH_OBJECT if len(route.arguments) > 1], ids=str
)
def test_their_object_within_ours_does_not_exist_either(
    route, theirs, ours, their_rows, ask
):
    for url in (route.url(ours, theirs), route.url(theirs, ours)):
        for role in ROLES:
            for way in WAYS:
                response = ask(ours.people[role], url, **way)
                assert response.status_code in REFUSED, (role, way)
                assert theirs.word not in text_of(response), (role, way)
    assert changed(their_rows, stored()) == []


@pytest.mark.parametrize("route", routes(), ids=str)
def test_what_is_ours_shows_and_takes_nothing_of_theirs(
    route, theirs, ours, their_rows, ask
):
    """Their ids in the query and in every field of a form, from whoever may open it."""
    url, values, statuses = route.url(ours), smuggled(theirs), set()
    form = FORMS[route.name][0].fields(ours, ours) if route.name in FORMS else {}

    for role in ROLES:
        if not may(role, route):
            continue
        agent = ours.people[role]
        answers = [ask(agent, url), ask(agent, url, data=values)]
        with undone():
            answers.append(ask(agent, url, method="post", data={**values, **form}))
            now = stored()
            assert changed(their_rows, now) == []
            assert pointing_at(their_rows, now) == []
            for response in answers:
                assert response.status_code < 500
                assert secrets_in(text_of(response), theirs) == []
        if role == least(route) or route.name in PERSONAL:
            statuses |= {response.status_code for response in answers}
    # Else the table of rights is wrong, and nothing was looked at.
    assert least(route) not in ROLES or statuses - {403, 404, 405}


@pytest.mark.parametrize(
    "route",
    [
        route
        for route in WITH_OBJECT
        if route.name.startswith("conversations:")
        # Views that are shared are for everybody.
        and not route.name.startswith("conversations:view_")
    ],
    ids=str,
)
def test_conversation_of_another_group_does_not_exist_for_a_limited_agent(
    route, ours, all_rows, ask
):
    for way in WAYS:
        response = ask(ours.limited, route.url(ours), **way)
        assert response.status_code in REFUSED | {403}, way
        assert f"{ours.word} asks" not in text_of(response)
    assert differing(all_rows, stored()) == []


@pytest.mark.parametrize(
    "route", [route for route in WITHOUT if route.name not in ENDS_SESSION], ids=str
)
def test_limited_agent_finds_nothing_of_other_groups(route, ours, ask):
    for data in ({}, {"status": "resolved"}, {"q": ours.word}):
        response = ask(ours.limited, route.url(ours), data=data)
        assert response.status_code < 500
        text = text_of(response)
        assert f"{ours.word} asks" not in text
        assert f"{ours.word} Ada" not in text


def test_nobody_in_particular_is_asked_to_sign_in(ours, handler):
    browser = Client(raise_request_exception=False)
    browser.handler = handler
    answers = {route: browser.get(route.url(ours)) for route in routes()}

    for route, response in answers.items():
        assert ours.word not in text_of(response), route
        assert response.status_code in {200, 302, 401, 403, 404, 405}, route
    opened = {route.name for route in answers if answers[route].status_code == 200}
    assert opened - OPEN == set()


def test_files_are_there_for_who_asked_for_them(ours, ask):
    """What others do not get is no file that nobody would get."""
    for name in ("conversations:export_file", "operations:account_file"):
        response = ask(ours.people["owner"], named(name).url(ours))

        assert response.status_code == 200
        assert f"{ours.word} in a file" in text_of(response)
