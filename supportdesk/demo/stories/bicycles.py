from supportdesk.demo.script import (
    Ago,
    Answers,
    DaysAgo,
    Guest,
    Notes,
    Rates,
    Resolves,
    Says,
    Story,
)

STORIES = (
    Story(
        Guest("birte", "Birte Hansen", "birte.hansen@example.org"),
        ends=Ago(minutes=14),
        page="/werkstatt/termin",
        title="Werkstatt-Termin",
        group="workshop",
        unread_by=("*",),
        steps=(Says("Moin! Habt ihr diese Woche noch einen Termin für Bremsen?"),),
    ),
    Story(
        Guest("malte", "Malte Thomsen", "malte.thomsen@example.net"),
        ends=DaysAgo(1, "17:31"),
        page="/raeder/polar-7",
        title="Tourenrad Polar 7",
        steps=(
            Says("Gibt es das Polar 7 auch in Rahmenhöhe 62?"),
            Answers("wiebke", "Ab März wieder. Sollen wir eins vormerken?", after=6),
            Says("Ja bitte, in Dunkelgrün.", after=3),
            Notes("wiebke", "Vorgemerkt auf Liste B, @Ole bitte Sattel kürzen."),
        ),
    ),
    Story(
        Guest("frauke", "Frauke Jessen", "frauke.jessen@example.com"),
        ends=DaysAgo(6, "10:02"),
        page="/werkstatt",
        title="Werkstatt",
        group="workshop",
        steps=(
            Says("Mein Licht flackert seit der Inspektion."),
            Answers("ole", "Komm einfach vorbei, das haben wir gleich.", after=12),
            Says("Läuft wieder, danke!", after=180),
            Resolves("ole", after=2),
            Rates(5, "Ohne Termin und ohne Murren.", after=4),
        ),
    ),
)
