import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from supportdesk.accounts import services
from supportdesk.accounts.access import account_required, agent_of
from supportdesk.accounts.forms import PresenceForm, ProfileForm
from supportdesk.accounts.models import User
from supportdesk.core.streaming import StreamedFile


@require_http_methods(["GET", "HEAD", "POST"])
@account_required
def profile(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, ProfileForm(instance=agent_of(request)))
    # A model form writes into its instance while it validates; the page around a
    # refused form shows the agent as stored.
    stored = User.objects.get(pk=agent_of(request).pk)
    form = ProfileForm(request.POST, request.FILES, instance=stored)
    if not form.is_valid():
        return _page(request, form, status=422)
    agent = services.update_profile(agent=agent_of(request), fields=form.changes())
    with override(agent.language):
        messages.success(request, _("Your profile is saved."))
    return redirect("accounts:profile")


def _page(request: HttpRequest, form: ProfileForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "page_section": "settings", "settings_here": "profile"}
    return render(request, "accounts/profile.html", context, status=status)


@require_POST
@account_required
def presence(request: HttpRequest) -> HttpResponse:
    form = PresenceForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    agent = services.set_presence(agent=agent_of(request), presence=form.chosen())
    if request.headers.get("HX-Request"):
        return render(request, "components/_presence.html", {"me": agent})
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return redirect(back)
    return redirect("conversations:inbox")


@require_safe
@account_required
def picture(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse | StreamedFile:
    agent = get_object_or_404(
        User.objects.visible_to(agent_of(request)), public_id=public_id
    )
    if not agent.picture:
        raise Http404
    return picture_response(agent)


def picture_response(agent: User) -> StreamedFile:
    """The agent's picture; who may ask for it is the caller's decision."""
    try:
        content = agent.picture.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = StreamedFile(content, content_type="image/webp")
    response.headers["Cache-Control"] = "private, max-age=86400"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
