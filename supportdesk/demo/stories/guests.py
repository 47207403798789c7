"""Visitors of the mill shop who come back in a second story."""

from supportdesk.demo.script import Guest

KATHARINA = Guest(
    "katharina",
    "Katharina Vogt",
    "k.vogt@example.net",
    "+49 341 555 0148",
    user_id="MM-10482",
    customer=(
        ("Kundennummer", "MM-10482"),
        ("Bestellungen", "7 · 1.284,60 €"),
        ("Letzte Bestellung", "MM-20418, geliefert"),
        ("Preisgruppe", "Privat"),
        ("Newsletter", "abonniert"),
    ),
    note="Backt für das Hofcafé, bestellt meist zum Monatsende. "
    "Bitte nicht vor 9 Uhr anrufen.",
    noted_by="mira",
    place=("Leipzig", "DE"),
    device="windows",
)
FRIEDERIKE = Guest(
    "friederike",
    "Dr. Friederike Schmidt-Hohenlohe",
    "f.schmidt-hohenlohe@example.net",
    "+49 341 555 0172",
    user_id="MM-10077",
    customer=(
        ("Kundennummer", "MM-10077"),
        ("Bestellungen", "31 · 18.940,00 €"),
        ("Preisgruppe", "Institute und Schulen"),
        ("Zahlungsziel", "30 Tage"),
    ),
    place=("Göttingen", "DE"),
    device="mac",
)
CARSTEN = Guest(
    "carsten",
    "Carsten Meinhövel",
    "c.meinhoevel@example.org",
    place=("Bremen", "DE"),
    device="linux",
)
LUCIE = Guest(
    "lucie",
    "Lucie Marchand",
    "lucie.marchand@example.org",
    language="en",
    place=("Lyon", "FR"),
    device="iphone",
)
RHYS = Guest(
    "rhys",
    "Rhys Bevan",
    "rhys.bevan@example.org",
    language="en",
    place=("Cardiff", "GB"),
    device="android",
)
