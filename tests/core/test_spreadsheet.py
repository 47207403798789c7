"""Texts in a file that a spreadsheet opens with another separator than ours."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportdesk.core.spreadsheet import as_lines, safe

CALLS = set("(|!（｜！")  # noqa: RUF001
SIGNS = tuple("+-@＋－＠")  # noqa: RUF001
# What decides is likelier than by chance.
TEXTS = st.text(st.sampled_from("=+-@;,\t\n\r\"' (|!x5＝－（")) | st.text()  # noqa: RUF001


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("x;=cmd|'/C calc'!A0;y", "x;'=cmd|'/C calc'!A0;y"),
        ("x, =1+1", "x, '=1+1"),
        ('x;"=1+1"', 'x;"\'=1+1"'),
        ("x\t-2+3+cmd|' /C calc'!D2", "x\t'-2+3+cmd|' /C calc'!D2"),
        ("Yes.\n@SUM(1)", "Yes.\n'@SUM(1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("\n=1", "'\n'=1"),
        ("a;+f(1),-g(2)", "a;'+f(1),'-g(2)"),
    ],
)
def test_formula_behind_a_separator_is_text(text, written):
    assert safe(text) == written


@pytest.mark.parametrize(
    "text",
    [
        "Hello, -5 degrees",
        "Call 1, +49 170 1234567; thanks",
        "Thanks, @Mira\n- one\n- two",
        "a; b = c, d",
        "https://shop.example.com/?a=1,2;b=3",
        "It's 5 - 3",
    ],
)
def test_ordinary_text_stays_as_it_is(text):
    assert safe(text) == text


@given(TEXTS)
def test_no_part_is_a_formula_whatever_separates(text):
    for separator in ";,\t\n\r":
        for part in safe(text).split(separator)[1:]:
            cell = part.lstrip().lstrip('"').lstrip()
            assert not cell.startswith(("=", "＝"))  # noqa: RUF001
            assert not (cell.startswith(SIGNS) and CALLS & set(cell))


@given(TEXTS)
def test_nothing_is_lost_but_apostrophes_gained(text):
    [[read]] = csv.reader(io.StringIO(as_lines([[text]]), newline=""))

    assert read == safe(text)
    assert read.replace("'", "") == text.replace("'", "")
