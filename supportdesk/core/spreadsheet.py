"""Tables as CSV that a spreadsheet reads as text and numbers, and never as formulas.

Also one that was told another separator than ours, and so sees cells where we wrote one.
"""

import csv
import io
import re
from collections.abc import Iterable

from django.utils import formats

# What a cell begins with when a spreadsheet takes it for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
# Where a cell ends in one country or another, or a line that has lost its quotes.
_SEPARATORS = (";", ",", "\t", "\n", "\r")
# Blanks and quotes before it are dropped. Also a number, a phrase or a name may begin with
# a sign; what it can call, in this cell or another program, comes with one of these.
_FORMULA_WITHIN = re.compile(
    r"""\A([\s"]*)([=＝]|[-+@－＋＠](?=.*[(|!（｜！]))""",  # noqa: RUF001
    re.DOTALL,
)
Cell = str | int | float | None
# Without it spreadsheets take UTF-8 for something else.
BOM = "\ufeff"


def as_csv(rows: Iterable[Iterable[Cell]]) -> str:
    """A whole file, with a byte order mark."""
    return BOM + as_lines(rows)


def as_lines(rows: Iterable[Iterable[Cell]]) -> str:
    """Separated as spreadsheets of the language expect."""
    comma = formats.get_format("DECIMAL_SEPARATOR") == ","
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if comma else ",")
    for row in rows:
        writer.writerow([_written(cell, comma) for cell in row])
    return out.getvalue()


def _written(cell: Cell, comma: bool) -> Cell:
    if isinstance(cell, str):
        return safe(cell)
    if isinstance(cell, float):
        text = f"{cell:.1f}"
        return text.replace(".", ",") if comma else text
    return cell


def safe(text: str) -> str:
    """The text, with an apostrophe before what would be a formula.

    That is a text that begins with `= + - @`, and within it `=` behind a comma,
    semicolon, tab or line break; there `+ - @` only if in the same part a bracket, a bar
    or an exclamation mark follows. "Hello, -5 degrees" stays as it is.
    """
    for separator in _SEPARATORS:
        first, *parts = text.split(separator)
        parts = [_FORMULA_WITHIN.sub(r"\1'\2", part) for part in parts]
        text = separator.join([first, *parts])
    if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA):
        return "'" + text
    return text
