"""Whether a visitor is blocked or merged, for pages that mostly need not know more."""

from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, Subquery

from visitors.models import Block, Visit, VisitorMerge
from visitors.services.merging import undoable, worth_telling


def has_block(visitor: str) -> Exists:
    """A block of the visitor, or of the address that the visitor had last."""
    visits = Visit.objects.filter(visitor=OuterRef(OuterRef(visitor)), ip__isnull=False)
    last_ip = Subquery(visits.order_by("-last_seen_at").values("ip")[:1])
    in_network = Func(
        F("network"),
        last_ip,
        # The column is text; and `AND` might look at rows that are no network.
        template="(CASE WHEN network <> '' THEN %(expressions)s END)",
        arg_joiner="::inet >>= ",
        output_field=BooleanField(),
    )
    blocks = Block.objects.filter(account=OuterRef("account")).in_force()
    return Exists(
        blocks.alias(in_network=in_network).filter(
            Q(visitor=OuterRef(visitor)) | Q(in_network=True)
        )
    )


def has_merge(visitor: str) -> Exists:
    """A merge into this profile that can still be undone."""
    merges = VisitorMerge.objects.filter(kept=OuterRef(visitor))
    return Exists(worth_telling(undoable(merges)))
