from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from channels_integration.website import identity_services
from channels_integration.website.forms import WebsiteForm
from channels_integration.website.models import IdentitySecret
from conversations import services
from conversations.models import Channel
from supportdesk.accounts.access import agent_of, full_access_required
from supportdesk.accounts.models import User

_HERE = {"page_section": "settings", "settings_here": "channels"}


def _websites(agent: User):  # type: ignore[no-untyped-def]
    return Channel.objects.visible_to(agent).filter(kind=Channel.Kind.WEBSITE)


@require_safe
@full_access_required
def home(request: HttpRequest) -> HttpResponse:
    return redirect("settings:channels")


@require_safe
@full_access_required
def channels(request: HttpRequest) -> HttpResponse:
    context = {"websites": _websites(agent_of(request)), **_HERE}
    return render(request, "settings/channels.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@full_access_required
def website_create(request: HttpRequest) -> HttpResponse:
    agent = agent_of(request)
    form = WebsiteForm(request.POST if request.method == "POST" else None, agent=agent)
    if not form.is_valid():
        return _page(request, form)
    account = agent.account
    if account is None:
        raise TypeError("full access without an account")
    channel = services.create_channel(
        account=account,
        kind=Channel.Kind.WEBSITE,
        name=form.cleaned_data["name"],
        config=form.config(),
        group=form.cleaned_data["group"],
    )
    messages.success(request, _("The website is added. Now paste its line of code."))
    return redirect("settings:website", pk=channel.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@full_access_required
def website(request: HttpRequest, pk: int) -> HttpResponse:
    channel = get_object_or_404(_websites(agent_of(request)), pk=pk)
    data = request.POST if request.method == "POST" else None
    form = WebsiteForm(data, agent=agent_of(request), channel=channel)
    if not form.is_valid():
        return _page(request, form)
    services.update_channel(
        channel=channel,
        name=form.cleaned_data["name"],
        config=form.config(),
        group=form.cleaned_data["group"],
        is_active=form.cleaned_data["is_active"],
    )
    messages.success(request, _("The website's settings are saved."))
    return redirect("settings:website", pk=channel.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@full_access_required
@never_cache
def identity_create(request: HttpRequest, pk: int) -> HttpResponse:
    """The answer is the page: shown here only, the secret is stored nowhere else."""
    channel = get_object_or_404(_websites(agent_of(request)), pk=pk)
    if request.method != "POST":
        # The address stays in the bar, and somebody comes back to it.
        return redirect("settings:website", pk=channel.pk)
    try:
        secret = identity_services.create_identity_secret(
            channel=channel, version=request.POST.get("version", "")
        )
    except identity_services.SecretChanged:
        messages.error(
            request,
            _(
                "There is a newer secret already. It was shown once, to whoever made it."
            ),
        )
        return redirect("settings:website", pk=channel.pk)
    form = WebsiteForm(agent=agent_of(request), channel=channel)
    return _page(request, form, new_secret=secret)


@require_POST
@full_access_required
def identity_remove(request: HttpRequest, pk: int) -> HttpResponse:
    channel = get_object_or_404(_websites(agent_of(request)), pk=pk)
    identity_services.remove_identity_secret(channel=channel)
    messages.success(request, _("The secret is removed. No signature counts any more."))
    return redirect("settings:website", pk=channel.pk)


def _page(
    request: HttpRequest, form: WebsiteForm, *, new_secret: str = ""
) -> HttpResponse:
    context = {
        "form": form,
        "channel": form.channel,
        "site_url": settings.SITE_URL,
        "identity_secret": form.channel
        and IdentitySecret.objects.filter(channel=form.channel).first(),
        "new_secret": new_secret,
        "former_days": identity_services.FORMER_GOOD_FOR.days,
    }
    status = 422 if form.is_bound else 200
    return render(request, "settings/website.html", {**context, **_HERE}, status=status)
