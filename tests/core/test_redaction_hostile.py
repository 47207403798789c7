import json
import sys
import time

import pytest

from supportdesk.core.redaction import MAX_DEPTH, redact, redact_value

CARD = "4111 1111 1111 1111"
HOSTILE = {
    "digits": "4",
    "spaced digits": "4 ",
    "dashed digits": "4-",
    "fours": "4444 ",
    "valid by chance": "4 1-1/1.",
    "cards": f"{CARD} ",
    "cards in a column": f"{CARD}\n",
    "long numbers": "4111111111111111 ",
    "labelled orders": "order 4111111111111111, ",
    "separators": " -",
    "bank accounts": "DE89 3704 0044 0532 0130 00 ",
    "half accounts": "DE11 5105 ",
    "phones": "+49 4111 ",
    "markup": "4<b>",
    "open markup": "4<",
    "entities": "4&nbsp;",
    "open entities": "4&",
    "encoded": "4%20",
    "invisible": "4\u200b",
    "combining": "4\u0336",
    "markers": "[card ····1111]",
    "half markers": "[card ····",
    "dates": "5.12.2024 ",
    "surrogates": "4\ud800",
    "zeros": "4\x00",
    "direction": "4\u202e",
}


def _calls(text):
    """How many calls, of Python and of C functions, one redaction makes."""
    count = 0

    def tally(_frame, event, _argument):
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(tally)
    try:
        redact(text)
    finally:
        sys.setprofile(None)
    return count


def _fill(piece, size):
    return piece * (size // len(piece))


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_work_grows_with_the_length_only(piece):
    small, large = _calls(_fill(piece, 4_000)), _calls(_fill(piece, 16_000))

    assert large <= 4.2 * small + 200
    assert large <= 40 * 16_000


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_time_grows_with_the_length_only(piece):
    """The inside of a regular expression makes no calls, so look at the clock too."""
    started = time.process_time()
    redact(_fill(piece, 50_000))
    small = time.process_time() - started

    started = time.process_time()
    redact(_fill(piece, 200_000))
    large = time.process_time() - started

    assert large < 12 * small + 0.5


def test_a_megabyte_of_plain_text_is_quick():
    text = _fill("Where is my parcel? I have waited for so long. ", 10**6)

    started = time.process_time()
    result = redact(text)

    assert result.text is text
    assert time.process_time() - started < 0.5


def test_card_at_the_end_of_a_megabyte_is_hidden():
    text = _fill("no card 12 here, ", 10**6)

    assert redact(text + CARD).text == text + "[card ····1111]"


@pytest.mark.parametrize(
    "noise", ["\x00", "\ud800", "\u202e", " e\u0301 ", "\U000e0001"]
)
def test_odd_characters_survive_beside_a_card(noise):
    assert redact(f"{noise}{CARD}{noise}").text == f"{noise}[card ····1111]{noise}"


def test_value_is_redacted_in_keys_values_and_numbers():
    value = {
        CARD: [CARD, None, True, {"note": f"my {CARD}"}],
        "pan": 4111111111111111,
        "card": "4222222222222",
        "cards": ["4222222222222", 4111111111111111.0],
        "order_id": 4111111111111111,
        "amount": 12.5,
        "big": 10**400,
        "infinite": float("inf"),
        "pair": (CARD, 1),
    }

    assert redact_value(value) == {
        "[card ····1111]": [
            "[card ····1111]",
            None,
            True,
            {"note": "my [card ····1111]"},
        ],
        "pan": "[card ····1111]",
        "card": "[card ····2222]",
        "cards": ["[card ····2222]", "[card ····1111]"],
        "order_id": 4111111111111111,
        "amount": 12.5,
        "big": 10**400,
        "infinite": float("inf"),
        "pair": ("[card ····1111]", 1),
    }


def test_value_is_copied():
    value = {"a": [CARD]}

    redact_value(value)

    assert value == {"a": [CARD]}


def test_keys_that_become_equal_lose_no_value():
    value = {"4111111111111111": 1, "4111-1111-1111-1111": 2, "[card ····1111]": 3}

    assert redact_value(value) == {
        "[card ····1111] (2)": 1,
        "[card ····1111] (3)": 2,
        "[card ····1111]": 3,
    }


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"a": v}, lambda v: (v,)])
def test_value_nested_too_deeply_is_refused(wrap):
    value = CARD
    for _ in range(10_000):
        value = wrap(value)

    with pytest.raises(ValueError, match="nested deeper than 64 levels") as refused:
        redact_value(value)

    assert "4111" not in str(refused.value)


def test_value_nested_up_to_the_limit_is_redacted():
    value = CARD
    for _ in range(MAX_DEPTH):
        value = [value]

    assert json.dumps(redact_value(value), ensure_ascii=False).count("····1111") == 1


def test_value_that_holds_itself_is_refused():
    value = []
    value.append(value)

    with pytest.raises(ValueError, match="nested deeper"):
        redact_value(value)
