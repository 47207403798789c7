"""Pieces of pages that are worked out once."""

import pytest
from django.template import Context, Template
from django.urls import NoReverseMatch
from django.utils import translation


def drawn(template, **values):
    return template.render(Context(values))


def test_a_text_is_remembered_for_each_language():
    template = Template("{% translate 'Unassigned' %}")

    for _ in range(2):
        assert drawn(template) == "Unassigned"
        with translation.override("de"):
            assert drawn(template) == "Nicht zugewiesen"


def test_a_text_that_is_a_value_is_looked_up_each_time():
    template = Template("{% translate word %}|{% translate 'Open' as kept %}{{ kept }}")

    assert drawn(template, word="<b>") == "&lt;b&gt;|Open"
    assert drawn(template, word="other") == "other|Open"


def test_percent_signs_stay_as_they_are_with_django():
    assert drawn(Template("{% translate '90% of <all>' %}")) == "90% of <all>"


def test_an_address_without_arguments_is_remembered(settings):
    template = Template("{% url 'conversations:inbox' %}")
    named = Template("{% url 'conversations:inbox' as here %}[{{ here }}]")

    assert drawn(template) == drawn(template) == "/"
    assert drawn(named) == drawn(named) == "[/]"

    settings.ROOT_URLCONF = "benchmarks.empty"
    with pytest.raises(NoReverseMatch):
        drawn(template)
    assert drawn(named) == "[]"


def test_an_address_with_arguments_is_not():
    template = Template("{% url 'conversations:conversation' id %}")
    ids = (
        "00000000-0000-0000-0000-000000000001",
        "00000000-0000-0000-0000-000000000002",
    )

    assert [drawn(template, id=each) for each in ids] == [
        f"/conversations/{each}/" for each in ids
    ]


def test_a_piece_is_drawn_once_for_the_same_values():
    draws = []
    template = Template("{% kept name %}{{ name }}{{ count }}{% endkept %}")

    def count():
        draws.append(1)
        return len(draws)

    assert drawn(template, name="<a>", count=count) == "&lt;a&gt;1"
    assert drawn(template, name="<a>", count=count) == "&lt;a&gt;1"
    assert drawn(template, name="b", count=count) == "b2"
    with translation.override("de"):
        assert drawn(template, name="b", count=count) == "b3"


def test_pieces_do_not_pile_up(monkeypatch):
    monkeypatch.setattr("supportdesk.core.templatetags.constant.MAX_KEPT", 3)
    template = Template("{% kept name %}{{ name }}{% endkept %}")
    [node] = template.nodelist

    for name in range(10):
        assert drawn(template, name=name) == str(name)
        assert len(node.pieces) <= 3
