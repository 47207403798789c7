import time

import pytest

from conversations.placeholders import (
    PLACEHOLDERS,
    fill,
    unknown_placeholders,
    values_for,
)
from tests import factories

VALUES = {name: name.upper() for name in PLACEHOLDERS} | {"visitor.email": ""}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Hello {visitor.name}!", "Hello VISITOR.NAME!"),
        ("{agent.name}{account.name}", "AGENT.NAMEACCOUNT.NAME"),
        ("To {visitor.email|your address}.", "To your address."),
        ("To {visitor.email|}.", "To ."),
        ("To {visitor.email}.", "To ."),
        ("{visitor.name|there}", "VISITOR.NAME"),
        ("{visitor.email|<b>}", "<b>"),
    ],
)
def test_placeholders_are_filled(text, filled):
    assert fill(text, VALUES) == filled


@pytest.mark.parametrize(
    "text",
    [
        "{{visitor.name}}",
        "{{ visitor.name }}",
        "{{constructor.constructor('return 1')()}}",
        "{% debug %}",
        "{%visitor.name%}",
        "${visitor.name}",
        "{visitor.__class__}",
        "{visitor.name.__class__.__mro__}",
        "{visitor.account.owner}",
        "{visitor}",
        "{0}",
        "{}",
        "{visitor.name!r}",
        "{visitor.name:>1000000000}",
        "{visitor[name]}",
        "{ visitor.name }",
        "{Visitor.name}",
        "{visitor.name",
        "{visitor.email|a|b}",
        "{visitor.email|a\nb}",
        "{visitor.email|{agent.name}",
        "%(visitor.name)s",
    ],
)
def test_nothing_else_is_looked_up(text):
    filled = fill(text, VALUES)

    assert filled.replace("AGENT.NAME", "{agent.name}") == text


def test_values_are_text_and_not_searched_again():
    values = VALUES | {
        "visitor.name": "{agent.email} {account.name} {{7*7}} \\1 \\g<0>"
    }

    filled = fill("Dear {visitor.name}{visitor.email|}", values)

    assert filled == "Dear {agent.email} {account.name} {{7*7}} \\1 \\g<0>"


def test_values_cannot_complete_a_placeholder_around_them():
    values = VALUES | {"visitor.name": "agent.name"}

    assert fill("{{visitor.name} x}", values) == "{{visitor.name} x}"
    assert fill("{ {visitor.name}}", values) == "{ {visitor.name}}"


def test_unknown_ones_are_named_once_and_in_order():
    text = "{visitor.nmae} {agent.name} {visitor.phone|-} {visitor.nmae} {{no}} {a b}"

    assert unknown_placeholders(text) == ["{visitor.nmae}", "{visitor.phone|-}"]


@pytest.mark.parametrize("piece", ["{", "{a", "{a|", "{a.a.a.", "{visitor.name|", "|}"])
def test_no_text_takes_long(piece):
    text = (piece * 10_000)[:10_000]
    began = time.thread_time()

    fill(text, VALUES)
    unknown_placeholders(text)

    assert time.thread_time() - began < 0.5


@pytest.mark.django_db
def test_values_are_those_of_this_conversation():
    account = factories.make_account("Moor & Mühle")
    agent = factories.make_agent(account, "Anna Berger")
    visitor = factories.make_visitor(
        account, name="Dr. Katharina Vogt", email="k.vogt@example.com"
    )
    conversation = factories.make_conversation(account, visitor=visitor)

    values = values_for(conversation, agent)

    assert values == {
        "visitor.name": "Dr. Katharina Vogt",
        "visitor.first_name": "Katharina",
        "visitor.email": "k.vogt@example.com",
        "agent.name": "Anna Berger",
        "agent.first_name": "Anna",
        "account.name": "Moor & Mühle",
    }


@pytest.mark.django_db
def test_visitor_without_a_name_is_not_called_by_a_number():
    account = factories.make_account()
    agent = factories.make_agent(account)
    visitor = factories.make_visitor(account, email="k.vogt@example.com")
    conversation = factories.make_conversation(account, visitor=visitor)

    text = fill("Hi {visitor.first_name|there}", values_for(conversation, agent))

    assert text == "Hi there"
