"""Visitors of the mill shop who look around and have not written yet."""

from supportdesk.demo.script import Passer

_SEARCH = "https://search.example.org/"
_MILL = ("/produkte/nordkorn-360", "Getreidemühle Nordkorn 360")
_STONES = ("/service/ersatzteile", "Ersatzteile")

PASSERS = (
    Passer(
        pages=(
            ("/", "Startseite"),
            ("/kategorie/muehlen", "Getreidemühlen im Vergleich"),
            _MILL,
        ),
        minutes=14,
        device="windows",
        referrer=_SEARCH,
        place=("Leipzig", "DE"),
        time_zone="Europe/Berlin",
    ),
    Passer(
        pages=(("/en/", "Home"), ("/en/cart", "Your basket")),
        minutes=6,
        device="mac",
        language="en",
        place=("Dublin", "IE"),
        time_zone="Europe/Dublin",
        visits=3,
    ),
    Passer(
        pages=(("/produkte/brottopf-4l", "Brottopf Gusseisen, 4 l"),),
        minutes=2,
        device="iphone",
        referrer="https://social.example.net/",
        campaign={"source": "social", "campaign": "Brotzeit im November"},
        place=("Wien", "AT"),
        time_zone="Europe/Vienna",
    ),
    Passer(
        pages=(
            _STONES,
            ("/service/anleitungen", "Anleitungen und Explosionszeichnungen"),
        ),
        minutes=23,
        device="linux",
        place=("Groningen", "NL"),
        time_zone="Europe/Amsterdam",
        visits=2,
    ),
    Passer(
        pages=(_MILL, ("/warenkorb", "Warenkorb")),
        minutes=4,
        device="android",
        referrer=_SEARCH,
        campaign={"source": "search", "medium": "cpc", "campaign": "Getreidemühle"},
        time_zone="Europe/Berlin",
    ),
)
