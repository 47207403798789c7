"""Which keys of customer information an account has met so far."""

from collections import Counter

from supportdesk.accounts.models import Account
from visitors.models import CustomerInformation

LOOKED_AT = 500
MAX_KEYS = 100


def seen_keys(account: Account) -> dict[str, str]:
    """Keys and their labels, most frequent first, of what arrived last."""
    rows = (
        CustomerInformation.objects.filter(visitor__account=account)
        .order_by("-pk")
        .values_list("items", flat=True)[:LOOKED_AT]
    )
    met: Counter[str] = Counter()
    labels: dict[str, str] = {}
    for items in rows:
        for item in items:
            met[item["key"]] += 1
            labels.setdefault(item["key"], item["label"] or item["key"])
    return {key: labels[key] for key, _number in met.most_common(MAX_KEYS)}
