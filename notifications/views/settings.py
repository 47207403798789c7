"""Settings, Notifications: what the account tells of, and what each agent wants."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from notifications import services, tasks
from notifications.exceptions import NotificationError
from notifications.forms import WAYS, AccountForm, PreferencesForm
from notifications.mails import preview as mail_preview
from notifications.models import (
    Event,
    ExtraRecipient,
    NotificationSettings,
    Preferences,
    mailed_events,
)
from notifications.status import last_test, statuses
from supportdesk.accounts.access import account_required, agent_of
from supportdesk.accounts.models import Account, AgentGroup

_HERE = {"page_section": "settings", "settings_here": "notifications"}
# A mail brings its own style and nothing else; what is in it may not run or post.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox allow-popups"
)


@require_http_methods(["GET", "HEAD", "POST"])
@account_required
def account(request: HttpRequest) -> HttpResponse:
    agent = agent_of(request)
    if not agent.has_full_access:
        if request.method == "POST":
            raise Http404
        return redirect("notifications:preferences")
    form = _account_form(request)
    if not form.is_bound:
        return _account_page(request, form)
    if form.is_valid():
        try:
            services.save_settings(account=_account(request), **form.changes())
        except NotificationError as error:
            form.add_error(None, str(error))
    if not form.is_valid():
        return _account_page(request, form, status=422)
    messages.success(request, _("The account's notifications are saved."))
    return redirect("notifications:account")


@require_http_methods(["GET", "HEAD", "POST"])
@account_required
def preferences(request: HttpRequest) -> HttpResponse:
    agent = agent_of(request)
    stored = Preferences.objects.of(agent.pk)
    form = PreferencesForm(
        request.POST if request.method == "POST" else None,
        preferences=stored,
        with_digest=agent.has_full_access,
    )
    if form.is_valid():
        services.save_preferences(agent=agent, **form.cleaned_data)
        messages.success(request, _("Your notifications are saved."))
        return redirect("notifications:preferences")
    settings = _settings(_account(request))
    context = {
        "form": form,
        "ways": [form[way] for way in WAYS],
        # For the script's data around the page, which tells of what is stored.
        "preferences": stored,
        "switched_off": [
            event for event in ("offline", "missed") if not getattr(settings, event)
        ],
        "last_test": last_test(_account(request), agent),
        **_HERE,
    }
    return render(
        request,
        "settings/notifications_own.html",
        context,
        status=422 if form.is_bound else 200,
    )


@require_POST
@account_required
def test_mail(request: HttpRequest) -> HttpResponse:
    """A mail to the agent who asks; the page around the button may have changes."""
    kind = request.POST.get("event", "")
    if kind not in services.TESTED:
        raise Http404
    agent, refused = agent_of(request), False
    try:
        notification = services.send_test(kind=kind, agent=agent)
    except NotificationError as error:
        refused, text = True, str(error)
    else:
        text = _("A test e-mail is on its way to %(address)s.") % {
            "address": agent.email
        }
        # The row is stored: what the queue does not take now is found by the beat.
        transaction.on_commit(
            lambda: tasks.send_notification.delay(notification.pk), robust=True
        )
    if request.headers.get("HX-Request"):
        context = {"text": text, "level": "error" if refused else "success"}
        return render(request, "components/_toast.html", context)
    (messages.error if refused else messages.success)(request, text)
    own = request.POST.get("page") == "own" or not agent.has_full_access
    return redirect("notifications:preferences" if own else "notifications:account")


@require_safe
@account_required
def preview(request: HttpRequest, kind: str) -> HttpResponse:
    if kind not in mailed_events():
        raise Http404
    response = HttpResponse(mail_preview(kind, agent_of(request)))
    response.headers["Content-Security-Policy"] = _MAIL_POLICY
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _account_form(request: HttpRequest) -> AccountForm:
    agent = agent_of(request)
    account = _account(request)
    return AccountForm(
        request.POST if request.method == "POST" else None,
        settings=_settings(account),
        groups=AgentGroup.objects.visible_to(agent),
        recipients=ExtraRecipient.objects.filter(account=account),
    )


def _account_page(
    request: HttpRequest, form: AccountForm, status: int = 200
) -> HttpResponse:
    last = statuses(_account(request), [Event.OFFLINE, Event.MISSED])
    panels = [(panel, last[panel.event]) for panel in form.panels()]
    context = {"form": form, "panels": panels, **_HERE}
    return render(request, "settings/notifications.html", context, status=status)


def _settings(account: Account) -> NotificationSettings:
    """What is stored, or the defaults, unsaved."""
    found = NotificationSettings.objects.filter(account=account).first()
    return found or NotificationSettings(account=account)


def _account(request: HttpRequest) -> Account:
    account = agent_of(request).account
    if account is None:
        raise TypeError("a guard let the platform operator through")
    return account
