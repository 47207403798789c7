"""`/visitors`: profiles of the token's account, and of no other."""

import logging
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, StreamingHttpResponse
from ninja import Path, Query, Router, Status

from conversations import services as conversations
from conversations.belongings import export_visitor
from supportdesk.accounts.models import Account, ApiToken
from supportdesk.api.bodies import check_names
from supportdesk.api.errors import conflict
from supportdesk.api.paging import page_of
from supportdesk.api.schemas import (
    ErrorOutput,
    ProfileInput,
    UserId,
    VisitorChange,
    VisitorFilter,
    VisitorOutput,
    VisitorPage,
)
from supportdesk.api.streams import stream_json
from visitors import services
from visitors.exceptions import UserIdTaken, VisitorError
from visitors.models import Visitor

logger = logging.getLogger(__name__)

router = Router(tags=["Visitors"])

ALWAYS = frozenset({401, 403, 429, 500})
ONE = ALWAYS | {404}
BODY = frozenset({400, 413, 415, 422})


class ApiRequest(HttpRequest):
    auth: ApiToken


def account_of(request: ApiRequest) -> Account:
    return request.auth.account


def visitor_of(request: ApiRequest, visitor_id: UUID) -> Visitor:
    """The profile of an id, or the one that it has become part of; else 404."""
    visitors = Visitor.objects.filter(account=account_of(request))
    visitor = visitors.filter(public_id=visitor_id).first()
    if visitor is None:
        raise Http404
    return visitor.profile


def customer_of(request: ApiRequest, user_id: str) -> Visitor:
    """The profile of a shop's customer; 404 for a name that nobody can have."""
    try:
        services.check_user_id(user_id)
    except VisitorError:
        raise Http404 from None
    found = services.find_by_user_id(account=account_of(request), user_id=user_id)
    if found is None:
        raise Http404
    return found


@router.get(
    "/visitors",
    url_name="visitors",
    operation_id="list_visitors",
    summary="List or find visitors",
    response={200: VisitorPage, ALWAYS | {422}: ErrorOutput},
)
def visitor_list(request: ApiRequest, query: Query[VisitorFilter]) -> VisitorPage:
    """The newest first, a page at a time."""
    check_names(request, VisitorFilter.model_fields)
    visitors = Visitor.objects.filter(account=account_of(request)).profiles()
    if query.email:
        visitors = visitors.with_email(query.email)
    if query.user_id:
        visitors = visitors.filter(user_id=query.user_id)
    sought = bool(query.email or query.user_id)
    page, next_cursor = page_of(visitors, query.cursor, query.limit, sought=sought)
    return VisitorPage(
        items=[VisitorOutput.of(visitor) for visitor in page], next_cursor=next_cursor
    )


@router.get(
    "/visitors/{uuid:visitor_id}",
    url_name="visitor",
    operation_id="get_visitor",
    summary="Read a visitor",
    response={200: VisitorOutput, ONE: ErrorOutput},
)
def visitor_detail(request: ApiRequest, visitor_id: UUID) -> VisitorOutput:
    """A visitor who was merged into another one is answered with that one."""
    return VisitorOutput.of(visitor_of(request, visitor_id))


@router.patch(
    "/visitors/{uuid:visitor_id}",
    operation_id="change_visitor",
    summary="Change a visitor",
    response={200: VisitorOutput, ONE | BODY | {409}: ErrorOutput},
)
def visitor_change(
    request: ApiRequest, visitor_id: UUID, content: VisitorChange
) -> VisitorOutput:
    """What agents and forms have entered weighs more and stays: see `sources`."""
    try:
        visitor = services.update_from_shop(
            visitor=visitor_of(request, visitor_id), **content.changes()
        )
    except UserIdTaken as error:
        raise conflict({"user_id": str(error)}) from None
    return VisitorOutput.of(visitor)


@router.delete(
    "/visitors/{uuid:visitor_id}",
    operation_id="erase_visitor",
    summary="Erase a visitor",
    response={204: None, ONE: ErrorOutput},
)
def visitor_erase(request: ApiRequest, visitor_id: UUID) -> Status[None]:
    """Deletes all there is for good: profile, conversations, files, visits."""
    visitor = visitor_of(request, visitor_id)
    if not conversations.erase_visitor(visitor=visitor, agent=None):
        raise Http404
    logger.info("visitor %s erased by API token %s", visitor.pk, request.auth.pk)
    return Status(204, None)


@router.get(
    "/visitors/{uuid:visitor_id}/export",
    url_name="visitor_export",
    operation_id="export_visitor",
    summary="Export a visitor",
    response={200: dict[str, Any], ONE: ErrorOutput},
)
def visitor_export(request: ApiRequest, visitor_id: UUID) -> StreamingHttpResponse:
    """The account's whole record of the person, private notes included."""
    visitor = visitor_of(request, visitor_id)
    pieces = export_visitor(visitor, agent=None)
    return stream_json(request, pieces, f"visitor-{visitor.public_id}.json")


@router.get(
    "/visitors/by-user-id/{user_id}",
    url_name="customer",
    operation_id="get_customer",
    summary="Read the profile of a customer",
    response={200: VisitorOutput, ONE: ErrorOutput},
)
def customer_detail(request: ApiRequest, user_id: Path[UserId]) -> VisitorOutput:
    return VisitorOutput.of(customer_of(request, user_id))


@router.put(
    "/visitors/by-user-id/{user_id}",
    operation_id="save_customer",
    summary="Create or change the profile of a customer",
    response={(200, 201): VisitorOutput, ALWAYS | BODY: ErrorOutput},
)
def customer_save(
    request: ApiRequest, user_id: Path[UserId], content: ProfileInput
) -> Status[VisitorOutput]:
    """The customer is found by the shop's own id, percent-encoded in the path."""
    visitor, is_new = services.save_by_user_id(
        account=account_of(request), user_id=user_id, **content.changes()
    )
    return Status(201 if is_new else 200, VisitorOutput.of(visitor))
