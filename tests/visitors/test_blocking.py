from datetime import timedelta

import pytest
import redis.exceptions
from django.core.cache import cache
from django.utils import timezone

from supportdesk.accounts.models import IpStorage
from tests.factories import make_account, make_agent, make_visitor
from visitors import blocks, services
from visitors.blocks import contains, is_blocked
from visitors.exceptions import VisitorError
from visitors.models import Block, Visit, Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return make_account()


@pytest.fixture
def anna(account):
    return make_agent(account)


@pytest.fixture
def visitor(account):
    return make_visitor(account)


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch):
    monkeypatch.setattr(blocks, "REMEMBERED", 0)
    monkeypatch.setattr(blocks, "AGE", 0)


def later(**delta):
    return timezone.now() + timedelta(**delta)


def block(account, network, **fields):
    return services.block_network(
        account=account, agent=None, network=network, **fields
    )


def make_visit(visitor, ip, ago=timedelta()):
    at = timezone.now() - ago
    return Visit.objects.create(visitor=visitor, started_at=at, last_seen_at=at, ip=ip)


def test_blocked_visitor_is_blocked_from_everywhere(account, anna, visitor):
    services.block_visitor(
        visitor=visitor, agent=anna, reason=" Spam\n4111111111111111"
    )

    assert is_blocked(account.pk, visitor, "203.0.113.7")
    assert is_blocked(account.pk, visitor, "")
    assert not is_blocked(account.pk, make_visitor(account), "203.0.113.7")
    assert not is_blocked(account.pk, None, "203.0.113.7")
    found = Block.objects.get()
    assert (found.visitor, found.agent) == (visitor, anna)
    assert found.reason == "Spam [card ····1111]"


def test_block_of_a_profile_holds_for_its_parts(account, anna, visitor):
    part = make_visitor(account)
    Visitor.objects.filter(pk=part.pk).update(merged_into=visitor)
    part.refresh_from_db()

    services.block_visitor(visitor=part, agent=anna)

    assert Block.objects.get().visitor == visitor
    assert is_blocked(account.pk, part, "")
    assert services.unblock_visitor(visitor=visitor)
    assert not is_blocked(account.pk, part, "")


def test_block_of_a_part_is_lifted_with_the_profile(account, visitor):
    part = make_visitor(account)
    Block.objects.create(account=account, visitor=part)
    Visitor.objects.filter(pk=part.pk).update(merged_into=visitor)

    assert services.unblock_visitor(visitor=visitor) is True
    assert services.unblock_visitor(visitor=visitor) is False
    assert not Block.objects.exists()


def test_second_block_replaces_the_first(account, anna, visitor):
    services.block_visitor(visitor=visitor, agent=anna, reason="Spam")
    services.block_visitor(visitor=visitor, agent=None, ends_at=later(days=1))
    block(account, "203.0.113.7", reason="Spam")
    block(account, " 203.0.113.7/32 ", reason="More spam")

    rows = Block.objects.order_by("network").values_list("network", "reason", "agent")
    assert list(rows) == [("", "", None), ("203.0.113.7/32", "More spam", None)]


def test_block_ends_by_itself(account, anna, visitor):
    end = later(hours=1)
    services.block_visitor(visitor=visitor, agent=anna, ends_at=end)
    block(account, "203.0.113.0/24", ends_at=end)
    assert is_blocked(account.pk, visitor, "")
    assert is_blocked(account.pk, None, "203.0.113.7")

    # What is remembered of it ends in time too.
    Block.objects.update(ends_at=timezone.now())

    assert not is_blocked(account.pk, visitor, "203.0.113.7")
    assert services.block_of(visitor) is None


def test_remembered_block_ends_in_time(account, visitor, monkeypatch):
    monkeypatch.setattr(blocks, "REMEMBERED", 60)
    block(account, "203.0.113.7", ends_at=later(hours=1))
    assert is_blocked(account.pk, None, "203.0.113.7")

    after = later(hours=2)
    monkeypatch.setattr(timezone, "now", lambda: after)

    assert not is_blocked(account.pk, None, "203.0.113.7")


@pytest.mark.parametrize("delta", [{"seconds": 0}, {"days": -1}, {"days": -9999}])
def test_end_in_the_past_is_refused(account, anna, visitor, delta):
    with pytest.raises(VisitorError, match="in the future"):
        services.block_visitor(visitor=visitor, agent=anna, ends_at=later(**delta))
    with pytest.raises(VisitorError, match="in the future"):
        block(account, "203.0.113.7", ends_at=later(**delta))

    assert not Block.objects.exists()


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        ("203.0.113.7/24", "203.0.113.0/24"),
        ("203.0.113.0/255.255.255.0", "203.0.113.0/24"),
        (" 203.0.113.0 / 24 ", "203.0.113.0/24"),
        ("2001:DB8::7", "2001:db8::7/128"),
        ("2001:db8:1:2:3::/64", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("203.0.0.0/16", "203.0.0.0/16"),
        ("203.0.113.7\x00/24", "203.0.113.0/24"),
        ("::fffe:0:0/95", "::fffe:0:0/95"),
        ("2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_network_is_stored_in_one_form(account, typed, stored):
    assert block(account, typed).network == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "shop.example.com",
        "203.0.113",
        "203.0.113.256",
        "203.0.113.7/33",
        "203.0.113.7/-1",
        "203.0.113.7-9",
        "203.0.113.7/24/8",
        "2001:db8::g",
        "2001:db8::/129",
        "fe80::1%eth0",
        "fe80::/64%eth0",
        "3405803783",
        "0x7f.1",
        "1" * 100_000,
        "' OR 1=1 --",
        "<script>",
    ],
)
def test_nonsense_is_no_network(account, typed):
    with pytest.raises(VisitorError, match="such as"):
        block(account, typed)

    assert not Block.objects.exists()


@pytest.mark.parametrize(
    "typed",
    [
        *("0.0.0.0/0", "203.0.0.0/8", "203.0.0.0/15", "::/0", "::/16", "2001:d00::/31"),
        # All of IPv4, said in IPv6, and most of it.
        *("::ffff:0:0/96", "::ffff:203.0.0.0/104"),
    ],
)
def test_range_that_holds_too_many_is_refused(account, typed):
    with pytest.raises(VisitorError, match="too wide"):
        block(account, typed)


def test_range_holds_exactly_its_addresses(account):
    block(account, "203.0.113.64/26")
    block(account, "2001:db8:1:2::/64")

    assert not is_blocked(account.pk, None, "203.0.113.63")
    assert is_blocked(account.pk, None, "203.0.113.64")
    assert is_blocked(account.pk, None, "203.0.113.127")
    assert not is_blocked(account.pk, None, "203.0.113.128")
    assert is_blocked(account.pk, None, "2001:db8:1:2:ffff::1")
    assert not is_blocked(account.pk, None, "2001:db8:1:3::1")
    # The same number in the other family is another address.
    assert not is_blocked(account.pk, None, "::cb00:7140")
    for nonsense in ("", "unknown", "203.0.113.64:80", "203.0.113.064"):
        assert not is_blocked(account.pk, None, nonsense)


def test_block_of_one_account_is_not_another_ones(account):
    other = make_account("Other")

    block(account, "203.0.113.7")

    assert not is_blocked(other.pk, None, "203.0.113.7")


def test_contains_takes_what_is_no_address_for_outside():
    assert contains("203.0.113.0/24", "203.0.113.7")
    assert not contains("203.0.113.0/24", "2001:db8::1")
    assert not contains("203.0.113.0/24", "")
    assert not contains("nonsense", "203.0.113.7")


def test_lifted_block_counts_no_more(account, anna, visitor):
    by_visitor = services.block_visitor(visitor=visitor, agent=anna)
    by_network = block(account, "203.0.113.7")

    for each in (by_visitor, by_network, by_network):
        services.unblock(block=each)

    assert not is_blocked(account.pk, visitor, "203.0.113.7")


def test_asking_costs_one_query_in_a_while(
    account, visitor, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(blocks, "AGE", 60)
    block(account, "203.0.113.7")
    with django_assert_num_queries(1):
        is_blocked(account.pk, visitor, "203.0.113.7")

    with django_assert_num_queries(0):
        assert is_blocked(account.pk, visitor, "203.0.113.7")


@pytest.mark.parametrize("number", [1, 250])
def test_asking_costs_the_same_with_many_blocks(
    account, number, django_assert_num_queries
):
    Block.objects.bulk_create(
        Block(account=account, network=f"198.51.{third}.7/32")
        for third in range(number)
    )

    with django_assert_num_queries(1):
        assert is_blocked(account.pk, None, "198.51.0.7")


def test_change_is_told_to_the_cache_at_once(
    account, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(blocks, "AGE", 60)
    monkeypatch.setattr(blocks, "REMEMBERED", 60)
    assert not is_blocked(account.pk, None, "203.0.113.7")

    with django_capture_on_commit_callbacks(execute=True):
        found = block(account, "203.0.113.7")
    assert is_blocked(account.pk, None, "203.0.113.7")

    with django_capture_on_commit_callbacks(execute=True):
        services.unblock(block=found)
    assert not is_blocked(account.pk, None, "203.0.113.7")


def test_without_redis_the_database_answers(account, monkeypatch):
    def fail(*args, **kwargs):
        raise redis.exceptions.ConnectionError

    block(account, "203.0.113.7")
    monkeypatch.setattr(cache, "get", fail)
    monkeypatch.setattr(cache, "delete", fail)

    blocks.forget(account.pk)

    assert is_blocked(account.pk, None, "203.0.113.7")


def test_visitors_of_a_range_are_counted_over_a_week(account):
    often, once, old = (make_visitor(account) for _number in range(3))
    make_visit(often, "203.0.113.7")
    make_visit(often, "203.0.113.8")
    make_visit(once, "203.0.113.7")
    make_visit(old, "203.0.113.7", timedelta(days=8))
    make_visit(make_visitor(account), "203.0.114.7")
    make_visit(make_visitor(account), None)
    make_visit(make_visitor(make_account("Other")), "203.0.113.7")

    def count(text):
        return services.visitors_in(account, services.parse_network(text))

    assert count("203.0.113.7") == 2
    assert count("203.0.113.8") == 1
    assert count("203.0.113.0/24") == 2
    assert count("198.51.100.7") == 0
    assert count("2001:db8::/32") == 0


def test_visitors_are_counted_by_what_is_stored_of_their_address(account):
    account.ip_storage = IpStorage.SHORT
    make_visit(make_visitor(account), "203.0.113.0")
    make_visit(make_visitor(account), "2001:db8:1::")

    for text in ("203.0.113.7", "2001:db8:1:2::/64"):
        assert services.visitors_in(account, services.parse_network(text)) == 1


@pytest.mark.parametrize(
    ("storage", "ip", "network"),
    [
        (IpStorage.FULL, "203.0.113.7", "203.0.113.7/32"),
        (IpStorage.FULL, "2001:db8:1:2::7", "2001:db8:1:2::/64"),
        (IpStorage.SHORT, "203.0.113.0", "203.0.113.0/24"),
        (IpStorage.SHORT, "2001:db8:1::", "2001:db8:1::/48"),
    ],
)
def test_what_to_block_depends_on_what_is_known(account, storage, ip, network):
    account.ip_storage = storage

    assert str(services.network_around(ip, account)) == network


def test_card_learns_of_a_block_of_the_last_address(account, visitor):
    make_visit(visitor, "198.51.100.1", timedelta(days=1))
    make_visit(visitor, "203.0.113.7")
    block(account, "198.51.100.1")
    assert services.network_block_of(visitor) is None

    found = block(account, "203.0.113.0/24")

    assert services.network_block_of(visitor) == found
    assert services.network_block_of(make_visitor(account)) is None
