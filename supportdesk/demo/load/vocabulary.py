"""Words as people use them: few of them all the time, most of them hardly ever."""

import itertools
import random

# Planted, and in no other word: searches know how many conversations to expect.
FREQUENT = "express"
"""In three conversations of ten."""
OCCASIONAL = "voucher"
"""In two of a hundred."""
RARE = "theremin"
"""In twenty altogether."""

_RING = 400_000
_WORDS = 20_000
_LONGEST = 120
_COMMON = {
    "en": (
        "the i to a is it and you my for in of have on not with that can be please was"
        " this but will hello order me do if delivery we when so would at from are"
        " mill thanks your parcel no yes how what could still there been which has or"
        " yet by now today payment address get return just any also know does invoice"
        " see received an flour they broken price size grain one because only new money"
        " back wrong stones wood email phone already week bought day online shop send"
    ),
    "de": (
        "ich die der das ist und nicht sie es in zu mit eine habe auf bitte ein für den"
        " hallo noch die wir mein bestellung von kann danke dass wenn aber mir wie auch"
        " schon nur lieferung haben dem bei was wann ja guten tag nein oder so sind paket"
        " rechnung mühle adresse gibt zum heute keine können wäre über meine wurde sehr"
        " geld mehl größe ihnen zurück gekauft leider angekommen falsch steine preis"
        " woche holz getreide neue defekt gestern freundliche grüße vielen hat welche"
    ),
}
_ONSETS = "b bl br d dr f fl g gr h k kl kr l m n p pl pr r s sch sp st t tr v w z"
_NUCLEI = "a e i o u ei au ie ee oo"
_CODAS = "n r l s t m ck nd rt st ng ff x"
_FIRST_NAMES = (
    "Anna Ben Clara David Emma Felix Greta Hanna Ivan Julia Karl Lena Max Nora Oskar"
    " Paula Quentin Rosa Simon Tina Ulrich Vera Walter Xenia Yusuf Zoe Ayşe Björn Chloé"
    " Daniel Elif Finn Giulia Henry Isabel Jakob Katharina Liam Marie Noah"
)


def _syllables() -> list[str]:
    parts = itertools.product(_ONSETS.split(), _NUCLEI.split(), _CODAS.split())
    return ["".join(part) for part in parts]


def _invented(rng: random.Random, number: int) -> list[str]:
    """So many words that sound like some, each once."""
    syllables = _syllables()
    words: dict[str, None] = {}
    while len(words) < number:
        words["".join(rng.choices(syllables, k=rng.choice((1, 2, 2, 3))))] = None
    for planted in (FREQUENT, OCCASIONAL, RARE):
        words.pop(planted, None)
    return list(words)


class Texts:
    """Sentences by the run's own dice.

    Drawing each word by its frequency would take longer than storing it. A long
    ribbon of words is drawn once, and a text is a piece of it from anywhere.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        words = _invented(rng, _WORDS)
        self.first_names = _FIRST_NAMES.split()
        self.family_names = [word.capitalize() for word in words[:3000]]
        self._ribbons = {
            language: self._ribbon([*common.split(), *words])
            for language, common in _COMMON.items()
        }

    def _ribbon(self, words: list[str]) -> list[str]:
        # After Zipf: the n-th word is as frequent as the first divided by n.
        weights = itertools.accumulate(1 / rank for rank in range(3, len(words) + 3))
        drawn = self._rng.choices(words, cum_weights=list(weights), k=_RING)
        for end in range(7, len(drawn), 11):
            drawn[end] += self._rng.choice((".", ",", ",", "?"))
        return drawn

    def text(self, language: str, *planted: str) -> str:
        """A message of some words; `planted` ones are among them."""
        rng = self._rng
        size = min(3 + int(rng.expovariate(0.1)), _LONGEST)
        begin = int(rng.random() * (_RING - size))
        words = self._ribbons[language][begin : begin + size]
        for word in planted:
            words.insert(int(rng.random() * len(words)), word)
        line = " ".join(words)
        return f"{line[0].upper()}{line[1:]}"

    def name(self) -> str:
        return f"{self._rng.choice(self.first_names)} {self._rng.choice(self.family_names)}"
