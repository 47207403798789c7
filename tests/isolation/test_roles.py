"""What a role does not open is not there for it, though it is of its own account."""

import pytest

from tests.isolation.asking import text_of
from tests.isolation.forms import FORMS
from tests.isolation.house import OPERATOR
from tests.isolation.rights import may
from tests.isolation.routes import routes
from tests.isolation.stored import differing, stored

# A list or a history is shown to who may look, whatever is sent along.
LOOKS = ("_changelist", "_history")


@pytest.mark.parametrize("route", routes(), ids=str)
def test_lower_roles_are_refused_and_change_nothing(route, ours, all_rows, people, ask):
    url = route.url(ours)
    fields = [form.fields(ours, ours) for form in FORMS.get(route.name, [])] or [{}]
    # The admin refuses what is seen; the operator is led to it from a desk page, and
    # an agent from the account's notifications to their own.
    refused = {404, 403} if route.is_of_admin else {404}
    aside = {OPERATOR: {"/admin/"}}
    if route.name == "notifications:account":
        aside["agent"] = {"/settings/notifications/me/"}
    if route.name.startswith("settings:canned_reply"):
        # They use it, so they know of it.
        refused |= {403}

    for role, agent in people.items():
        answers = []
        if not may(role, route):
            answers.append(ask(agent, url))
        if not may(role, route, to_change=True):
            answers += [ask(agent, url, method="post", data=data) for data in fields]
        for answer in answers:
            text = text_of(answer)
            if answer.status_code == 302:
                assert answer["Location"] in aside.get(role, set()), role
            elif may(role, route) and route.name.endswith(LOOKS):
                continue
            elif answer.status_code != 405:
                assert answer.status_code in refused, role
                assert f"{ours.word} " not in text.replace(agent.name, ""), role
    assert differing(all_rows, stored()) == []
