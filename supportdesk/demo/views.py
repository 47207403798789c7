from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe

from conversations.models import Channel
from supportdesk.accounts.models import Language
from supportdesk.demo.products import PRODUCTS, show

DEMO_OWNER = "owner@example.com"
PICTURES = ("demo/p-mill.svg", "demo/p-basket.svg", "demo/p-flour.svg")


@login_not_required
@require_safe
def shop(request: HttpRequest, slug: str = "") -> HttpResponse:
    """The demo shop: its front page, or a product's, with the chat on each."""
    chosen = request.GET.get("lang", "")
    forced = chosen in Language.values
    language = chosen if forced else translation.get_language_from_request(request)
    products = [show(product, language) for product in PRODUCTS]
    product = next((item for item in products if item.slug == slug), None)
    if slug and product is None:
        raise Http404
    context = {
        "product": product or products[0],
        "is_front": product is None,
        "others": [item for item in products if item != (product or products[0])],
        "pictures": PICTURES,
        "key": _demo_key(),
        "shop_language": language,
        "query": f"?lang={language}" if forced else "",
    }
    with translation.override(language):
        response = render(request, "demo/shop.html", context)
    response["Content-Language"] = language
    return response


def _demo_key() -> str:
    """The public key of the demo account's website, if there is demo data."""
    websites = Channel.objects.active().filter(
        kind=Channel.Kind.WEBSITE, account__agents__email=DEMO_OWNER
    )
    return websites.order_by("pk").values_list("public_key", flat=True).first() or ""
