"""Which keys of customer information an account has met so far."""

from collections import Counter
from itertools import chain

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from supportdesk.accounts.models import Account
from visitors.models import CustomerInformation, Visitor

LOOKED_AT = 500
MAX_KEYS = 100


def seen_keys(account: Account) -> dict[str, str]:
    """Keys and their labels, most frequent first, of the newest visitors with any.

    Each visitor is asked for what was told of them. Joined, or from the newest
    information on, the database would also read that of all other accounts.
    """
    told = CustomerInformation.objects.filter(visitor=OuterRef("pk")).order_by("-pk")
    rows = (
        Visitor.objects.filter(account=account)
        .annotate(told=ArraySubquery(told.values("items")))
        .filter(told__len__gt=0)  # type: ignore[misc]
        .order_by("-pk")
        .values_list("told", flat=True)[:LOOKED_AT]
    )
    met: Counter[str] = Counter()
    labels: dict[str, str] = {}
    for item in chain.from_iterable(chain.from_iterable(rows)):
        met[item["key"]] += 1
        labels.setdefault(item["key"], item["label"] or item["key"])
    return {key: labels[key] for key, _number in met.most_common(MAX_KEYS)}
