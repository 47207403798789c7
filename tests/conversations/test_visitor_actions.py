import json
import re
from datetime import timedelta
from html import escape

import pytest
from django.urls import reverse
from django.utils import timezone

from conversations import services
from conversations.models import Conversation, Message
from supportdesk.accounts.models import IpStorage, Role
from tests.conversations.desk import HTMX, address, htmx, signed_in
from tests.factories import (
    make_account,
    make_agent,
    make_conversation,
    make_group,
    make_visitor,
)
from visitors.models import Block, Visit, Visitor, VisitorMerge
from visitors.services import block_network, block_visitor, save_note

pytestmark = pytest.mark.django_db

HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture
def ben(account):
    """Not full access."""
    return make_agent(account, "Ben Krause")


@pytest.fixture
def visitor(account):
    return make_visitor(account, name="Lena Hofmann", email="lena@example.com")


@pytest.fixture
def conversation(account, visitor):
    return make_conversation(account, visitor=visitor)


def make_visit(visitor, ip):
    now = timezone.now()
    return Visit.objects.create(
        visitor=visitor, started_at=now, last_seen_at=now, ip=ip
    )


def pair(name, conversation, other):
    args = [conversation.public_id, other.public_id]
    return reverse(f"conversations:{name}", args=args)


def undo_address(conversation, merge):
    args = [conversation.public_id, merge.pk]
    return reverse("conversations:visitor_merge_undo", args=args)


def state(agent, conversation):
    address_ = address("visitor_state", conversation)
    return signed_in(agent).get(address_, headers=HTMX).text


def events(conversation):
    rows = conversation.messages.filter(kind=Message.Kind.EVENT).order_by("seq")
    return list(rows.values_list("event", flat=True))


# The menu


def test_menu_offers_what_the_agent_may(account, anna, ben, conversation):
    full = signed_in(anna).get(address("conversation", conversation)).text
    limited = signed_in(ben).get(address("conversation", conversation)).text

    names = ["visitor_block", "visitor_block_address", "visitor_merge"]
    own = [*names, "visitor_export", "visitor_erase"]
    assert [name for name in own if address(name, conversation) in full] == own
    assert [name for name in own if address(name, conversation) in limited] == names


def test_menu_offers_no_address_that_is_not_stored(account, anna, conversation):
    account.ip_storage = IpStorage.NONE
    account.save()

    page = signed_in(anna).get(address("conversation", conversation)).text

    assert address("visitor_block_address", conversation) not in page
    assert address("visitor_block", conversation) in page


# Blocking


def test_visitor_is_blocked_and_unblocked(anna, conversation, visitor):
    client = signed_in(anna)
    end = timezone.localdate() + timedelta(days=7)
    form = {"reason": "Spam", "ends_on": end.isoformat()}

    page = client.get(address("visitor_block", conversation))
    response = client.post(address("visitor_block", conversation), form)

    assert "Block Lena Hofmann?" in page.text
    assert response["Location"] == address("conversation", conversation)
    block = Block.objects.get()
    assert (block.visitor, block.agent, block.reason) == (visitor, anna, "Spam")
    # To the end of that day, on the account's clock.
    local = timezone.localtime(block.ends_at, visitor.account.tz)
    assert local.date() == end + timedelta(days=1)
    assert (local.hour, local.minute) == (0, 0)
    assert "Blocked until" in state(anna, conversation)
    response = client.post(address("visitor_unblock", conversation))
    assert response["Location"] == address("conversation", conversation)
    assert not Block.objects.exists()
    assert "Blocked" not in state(anna, conversation)
    assert events(conversation) == ["started", "blocked", "unblocked"]


def test_agent_without_full_access_blocks_whom_they_see(ben, conversation):
    signed_in(ben).post(address("visitor_block", conversation), {})

    assert Block.objects.get().ends_at is None
    assert "Blocked</b>" in state(ben, conversation)


@pytest.mark.parametrize("day", ["2000-01-01", "yesterday", "9999-12-31", "x" * 9999])
def test_end_that_is_none_is_refused_in_place(anna, conversation, day):
    response = signed_in(anna).post(
        address("visitor_block", conversation), {"ends_on": day, "reason": HOSTILE}
    )

    assert response.status_code == 422
    assert 'id="id_ends_on_error"' in response.text
    assert escape(HOSTILE) in response.text
    assert HOSTILE not in response.text
    assert not Block.objects.exists()


def test_second_unblock_says_nothing_in_the_thread(anna, conversation):
    signed_in(anna).post(address("visitor_unblock", conversation))

    assert events(conversation) == ["started"]


def test_address_of_the_visitor_is_blocked(account, anna, conversation, visitor):
    make_visit(visitor, "203.0.113.7")
    make_visit(make_visitor(account), "203.0.113.9")
    client = signed_in(anna)

    page = client.get(address("visitor_block_address", conversation)).text
    client.post(
        address("visitor_block_address", conversation), {"network": "203.0.113.7/32"}
    )

    assert "203.0.113.7: 1 visitor in the last 7 days" in page
    assert "203.0.113.0/24: 2 visitors in the last 7 days" in page
    assert "Other visitors came from there, too" in page
    assert Block.objects.get().network == "203.0.113.7/32"
    assert "Address blocked" in state(anna, conversation)


def test_agent_who_is_there_too_is_told(anna, conversation, visitor):
    make_visit(visitor, "203.0.113.7")
    client = signed_in(anna)
    client.defaults["REMOTE_ADDR"] = "203.0.113.7"

    page = client.get(address("visitor_block_address", conversation)).text

    assert "Your own address is in it at the moment." in page


def test_agent_without_full_access_blocks_no_range(ben, conversation, visitor):
    make_visit(visitor, "203.0.113.7")
    client = signed_in(ben)

    page = client.get(address("visitor_block_address", conversation)).text
    response = client.post(
        address("visitor_block_address", conversation), {"network": "203.0.113.0/24"}
    )

    assert "203.0.113.0/24" not in page
    assert response.status_code == 422
    assert not Block.objects.exists()


@pytest.mark.parametrize(
    "network", ["", "198.51.100.1/32", "0.0.0.0/0", "203.0.0.0/16", HOSTILE, "7" * 9999]
)
def test_only_the_visitors_own_address_is_blocked_here(
    anna, conversation, visitor, network
):
    make_visit(visitor, "203.0.113.7")

    response = signed_in(anna).post(
        address("visitor_block_address", conversation), {"network": network}
    )

    assert response.status_code == 422
    assert not Block.objects.exists()


def test_unknown_address_cannot_be_blocked(account, anna, conversation, visitor):
    client = signed_in(anna)
    where = address("visitor_block_address", conversation)
    assert client.get(where).status_code == 404

    make_visit(visitor, "203.0.113.7")
    account.ip_storage = IpStorage.NONE
    account.save()

    assert client.get(where).status_code == 404
    assert client.post(where, {"network": "203.0.113.7/32"}).status_code == 404
    assert not Block.objects.exists()


# Merging


def test_likely_profiles_are_offered_before_a_search(account, anna, conversation):
    same = make_visitor(account, name="L. H.", email="LENA@example.com")
    other = make_visitor(account, name="Somebody Else")

    page = signed_in(anna).get(address("visitor_merge", conversation)).text

    assert pair("visitor_merge_with", conversation, same) in page
    assert pair("visitor_merge_with", conversation, other) not in page


@pytest.mark.parametrize(
    "q",
    [
        *("hofm", "LENA HOFMANN", "LENA.H@", "0176 123456", "+49 (176) 123-456"),
        *("c-17", " Lena ", "23 456"),
    ],
)
def test_profiles_are_found_by_what_is_known_of_them(account, anna, conversation, q):
    found = make_visitor(
        account, name="Lena Hofmann", email="lena.h@example.com", phone="+49 176 123456"
    )
    Visitor.objects.filter(pk=found.pk).update(user_id="c-17")
    make_visitor(account, name="Somebody Else", email="else@example.com", phone="+1 5")

    page = signed_in(anna).get(address("visitor_merge", conversation), {"q": q}).text

    assert pair("visitor_merge_with", conversation, found) in page
    assert page.count("Compare") == 1


@pytest.mark.parametrize(
    "q",
    ["%", "_", "\\", "'", "\0", "((((", "[a-z", ".*", "0" * 50, "٣٤٥٦٧", "x" * 9999],
)
def test_odd_searches_find_nothing(account, anna, conversation, q):
    make_visitor(account, name="Somebody", phone="+49 176 123456")

    response = signed_in(anna).get(address("visitor_merge", conversation), {"q": q})

    assert response.status_code == 200
    assert "No other profile" in response.text


def test_search_answers_htmx_with_the_list_alone(account, anna, conversation):
    make_visitor(account, name="Lena H.")

    response = signed_in(anna).get(
        address("visitor_merge", conversation),
        {"q": "lena"},
        headers=htmx("merge-found"),
    )

    assert response.text.strip().startswith('<div id="merge-found"')
    assert "Lena H." in response.text


def test_phone_reads_on_every_page_as_on_the_card(account, anna, conversation, visitor):
    update = {"phone": "0911 5555555"}
    other = make_visitor(account, name="L. Hofmann", **update)
    Visitor.objects.filter(pk=visitor.pk).update(**update)
    client = signed_in(anna)

    for page in (
        client.get(address("visitor_merge", conversation), {"q": "hofmann"}),
        client.get(pair("visitor_merge_with", conversation, other)),
        client.get(address("visitor_erase", conversation)),
    ):
        assert "+49 911 5555555" in page.text
        assert "0911 5555555" not in page.text


def test_search_finds_only_whom_the_agent_may_see(account, visitor):
    sales, repairs = make_group(account, "Sales"), make_group(account, "Repairs")
    agent = make_agent(account, groups=(sales,))
    own = make_conversation(account, visitor=visitor, group=sales)
    hidden = make_visitor(account, name="Lena Secret", email="lena@example.com")
    make_conversation(account, visitor=hidden, group=repairs)
    foreign = make_visitor(make_account("Other"), name="Lena Foreign")
    client = signed_in(agent)

    found = client.get(address("visitor_merge", own), {"q": "lena"}).text
    offered = client.get(address("visitor_merge", own)).text

    assert "Secret" not in found + offered
    assert "Foreign" not in found + offered
    for other in (hidden, foreign, visitor):
        where = pair("visitor_merge_with", own, other)
        assert client.get(where).status_code == 404
        assert client.post(where).status_code == 404
    assert not VisitorMerge.objects.exists()


def test_both_are_compared_then_merged_and_it_can_be_undone(
    account, anna, conversation, visitor
):
    other = make_visitor(account, name="L. Hofmann", phone="+49 176 1")
    theirs = make_conversation(account, visitor=other)
    save_note(visitor=other, agent=anna, text="Buys spares", version=0)
    client = signed_in(anna)
    where = pair("visitor_merge_with", conversation, other)

    page = client.get(where).text
    response = client.post(where, {"kept": str(visitor.public_id)})

    for text in ("Lena Hofmann", "L. Hofmann", "+49 176 1", "Buys spares"):
        assert text in page
    assert response["Location"] == address("conversation", conversation)
    theirs.refresh_from_db()
    assert theirs.visitor == visitor
    shown = state(anna, conversation)
    merge = VisitorMerge.objects.get()
    assert "Merged with <b>L. Hofmann</b>" in shown
    assert undo_address(conversation, merge) in shown
    response = client.post(undo_address(conversation, merge))
    assert response["Location"] == address("conversation", conversation)
    theirs.refresh_from_db()
    assert theirs.visitor == other
    assert "Merged" not in state(anna, conversation)


def test_sign_in_on_a_new_device_is_told_only_if_something_was_said_there(
    account, anna, conversation, visitor
):
    services.merge_visitors(kept=visitor, merged=make_visitor(account), agent=None)
    assert "Merged" not in state(anna, conversation)

    talked = make_visitor(account)
    make_conversation(account, visitor=talked)
    services.merge_visitors(kept=visitor, merged=talked, agent=None)

    assert state(anna, conversation).count("Merged with") == 1


def test_other_profile_may_be_the_one_to_keep(account, anna, conversation, visitor):
    other = make_visitor(account, name="L. Hofmann")

    signed_in(anna).post(
        pair("visitor_merge_with", conversation, other),
        {"kept": str(other.public_id)},
    )

    conversation.refresh_from_db()
    assert conversation.visitor == other


@pytest.mark.parametrize("kept", ["", "nonsense", "0" * 32, HOSTILE])
def test_choice_that_is_none_keeps_the_profile_at_hand(
    account, anna, conversation, visitor, kept
):
    other = make_visitor(account)

    signed_in(anna).post(
        pair("visitor_merge_with", conversation, other), {"kept": kept}
    )

    assert VisitorMerge.objects.get().kept == visitor


def test_different_customers_are_not_merged(account, anna, conversation, visitor):
    other = make_visitor(account, name="L. Hofmann")
    Visitor.objects.filter(pk=visitor.pk).update(user_id="c-1")
    Visitor.objects.filter(pk=other.pk).update(user_id="c-2")
    client = signed_in(anna)
    where = pair("visitor_merge_with", conversation, other)

    page = client.get(where)
    response = client.post(where, {"kept": str(other.public_id)})

    assert "different customer ids" in page.text
    assert 'name="kept"' not in page.text
    assert response.status_code == 409
    assert "different customer ids" in response.text
    assert not VisitorMerge.objects.exists()


def test_undo_that_comes_too_late_is_told(account, anna, conversation, visitor):
    other = make_visitor(account)
    merge = services.merge_visitors(kept=visitor, merged=other, agent=anna)
    late = timezone.now() - timedelta(days=31)
    VisitorMerge.objects.update(created_at=late)

    response = signed_in(anna).post(undo_address(conversation, merge), follow=True)

    assert "A merge can be undone only within 30 days." in response.text
    assert "Undo" not in state(anna, conversation)


def test_merge_of_another_profile_is_not_undone_from_here(account, anna, conversation):
    one, two = make_visitor(account), make_visitor(account)
    merge = services.merge_visitors(kept=one, merged=two, agent=anna)

    response = signed_in(anna).post(undo_address(conversation, merge))

    assert response.status_code == 404
    assert VisitorMerge.objects.get().undone_at is None


@pytest.fixture
def limited(account):
    """Of a group, so there are conversations that this agent does not see."""
    return make_agent(account, "Carla Vogt", groups=(make_group(account, "Sales"),))


def test_merge_of_somebody_else_is_not_told_to_who_saw_one_side(
    account, anna, ben, limited, conversation, visitor
):
    other = make_visitor(account, name="L. Hofmann")
    make_conversation(account, visitor=other, group=make_group(account))
    merge = services.merge_visitors(kept=visitor, merged=other, agent=anna)

    response = signed_in(limited).post(undo_address(conversation, merge))

    assert response.status_code == 404
    assert VisitorMerge.objects.get().undone_at is None
    assert "L. Hofmann" not in state(limited, conversation)
    # Without a group an agent sees those of all.
    assert "Merged with <b>L. Hofmann</b>" in state(ben, conversation)
    assert signed_in(ben).post(undo_address(conversation, merge)).status_code == 302
    assert VisitorMerge.objects.get().undone_at is not None


def test_merge_found_by_a_signature_is_told_to_who_sees_all(
    account, anna, limited, conversation, visitor
):
    other = make_visitor(account, name="L. Hofmann")
    make_conversation(account, visitor=other, group=make_group(account, "Wholesale"))
    services.merge_visitors(kept=visitor, merged=other, agent=None)

    assert "L. Hofmann" not in state(limited, conversation)
    assert "L. Hofmann" in state(anna, conversation)


def test_limited_agent_undoes_their_own_merge(account, limited, conversation, visitor):
    other = make_visitor(account, name="L. Hofmann")
    theirs = make_conversation(account, visitor=other)
    client = signed_in(limited)
    client.post(
        pair("visitor_merge_with", conversation, other),
        {"kept": str(visitor.public_id)},
    )

    assert "Merged with <b>L. Hofmann</b>" in state(limited, conversation)
    client.post(undo_address(conversation, VisitorMerge.objects.get()))

    theirs.refresh_from_db()
    assert theirs.visitor == other


def test_only_visible_conversations_are_counted(account, anna, limited, conversation):
    other = make_visitor(account, name="Lena H.")
    make_conversation(account, visitor=other)
    make_conversation(account, visitor=other, group=make_group(account))

    def numbers(agent):
        client = signed_in(agent)
        found = client.get(address("visitor_merge", conversation), {"q": "Lena"}).text
        sides = client.get(pair("visitor_merge_with", conversation, other)).text
        return (
            re.findall(r"\d conversations?\b", found),
            re.findall(r"<dt>Conversations</dt><dd>(\d)", sides),
        )

    assert numbers(limited) == (["1 conversation"], ["1", "1"])
    assert numbers(anna) == (["2 conversations"], ["1", "2"])


# Export and erase


def test_export_is_a_download_under_a_safe_name(anna, conversation, visitor):
    Visitor.objects.filter(pk=visitor.pk).update(name='../"\r\nX: y')

    response = signed_in(anna).get(address("visitor_export", conversation))

    content = json.loads(b"".join(response.streaming_content))
    assert content["profile"]["id"] == str(visitor.public_id)
    assert response["Content-Type"] == "application/json"
    day = timezone.localdate(timezone=anna.account.tz).isoformat()
    name = f"visitor-{visitor.public_id.hex[:8]}-{day}"
    assert response["Content-Disposition"] == f'attachment; filename="{name}.json"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]


def test_erasing_names_what_goes_and_leads_to_the_list(anna, conversation):
    client = signed_in(anna)

    page = client.get(address("visitor_erase", conversation)).text
    response = client.post(address("visitor_erase", conversation))

    assert "Erase Lena Hofmann?" in page
    assert "<span>1 conversation, 1 message</span>" in " ".join(page.split())
    assert response["Location"] == reverse("conversations:inbox")
    assert not Visitor.objects.exists()
    assert client.post(address("visitor_erase", conversation)).status_code == 404


def test_get_erases_nothing(anna, conversation):
    signed_in(anna).get(address("visitor_erase", conversation))
    signed_in(anna).head(address("visitor_erase", conversation))

    assert Visitor.objects.count() == 1


def test_full_access_only(ben, conversation):
    client = signed_in(ben)

    assert client.get(address("visitor_export", conversation)).status_code == 404
    assert client.get(address("visitor_erase", conversation)).status_code == 404
    assert client.post(address("visitor_erase", conversation)).status_code == 404
    assert Visitor.objects.count() == 1


# All of them

NAMES = [
    *("visitor_state", "visitor_block", "visitor_unblock", "visitor_block_address"),
    *("visitor_merge", "visitor_export", "visitor_erase"),
]


@pytest.mark.parametrize("name", NAMES)
def test_stranger_finds_nothing(account, conversation, visitor, name):
    make_visit(visitor, "203.0.113.7")
    stranger = make_agent(make_account("Other"), "Eve", Role.FULL)
    sales, repairs = make_group(account, "Sales"), make_group(account, "Repairs")
    outsider = make_agent(account, groups=(sales,))
    Conversation.objects.update(group=repairs)

    for agent in (stranger, outsider):
        client = signed_in(agent)
        answers = [
            client.get(address(name, conversation)),
            client.post(address(name, conversation), {"network": "203.0.113.7/32"}),
        ]
        assert {answer.status_code for answer in answers} <= {404, 405}
        assert 404 in {answer.status_code for answer in answers}
    assert not Block.objects.exists()
    assert Visitor.objects.count() == 1


def test_strangers_undo_nothing(account, anna, conversation, visitor):
    merge = services.merge_visitors(
        kept=visitor, merged=make_visitor(account), agent=anna
    )
    stranger = make_agent(make_account("Other"), "Eve", Role.FULL)

    response = signed_in(stranger).post(undo_address(conversation, merge))

    assert response.status_code == 404
    assert VisitorMerge.objects.get().undone_at is None


def test_wrong_methods_are_refused(anna, conversation, visitor):
    client = signed_in(anna)
    only_get = ["visitor_state", "visitor_merge", "visitor_export"]

    for name in only_get:
        assert client.post(address(name, conversation)).status_code == 405
    assert client.get(address("visitor_unblock", conversation)).status_code == 405
    for name in ("visitor_block", "visitor_erase"):
        assert client.put(address(name, conversation)).status_code == 405


def test_hostile_names_and_reasons_stay_text(account, anna, conversation, visitor):
    Visitor.objects.filter(pk=visitor.pk).update(name=HOSTILE)
    other = make_visitor(account, name=HOSTILE, phone=HOSTILE[:50])
    third = make_visitor(account, name=HOSTILE)
    save_note(visitor=other, agent=anna, text=HOSTILE, version=0)
    block_visitor(visitor=visitor, agent=anna, reason=HOSTILE)
    services.merge_visitors(kept=visitor, merged=third, agent=anna)
    make_visit(visitor, "203.0.113.7")
    client = signed_in(anna)
    pages = [
        state(anna, conversation),
        client.get(pair("visitor_merge_with", conversation, other)).text,
        client.get(address("visitor_merge", conversation), {"q": HOSTILE}).text,
        client.get(reverse("settings:blocked")).text,
        *(
            client.get(address(name, conversation)).text
            for name in (
                *("visitor_block", "visitor_block_address", "visitor_merge"),
                "visitor_erase",
            )
        ),
    ]

    for page in pages:
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page


@pytest.mark.parametrize("number", [1, 3])
def test_state_costs_a_constant_number_of_queries(
    account, anna, conversation, visitor, number, django_assert_num_queries
):
    block_visitor(visitor=visitor, agent=anna)
    make_visit(visitor, "203.0.113.7")
    for last in range(number):
        block_network(account=account, agent=anna, network=f"203.0.113.{last}")
        other = make_visitor(account)
        services.merge_visitors(kept=visitor, merged=other, agent=anna)
    client = signed_in(anna)
    client.get("/")

    with django_assert_num_queries(4):
        client.get(address("visitor_state", conversation), headers=HTMX)
