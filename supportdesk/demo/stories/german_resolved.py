from supportdesk.demo.script import (
    Answers,
    Assigns,
    DaysAgo,
    Guest,
    Joins,
    Moves,
    Notes,
    Rates,
    Reopens,
    Resolves,
    Says,
    Story,
)
from supportdesk.demo.stories.guests import CARSTEN, FRIEDERIKE, KATHARINA

STORIES = (
    Story(
        CARSTEN,
        ends=DaysAgo(2, "16:52"),
        page="/service/mahlstein",
        title="Mahlstein einstellen",
        group="repairs",
        tags=("Ersatzteil",),
        steps=(
            Says(
                "Der Mahlstein schleift trotz neuer Einstellung. Ich habe alles nach "
                "Anleitung gemacht, zweimal."
            ),
            Answers(
                "jonas",
                "Hallo Herr Meinhövel, schleift es auch ohne Korn oder nur unter Last? "
                "Ohne Korn sitzt vermutlich die Feder unter dem oberen Stein schief.",
                after=3,
            ),
            Says(
                "Auch ohne Korn. Ich möchte nicht noch einmal schrauben, das ist jetzt "
                "der dritte Abend.",
                after=7,
            ),
            Answers(
                "jonas",
                "Das verstehe ich gut. Ich schicke Ihnen ein Rücksendeetikett, wir "
                "justieren die Mühle in der Werkstatt, und in drei bis vier Tagen ist "
                "sie wieder bei Ihnen.",
                after=6,
            ),
            Resolves("jonas", after=3),
            Rates(
                1,
                "Freundlich, aber ich wollte eine Mühle und kein Hobby.",
                after=2,
            ),
        ),
    ),
    Story(
        CARSTEN,
        ends=DaysAgo(26, "20:11"),
        page="/kategorie/muehlen",
        title="Getreidemühlen",
        tags=("Beratung",),
        steps=(
            Says("Welche Mühle nehme ich für Roggen?"),
            Answers(
                "anna", "Ab 250 Watt jede mit Keramikstein, etwa die 240.", after=2
            ),
            Says("Danke, dann nehme ich die.", after=4),
            Resolves("anna", after=1),
            Rates(5, after=1),
        ),
    ),
    Story(
        Guest("almut", "Almut Kranz-Thiele", "almut.kranz-thiele@example.org"),
        ends=DaysAgo(7, "12:38"),
        page="/konto/reklamation",
        title="Reklamation",
        group="repairs",
        tags=("Reklamation", "Rücksendung"),
        steps=(
            Says("Auch der zweite Mahlstein kam beschädigt an, wieder am Rand."),
            Notes("jonas", "@Anna das liegt an der neuen Verpackung, siehe MM-20291."),
            Answers(
                "jonas",
                "Frau Kranz-Thiele, das ist ärgerlich. Der dritte kommt in einer "
                "Holzkiste, und den Aufpreis für den Express tragen wir.",
                after=15,
            ),
            Says("Ich hoffe es. So kann ich meinen Kurs nicht halten.", after=5),
            Resolves("jonas", after=240),
            Rates(1, "Zwei Wochen ohne Mühle.", after=35),
        ),
    ),
    Story(
        KATHARINA,
        ends=DaysAgo(17, "09:24"),
        page="/rezepte/sauerteig",
        title="Sauerteig von Anfang an",
        steps=(
            Says("Mein Sauerteig wird nicht sauer. Was mache ich falsch?"),
            Answers("mira", "Wie warm steht er denn?", after=2),
            Says("In der Küche, etwa 19 Grad", after=1),
            Answers(
                "mira",
                "Dann gönnen Sie ihm 26 bis 28 Grad, etwa im Ofen mit eingeschalteter "
                "Lampe. Nach einem Tag riechen Sie den Unterschied.",
                after=2,
            ),
            Says("Das probiere ich, danke!", after=1),
            Resolves("mira", after=5),
            Rates(5, "Hat geklappt!", after=1),
        ),
    ),
    Story(
        KATHARINA,
        ends=DaysAgo(38, "20:49"),
        page="/kategorie/gaerkoerbe",
        title="Gärkörbe",
        steps=(
            Says("Welche Größe brauche ich für 1,5 kg Teig?"),
            Answers("anna", "Den runden mit 25 cm, der fasst bis 1,7 kg.", after=4),
            Says("Bestellt, danke.", after=3),
            Resolves("anna", after=1),
        ),
    ),
    Story(
        KATHARINA,
        ends=DaysAgo(61, "13:05"),
        page="/versand",
        title="Versand und Lieferzeiten",
        group="orders",
        steps=(
            Says("Liefern Sie auch nach Österreich? Ein Geschenk für meine Tante."),
            Answers("mira", "Ja, ab 79 Euro sogar versandkostenfrei.", after=21),
            Says("Und darunter?", after=2),
            Answers("mira", "Dann sind es 9,90 Euro.", after=8),
            Resolves("mira", after=15),
            Rates(3, "Dauerte ein wenig.", after=10),
        ),
    ),
    Story(
        Guest("johanna", "Johanna Straßmann", "j.strassmann@example.com"),
        ends=DaysAgo(14, "18:31"),
        page="/service/mahlstein",
        title="Mahlstein reinigen",
        group="repairs",
        tags=("Ersatzteil",),
        steps=(
            Says("Beim Mahlstein fehlt die Anleitung zum Reinigen."),
            Answers(
                "jonas",
                "Nur mit der Bürste, nie mit Wasser. Hartnäckiges löst eine Handvoll "
                "Reis auf grober Stufe.",
                after=26,
            ),
            Says("Reis? Weißer oder brauner?", after=2),
            Answers("jonas", "Der billigste, den Sie finden.", after=3),
            Resolves("jonas", after=1),
            Rates(3, "Hätte im Karton liegen sollen.", after=2),
        ),
    ),
    Story(
        Guest("luzern-zwei"),
        ends=DaysAgo(17, "16:02"),
        page="/service/rueckgabe",
        title="Rückgabe",
        group="repairs",
        tags=("Rücksendung",),
        steps=(
            Says("Drei Wochen warte ich jetzt auf den neuen Stein."),
            Answers("jonas", "Er ist heute gekommen und geht morgen raus.", after=44),
            Says("Zu spät, dann geht die Mühle samt Mahlstein zurück.", after=3),
            Notes("jonas", "@Anna Kulanz? Sie hat vor zwei Jahren schon gekauft."),
            Answers(
                "anna",
                "Das ist Ihr gutes Recht. Das Etikett liegt bei, die Erstattung kommt "
                "am Tag des Eingangs.",
                after=12,
            ),
            Resolves("anna", after=30),
            Rates(1, after=5),
        ),
    ),
    Story(
        Guest(
            "werkhof",
            "Werkhof Ostheide e. V.",
            "verwaltung@werkhof.example.org",
            "+49 5131 555 0107",
        ),
        ends=DaysAgo(21, "10:17"),
        page="/geschaeftskunden",
        title="Für Bäckereien und Wiederverkauf",
        group="wholesale",
        tags=("Großmenge",),
        steps=(
            Says("Wo bleibt unser Angebot über sechs Mahlsteine mit 100 mm?"),
            Assigns("anna", "svenja", after=35),
            Answers(
                "svenja",
                "Es tut mir leid, es lag noch zur Freigabe. Sie haben es jetzt im "
                "Postfach.",
                after=75,
            ),
            Says("Der Antrag musste gestern raus. Trotzdem danke.", after=12),
            Resolves("svenja", after=5),
            Rates(1, "Angebot kam einen Tag zu spät.", after=8),
        ),
    ),
    Story(
        Guest("daniel", "Daniel Fröhlich", "daniel.froehlich@example.net"),
        ends=DaysAgo(24, "21:16"),
        page="/service/mahlstein",
        title="Mahlstein einstellen",
        tags=("Ersatzteil",),
        steps=(
            Says("Mein Mahlstein riecht nach Metall, ist das normal?"),
            Answers("anna", "Bei den ersten zwei Kilo ja, danach nicht mehr.", after=5),
            Says("Und wenn doch?", after=1),
            Answers("anna", "Dann melden Sie sich, und wir tauschen ihn.", after=2),
            Resolves("anna", after=10),
            Rates(3, after=14),
        ),
    ),
    Story(
        Guest(
            "hannelore",
            "Hannelore Oestreich-Zwickelbauer",
            "h.oestreich-zwickelbauer@example.org",
            "+43 662 555 0119",
        ),
        ends=DaysAgo(3, "15:20"),
        page="/kurse/brotbacken",
        title="Brotbackkurse",
        tags=("Beratung",),
        steps=(
            Says("Ist beim Kurs am Samstag noch ein Platz frei?"),
            Answers("svenja", "Einer noch. Soll ich Sie eintragen?", after=3),
            Resolves("svenja", after=120),
            Notes("mira", "@Svenja sie hat gerade angerufen: ja, bitte eintragen."),
            Reopens("mira", after=1),
            Answers("svenja", "Sie stehen auf der Liste, bis Samstag!", after=6),
            Says("Ich freue mich sehr.", after=9),
            Resolves("svenja", after=1),
            Rates(5, "Am Telefon und hier gleich nett.", after=3),
        ),
    ),
    Story(
        Guest("oemer", "Ömer Kaplan", "oemer.kaplan@example.com", "+49 30 555 0184"),
        ends=DaysAgo(1, "13:40"),
        page="/produkte/nordkorn-360",
        title="Getreidemühle Nordkorn 360",
        tags=("Beratung",),
        steps=(
            Says("Schafft die 360 auch Kichererbsen?"),
            Answers("jonas", "Ja, auf Stufe 5 und in kleinen Mengen.", after=1),
            Says("Und Mais?", after=1),
            Answers("jonas", "Nur Speisemais. Popcornmais ist zu hart.", after=1),
            Says("Genau das wollte ich wissen. Danke!", after=2),
            Resolves("jonas", after=1),
            Rates(5, "Schneller als gedacht.", after=1),
        ),
    ),
    Story(
        FRIEDERIKE,
        ends=DaysAgo(45, "11:02"),
        page="/geschaeftskunden",
        title="Für Bäckereien und Wiederverkauf",
        group="wholesale",
        tags=("Großmenge",),
        steps=(
            Says("Wann kommen die Backrahmen für unseren Herbstkurs?"),
            Answers("piet", "Am Dienstag, mit der Spedition.", after=18),
            Notes("piet", "Rechnung immer auch an buchhaltung@example.net schicken."),
            Says("Bestens, wir sind ab acht im Haus.", after=5),
            Resolves("piet", after=60),
            Rates(5, after=20),
        ),
    ),
    Story(
        Guest("juergen", "Jürgen Weißmüller", "j.weissmueller@example.net"),
        ends=DaysAgo(9, "16:16"),
        page="/konto/bestellungen/20355",
        title="Bestellung MM-20355",
        group="orders",
        tags=("Lieferverzug",),
        steps=(
            Says("In meinem Paket lag eine fremde Kurbel statt der Bürste."),
            Joins("mira", after=4),
            Moves("mira", "repairs", after=1),
            Notes("mira", "@Jonas die Kurbel gehört sicher zu MM-20356."),
            Answers(
                "jonas",
                "Da haben zwei Pakete ihren Inhalt getauscht. Die Bürste ist unterwegs, "
                "die Kurbel holt der Bote gleich mit.",
                after=22,
            ),
            Says("Na sowas. Einverstanden!", after=6),
            Resolves("jonas", after=2),
        ),
    ),
    Story(
        Guest("erledigt"),
        ends=DaysAgo(11, "22:30"),
        page="/warenkorb",
        title="Warenkorb",
        steps=(
            Says("Der Gutschein geht nicht"),
            Says("Ah, Großbuchstaben. Danke, hat sich erledigt!", after=2),
            Resolves("anna", after=610),
        ),
        seen=False,
    ),
    Story(
        Guest("brueggemann", "Familie Brüggemann", phone="+49 4621 555 0155"),
        ends=DaysAgo(12, "19:48"),
        page="/produkte/kindermuehle",
        title="Handmühle für Kinder",
        steps=(
            Says("Ab welchem Alter kann ein Kind damit mahlen?"),
            Answers("mira", "Ab etwa fünf Jahren, mit jemandem daneben.", after=3),
            Says("Unsere ist vier und sehr entschlossen.", after=1),
            Answers("mira", "Dann halten Sie nur den Tisch fest 🙂", after=1),
            Resolves("mira", after=6),
            Rates(5, "Wir haben gelacht und bestellt.", after=2),
        ),
    ),
)
