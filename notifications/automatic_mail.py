"""Whether a mail was written by a person or by a program, by its headers."""

import re
from collections.abc import Iterable

# Present at all, whatever they say; only "no" takes it back.
_MARKS = frozenset(
    {
        "auto-submitted",
        "list-id",
        "list-unsubscribe",
        "x-autoreply",
        "x-autorespond",
        "x-autoresponder",
        "x-ms-exchange-generated-message-source",
        "x-ms-exchange-inbox-rules-loop",
    }
)
_PRECEDENCES = frozenset({"auto_reply", "bulk", "junk", "list"})
_ROBOT = re.compile(r"(^|[<\s\"])(mailer-daemon|postmaster|no-?reply)@")
_COMMENT = re.compile(r"\([^()]*\)")
_WORD = re.compile(r"[\w/-]+")


def is_automatic(headers: Iterable[tuple[str, str]]) -> bool:
    """Out of office, bounces, lists: nobody wrote them, so nobody is to be answered.

    Takes all headers as they came, repeated ones too. `X-Auto-Response-Suppress` is no
    sign: Exchange puts it on what people write.
    """
    return any(_is_mark(str(name).lower(), str(value)) for name, value in headers)


def _is_mark(name: str, value: str) -> bool:
    value = value.strip().lower()
    # Comments may come first, parameters follow: "auto-replied; owner-email=...".
    found = _WORD.search(_COMMENT.sub("", value))
    word = found[0] if found else ""
    if name in _MARKS:
        return word not in {"", "no"}
    if name == "precedence":
        return word in _PRECEDENCES
    if name == "return-path":
        return value == "<>"
    if name == "content-type":
        return word == "multipart/report"
    return name == "from" and _ROBOT.search(value) is not None
