from functools import partial

from django.db import transaction

from visitors import live
from visitors.models import Visit, Visitor
from visitors.services.merging import parts_of


def delete_profile(*, profile: Visitor) -> None:
    """Delete a profile that the caller has locked, with all that hangs on it.

    Profiles that are part of it, visits and page views, note, customer information,
    merges and blocks of the person go too; blocks of addresses are the account's.
    """
    visits = Visit.objects.filter(visitor__in=parts_of(profile))
    visit_ids = list(visits.values_list("pk", flat=True))
    Visitor.objects.filter(pk=profile.pk).delete()
    # The page that is shown of who is on the website is kept elsewhere.
    transaction.on_commit(
        partial(live.forget, profile.account_id, visit_ids), robust=True
    )
