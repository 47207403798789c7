"""Customer information: what the shop's server tells of a visitor.

The same four verbs under a visitor's id and under the shop's own id of them.
"""

from uuid import UUID

from django.utils.translation import gettext as _
from ninja import Router, Status

from supportdesk.api.errors import invalid
from supportdesk.api.schemas import CustomerInput, CustomerOutput, ErrorOutput
from supportdesk.api.visitors import BODY, ONE, ApiRequest, customer_of, visitor_of
from visitors import services
from visitors.customer import parse_items
from visitors.exceptions import VisitorError
from visitors.models import CustomerInformation, Source, Visitor

router = Router(tags=["Customer information"])

_BY_ID = "/visitors/{uuid:visitor_id}/customer"
_BY_USER_ID = "/visitors/by-user-id/{user_id}/customer"
_READ, _WRITE = ONE, ONE | BODY


def _read(visitor: Visitor) -> CustomerOutput:
    rows = CustomerInformation.objects.filter(visitor=visitor, source=Source.API)
    return CustomerOutput.of(rows.first())


def _write(
    visitor: Visitor, content: CustomerInput, *, replace: bool
) -> CustomerOutput:
    """All of it or nothing: what does not fit is named."""
    items, left_out = parse_items(content.items)
    if left_out:
        sentence = _(
            "This key or value cannot be kept: it is empty, too long, of another kind,"
            " or there twice."
        )
        raise invalid({f"items.{key}": sentence for key in left_out})
    try:
        row = services.set_customer_information(
            visitor=visitor, source=Source.API, items=items, replace=replace
        )
    except VisitorError as error:
        raise invalid({"items": str(error)}) from None
    return CustomerOutput.of(row)


def _clear(visitor: Visitor) -> Status[None]:
    services.set_customer_information(
        visitor=visitor, source=Source.API, items=[], replace=True
    )
    return Status(204, None)


@router.get(
    _BY_ID,
    url_name="visitor_customer",
    operation_id="get_visitor_information",
    summary="Read customer information",
    response={200: CustomerOutput, _READ: ErrorOutput},
)
def visitor_read(request: ApiRequest, visitor_id: UUID) -> CustomerOutput:
    return _read(visitor_of(request, visitor_id))


@router.put(
    _BY_ID,
    operation_id="replace_visitor_information",
    summary="Replace customer information",
    response={200: CustomerOutput, _WRITE: ErrorOutput},
)
def visitor_replace(
    request: ApiRequest, visitor_id: UUID, content: CustomerInput
) -> CustomerOutput:
    return _write(visitor_of(request, visitor_id), content, replace=True)


@router.patch(
    _BY_ID,
    operation_id="merge_visitor_information",
    summary="Change single entries",
    response={200: CustomerOutput, _WRITE: ErrorOutput},
)
def visitor_merge(
    request: ApiRequest, visitor_id: UUID, content: CustomerInput
) -> CustomerOutput:
    return _write(visitor_of(request, visitor_id), content, replace=False)


@router.delete(
    _BY_ID,
    operation_id="clear_visitor_information",
    summary="Delete customer information",
    response={204: None, _READ: ErrorOutput},
)
def visitor_clear(request: ApiRequest, visitor_id: UUID) -> Status[None]:
    return _clear(visitor_of(request, visitor_id))


@router.get(
    _BY_USER_ID,
    url_name="customer_customer",
    operation_id="get_customer_information",
    summary="Read customer information",
    response={200: CustomerOutput, _READ: ErrorOutput},
)
def customer_read(request: ApiRequest, user_id: str) -> CustomerOutput:
    return _read(customer_of(request, user_id))


@router.put(
    _BY_USER_ID,
    operation_id="replace_customer_information",
    summary="Replace customer information",
    response={200: CustomerOutput, _WRITE: ErrorOutput},
)
def customer_replace(
    request: ApiRequest, user_id: str, content: CustomerInput
) -> CustomerOutput:
    return _write(customer_of(request, user_id), content, replace=True)


@router.patch(
    _BY_USER_ID,
    operation_id="merge_customer_information",
    summary="Change single entries",
    response={200: CustomerOutput, _WRITE: ErrorOutput},
)
def customer_merge(
    request: ApiRequest, user_id: str, content: CustomerInput
) -> CustomerOutput:
    return _write(customer_of(request, user_id), content, replace=False)


@router.delete(
    _BY_USER_ID,
    operation_id="clear_customer_information",
    summary="Delete customer information",
    response={204: None, _READ: ErrorOutput},
)
def customer_clear(request: ApiRequest, user_id: str) -> Status[None]:
    return _clear(customer_of(request, user_id))
