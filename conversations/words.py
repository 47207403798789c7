"""Words as they are searched for: folded alike in what is written and what is asked."""

import re
import unicodedata
from dataclasses import dataclass

MAX_WORD = 100
MAX_TERMS = 12
# Trigrams need three letters; and what begins with fewer may be every other word.
SHORTEST_PART = 3
# The text configuration that finds other forms of a word.
CONFIGURATIONS = {"de": "german", "en": "english"}

_WORD = re.compile(r"[^\W_]+")
_TERM = re.compile(r'"([^"]*)"?|(\S+)')


@dataclass(frozen=True)
class Term:
    """Words that stand together; the last one may be the beginning of a word.

    A word in quotes is meant as it stands, also where parts of words are found.
    """

    words: tuple[str, ...]
    is_prefix: bool = False
    is_quoted: bool = False

    @property
    def has_forms(self) -> bool:
        """Whether longer words may be forms of it: of "a" half of all would be."""
        return len(self.words) == 1 and len(self.words[0]) >= SHORTEST_PART

    @property
    def part(self) -> str:
        """What may stand in the middle of a longer word; empty if nothing may."""
        is_whole = self.is_prefix or self.is_quoted
        return self.words[0] if self.has_forms and not is_whole else ""


def fold(text: str) -> str:
    """Without case and accents: Mühle, mühle and MUHLE are one word."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    # Thousands of texts are folded at once, and hold few different accents.
    for accent in filter(unicodedata.combining, set(parts)):
        parts = parts.replace(accent, "")
    return parts


def words_of(text: str) -> list[str]:
    """The words; an address or a number with dashes is several of them."""
    return [word[:MAX_WORD] for word in _WORD.findall(fold(text))]


def account_word(account_id: int) -> str:
    """Stands in every document of the account, and nobody can ask for it: what is typed
    becomes words of letters and digits only."""
    return f"@{account_id}"


def terms_of(query: str) -> list[Term]:
    """What is asked for: words, "phrases" and beginnings*; all of them count."""
    terms = []
    for phrase, word in _TERM.findall(query):
        words = tuple(words_of(phrase or word))
        if words:
            is_prefix = word.endswith("*") and len(words[-1]) >= SHORTEST_PART
            terms.append(Term(words, is_prefix, bool(phrase)))
    return list(dict.fromkeys(terms))[:MAX_TERMS]
