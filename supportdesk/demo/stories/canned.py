"""Canned replies of the two shops: shared ones, and some agents' own."""

from supportdesk.demo.script import Canned

MILLS = (
    Canned(
        "hallo",
        "Begrüßung",
        "Guten Tag {visitor.first_name|und willkommen bei Moor & Mühle}!\n"
        "Ich bin {agent.first_name}. Womit kann ich helfen?",
        used=148,
    ),
    Canned(
        "versand",
        "Paket ist unterwegs",
        "Ihr Paket hat heute unser Lager verlassen. Meist ist es nach zwei Werktagen "
        "da; die Sendungsnummer kommt per E-Mail an "
        "{visitor.email|die Adresse Ihrer Bestellung}.",
        used=96,
    ),
    Canned(
        "ruecksendung",
        "So geht eine Rücksendung",
        "Gern nehmen wir die Ware zurück:\n"
        "1. Legen Sie den Lieferschein bei.\n"
        "2. Kleben Sie das Etikett auf, das wir Ihnen mailen.\n"
        "3. Geben Sie das Paket bis in 30 Tagen ab.\n\n"
        "Das Geld ist drei Werktage nach Eingang wieder bei Ihnen.",
        used=71,
    ),
    Canned(
        "mahlgrad",
        "Mahlgrad einstellen",
        "Für feines Brotmehl den Ring bei laufender Mühle nach links drehen, bis die "
        "Steine eben schleifen, dann einen Strich zurück. Für Schrot zwei Punkte "
        "weiter nach rechts.",
        used=34,
    ),
    Canned(
        "trichter",
        "Trichter tauschen",
        "Hier ist die Anleitung. Den neuen Trichter schicken wir heute noch "
        "los; er ist in zwei Tagen da.",
        files=("Einbauanleitung-Trichter-Nordkorn.pdf",),
        used=12,
    ),
    Canned(
        "danke",
        "Verabschiedung",
        "Vielen Dank für Ihre Nachricht und gutes Mahlen!\n"
        "{agent.name}, {account.name}",
        used=133,
    ),
    Canned(
        "hello",
        "Greeting",
        "Hello {visitor.first_name|there}, and welcome to {account.name}!\n"
        "I am {agent.first_name}. How can I help?",
        used=57,
    ),
    Canned(
        "shipping",
        "Shipping abroad",
        "We ship to all of Europe, from Germany within four to six working days. "
        "Postage is shown in the basket before you pay.",
        used=29,
    ),
    Canned(
        "sorry",
        "Damaged on the way",
        "Dear {visitor.first_name|customer}, I am sorry that it arrived like "
        "this. Could you send a photo of the parcel and one of the label? "
        "A replacement leaves today, you need not send anything back.",
        used=18,
    ),
    Canned(
        "preise",
        "Preisliste für Wiederverkäufer",
        "Anbei unsere aktuelle Preisliste. Ab zehn Stück gilt die rechte Spalte.",
        agent="piet",
        files=("Preisliste-Wiederverkauf.pdf",),
        used=22,
    ),
    Canned(
        "moment",
        "Ich sehe nach",
        "Einen Moment bitte, ich sehe im Lager nach.",
        agent="mira",
        used=40,
    ),
    Canned(
        "sig",
        "My sign-off",
        "Kind regards,\n{agent.name}",
        agent="anna",
        used=64,
    ),
)

BICYCLES = (
    Canned(
        "moin",
        "Begrüßung",
        "Moin {visitor.first_name|und willkommen}! Hier ist {agent.first_name}.",
        used=9,
    ),
    Canned(
        "termin",
        "Werkstatt-Termin",
        "Komm einfach dienstags oder donnerstags vorbei, ab acht ist jemand da.",
        agent="ole",
        used=5,
    ),
)
