"""The first steps of an owner: website, line of code, colleagues, first message."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from channels_integration.website.forms import FirstWebsiteForm
from channels_integration.website.onboarding import (
    first_conversation,
    first_website,
    was_seen,
)
from channels_integration.website.onboarding_services import add_first_website
from supportdesk.accounts import services as accounts
from supportdesk.accounts import tasks
from supportdesk.accounts.access import agent_of, owner_required
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.forms import ColleagueForm
from supportdesk.accounts.models import Account, Invitation, User
from supportdesk.core.ratelimit import allow

INVITATIONS = "30/hour"


@never_cache
@require_safe
@owner_required
def start(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
@owner_required
def website_add(request: HttpRequest) -> HttpResponse:
    owner = agent_of(request)
    if first_website(owner) is not None:
        # Sent twice, or added elsewhere meanwhile.
        return redirect("start:start")
    form = FirstWebsiteForm(request.POST)
    if not form.is_valid():
        return _page(request, website_form=form, status=422)
    website = add_first_website(
        account=_account_of(owner), domain=form.cleaned_data["domain"]
    )
    if website is not None:
        text = _("The website is added. Now paste its line of code.")
        messages.success(request, text)
    return redirect("start:start")


@never_cache
@require_safe
@owner_required
def website_seen(request: HttpRequest) -> HttpResponse:
    """Asked for every few seconds by the page, until it is so."""
    website = first_website(agent_of(request))
    context = {"seen": website is not None and was_seen(website)}
    return render(request, "website/_start_seen.html", context)


@never_cache
@require_safe
@owner_required
def message_arrived(request: HttpRequest) -> HttpResponse:
    """Asked for every few seconds by the page, until it is so."""
    context = {"conversation": first_conversation(agent_of(request))}
    return render(request, "website/_start_arrived.html", context)


@require_POST
@owner_required
def colleague_invite(request: HttpRequest) -> HttpResponse:
    owner = agent_of(request)
    form = ColleagueForm(request.POST)
    if not form.is_valid():
        return _page(request, invitation_form=form, status=422)
    if not allow(INVITATIONS, "invitation", owner.account_id):
        form.add_error(None, _("Too many invitations. Go on in an hour."))
        return _page(request, invitation_form=form, status=429)
    try:
        invitation = accounts.invite_agent(
            account=_account_of(owner), by=owner, **form.cleaned_data
        )
    except AccountError as error:
        form.add_error("email", str(error))
        return _page(request, invitation_form=form, status=409)
    tasks.send_invitation.delay_on_commit(invitation.pk)
    text = _("An invitation is on its way to %(email)s.")
    messages.success(request, text % {"email": invitation.email})
    return redirect("start:start")


@require_safe
@owner_required
def preview(request: HttpRequest) -> HttpResponse:
    """An empty page of the desk's own with the chat on it."""
    website = first_website(agent_of(request))
    if website is None:
        raise Http404
    return render(request, "website/preview.html", {"channel": website})


@require_POST
@owner_required
def finish(request: HttpRequest) -> HttpResponse:
    accounts.finish_start(account=_account_of(agent_of(request)))
    return redirect("conversations:inbox")


def _account_of(owner: User) -> Account:
    if owner.account is None:
        raise TypeError("an owner without an account")
    return owner.account


def _page(
    request: HttpRequest,
    *,
    website_form: FirstWebsiteForm | None = None,
    invitation_form: ColleagueForm | None = None,
    status: int = 200,
) -> HttpResponse:
    owner = agent_of(request)
    website = first_website(owner)
    colleagues = User.objects.visible_to(owner).active().exclude(pk=owner.pk)
    context: dict[str, Any] = {
        "website_form": website_form or FirstWebsiteForm(),
        "invitation_form": invitation_form or ColleagueForm(),
        "channel": website,
        "site_url": settings.SITE_URL,
        "seen": website is not None and was_seen(website),
        "conversation": first_conversation(owner),
        "colleagues": colleagues.by_name(),
        "invitations": Invitation.objects.visible_to(owner).pending(timezone.now()),
    }
    return render(request, "website/first_steps.html", context, status=status)
