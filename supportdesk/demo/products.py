"""What the demo shop sells, in its two languages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    slug: str
    picture: str
    price: str
    names: dict[str, str]
    leads: dict[str, str]
    alts: dict[str, str]


@dataclass(frozen=True)
class Shown:
    """A product in the language of the page."""

    slug: str
    picture: str
    price: str
    name: str
    lead: str
    alt: str


def show(product: Product, language: str) -> Shown:
    return Shown(
        slug=product.slug,
        picture=f"demo/p-{product.picture}.svg",
        price=(
            f"{product.price} €"
            if language == "de"
            else f"€{product.price.replace(',', '.')}"
        ),
        name=product.names[language],
        lead=product.leads[language],
        alt=product.alts[language],
    )


PRODUCTS = (
    Product(
        slug="nordkorn-360",
        picture="mill",
        price="429,00",
        names={"de": "Getreidemühle Nordkorn 360", "en": "Nordkorn 360 grain mill"},
        leads={
            "de": "Korund-Keramik-Mahlwerk, Gehäuse aus geölter Buche, 360 Watt. Mahlt "
            "ein Kilo Weizen in rund acht Minuten, von feinem Kuchenmehl bis grobem "
            "Schrot.",
            "en": "Corundum ceramic stones, a case of oiled beech, 360 watts. Grinds a "
            "kilo of wheat in about eight minutes, from fine cake flour to coarse "
            "meal.",
        },
        alts={
            "de": "Getreidemühle aus Buchenholz mit gefülltem Trichter",
            "en": "Grain mill of beech wood with a full hopper",
        },
    ),
    Product(
        slug="gaerkorb-rund",
        picture="basket",
        price="18,90",
        names={"de": "Gärkorb rund, 1 kg", "en": "Round proofing basket, 1 kg"},
        leads={
            "de": "Von Hand aus Peddigrohr gewickelt. Der Teig behält seine Form und "
            "bekommt das typische Muster.",
            "en": "Wound by hand from rattan. The dough keeps its shape and gets the "
            "pattern everybody knows.",
        },
        alts={"de": "Runder Gärkorb", "en": "Round proofing basket"},
    ),
    Product(
        slug="weizen-5kg",
        picture="flour",
        price="14,50",
        names={"de": "Weizen ganzes Korn, 5 kg", "en": "Whole wheat grain, 5 kg"},
        leads={
            "de": "Bio-Weizen aus der Wesermarsch, gereinigt und keimfähig.",
            "en": "Organic wheat from the river marshes, cleaned and able to sprout.",
        },
        alts={"de": "Sack mit Weizen", "en": "Bag of wheat"},
    ),
    Product(
        slug="brottopf-4l",
        picture="pot",
        price="89,00",
        names={"de": "Brottopf Gusseisen, 4 l", "en": "Cast-iron bread pot, 4 l"},
        leads={
            "de": "Speichert die Hitze und hält den Dampf: Kruste wie vom Holzofen.",
            "en": "Keeps the heat and the steam: a crust like from a wood-fired oven.",
        },
        alts={"de": "Brottopf aus Gusseisen", "en": "Bread pot of cast iron"},
    ),
    Product(
        slug="baeckermesser",
        picture="knife",
        price="12,00",
        names={
            "de": "Bäckermesser mit Holzgriff",
            "en": "Baker's knife, wooden handle",
        },
        leads={
            "de": "Für den sauberen Schnitt vor dem Einschießen. Klinge wechselbar.",
            "en": "For the clean cut before baking. The blade can be changed.",
        },
        alts={"de": "Bäckermesser", "en": "Baker's knife"},
    ),
)
