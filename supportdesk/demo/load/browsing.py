"""Visitors as they come, and the pages they looked at before they wrote."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from supportdesk.demo.load.threads import Row, new_id
from supportdesk.demo.load.vocabulary import Texts

SITE = "https://shop.example.com"
_SHELVES = ("mills", "flour", "spare-parts", "flakers", "gifts", "service")
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
)
_COUNTRIES = (
    *(("DE", "Europe/Berlin"), ("AT", "Europe/Vienna"), ("CH", "Europe/Zurich")),
    *(("GB", "Europe/London"), ("US", "America/New_York")),
)


def page(rng: random.Random) -> dict[str, str]:
    """One of some thousand pages, the first ones far more often than the last."""
    number = int(rng.paretovariate(0.7)) % 5000
    shelf = _SHELVES[number % len(_SHELVES)]
    return {"url": f"{SITE}/{shelf}/{number}", "title": f"{shelf.title()} {number}"}


def visitor_row(
    pk: int,
    account: int,
    kind: str,
    language: str,
    came: datetime,
    left: datetime,
    texts: Texts,
    rng: random.Random,
    ids: random.Random,
) -> Row:
    """Some give a name, some only an address, and many nothing."""
    name = texts.name() if rng.random() < 0.6 or kind == "messenger" else ""
    email = phone = ""
    if kind == "email" or rng.random() < 0.45:
        local = name.lower().replace(" ", ".") or f"guest{pk}"
        email = f"{local}.{pk % 97}@example.com"
        email = email if email.isascii() else f"guest{pk}@example.com"
    if rng.random() < 0.15:
        phone = f"+4930{rng.randrange(10**6, 10**7)}"
    return (
        pk,
        new_id(ids),
        name,
        email,
        phone,
        language,
        came,
        left,
        account,
        *("form" if value else "" for value in (email, name, phone)),
        f"K{pk:08d}" if rng.random() < 0.1 else "",
    )


def visit_rows(
    pk: int,
    visitor: int,
    began: dict[str, str],
    at: datetime,
    now: datetime,
    rng: random.Random,
) -> tuple[Row, Sequence[Row]]:
    """A visit around `at`, when they wrote, with its pages."""
    pages = [(began["url"], began["title"], at, pk)]
    moment = at
    for _ in range(int(rng.expovariate(0.4))):
        moment -= timedelta(seconds=5 + rng.expovariate(1 / 60))
        seen = page(rng)
        pages.append((seen["url"], seen["title"], moment, pk))
    country, zone = rng.choices(_COUNTRIES, (12, 3, 2, 2, 1))[0]
    until = min(at + timedelta(seconds=rng.expovariate(1 / 300)), now)
    row = (
        pk,
        moment,
        until,
        "https://www.google.com/" if rng.random() < 0.4 else "",
        "{}",
        len(pages),
        visitor,
        "{}",
        f"198.51.{rng.randrange(100, 104)}.{rng.randrange(256)}",
        rng.choice(_AGENTS),
        "",
        country,
        zone,
    )
    return row, pages
