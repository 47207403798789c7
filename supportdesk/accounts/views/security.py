"""What protects an agent: password, second factor, and where they are signed in."""

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from supportdesk.accounts import presence, services
from supportdesk.accounts.access import agent_of
from supportdesk.accounts.devices import Device, describe
from supportdesk.accounts.models import AgentSession, User
from supportdesk.accounts.two_factor import factors_of

Type = Authenticator.Type


@dataclass(frozen=True)
class ListedSession:
    session: AgentSession
    device: Device
    is_this: bool
    is_active: bool


@never_cache
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    agent = agent_of(request)
    factors = factors_of(agent)
    codes = Authenticator.objects.filter(user=agent, type=Type.RECOVERY_CODES).first()
    context = {
        "app": next((one for one in factors if one.type == Type.TOTP), None),
        "keys": [one.wrap() for one in factors if one.type == Type.WEBAUTHN],
        "has_factor": bool(factors),
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "sessions": _sessions(request, agent),
        "page_section": "settings",
        "settings_here": "profile",
    }
    # The platform operator has no desk around the page.
    page = "security" if agent.account_id else "security_operator"
    return render(request, f"accounts/{page}.html", context)


@require_POST
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    agent = agent_of(request)
    visible = AgentSession.objects.visible_to(agent)
    # This one ends by signing out.
    others = visible.exclude(session_key=request.session.session_key)
    session = get_object_or_404(others, pk=pk)
    services.end_agent_session(agent=agent, session=session)
    messages.success(request, _("You are signed out there."))
    return redirect("accounts:security")


@require_POST
def sessions_end(request: HttpRequest) -> HttpResponse:
    ended = services.end_other_sessions(
        agent=agent_of(request), keep=request.session.session_key or ""
    )
    text = ngettext(
        "You are signed out on %(count)d other device.",
        "You are signed out on %(count)d other devices.",
        ended,
    )
    messages.success(request, text % {"count": ended})
    return redirect("accounts:security")


def _sessions(request: HttpRequest, agent: User) -> list[ListedSession]:
    """Where the agent is signed in: this browser first, then by last activity."""
    there = (
        presence.devices_there(agent.account_id, agent.pk)
        if agent.account_id is not None
        else set()
    )
    this = request.session.session_key
    listed = [
        ListedSession(
            session=session,
            device=describe(session.user_agent),
            is_this=session.session_key == this,
            is_active=presence.device_of(session.session_key) in there,
        )
        for session in AgentSession.objects.visible_to(agent).alive()
    ]
    return sorted(listed, key=lambda one: not one.is_this)
