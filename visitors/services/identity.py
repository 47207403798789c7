"""Which profile a person has whom the shop knows by a name of its own."""

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from supportdesk.accounts.models import Account
from supportdesk.core.events import emit_on_commit
from visitors.events import VisitorUpdated, visitor_updated
from visitors.models import Visitor
from visitors.services.merging import lock_profile


def find_by_user_id(*, account: Account, user_id: str) -> Visitor | None:
    """The profile of the shop's customer, or of which that one is a part by now."""
    if not user_id:
        return None
    found = (
        Visitor.objects.filter(account=account, user_id=user_id)
        .select_related("merged_into")
        .order_by(F("merged_into").asc(nulls_first=True), "-pk")
        .first()
    )
    return found.profile if found else None


@transaction.atomic
def customer_profile(*, account: Account, user_id: str, language: str) -> Visitor:
    """The profile of the shop's customer, begun if there is none.

    Whoever calls has it from the shop's server or under its signature.
    """
    while (known := find_by_user_id(account=account, user_id=user_id)) is None:
        try:
            with transaction.atomic():
                return Visitor.objects.create(
                    account=account,
                    user_id=user_id,
                    language=language,
                    last_seen_at=timezone.now(),
                )
        except IntegrityError:
            # Another browser of this customer was faster: now there is one.
            continue
    return known


def set_user_id(*, visitor: Visitor, user_id: str) -> Visitor | None:
    """Give a profile the shop's name for it, which whoever calls has checked.

    None, and nothing is locked any more, if it has another name already or another
    profile has this one.
    """
    try:
        with transaction.atomic():
            visitor = lock_profile(visitor.pk)
            if visitor.user_id == user_id:
                return visitor
            if visitor.user_id:
                raise IntegrityError
            visitor.user_id = user_id
            visitor.save(update_fields=["user_id"])
            emit_on_commit(visitor_updated, VisitorUpdated(visitor_id=visitor.pk))
    except IntegrityError:
        return None
    return visitor
