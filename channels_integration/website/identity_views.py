"""What a page says of its visitor: who they are, what the shop knows, that they left."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _

from channels_integration.website import identity_services, services
from channels_integration.website.http import (
    Refusal,
    read_json,
    session_gone,
    with_token,
)
from channels_integration.website.identity import (
    IdentityError,
    Reason,
    Unavailable,
    read_claim,
    verify,
)
from channels_integration.website.inputs import Input
from channels_integration.website.models import VisitorSession
from visitors import services as visitors
from visitors.customer import parse_items
from visitors.exceptions import VisitorError
from visitors.models import Source


@with_token("POST", "identify")
def visitor_identify(request: HttpRequest, session: VisitorSession) -> HttpResponseBase:
    try:
        claim = read_claim(Input(read_json(request)))
        reason = verify(claim, session)
    except IdentityError as error:
        raise Refusal(
            422,
            "invalid",
            _("This value cannot be used for an identity."),
            errors=error.errors,
        ) from None
    except Unavailable:
        raise Refusal(
            503, "unavailable", _("This is not possible right now. Please try again.")
        ) from None
    changed = switched = False
    if reason is Reason.NONE:
        try:
            changed, switched, left_out = identity_services.identify_visitor(
                session_id=session.pk, claim=claim
            )
        except services.SessionGone:
            raise session_gone() from None
    else:
        left_out = identity_services.remember_unverified(session=session, claim=claim)
    return JsonResponse(
        {
            "verified": reason is Reason.NONE,
            "reason": reason,
            "changed": changed,
            "switched": switched,
            "left_out": left_out,
        }
    )


@with_token("POST", "customer")
def customer_save(request: HttpRequest, session: VisitorSession) -> HttpResponseBase:
    try:
        items, left_out = parse_items(Input(read_json(request)).get("items"))
    except VisitorError as error:
        raise Refusal(422, "invalid", str(error)) from None
    row = visitors.set_customer_information(
        visitor=session.profile, source=Source.PAGE, items=items, replace=False
    )
    no_room = visitors.not_taken(row, items)
    return JsonResponse(
        {"kept": len(items) - len(no_room), "left_out": [*left_out, *no_room]}
    )


@with_token("POST", "logout")
def visitor_logout(request: HttpRequest, session: VisitorSession) -> HttpResponseBase:
    services.revoke_session(session=session)
    return HttpResponse(status=204)
