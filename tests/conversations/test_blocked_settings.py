from datetime import UTC, datetime, timedelta
from html import escape

import pytest
from django.urls import reverse
from django.utils import timezone

from conversations.templatetags.blocks import until
from supportdesk.accounts.models import IpStorage
from tests.conversations.desk import signed_in
from tests.factories import make_account, make_agent, make_visitor
from visitors.models import Block, Visit
from visitors.services import block_network, block_visitor
from visitors.tasks import delete_ended_blocks

pytestmark = pytest.mark.django_db


def page(agent, query=""):
    return signed_in(agent).get(reverse("settings:blocked") + query)


def send(agent, **form):
    return signed_in(agent).post(reverse("settings:blocked"), form)


def lift(agent, block):
    return signed_in(agent).post(reverse("settings:block_lift", args=[block.pk]))


def make_visit(visitor, ip):
    now = timezone.now()
    Visit.objects.create(visitor=visitor, started_at=now, last_seen_at=now, ip=ip)


def networks():
    return list(Block.objects.order_by("network").values_list("network", flat=True))


def test_page_is_in_the_navigation_for_full_access_only(account, anna):
    limited = make_agent(account)

    shown = signed_in(anna).get(reverse("accounts:profile")).text
    hidden = signed_in(limited).get(reverse("accounts:profile")).text

    assert reverse("settings:blocked") in shown
    assert reverse("settings:blocked") not in hidden
    block = block_network(account=account, agent=anna, network="203.0.113.7")
    assert page(limited).status_code == 404
    assert send(limited, network="203.0.113.9").status_code == 404
    assert lift(limited, block).status_code == 404
    assert networks() == ["203.0.113.7/32"]


def test_list_shows_who_is_blocked_and_until_when(account, anna):
    visitor = make_visitor(account, name="Lena Hofmann")
    block_visitor(visitor=visitor, agent=anna, reason="Rude")
    end = timezone.now() + timedelta(days=3)
    block_network(account=account, agent=None, network="203.0.113.0/24", ends_at=end)
    over = block_network(account=account, agent=anna, network="198.51.100.1")
    Block.objects.filter(pk=over.pk).update(ends_at=timezone.now())

    shown = page(anna).text

    for text in ("Lena Hofmann", "Rude", "Anna Berger", "203.0.113.0/24", "Until"):
        assert text in shown
    assert "198.51.100.1" not in shown


def test_address_is_blocked_with_end_and_reason(account, anna):
    day = timezone.localdate() + timedelta(days=7)

    response = send(
        anna, network=" 203.0.113.7/24", reason="Spam", ends_on=day.isoformat()
    )

    assert response["Location"] == reverse("settings:blocked")
    block = Block.objects.get()
    assert (block.network, block.reason, block.agent) == (
        "203.0.113.0/24",
        "Spam",
        anna,
    )
    assert timezone.localtime(block.ends_at, account.tz).date() == day + timedelta(1)


def test_whoever_would_be_shut_out_is_counted_first(account, anna):
    for last in (1, 2, 3):
        make_visit(make_visitor(account), f"203.0.113.{last}")

    asked = send(anna, network="203.0.113.0/24", reason="Spam")

    assert asked.status_code == 409
    assert "Visitors who came from there in the last 7 days: 3." in asked.text
    assert "Block all the same" in asked.text
    assert 'value="203.0.113.0/24"' in asked.text
    assert 'value="Spam"' in asked.text
    assert networks() == []
    send(anna, network="203.0.113.0/24", confirmed="203.0.113.0/24")
    assert networks() == ["203.0.113.0/24"]


def test_answer_counts_for_the_range_it_was_about(account, anna):
    make_visit(make_visitor(account), "203.0.113.1")

    response = send(anna, network="203.0.0.0/16", confirmed="203.0.113.0/24")

    assert response.status_code == 409
    assert networks() == []


def test_agent_who_is_there_is_told(anna):
    client = signed_in(anna)
    client.defaults["REMOTE_ADDR"] = "203.0.113.7"

    response = client.post(reverse("settings:blocked"), {"network": "203.0.113.0/24"})

    assert response.status_code == 409
    assert "Your own address is in it at the moment." in response.text


def test_unknown_numbers_are_said_to_be_unknown(account, anna):
    account.ip_storage = IpStorage.NONE
    account.save()

    assert "cannot say how many would be shut out" in page(anna).text


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        ("", "This field is required."),
        ("nonsense", "Please enter an address such as"),
        ("0.0.0.0/0", "This range is too wide"),
        ("203.0.0.0/8", "This range is too wide"),
        ("::/16", "This range is too wide"),
        ("fe80::1%eth0", "Please enter an address such as"),
        ("<script>alert(1)</script>", "Please enter an address such as"),
        ("1" * 101, "at most 100 characters"),
    ],
)
def test_what_is_no_address_is_refused_in_place(anna, network, sentence):
    response = send(anna, network=network, reason="Spam")

    assert response.status_code == 422
    assert sentence in response.text
    assert 'value="Spam"' in response.text
    assert "<script>alert" not in response.text
    assert networks() == []


def test_end_in_the_past_is_refused(anna):
    response = send(anna, network="203.0.113.7", ends_on="2001-01-01")

    assert response.status_code == 422
    assert "The end must be in the future." in response.text
    assert networks() == []


def test_block_is_lifted(account, anna):
    block = block_network(account=account, agent=anna, network="203.0.113.7")

    response = lift(anna, block)

    assert response["Location"] == reverse("settings:blocked")
    assert networks() == []
    assert lift(anna, block).status_code == 404


def test_blocks_of_another_account_are_not_there(account, anna):
    other = make_account("Other")
    foreign = block_network(account=other, agent=None, network="198.51.100.1")

    assert "198.51.100.1" not in page(anna).text
    assert lift(anna, foreign).status_code == 404
    assert networks() == ["198.51.100.1/32"]


def test_wrong_method_is_refused(account, anna):
    block = block_network(account=account, agent=anna, network="203.0.113.7")
    client = signed_in(anna)

    assert client.put(reverse("settings:blocked")).status_code == 405
    where = reverse("settings:block_lift", args=[block.pk])
    assert client.get(where).status_code == 405


@pytest.mark.parametrize("number", ["2", "99", "-1", "x", ""])
def test_long_list_has_pages(account, anna, number):
    Block.objects.bulk_create(
        Block(account=account, network=f"198.51.{third}.1/32") for third in range(60)
    )

    shown = page(anna, f"?page={number}").text

    rows = shown.count('id="block-') - shown.count('id="block-form"') - 1
    assert rows == (10 if number in {"2", "99", "-1"} else 50)


@pytest.mark.parametrize("number", [1, 3])
def test_list_costs_a_constant_number_of_queries(
    account, anna, number, django_assert_max_num_queries
):
    for _number in range(number):
        block_visitor(visitor=make_visitor(account), agent=anna)
    client = signed_in(anna)
    client.get("/")

    with django_assert_max_num_queries(11):
        client.get(reverse("settings:blocked"))


def test_ended_blocks_are_deleted_a_day_later(account):
    ends = {"1": timedelta(days=-2), "2": timedelta(hours=-2), "3": timedelta(days=2)}
    for last, delta in ends.items():
        block = block_network(account=account, agent=None, network=f"203.0.113.{last}")
        Block.objects.filter(pk=block.pk).update(ends_at=timezone.now() + delta)
    block_network(account=account, agent=None, network="203.0.113.4")

    delete_ended_blocks()

    assert networks() == ["203.0.113.2/32", "203.0.113.3/32", "203.0.113.4/32"]


def test_hostile_reason_stays_text(account, anna):
    text = '"><img src=x onerror=alert(1)>'
    block_network(account=account, agent=anna, network="203.0.113.7", reason=text)

    shown = page(anna).text

    assert escape(text) in shown
    assert "<img src=x" not in shown


@pytest.mark.parametrize(
    ("end", "shown"),
    [
        # The account's midnight ends the day before.
        (datetime(2026, 12, 4, 23, 0, tzinfo=UTC), "4 Dec"),
        (datetime(2026, 12, 4, 22, 30, tzinfo=UTC), "4 Dec, 23:30"),
        (datetime(2027, 1, 31, 23, 0, tzinfo=UTC), "31 Jan 2027"),
    ],
)
def test_end_is_shown_as_the_last_day(account, monkeypatch, end, shown):
    now = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)

    with timezone.override(account.tz):
        assert until(end) == shown
