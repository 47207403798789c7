import json
from pathlib import Path

import pytest

from tests.browser import chromium

ROOT = Path(__file__).parents[2]
CASES = json.loads((ROOT / "tests/core/card_cases.json").read_text("utf-8"))
SCRIPT = (ROOT / "static/widget/redact.js").read_text("utf-8")

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def redact():
    with chromium.started() as browser:
        page = browser.new_page()
        page.evaluate(
            """async (script) => {
                const file = new Blob([script], { type: "text/javascript" });
                window.kernel = await import(URL.createObjectURL(file));
            }""",
            SCRIPT,
        )
        yield lambda text: page.evaluate("(text) => kernel.redact(text)", text)


def test_widget_hides_the_cards_that_the_server_hides(redact):
    found = [[text, redact(text)] for text, _ in CASES["hidden"]]

    assert found == CASES["hidden"]


def test_widget_keeps_what_the_server_keeps(redact):
    assert [redact(text) for text in CASES["kept"]] == CASES["kept"]


def test_second_pass_changes_nothing(redact):
    for _, hidden in CASES["hidden"]:
        assert redact(hidden) == hidden


def test_long_text_is_read_in_the_end(redact):
    for piece in ["4 ", "4-", "4", " ", "DE11", "4\u200b"]:
        text = piece * (50_000 // len(piece))
        assert redact(text) == text
