"""Visitors of the mill shop who come back in a second story."""

from supportdesk.demo.script import Guest

KATHARINA = Guest(
    "katharina",
    "Katharina Vogt",
    "k.vogt@example.net",
    "+49 341 555 0148",
    user_id="MM-10482",
    customer=(
        ("customer_number", "Kundennummer", "MM-10482"),
        ("orders", "Bestellungen", 7),
        ("spent", "Umsatz", "1.204,60 €"),
        ("last_order", "Letzte Bestellung", "MM-20418, geliefert"),
        ("newsletter", "Newsletter", "abonniert"),
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
        ("customer_number", "Kundennummer", "MM-10077"),
        ("orders", "Bestellungen", 31),
        ("spent", "Umsatz", "18.940,00 €"),
        ("price_group", "Preisgruppe", "Institute und Schulen"),
        ("due", "Zahlungsziel", "30 Tage"),
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
