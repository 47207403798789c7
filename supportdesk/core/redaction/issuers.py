"""Which digits can be a payment card number: prefix, length, grouping, check digit."""

from dataclasses import dataclass

from stdnum import luhn

Sizes = tuple[int, ...]

FOURS: Sizes = (4, 4, 4, 4)
FOURS_OF_19: Sizes = (4, 4, 4, 4, 3)


@dataclass(frozen=True, slots=True)
class Issuer:
    """Lengths from surest to least sure, so that look-alikes of each can be told apart.

    `lengths` count however they are grouped, `written` only as one number or in one of
    the issuer's own `groupings`, `labelled` only beside a word such as "card".
    """

    lengths: frozenset[int]
    written: frozenset[int] = frozenset()
    labelled: frozenset[int] = frozenset()
    groupings: frozenset[Sizes] = frozenset()

    @property
    def all_lengths(self) -> tuple[int, ...]:
        return tuple(sorted(self.lengths | self.written | self.labelled, reverse=True))


VISA = Issuer(
    lengths=frozenset({16, 19}),
    labelled=frozenset({13}),
    groupings=frozenset({FOURS, FOURS_OF_19}),
)
MASTERCARD = Issuer(lengths=frozenset({16}), groupings=frozenset({FOURS}))
AMEX = Issuer(lengths=frozenset({15}), groupings=frozenset({(4, 6, 5), (4, 4, 4, 3)}))
DISCOVER = Issuer(
    lengths=frozenset({16, 19}), groupings=frozenset({FOURS, FOURS_OF_19})
)
JCB = Issuer(
    lengths=frozenset({16, 19}),
    labelled=frozenset({17, 18}),
    groupings=frozenset({FOURS, FOURS_OF_19}),
)
# French SIRET numbers have 14 digits and a Luhn check too; they are written 3-3-3-5.
DINERS = Issuer(
    lengths=frozenset(),
    labelled=frozenset({14, 16, 19}),
    groupings=frozenset({(4, 6, 4)}),
)
UNIONPAY = Issuer(
    lengths=frozenset({16, 19}),
    written=frozenset({17, 18}),
    groupings=frozenset({FOURS, FOURS_OF_19, (6, 13), (4, 4, 4, 6), (6, 12)}),
)
MAESTRO = Issuer(
    lengths=frozenset({16}),
    written=frozenset({18, 19}),
    labelled=frozenset({12, 13, 14, 15, 17}),
    groupings=frozenset({FOURS, FOURS_OF_19, (6, 13)}),
)

# First and last prefix of a range, same length, looked up in this order.
RANGES: tuple[tuple[str, str, Issuer], ...] = (
    ("4", "4", VISA),
    ("51", "55", MASTERCARD),
    ("2221", "2720", MASTERCARD),
    ("34", "34", AMEX),
    ("37", "37", AMEX),
    ("6011", "6011", DISCOVER),
    ("644", "649", DISCOVER),
    ("65", "65", DISCOVER),
    ("62", "62", UNIONPAY),
    ("8100", "8171", UNIONPAY),
    ("3528", "3589", JCB),
    ("300", "305", DINERS),
    ("3095", "3095", DINERS),
    ("36", "36", DINERS),
    ("38", "39", DINERS),
    ("5018", "5018", MAESTRO),
    ("5020", "5020", MAESTRO),
    ("5038", "5038", MAESTRO),
    ("5893", "5893", MAESTRO),
    ("6304", "6304", MAESTRO),
    ("6759", "6759", MAESTRO),
    ("6761", "6763", MAESTRO),
)


def _by_first_four() -> dict[str, Issuer]:
    table: dict[str, Issuer] = {}
    for first, last, issuer in RANGES:
        pad = 4 - len(first)
        for number in range(int(first + "0" * pad), int(last + "9" * pad) + 1):
            table.setdefault(f"{number:04}", issuer)
    return table


ISSUERS = _by_first_four()
LENGTHS = {id(issuer): issuer.all_lengths for issuer in ISSUERS.values()}


def issuer_of(first_four: str) -> tuple[Issuer, tuple[int, ...]] | None:
    issuer = ISSUERS.get(first_four)
    return (issuer, LENGTHS[id(issuer)]) if issuer else None


def passes_luhn(digits: str) -> bool:
    return luhn.is_valid(digits)
