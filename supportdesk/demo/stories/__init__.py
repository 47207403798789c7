"""What the demo shows: two invented shops that know nothing of each other."""

from supportdesk.demo.script import Colleague, Label, Shop
from supportdesk.demo.stories import (
    bicycles,
    canned,
    english,
    german_open,
    german_resolved,
    passers,
)

MILLS = Shop(
    name="Moor & Mühle",
    site="shop.example.com",
    public_key="demo-shop",
    color="#a8481f",
    language="de",
    groups={
        "orders": "Orders & shipping",
        "repairs": "Repairs & parts",
        "wholesale": "Wholesale",
    },
    team=(
        Colleague("anna", "owner@example.com", "Anna Berger", "owner", "en"),
        Colleague(
            "jonas", "full@example.com", "Jonas Adler", "full", "en", ("repairs",)
        ),
        Colleague(
            "mira", "agent@example.com", "Mira Sahin", "agent", "de", ("orders",)
        ),
        Colleague(
            "piet",
            "piet.vandongen@example.com",
            "Piet van Dongen",
            "agent",
            "de",
            ("wholesale",),
        ),
        Colleague(
            "svenja",
            "svenja.hohenstein-brandtner@example.com",
            "Svenja Hohenstein-Brandtner",
            "agent",
            "de",
            ("orders", "wholesale"),
        ),
    ),
    stories=german_open.STORIES + german_resolved.STORIES + english.STORIES,
    passers=passers.PASSERS,
    canned=canned.MILLS,
    tags=(
        Label("Reklamation", 1, "Etwas ist kaputt, falsch oder fehlt"),
        Label("Rücksendung", 2, "Ware kommt oder soll zurückkommen"),
        Label("Lieferverzug", 3),
        Label("Stammkundin", 4),
        Label("Beratung", 5, "Vor dem Kauf"),
        Label("Ersatzteil", 6, "Trichter, Mahlsteine, Schrauben"),
        Label("Rechnung", 7),
        Label("Großmenge", 8, "Bäckereien, Hofläden, Wiederverkauf"),
    ),
)

BICYCLES = Shop(
    name="Nordlicht Fahrräder",
    site="nordlicht.example.org",
    public_key="demo-nordlicht",
    color="#1f6a8a",
    language="de",
    groups={"workshop": "Werkstatt"},
    team=(
        Colleague(
            "wiebke", "owner@nordlicht.example.org", "Wiebke Carstens", "owner", "de"
        ),
        Colleague(
            "ole",
            "ole@nordlicht.example.org",
            "Ole Petersen",
            "agent",
            "de",
            ("workshop",),
        ),
    ),
    stories=bicycles.STORIES,
    canned=canned.BICYCLES,
)

SHOPS = (MILLS, BICYCLES)
