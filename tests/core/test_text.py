import pytest

from supportdesk.core.text import clean_line, redact_line

CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize("gap", [" ", "\n", "\t \n", "\n" * 100, "\u00a0", "\r\n" * 30])
def test_groups_that_become_neighbours_in_the_line_are_hidden(gap):
    assert redact_line(CARD.replace(" ", gap), 100) == "[card ····1111]"


def test_line_is_redacted_before_it_is_cut():
    assert redact_line(f"pay {CARD}", 19) == "pay [card ····1111]"
    assert redact_line(f"pay {CARD}", 12) == "pay [card ··"


@pytest.mark.parametrize("line", [clean_line, redact_line])
def test_line_has_no_controls_and_no_breaks(line):
    assert line(" a\x00\n\u202eb\ud800 \t c ", 100) == "a b c"
