"""Settings, API: the keys of the account's own programs."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from supportdesk.accounts import tokens
from supportdesk.accounts.access import agent_of, full_access_required
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.forms import ApiTokenForm
from supportdesk.accounts.models import ApiToken
from supportdesk.core.ratelimit import allow

REVOKED_SHOWN = 20


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@full_access_required
def api_tokens(request: HttpRequest) -> HttpResponse:
    """The list; a new token is in the answer to its form, and nowhere else."""
    if request.method != "POST":
        return _page(request, _empty_form())
    form = ApiTokenForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    if not allow("1/day", "api-token-form", form.cleaned_data["form_id"]):
        messages.info(request, _("This token was made before and is not shown again."))
        return redirect("accounts:api_tokens")
    agent = agent_of(request)
    if agent.account is None:
        raise TypeError("full access without an account")
    try:
        token, text = tokens.create_api_token(
            account=agent.account, agent=agent, name=form.cleaned_data["name"]
        )
    except AccountError as error:
        form.add_error("name", str(error))
        # Nothing was made: what is sent next is another form.
        form.data = {**request.POST.dict(), "form_id": str(uuid.uuid4())}
        return _page(request, form, status=409)
    return _page(request, _empty_form(), token=token, text=text)


@require_POST
@full_access_required
def api_token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.visible_to(agent_of(request)), pk=pk)
    if tokens.revoke_api_token(token=token):
        messages.success(request, _("“%(name)s” is revoked.") % {"name": token.name})
    else:
        messages.info(
            request, _("“%(name)s” was revoked before.") % {"name": token.name}
        )
    return redirect("accounts:api_tokens")


def _empty_form() -> ApiTokenForm:
    # Who sends the form twice, by a double click or by loading anew, gets one token.
    return ApiTokenForm(initial={"form_id": uuid.uuid4()})


def _page(
    request: HttpRequest,
    form: ApiTokenForm,
    *,
    token: ApiToken | None = None,
    text: str = "",
    status: int = 200,
) -> HttpResponse:
    visible = ApiToken.objects.visible_to(agent_of(request)).select_related("agent")
    revoked = visible.filter(revoked_at__isnull=False).order_by("-revoked_at", "-pk")
    context = {
        "form": form,
        "tokens": visible.valid(),
        "revoked": revoked[:REVOKED_SHOWN],
        "new_token": token,
        "new_token_text": text,
        "api_url": f"{settings.SITE_URL}/api/v1",
        "page_section": "settings",
        "settings_here": "api",
    }
    return render(request, "accounts/api_tokens.html", context, status=status)
