"""A company opens its account: form, mail, link, desk."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from supportdesk.accounts import services, tasks
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.mails import SIGN_UP_SALT
from supportdesk.accounts.models import Account, SignUp
from supportdesk.accounts.sign_up_form import SignUpForm, SignUpPasswordForm

# Names, in this browser's session, the sign-up that began in it.
_BEGUN_HERE = "sign_up"


def _open_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponseBase]:
    """404 where companies cannot sign up; who is signed in has an account."""

    @never_cache
    @login_not_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.SIGNUP_OPEN:
            raise Http404
        if request.user.is_authenticated:
            return redirect(settings.LOGIN_REDIRECT_URL)
        return view(request, *args, **kwargs)

    return guarded


@require_http_methods(["GET", "HEAD", "POST"])
@_open_only
def sign_up(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _form_page(request, SignUpForm(initial=_guesses()))
    form = SignUpForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    refusal = ratelimit.consume_or_429(
        request, action="sign_up", key=form.cleaned_data["email"]
    )
    if refusal:
        return refusal
    begun = services.begin_sign_up(**form.cleaned_data)
    # The same work for every address; who it belongs to is asked by the worker.
    tasks.send_sign_up.delay_on_commit(begun.pk)
    request.session[_BEGUN_HERE] = str(begun.public_id)
    return redirect("accounts:sign_up_sent")


@require_safe
@_open_only
def sign_up_sent(request: HttpRequest) -> HttpResponse:
    days = services.SIGN_UP_GOOD_FOR.days
    return render(request, "accounts/sign_up_sent.html", {"days": days})


@require_http_methods(["GET", "HEAD", "POST"])
@_open_only
def sign_up_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """What the link in the mail opens. Only its button opens the account: programs
    that look into mails follow links."""
    begun = _begun(token)
    if begun is None:
        return render(request, "accounts/sign_up_void.html", status=404)
    here = request.session.get(_BEGUN_HERE) == str(begun.public_id)
    form = None
    if not here:
        # Somebody else may have signed up with this address, and knows the password.
        form = SignUpPasswordForm(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return _confirm_page(request, begun, form)
    refusal = ratelimit.consume_or_429(
        request, action="confirm_sign_up", key=str(begun.pk)
    )
    if refusal:
        return refusal
    if form is not None and not _is_known(form, begun):
        return _confirm_page(request, begun, form, status=422)
    try:
        owner = services.confirm_sign_up(sign_up=begun)
    except AccountError:
        return render(request, "accounts/sign_up_void.html", status=409)
    request.session.pop(_BEGUN_HERE, None)
    login(request, owner)
    record_authentication(request, owner, method="password")
    with translation.override(owner.language):
        messages.success(request, _("Welcome! Your account is open."))
    return redirect("start:start")


def _begun(token: str) -> SignUp | None:
    try:
        name = signing.loads(
            token, salt=SIGN_UP_SALT, max_age=services.SIGN_UP_GOOD_FOR
        )
        public_id = uuid.UUID(name)
    except (signing.BadSignature, TypeError, ValueError):
        return None
    since = timezone.now() - services.SIGN_UP_GOOD_FOR
    found = SignUp.objects.filter(public_id=public_id, created_at__gt=since)
    return found.first()


def _is_known(form: SignUpPasswordForm, begun: SignUp) -> bool:
    if not form.is_valid():
        return False
    if services.knows_password(begun, form.cleaned_data["password"]):
        return True
    form.add_error("password", _("This is not the password you chose."))
    return False


def _guesses() -> dict[str, str]:
    """The browser's language, and a time zone that a script corrects."""
    return {
        "language": (translation.get_language() or "en")[:2],
        "time_zone": str(Account._meta.get_field("time_zone").default),
    }


def _form_page(
    request: HttpRequest, form: SignUpForm, status: int = 200
) -> HttpResponse:
    return render(request, "accounts/sign_up.html", {"form": form}, status=status)


def _confirm_page(
    request: HttpRequest,
    begun: SignUp,
    form: SignUpPasswordForm | None,
    status: int = 200,
) -> HttpResponse:
    context = {"sign_up": begun, "form": form}
    return render(request, "accounts/sign_up_confirm.html", context, status=status)
