"""Forms that work with keys of the own house, sent with those of another."""

import pytest

from tests.isolation.asking import secrets_in, text_of, undone
from tests.isolation.form import variants
from tests.isolation.forms import FORMS
from tests.isolation.house import OPERATOR
from tests.isolation.routes import named
from tests.isolation.stored import changed, differing, pointing_at, stored, telling_of

CASES = [(named(name), form) for name, forms in FORMS.items() for form in forms]


@pytest.mark.parametrize(("route", "form"), CASES, ids=str)
def test_form_works_with_own_keys(route, form, ours, people, ask):
    """Else it would be refused below for another reason than whose the keys are."""
    form.before(ours)
    before = stored()

    response = ask(
        people[form.role], route.url(ours), method="post", data=form.fields(ours, ours)
    )

    assert response.status_code in {200, 201, 202, 204, 302}, text_of(response)
    assert differing(before, stored()) != []


@pytest.mark.parametrize(
    ("route", "form"),
    # The operator looks after every account.
    [case for case in CASES if case[1].role != OPERATOR],
    ids=str,
)
def test_form_takes_no_key_of_another_house(
    route, form, theirs, ours, their_rows, people, ask
):
    form.before(ours)
    before = stored()

    for data in variants(form, ours, theirs):
        with undone():
            response = ask(people[form.role], route.url(ours), method="post", data=data)
            now, text = stored(), text_of(response)

        assert response.status_code < 500
        assert secrets_in(text, theirs) == []
        assert changed(their_rows, now) == []
        assert pointing_at(their_rows, now) == []
        assert telling_of(theirs.word, before, now, data) == []
