"""What stands around a number: words that name it, and shapes that only look like cards.

Every function looks at a bounded neighbourhood, and is asked only about numbers that
have already passed prefix, length and check digit.
"""

import re
import unicodedata

from stdnum import iban

from supportdesk.core.redaction.runs import DIGITS, SOFT

NEAR = 48

_CARD_WORDS = (
    r"card|kredit|karte|credit|debit|visa|master|amex|american.?express|diners|maestro"
    r"|discover|\bjcb\b|union.?pay|carte\b|carta\b|tarjeta|cart[aã]o|kaart|\bkort|karta"
    r"|karty|\bccn?\b|\bc/c\b|\bpan\b|карт|κάρτα|بطاقة|כרטיס|卡|カード|카드|कार्ड|บัตร"
)
_CARD_LABEL = re.compile(_CARD_WORDS, re.IGNORECASE)
_GLUED_LABEL = re.compile(
    rf"(?:{_CARD_WORDS}|\b(?:ccnum|mc|num|number|nummer|no|nr|numero|is|ist)$)[^\W\d_]*$"
    r"|\\[abfnrtv]$|%[0-9a-f]{2}$",
    re.IGNORECASE,
)
_AFTER_CARD = re.compile(
    r"(?:exp|ex\b|valid|val\b|cvv|cvc|cvn|cid|cv2|mm|bis|g[uü]ltig|good|thru)",
    re.IGNORECASE,
)
_OTHER_NAME = re.compile(
    r"(?:"
    r"(?:order|bestell|auftrag|commande|pedido|ordine|invoice|rechnung|facture|factura"
    r"|tracking|track|sendung|paket|parcel|shipment|shipping|colis|imei|serial|serien"
    r"|sku|ean|gtin|upc|isbn|siret|siren|ticket|vorgang|kunden|customer|client|product"
    r"|produkt|artikel|article|item|phone|telefon|tel|mobile|mobil|handy|fax|iban"
    r"|transaction|transaktion)"
    r"(?:s|en|ung|ungen|ungs|s?nummer|s?num|s?nr|s?no|number)?"
    r"(?:[\s_./-]{0,2}(?:id|no|nr|num|number|code|nummer|numéro|numero|n[°º]|№)){0,2}"
    r"[\"']?[\s:=#./_-]{0,4}(?:\b(?:is|was|ist|war|lautet)\s)?[\"'(]?"
    r"|/(?:p|dp|itm|posts|photos|videos|status)/"
    r")$",
    re.IGNORECASE,
)
_DIGIT = re.compile(f"[{DIGITS}]")


def label_before(text: str, start: int, label: str) -> str:
    """The words right before a number, back to the digit before them.

    `label` is what the whole text is known as. Words of a marker never count, since the
    same text must be read the same way when its cards are already gone.
    """
    first = max(0, start - NEAR)
    near = text[first:start]
    words = _DIGIT.split(near)[-1]
    if first == 0 and len(words) == len(near):
        return f"{label} {words}"
    return words


def names_card(words: str) -> bool:
    return _CARD_LABEL.search(words) is not None


def names_something_else(words: str) -> bool:
    return _OTHER_NAME.search(words) is not None


def is_glued_before(text: str, start: int) -> bool:
    """A letter right before a number makes it part of a code, unless it is a label.

    Only letters with case: scripts without spaces between words have none.
    """
    if start == 0 or not _has_case(text[start - 1]):
        return False
    return _GLUED_LABEL.search(text[max(0, start - NEAR) : start]) is None


def is_glued_after(text: str, end: int) -> bool:
    if end == len(text) or not _has_case(text[end]):
        return False
    return _AFTER_CARD.match(text, end) is None


def _has_case(char: str) -> bool:
    return unicodedata.category(char) in {"Lu", "Ll", "Lt"}


# Longest forms of the registry of IBANs; a country that joins it is not recognised
# until it stands here, and then at worst a number too many is hidden.
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
_IBAN_START = re.compile(rf"(?<![A-Za-z0-9])[A-Za-z]{{2}}[{SOFT}]?[0-9]{{2}}", re.ASCII)
_IBAN_TAKES = re.compile(r"[A-Za-z0-9]", re.ASCII)
_IBAN_SKIPS = re.compile(f"[{SOFT}]")


def is_in_iban(text: str, start: int, end: int) -> bool:
    first = max(0, start - NEAR)
    for head in _IBAN_START.finditer(text, first, min(len(text), end)):
        if head.start() >= end:
            break
        last = _iban_end(text, head.start())
        if last > start:
            return True
    return False


def _iban_end(text: str, start: int) -> int:
    """Where a valid IBAN that begins at `start` ends, or -1."""
    length = _IBAN_LENGTHS.get(text[start : start + 2].upper())
    if length is None:
        return -1
    taken: list[str] = []
    for position in range(start, min(len(text), start + 3 * length)):
        char = text[position]
        if _IBAN_TAKES.match(char):
            taken.append(char)
            if len(taken) == length:
                rest = text[position + 1 : position + 2]
                whole = not _IBAN_TAKES.match(rest)
                return position + 1 if whole and _is_iban("".join(taken)) else -1
        elif not _IBAN_SKIPS.match(char):
            return -1
    return -1


def _is_iban(compact: str) -> bool:
    return iban.is_valid(compact, check_country=False)


_HEX = "[0-9A-Fa-f]"
_UUID = re.compile(
    rf"(?<![0-9A-Za-z]){_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}(?![0-9A-Za-z])"
)
_YEAR = r"(?:19|20)\d\d"
_SHAPES = re.compile(
    # dates
    rf"(?<!\d)\d{{1,2}}([./-])\d{{1,2}}\1{_YEAR}(?!\d)"
    rf"|(?<!\d){_YEAR}([./-])\d{{1,2}}\2\d{{1,2}}(?!\d)"
    r"|(?<!\d)(?:[0-2]?\d|3[01])\.(?:0?\d|1[0-2])\.(?=\s|[\u2013-])"
    # addresses of machines
    r"|(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}"
    r"(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.]?\d)"
    # latitude and longitude
    r"|(?<![\d.])\d{1,2}\.\d{3,}[,;\s]{1,3}-?1?\d{1,2}\.\d{3,}(?![\d.]?\d)"
    # one number with decimals, also a Unix time
    r"|(?<![\d.])(?:\d{1,3}\.\d{9,}|\d{9,10}\.\d{3,9})(?![\d.]?\d)"
)


def is_in_uuid(text: str, start: int, end: int) -> bool:
    return _overlaps(_UUID, text, start, end)


def is_in_other_shape(text: str, start: int, end: int) -> bool:
    """Dates, network addresses, coordinates and decimals, all written in groups."""
    return _overlaps(_SHAPES, text, start, end)


def _overlaps(pattern: re.Pattern[str], text: str, start: int, end: int) -> bool:
    first, last = max(0, start - NEAR), min(len(text), end + NEAR)
    return any(
        found.start() < end and found.end() > start
        for found in pattern.finditer(text, first, last)
    )


def is_parcel_number(digits: str) -> bool:
    """Long American tracking numbers are printed in fours and end in a check digit."""
    if len(digits) not in {20, 22} or not "91" <= digits[:2] <= "95":
        return False
    total = sum(
        int(digit) * (3 if index % 2 == 0 else 1)
        for index, digit in enumerate(reversed(digits[:-1]))
    )
    return (10 - total % 10) % 10 == int(digits[-1])
