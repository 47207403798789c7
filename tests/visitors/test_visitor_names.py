import pytest

from visitors.models import Visitor


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Katharina Vogt", "Katharina"),
        ("Dr. Friederike Schmidt-Hohenlohe", "Friederike"),
        ("Prof. Dr. Emre Güneş", "Emre"),
        ("Dr.", "Dr."),
        ("Ömer", "Ömer"),
    ],
)
def test_first_name_is_no_title(name, first):
    assert Visitor(name=name).first_name == first


def test_first_name_of_a_nameless_visitor_is_what_is_shown():
    visitor = Visitor(email="k.vogt@example.net")

    assert visitor.first_name == visitor.display_name == "k.vogt"
