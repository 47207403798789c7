import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from stdnum import iban, luhn

from supportdesk.core.redaction import MARKER_RE, redact, redact_value

# Prefix, length, and whether the number counts without a label.
ISSUED = [
    ("4", 16, True),
    ("4", 19, True),
    ("4", 13, False),
    ("51", 16, True),
    ("55", 16, True),
    ("2221", 16, True),
    ("2720", 16, True),
    ("34", 15, True),
    ("37", 15, True),
    ("6011", 16, True),
    ("644", 16, True),
    ("65", 19, True),
    ("62", 16, True),
    ("62", 19, True),
    ("8100", 16, True),
    ("3528", 16, True),
    ("3589", 16, True),
    ("300", 14, False),
    ("36", 14, False),
    ("39", 14, False),
    ("6759", 16, True),
    ("5018", 12, False),
]
ZEROS = ["0", "٠", "۰", "०", "๐", "０", "𝟎", "᠐"]  # noqa: RUF001
SEPARATORS = [
    "", "", " ", "  ", "\t", "-", "_", "/",", ", " - ", "\u00a0", "\u2009", "\u200b",
    "\u202f", "\u2010", "\u2013", "\u2015", "\u2212", "\ufeff", "\u3000", "\u00ad",
]  # fmt: skip
BEFORE = ["", " ", "\n\n\n\n", "My number is ", ": ", " (", '"', "<p>", "是"]
AFTER = ["", " ", "\n\n", " is it", ". ", ") thanks", '"', "</p>", "exp 12/27", "是"]


@st.composite
def cards(draw, labelled=True):
    prefix, length, _ = draw(
        st.sampled_from([each for each in ISSUED if labelled or each[2]])
    )
    size = length - len(prefix) - 1
    body = prefix + draw(st.text("0123456789", min_size=size, max_size=size))
    return body + luhn.calc_check_digit(body)


@st.composite
def written(draw, digits):
    """The digits as somebody may type them: any script, any separators."""
    zero = ord(draw(st.sampled_from(ZEROS)))
    text = chr(zero + int(digits[0]))
    for digit in digits[1:]:
        text += draw(st.sampled_from(SEPARATORS)) + chr(zero + int(digit))
    return text


@st.composite
def typed_cards(draw):
    digits = draw(cards())
    before = draw(st.sampled_from(["card ", "Visa: ", "Kreditkarte", "card_no="]))
    return digits, before, draw(written(digits)), draw(st.sampled_from(AFTER))


@settings(max_examples=400)
@given(typed_cards())
def test_labelled_card_is_hidden_however_it_is_typed(typed):
    digits, before, text, after = typed

    result = redact(before + text + after)

    assert result.text == f"{before}[card ····{digits[-4:]}]{after}"
    assert result.cards == (digits[-4:],)


@settings(max_examples=400)
@given(cards(labelled=False), st.sampled_from(BEFORE), st.sampled_from(AFTER))
def test_nameless_card_is_hidden_in_any_surroundings(digits, before, after):
    result = redact(before + digits + after)

    assert result.text == f"{before}[card ····{digits[-4:]}]{after}"


@settings(max_examples=300)
@given(
    cards(labelled=False),
    st.sampled_from([*" -./_\u00a0\u2013:;|!?&^", *"\u2026│→×～،٫°"]),  # noqa: RUF001
    st.integers(1, 4),
)
def test_card_in_even_groups_is_hidden(digits, separator, size):
    text = separator.join(
        digits[start : start + size] for start in range(0, len(digits), size)
    )

    assert redact(text).cards == (digits[-4:],)


@settings(max_examples=200)
@given(st.lists(cards(labelled=False), min_size=1, max_size=5))
def test_cards_in_a_row_are_all_hidden_in_order(numbers):
    result = redact("\n".join(numbers))

    assert result.cards == tuple(number[-4:] for number in numbers)
    assert MARKER_RE.sub("", result.text).strip() == ""


@settings(max_examples=300)
@given(
    st.lists(
        st.one_of(
            cards(),
            st.text("0123456789", max_size=24),
            st.sampled_from(
                [*SEPARATORS, "card", "12/27", "+", "00", "[card ····1111]", "a"]
            ),
            st.text(max_size=5),
        ),
        max_size=25,
    ).map("".join)
)
def test_second_pass_changes_nothing(text):
    once = redact(text)

    again = redact(once.text)

    assert again.text == once.text
    assert again.cards == ()
    assert len(MARKER_RE.findall(once.text)) >= len(once.cards)


@settings(max_examples=300)
@given(st.text("4 51-23/.", max_size=120))
def test_second_pass_changes_nothing_in_crowded_digits(text):
    once = redact(text).text

    assert redact(once).text == once


@settings(max_examples=300)
@given(st.text("0123456789 -./", min_size=12, max_size=60))
def test_only_runs_with_a_check_digit_are_hidden(text):
    result = redact(text)

    rest = iter(text)
    kept = MARKER_RE.sub("", result.text)
    assert all(char in rest for char in kept)
    digits = re.sub(r"\D", "", text)
    slices = {
        digits[start : start + length][-4:]
        for start in range(len(digits))
        for length in range(12, 20)
        if luhn.is_valid(digits[start : start + length])
    }
    assert set(result.cards) <= slices


@settings(max_examples=300)
@given(cards(labelled=False), st.integers(1, 9), st.sampled_from(["", " ", "-"]))
def test_wrong_check_digit_is_kept(digits, shift, separator):
    # The first 16 of 19 digits may be a card number with its code after it.
    assume(len(digits) < 19)
    wrong = digits[:-1] + str((int(digits[-1]) + shift) % 10)
    text = "My number is " + separator.join(
        wrong[start : start + 4] for start in range(0, len(wrong), 4)
    )

    assert redact(text).text == text


@given(st.text(st.characters(exclude_categories=["Nd", "No"])))
def test_text_without_digits_is_unchanged(text):
    assert redact(text).text == text


@settings(max_examples=300)
@given(
    st.sampled_from([("DE", 18), ("NL", 10), ("AT", 16), ("PL", 24), ("CH", 17)]),
    st.data(),
    st.sampled_from(["", " ", "\u00a0", "-"]),
)
def test_iban_is_kept(country, data, separator):
    code, size = country
    # A card inside, where the bank's own digits are.
    bban = ("0" * size + data.draw(cards(labelled=False)))[-size:]
    compact = code + iban.calc_check_digits(f"{code}00{bban}") + bban
    text = separator.join(compact[at : at + 4] for at in range(0, len(compact), 4))

    assert redact(f"IBAN: {text}, thanks").text == f"IBAN: {text}, thanks"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text("abc 12"),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
    )
)
def test_value_without_cards_is_equal(value):
    assert redact_value(value) == value


@pytest.mark.parametrize("separator", ["", " ", "-"])
@given(digits=cards(labelled=False))
def test_no_more_than_the_last_four_digits_remain(separator, digits):
    text = separator.join(digits[at : at + 4] for at in range(0, len(digits), 4))

    remains = redact(f"a {text} b").text

    assert re.sub(r"\D", "", remains) == digits[-4:]
