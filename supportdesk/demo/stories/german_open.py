from supportdesk.demo.script import (
    Ago,
    Answers,
    Assigns,
    DaysAgo,
    Guest,
    Joins,
    Leaves,
    Missed,
    Moves,
    Notes,
    Resolves,
    Says,
    Story,
    Unheard,
)
from supportdesk.demo.stories.guests import FRIEDERIKE, KATHARINA

STORIES = (
    Story(
        KATHARINA,
        ends=Ago(minutes=1),
        page="/produkte/nordkorn-360",
        title="Getreidemühle Nordkorn 360",
        group="repairs",
        tags=("Ersatzteil", "Reklamation", "Stammkundin"),
        steps=(
            Says(
                "Guten Tag! Gestern kam meine Nordkorn 360 an (Bestellung "
                "MM-20418). Beim Auspacken war der Trichter gerissen 😕",
                files=("trichter-riss.png",),
            ),
            Answers(
                "anna",
                "Guten Tag, Frau Vogt! Das tut mir leid, und danke für das Foto, "
                "damit ist alles klar. Ein neuer Trichter geht heute noch auf die "
                "Reise. Stimmt die Lieferadresse aus der Bestellung?",
                after=2,
            ),
            Notes(
                "anna",
                "Charge 09/25, das ist der dritte Riss in dieser Woche. "
                "@Jonas, fragst du bitte beim Drechsler nach?",
            ),
            Says(
                "Ja, die Adresse passt. Falls der Versand etwas kostet, hier meine "
                "Karte: 4111 1111 1111 1111, gültig bis 08/29",
                after=2,
            ),
            Answers(
                "anna",
                "Nein, das geht natürlich auf uns. Kartendaten brauchen wir hier nie, "
                "die Nummer wurde automatisch ausgeblendet.",
            ),
            Answers(
                "anna",
                "So wird der neue Trichter eingesetzt, es dauert keine fünf Minuten:",
                files=("Einbauanleitung-Trichter-Nordkorn.pdf",),
            ),
            Says("Wunderbar, das bekomme ich hin. Vielen Dank!", after=1),
        ),
    ),
    Story(
        Guest("graz"),
        ends=Ago(minutes=2),
        page="/kategorie/gaerkoerbe",
        title="Gärkörbe",
        unread_by=("*",),
        tags=("Beratung",),
        steps=(
            Says("Grüß Gott!"),
            Says("Ist der ovale Gärkorb für 1 kg bald wieder lieferbar?"),
        ),
    ),
    Story(
        Guest("emre", "Emre Güneş", "emre.gunes@example.org"),
        ends=Ago(minutes=42),
        page="/rezepte/roggensauer",
        title="Roggensauer in drei Tagen",
        tags=("Beratung",),
        steps=(
            Says("Wie fein soll ich für den Roggensauer mahlen?"),
            Answers(
                "anna",
                "Für den Ansatz ruhig etwas gröber, Stufe 4. Zum Backen dann fein, "
                "Stufe 1 bis 2.",
                after=3,
            ),
            Says("Super, danke. Und die Körner vorher befeuchten?", after=2),
            Answers(
                "anna",
                "Bitte nicht: Feuchtes Korn verklebt den Stein. Trocken mahlen und "
                "das Wasser erst zum Mehl geben.",
                after=2,
            ),
            Says("Alles klar, danke!", after=1),
            Answers("anna", "Gern geschehen, gutes Gelingen beim Backen!"),
        ),
    ),
    Story(
        FRIEDERIKE,
        ends=Ago(minutes=26),
        page="/konto/rechnungen",
        title="Meine Rechnungen",
        group="orders",
        unread_by=("anna", "mira"),
        tags=("Rechnung",),
        steps=(
            Says(
                "Guten Tag, für unsere Buchhaltung fehlt auf der Rechnung RE-10873 "
                "die USt-IdNr. Könnten Sie diese bitte ergänzen?"
            ),
            Assigns("anna", "mira", after=6),
            Answers(
                "mira",
                "Guten Tag Frau Dr. Schmidt-Hohenlohe, gerne. Bitte nennen Sie mir "
                "noch die genaue Firmierung, dann stelle ich die Rechnung neu aus.",
                after=8,
            ),
            Says(
                "Institut für Getreidekultur und Handwerk gGmbH, USt-IdNr. "
                "DE000000000. Die Bestellnummer 2025-0441 bitte ebenfalls angeben.",
                after=19,
            ),
        ),
    ),
    Story(
        Guest(
            "holunder",
            "Bäckerei Holunder GmbH",
            "einkauf@holunder.example.com",
            "+49 571 555 0133",
        ),
        ends=DaysAgo(1, "16:47"),
        page="/geschaeftskunden",
        title="Für Bäckereien und Wiederverkauf",
        group="wholesale",
        unread_by=("anna", "svenja"),
        tags=("Großmenge", "Beratung"),
        steps=(
            Says(
                "Hallo, wir brauchen 40 Backrahmen 60 x 20 cm bis Ende des Monats. "
                "Machen Sie uns ein Angebot?"
            ),
            Answers(
                "piet",
                "Hallo nach Minden! 40 Stück haben wir fast alle da. Die "
                "Staffelpreise stehen in der Liste, ab 25 Stück gilt die rechte Spalte.",
                files=("Preisliste-Wiederverkauf.pdf",),
                after=14,
            ),
            Notes("piet", "Letztes Mal gab es 3 % Skonto. @Anna, bleibt es dabei?"),
            Notes("anna", "Ja, bei Zahlung in zehn Tagen.", after=21),
            Says(
                "Passt. Können Sie zwei Lieferungen daraus machen, 20 sofort und 20 "
                "in der Woche vor dem ersten Advent?",
                after=35,
            ),
        ),
    ),
    Story(
        Guest("sofia", "Sofia Lindqvist", "sofia.lindqvist@example.net"),
        ends=Ago(hours=1, minutes=18),
        page="/kategorie/gaerkoerbe",
        title="Gärkörbe",
        unread_by=("*",),
        seen=False,
        tags=("Beratung",),
        steps=(
            Says("Passt der ovale Gärkorb auch für 1,2 kg Teig?"),
            Says(
                "Und noch etwas zur Zahlung, meine Karte lautet 5500-0000-0000-0004, "
                "klappt das?",
                after=2,
            ),
            Says("Hallo? Ist da jemand?", after=6),
            Missed(after=3),
        ),
    ),
    Story(
        Guest("thomas", "Thomas Achterberg", "t.achterberg@example.net"),
        ends=DaysAgo(3, "11:20"),
        page="/konto/bestellungen/20377",
        title="Bestellung MM-20377",
        group="orders",
        tags=("Lieferverzug",),
        steps=(
            Says("Meine Sendung MM-20377 ist seit neun Tagen unterwegs."),
            Answers(
                "mira",
                "Guten Tag Herr Achterberg, das ist deutlich zu lang. Ich frage beim "
                "Paketdienst nach.",
                after=11,
            ),
            Notes(
                "mira",
                "Paket steht in Hamburg-Billbrook, Nachforschung läuft. "
                "@Anna, dürfen wir vorab Ersatz schicken?",
                after=25,
            ),
            Assigns("mira", "anna"),
            Answers(
                "anna",
                "Herr Achterberg, wir warten nicht länger: Ersatz geht heute raus. "
                "Kommt das erste Paket doch noch an, nehmen Sie es einfach nicht an.",
                after=18,
            ),
            Says(
                "Das nenne ich Service. Schicken Sie mir bitte noch die neue "
                "Sendungsnummer?",
                after=47,
            ),
        ),
    ),
    Story(
        Guest("nina", "Nina Petrović", "nina.petrovic@example.org"),
        ends=DaysAgo(2, "18:05"),
        page="/service/rueckgabe",
        title="Rückgabe",
        group="repairs",
        unread_by=("jonas",),
        tags=("Rücksendung",),
        steps=(
            Says("Ich habe aus Versehen zwei Brottöpfe bestellt. Was nun?"),
            Answers(
                "jonas",
                "Kein Problem, einer darf zurück. Das Etikett liegt in Ihrem Konto "
                "unter der Bestellung.",
                after=5,
            ),
            Says("Gefunden! Muss ich die Originalschachtel nehmen?", after=3),
            Answers(
                "jonas",
                "Nein, nur gut polstern. Sobald er auf dem Weg ist, bestätigen wir "
                "die Erstattung.",
                after=2,
            ),
            Says("Super, dann warte ich auf die Versandbestätigung", after=4),
        ),
    ),
    Story(
        Guest("hofladen", "Hofladen am Kanal", "post@hofladen.example.net"),
        ends=Ago(hours=4, minutes=12),
        page="/geschaeftskunden/muster",
        title="Musterpakete",
        group="wholesale",
        unread_by=("anna", "piet"),
        tags=("Großmenge",),
        steps=(
            Says("Gibt es das Musterpaket auch mit Roggenvollkorn?", after=1),
            Answers(
                "svenja",
                "Ja, seit diesem Monat. Soll ich Ihnen eines zurücklegen?",
                after=32,
            ),
            Says("Bitte zwei, für beide Filialen.", after=9),
            Answers("svenja", "Notiert, sie gehen mit der nächsten Lieferung raus."),
            Resolves("svenja", after=3),
            Says(
                "Guten Tag, nur ein Paket lag in der Lieferung. Kommt das zweite nach?",
                after=2875,
            ),
            Unheard(after=2),
        ),
    ),
    Story(
        Guest(
            "annegret",
            "Annegret Freifrau von Westerholt-Gyldenbrandt",
            "annegret.von.westerholt-gyldenbrandt@landfrauenverband.example.org",
            "+49 39821 555 0190-1134",
        ),
        ends=Ago(hours=6, minutes=40),
        page="/geschaeftskunden/sammelbestellung?seite=3",
        title="Sammelbestellung: Teigschüsseln, Gärkörbe und Backsteine",
        group="wholesale",
        unread_by=("svenja",),
        tags=("Beratung",),
        steps=(
            Says(
                "Guten Tag, ich bündele wieder die Sammelbestellung unseres "
                "Landfrauenverbands: 64 Gärkörbe, 31 Teigschüsseln, 12 Backsteine. "
                "Die Rechnungsanschrift weicht von der Lieferanschrift ab."
            ),
            Joins("piet", after=7),
            Answers(
                "svenja",
                "Guten Tag, Frau von Westerholt-Gyldenbrandt! Schön, dass Sie "
                "wieder dabei sind. Bleibt es bei der Lieferung an den Bauhof?",
                after=4,
            ),
            Joins("svenja"),
            Leaves("piet", after=2),
            Notes("svenja", "Rahmenvertrag beachten, 12 % auf alles außer Mehl."),
            Says(
                "Ja, an den Bauhof, aber bitte nicht vor dem Donnerstag: Vorher "
                "ist niemand da, der die Paletten annehmen kann.",
                after=23,
            ),
        ),
    ),
    Story(
        Guest("luzern", phone="+41 41 555 01 77"),
        ends=Ago(hours=5, minutes=3),
        page="/service/ersatzteile",
        title="Ersatzteile & Service",
        unread_by=("jonas", "anna"),
        seen=False,
        tags=("Ersatzteil",),
        steps=(
            Says("Der Motor brummt, aber der Stein dreht sich nicht mehr."),
            Notes(
                "mira",
                "Klingt nach dem Mitnehmer. @Jonas, hast du noch welche da?",
                after=9,
            ),
            Moves("mira", "repairs"),
            Says(
                "Die Mühle ist von 2019. Sie können mich auch anrufen, ich bin ab "
                "17 Uhr zu Hause.",
                after=4,
            ),
        ),
    ),
)
