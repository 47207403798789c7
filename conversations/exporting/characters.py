"""Text as it is set: broken where it must be, without what no page can show."""

import re
import unicodedata

# What overrides the direction, and all that is no character of a page.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
    "\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff\U000e0000-\U0010ffff]"
)
# One colour has no tones of skin, and a drawn character no other presentation.
_EMOJI_MODIFIERS = re.compile("[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")
_JOINED_EMOJI = re.compile("(?<=[\u2600-\u27bf\U0001f000-\U0001faff])\u200d")
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Chinese, Japanese and Korean break anywhere by themselves.
_LONG = re.compile(r"[^\s\u200b\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af]{31,}")
_PIECE = 12
# What scripts need; more would be drawn over other lines.
_MAX_MARKS = 4
_BREAK = "\u200b"
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


def printable(text: str) -> str:
    """The text for a page: no controls, no overrides, words that fit on it."""
    text = _UNPRINTABLE.sub("", _BREAKS.sub("\n", text)).expandtabs(4)
    text = _JOINED_EMOJI.sub("", _EMOJI_MODIFIERS.sub("", text))
    return _LONG.sub(_broken, text if text.isascii() else _few_marks(text))


def reads_from_right(text: str) -> bool:
    """Whether the first letter that has a direction is of Arabic, Hebrew or such."""
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction == "L":
            return False
        if direction in _RIGHT_TO_LEFT:
            return True
    return False


def _few_marks(text: str) -> str:
    kept, marks = [], 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks <= _MAX_MARKS:
            kept.append(char)
    return "".join(kept)


def _broken(found: re.Match[str]) -> str:
    """A word of any length with places to break it, none of them before a mark."""
    word = found[0]
    pieces, first = [], 0
    while first < len(word):
        last = first + _PIECE
        while last < len(word) and unicodedata.category(word[last])[0] in "MC":
            last += 1
        pieces.append(word[first:last])
        first = last
    return _BREAK.join(pieces)
