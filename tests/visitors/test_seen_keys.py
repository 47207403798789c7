import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_account
from visitors import seen_keys
from visitors.models import CustomerInformation, Source, Visitor

pytestmark = pytest.mark.django_db


def tell(account, number, key):
    """So many visitors of whom the shop tells one thing."""
    visitors = Visitor.objects.bulk_create(
        Visitor(account=account) for _number in range(number)
    )
    CustomerInformation.objects.bulk_create(
        CustomerInformation(
            visitor=visitor,
            source=Source.API,
            items=[{"key": key, "label": key.title(), "value": 1}],
            changed_at=timezone.now(),
        )
        for visitor in visitors
    )


def rows_read(node):
    """All that a plan's steps looked at, kept or not."""
    own = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    inner = sum(rows_read(each) for each in node.get("Plans", ()))
    return own * node["Actual Loops"] + inner


def test_keys_are_the_accounts_own_the_most_frequent_first():
    account = make_account()
    tell(account, 1, "basket")
    tell(account, 2, "tier")
    tell(make_account("Other"), 3, "secret")

    assert list(seen_keys.seen_keys(account).items()) == [
        ("tier", "Tier"),
        ("basket", "Basket"),
    ]


def test_only_the_newest_visitors_count(monkeypatch):
    monkeypatch.setattr(seen_keys, "LOOKED_AT", 2)
    account = make_account()
    tell(account, 1, "former")
    tell(account, 2, "tier")
    Visitor.objects.bulk_create(Visitor(account=account) for _number in range(3))

    assert seen_keys.seen_keys(account) == {"tier": "Tier"}


def test_what_other_accounts_were_told_is_not_read():
    account, busy = make_account(), make_account("Busy")
    tell(account, 5, "tier")
    Visitor.objects.bulk_create(Visitor(account=account) for _number in range(500))
    tell(busy, 5000, "basket")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE visitors_visitor, visitors_customerinformation")

    with CaptureQueriesContext(connection) as queries:
        found = seen_keys.seen_keys(account)

    assert found == {"tier": "Tier"}
    (query,) = queries
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}")
        (plan,) = cursor.fetchone()
    # Its own 505 visitors, by a few steps each.
    assert rows_read(plan[0]["Plan"]) < 2500
