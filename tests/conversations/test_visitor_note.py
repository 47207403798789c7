from html import escape

import pytest

from supportdesk.accounts.models import Role
from tests import factories
from tests.conversations.desk import HTMX, address, signed_in
from visitors.models import VisitorNote

pytestmark = pytest.mark.django_db

HOSTILE = [
    '<img src=x onerror="alert(1)">',
    '<div hx-get="/" hx-trigger="load" hx-on:load="alert(1)"></div>',
    "</textarea></template><script>alert(1)</script>",
    "{{ request.user.password }}{% csrf_token %}",
]


@pytest.fixture
def ben(account):
    return factories.make_agent(account, "Ben Krause", Role.FULL)


def save(agent, conversation, text, version, **options):
    data = {"text": text, "version": version}
    return signed_in(agent).post(
        address("visitor_note_save", conversation), data, **options
    )


def stored():
    return list(VisitorNote.objects.values_list("text", "agent__name", "version"))


def test_card_asks_for_the_note_by_itself(anna, conversation):
    response = signed_in(anna).get(address("conversation", conversation))

    assert f'hx-get="{address("visitor_note", conversation)}"' in response.text


def test_note_is_empty_at_first(anna, conversation):
    response = signed_in(anna).get(address("visitor_note", conversation), headers=HTMX)

    assert response.status_code == 200
    assert response.text.strip().startswith('<details class="card-section"')
    assert 'name="version" value="0"' in response.text
    assert "Visible to all agents" in response.text
    assert stored() == []


def test_note_without_htmx_is_a_page(anna, conversation):
    response = signed_in(anna).get(address("visitor_note", conversation))

    assert "<html" in response.text
    assert 'id="visitor-note"' in response.text


def test_note_is_saved_for_all_agents(anna, ben, conversation):
    response = save(anna, conversation, " Calls back\non Fridays ", 0, headers=HTMX)

    assert response.status_code == 200
    assert "Saved" in response.text
    assert stored() == [("Calls back\non Fridays", "Anna Berger", 1)]
    seen = signed_in(ben).get(address("visitor_note", conversation), headers=HTMX)
    assert "Calls back\non Fridays</textarea>" in seen.text
    assert "Anna Berger" in seen.text
    assert 'name="version" value="1"' in seen.text


def test_plain_form_leads_back_to_the_conversation(anna, conversation):
    response = save(anna, conversation, "Calls back", 0)

    assert response.status_code == 302
    assert response["Location"] == address("conversation", conversation)


def test_later_writer_sees_both_texts_and_overwrites_nothing(anna, ben, conversation):
    save(anna, conversation, "From Anna", 0)

    for headers in (HTMX, {}):
        response = save(ben, conversation, "From Ben", 0, headers=headers)

        assert response.status_code == 409
        assert "From Anna</blockquote>" in response.text
        assert "From Ben</textarea>" in response.text
        assert 'name="version" value="1"' in response.text
        assert stored() == [("From Anna", "Anna Berger", 1)]


def test_later_writer_may_replace_what_was_shown(anna, ben, conversation):
    save(anna, conversation, "From Anna", 0)
    save(ben, conversation, "From Ben", 0)

    response = save(ben, conversation, "From Ben", 1, headers=HTMX)

    assert response.status_code == 200
    assert stored() == [("From Ben", "Ben Krause", 2)]


def test_same_text_from_an_old_version_is_no_conflict(anna, ben, conversation):
    save(anna, conversation, "The same", 0)

    response = save(ben, conversation, "The same", 0, headers=HTMX)

    assert response.status_code == 200
    assert stored() == [("The same", "Anna Berger", 1)]


def test_note_can_be_cleared(anna, conversation):
    save(anna, conversation, "Calls back", 0)

    response = save(anna, conversation, "", 1, headers=HTMX)

    assert stored() == [("", "Anna Berger", 2)]
    assert "Anna Berger" not in response.text


def test_card_number_is_hidden(anna, conversation):
    save(anna, conversation, "Pays with 4111 1111 1111 1111", 0)

    assert stored() == [("Pays with [card ····1111]", "Anna Berger", 1)]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("x" * 5001, 0),
        ("x" * 1_000_000, 0),
        ("a\0b", 0),
        ("ok", ""),
        ("ok", "-1"),
        ("ok", "one"),
        ("ok", str(2**40)),
    ],
)
def test_odd_input_is_refused_in_place(anna, conversation, text, version):
    for headers in (HTMX, {}):
        response = save(anna, conversation, text, version, headers=headers)

        assert response.status_code == 422
        assert 'id="visitor-note-error"' in response.text
    assert stored() == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(anna, ben, conversation, text):
    save(anna, conversation, text, 0)

    seen = signed_in(ben).get(address("visitor_note", conversation), headers=HTMX)
    conflict = save(ben, conversation, f"{text} 2", 0, headers=HTMX)

    assert stored() == [(text, "Anna Berger", 1)]
    assert f"{escape(text)}</textarea>" in seen.text
    assert f"{escape(text)}</blockquote>" in conflict.text
    assert f"{escape(text)} 2</textarea>" in conflict.text


def test_direction_overrides_are_taken_out(anna, conversation):
    save(anna, conversation, "a\u202eb\u2066c", 0)

    assert stored() == [("abc", "Anna Berger", 1)]


def test_stranger_finds_nothing(conversation):
    stranger = factories.make_agent(factories.make_account("Other"), "Eve", Role.FULL)

    seen = signed_in(stranger).get(address("visitor_note", conversation))
    response = save(stranger, conversation, "Mine", 0)

    assert seen.status_code == response.status_code == 404
    assert stored() == []


def test_wrong_method_is_refused(anna, conversation):
    client = signed_in(anna)

    assert client.post(address("visitor_note", conversation)).status_code == 405
    assert client.get(address("visitor_note_save", conversation)).status_code == 405


def test_note_costs_a_constant_number_of_queries(
    anna, conversation, django_assert_num_queries
):
    save(anna, conversation, "Calls back", 0)
    client = signed_in(anna)
    client.get("/")

    with django_assert_num_queries(2):
        client.get(address("visitor_note", conversation), headers=HTMX)
