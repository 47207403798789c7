import json
import logging
from pathlib import Path

import pytest

from supportdesk.core.redaction import MARKER_RE, Redacted, marker, redact

CASES = json.loads((Path(__file__).parent / "card_cases.json").read_text("utf-8"))


@pytest.mark.parametrize(("text", "expected"), CASES["hidden"])
def test_card_is_hidden(text, expected):
    result = redact(text)

    assert result.text == expected
    assert result.cards == tuple(MARKER_RE.findall(expected))


@pytest.mark.parametrize("text", CASES["kept"])
def test_look_alike_is_kept(text):
    assert redact(text) == Redacted(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1️⃣1", "[card ····1111]"),
        ("④①①①①①①①①①①①①①①①", "[card ····1111]"),
        ("4111&nbsp;1111&#160;1111&nbsp;1111", "[card ····1111]"),
        (
            "<td>4111</td>\n<td>1111</td><td>1111</td><td>1111</td>",
            "<td>[card ····1111]</td>",
        ),
        ("?c=4111%201111%201111%201111&x=1", "?c=[card ····1111]&x=1"),
        ("?q=my+card+4111+1111+1111+1111", "?q=my+card+[card ····1111]"),
        ("?c%3D4111111111111111", "?c%3D[card ····1111]"),
        ("4111:1111:1111:1111", "[card ····1111]"),
        ("4-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1, 12/27", "[card ····1111], 12/27"),
        ("4 11 1 1111 11111 111 12/2027 123", "[card ····1111] 12/2027 123"),
        ("4111111111111111exp 12/27", "[card ····1111]exp 12/27"),
        ("ref\\n4111111111111111", "ref\\n[card ····1111]"),
        ("Order 4111111111111111 12/27", "Order [card ····1111] 12/27"),
        ("order paid by card 4111111111111111", "order paid by card [card ····1111]"),
        ("my card +4111111111111111", "my card +[card ····1111]"),
        ("+49 151 12345678 4111 1111 1111 1111", "+49 151 12345678 [card ····1111]"),
        (
            "https://shop.example/x/4111111111111111",
            "https://shop.example/x/[card ····1111]",
        ),
        ("4111111111111111\x00", "[card ····1111]\x00"),
        ("\u202e4111111111111111\u202c", "\u202e[card ····1111]\u202c"),
        ("4\u03361\u03361\u03361\u0336 1111 1111 1111", "[card ····1111]"),
        ("\ud8004111111111111111\udfff", "\ud800[card ····1111]\udfff"),
        ("6759 6498 2643 8453", "[card ····8453]"),
        ("4111 1111 1111 1111 " * 3, "[card ····1111] " * 3),
    ],
)
def test_card_is_hidden_where_the_widget_is_simpler(text, expected):
    assert redact(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        # each holds a run that passes prefix, length and check digit
        "550e8400-e29b-41d4-4716-446655440005",
        "Sendungsnummer: 4111111111111111",
        "order #4111111111111111",
        '{"order_id": "4111111111111111"}',
        "https://shop.example/p/4111111111111111",
        "4.111111111111111",
        "5 19 20 4111 12 2026 9 5 5 5 1",
        "+49 411 1111 1111 111 1",
        "41111111\n11111111",
        "4222222222222",
    ],
)
def test_number_with_another_meaning_is_kept(text):
    assert redact(text) == Redacted(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("25.12.2024 10.30 - 12.3{}", True),
        ("52.520008, 13.40495{}", True),
        ("52.14.23.11 52.14.23.1{}", True),
    ],
)
def test_shape_is_kept_whatever_its_check_digit(text, kept):
    texts = [text.format(last) for last in range(10)]

    assert [redact(each).text for each in texts] == texts


def test_slice_of_a_list_of_numbers_is_kept():
    years = " ".join(str(year) for year in range(1950, 2027))
    table = "\n".join(f"{n},{n * 37 % 1000},{n * 53 % 10}" for n in range(1, 400))

    assert redact(years) == Redacted(years)
    assert redact(table) == Redacted(table)


def test_marker_is_found_by_its_pattern():
    assert marker("1111") == "[card ····1111]"
    assert MARKER_RE.fullmatch(marker("1111")).group(1) == "1111"


def test_input_is_neither_logged_nor_printed(caplog, capsys):
    caplog.set_level(logging.DEBUG)

    redact("4111 1111 1111 1111")

    assert caplog.records == []
    assert capsys.readouterr() == ("", "")
