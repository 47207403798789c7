from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe

from conversations.models import Channel
from supportdesk.accounts.models import Language
from supportdesk.demo.products import PRODUCTS, show
from supportdesk.demo.signing_in import CUSTOMERS, told_of

DEMO_OWNER = "owner@example.com"
PICTURES = ("demo/p-mill.svg", "demo/p-basket.svg", "demo/p-flour.svg")


@login_not_required
@require_safe
def shop(request: HttpRequest, slug: str = "") -> HttpResponse:
    """The demo shop: its front page, or a product's, with the chat on each.

    `?as=katharina` is how somebody is signed in here: no cookie, no account.
    """
    chosen = request.GET.get("lang", "")
    forced = chosen in Language.values
    language = chosen if forced else translation.get_language_from_request(request)
    products = [show(product, language) for product in PRODUCTS]
    product = next((item for item in products if item.slug == slug), None)
    if slug and product is None:
        raise Http404
    customer = request.GET.get("as", "")
    customer = customer if customer in CUSTOMERS else ""
    website = _demo_website()
    kept = {"lang": language} if forced else {}
    signed_in = {"as": customer} if customer else {}
    context = {
        "product": product or products[0],
        "is_front": product is None,
        "others": [item for item in products if item != (product or products[0])],
        "pictures": PICTURES,
        "key": website.public_key if website else "",
        "shop_language": language,
        "query": _query(kept | signed_in),
        "query_signed_in": _query(kept | {"as": "katharina"}),
        "query_signed_out": _query(kept) or "?",
        "query_de": _query({"lang": "de"} | signed_in),
        "query_en": _query({"lang": "en"} | signed_in),
        "customer": CUSTOMERS.get(customer),
        "told": told_of(customer, website, language) if customer and website else None,
    }
    with translation.override(language):
        response = render(request, "demo/shop.html", context)
    response["Content-Language"] = language
    return response


def _query(values: dict[str, str]) -> str:
    return f"?{urlencode(values)}" if values else ""


def _demo_website() -> Channel | None:
    """The demo account's website, if there is demo data."""
    websites = Channel.objects.active().filter(
        kind=Channel.Kind.WEBSITE, account__agents__email=DEMO_OWNER
    )
    return websites.order_by("pk").first()
