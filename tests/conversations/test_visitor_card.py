"""The card as a whole: its sections, what they show, and what they cost."""

import re
from datetime import timedelta
from html import escape
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations import services
from supportdesk.accounts.models import Role
from tests import factories
from tests.conversations.desk import HTMX, address, htmx, signed_in
from visitors.models import CustomerInformation, PageView, Source, Visit, Visitor
from visitors.services import block_network, block_visitor, save_note, update_contact

pytestmark = pytest.mark.django_db

SECTIONS = ["head", "contact", "note", "customer", "conversations", "history"]
HOSTILE = [
    '<img src=x onerror="alert(1)">',
    '<div hx-get="/" hx-trigger="load" hx-on:load="alert(1)"></div>',
    '"></textarea></template><script>alert(1)</script>',
    "{{ request.user.password }}{% csrf_token %}",
    "\u202egnp.exe",
    "👩‍👩‍👧‍👦" * 20,
    "x" * 255,
]


@pytest.fixture
def visitor(account):
    return factories.make_visitor(account, name="Katharina Vogt")


@pytest.fixture
def conversation(account, visitor):
    return factories.make_conversation(account, visitor=visitor)


def make_visit(visitor, *, ago=timedelta(), pages=1, **fields):
    at = timezone.now() - ago
    visit = Visit.objects.create(
        visitor=visitor, started_at=at, last_seen_at=at, page_count=pages, **fields
    )
    PageView.objects.bulk_create(
        PageView(
            visit=visit,
            url=f"https://shop.example.com/{number}?q=1",
            title=f"Page {number}",
            at=at + timedelta(seconds=number),
        )
        for number in range(pages)
    )
    return visit


def section(agent, conversation, name, **headers):
    url = address(f"visitor_{name}", conversation)
    return signed_in(agent).get(url, headers={**HTMX, **headers})


# Each section by itself


@pytest.mark.parametrize("name", SECTIONS)
def test_section_is_a_fragment_and_a_page(anna, conversation, name):
    fragment = section(anna, conversation, name)
    page = signed_in(anna).get(address(f"visitor_{name}", conversation))

    assert fragment.text.count(f'id="visitor-{name}"') == 1
    assert "<html" not in fragment.text
    assert "<html" in page.text
    assert f'id="visitor-{name}"' in page.text


@pytest.mark.parametrize("name", SECTIONS)
def test_page_of_the_conversation_holds_every_section_once(anna, conversation, name):
    page = signed_in(anna).get(address("conversation", conversation))

    assert page.text.count(f'id="visitor-{name}"') == 1


@pytest.mark.parametrize("name", SECTIONS)
def test_stranger_and_agent_of_another_group_find_no_section(account, visitor, name):
    group, other = factories.make_group(account), factories.make_group(account, "Sales")
    conversation = factories.make_conversation(account, visitor=visitor, group=group)
    elsewhere = factories.make_agent(factories.make_account("Other"), "Eve", Role.FULL)
    limited = factories.make_agent(account, "Jonas", groups=(other,))

    for agent in (elsewhere, limited):
        assert section(agent, conversation, name).status_code == 404


@pytest.mark.parametrize("name", SECTIONS)
def test_sections_are_read_only(anna, conversation, name):
    url = address(f"visitor_{name}", conversation)

    assert signed_in(anna).post(url).status_code == 405


def test_pages_of_a_visit_belong_to_its_visitor(anna, account, conversation):
    own = make_visit(conversation.visitor)
    strange = make_visit(factories.make_visitor(account))
    url = address("visitor_history", conversation)

    found = signed_in(anna).get(f"{url}{own.pk}/", headers=HTMX)
    page = signed_in(anna).get(f"{url}{own.pk}/")
    missing = signed_in(anna).get(f"{url}{strange.pk}/", headers=HTMX)

    assert "Page 0" in found.text
    assert "<html" in page.text
    assert missing.status_code == 404


# What the head and the facts say


def test_new_visitor_is_on_the_first_visit(anna, conversation, visitor):
    make_visit(visitor, ago=timedelta(minutes=12))

    head = section(anna, conversation, "head")

    said = " ".join(re.sub("<[^>]+>", "", head.text).split())
    assert "Online · first visit · 12 min" in said
    assert "avatar__dot" in head.text


def test_visit_number_and_current_page(anna, conversation, visitor):
    for days in (3, 2, 0):
        make_visit(visitor, ago=timedelta(days=days), pages=2)

    head = section(anna, conversation, "head")
    contact = section(anna, conversation, "contact")

    assert "visit 3" in head.text
    assert 'title="https://shop.example.com/1?q=1">Page 1</a>' in contact.text


def test_who_left_was_last_seen_and_is_on_no_page(anna, conversation, visitor):
    make_visit(visitor, ago=timedelta(hours=2))
    past = timezone.now() - timedelta(hours=2)
    Visitor.objects.update(last_seen_at=past)

    head = section(anna, conversation, "head")
    contact = section(anna, conversation, "contact")

    assert "Last seen" in head.text
    assert "1 visit" in head.text
    assert "avatar__dot" not in head.text
    assert "Current page" not in contact.text
    assert "First seen" in contact.text


@pytest.mark.parametrize(
    ("language", "place"),
    [("en", "Leipzig, Germany"), ("de", "Leipzig, Deutschland")],
)
def test_place_is_written_in_the_agents_language(
    account, conversation, visitor, language, place
):
    agent = factories.make_agent(account, "Mira", Role.FULL, language=language)
    make_visit(visitor, country="DE", city="Leipzig")

    assert f">{place}</span>" in section(agent, conversation, "contact").text


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("America/New_York", True),
        ("Europe/Berlin", False),
        ("Europe/Vienna", False),
        ("", False),
        ("Mars/Olympus", False),
        ("../../etc/passwd", False),
        ("<script>", False),
    ],
)
def test_local_time_is_shown_where_it_differs(anna, conversation, visitor, zone, shown):
    make_visit(visitor, time_zone=zone)

    contact = section(anna, conversation, "contact")

    assert (f'data-clock="{zone}"' in contact.text) is shown
    if shown:
        there = timezone.now().astimezone(ZoneInfo(zone))
        assert f"{there:%H:%M} there" in contact.text


@pytest.mark.parametrize(
    ("source", "label"),
    [
        (Source.AGENT, "entered by an agent"),
        (Source.FORM, "from a form"),
        (Source.SIGNED, "signed by the shop"),
        (Source.API, "from the shop&#x27;s server"),
    ],
)
def test_source_of_a_value_is_named(anna, conversation, visitor, source, label):
    update_contact(visitor=visitor, source=source, email="k.vogt@example.net")

    contact = section(anna, conversation, "contact")

    assert f'<span class="source" title="{label}">' in contact.text
    assert f'<span class="sr-only">{label}</span>' in contact.text
    assert "not verified" not in contact.text


def test_what_page_code_says_is_visibly_unverified(anna, conversation, visitor):
    update_contact(visitor=visitor, source=Source.PAGE, email="k.vogt@example.net")

    assert ">not verified</span>" in section(anna, conversation, "contact").text


def test_phone_is_grouped_and_can_be_dialled(anna, conversation, visitor):
    update_contact(visitor=visitor, source=Source.FORM, phone="0341/5550148")

    contact = section(anna, conversation, "contact")

    assert 'value="+49 341 5550148"' in contact.text
    assert 'href="tel:+49-341-5550148"' in contact.text


def test_phone_that_is_none_is_refused_beside_the_field(anna, conversation, visitor):
    response = signed_in(anna).post(
        address("card_edit", conversation), {"phone": "ring me"}, headers=HTMX
    )

    visitor.refresh_from_db()
    assert response.status_code == 422
    assert "Please enter a complete phone number." in response.text
    assert 'aria-describedby="visitor-phone-error"' in response.text
    assert 'value="ring me"' in response.text
    assert visitor.phone == ""


@pytest.mark.parametrize("source", [each for each in Source if each != Source.AGENT])
def test_only_agents_write_event_lines(conversation, visitor, source):
    before = conversation.messages.count()

    update_contact(visitor=visitor, source=source, email="k.vogt@example.net")

    assert conversation.messages.count() == before


def test_agents_change_stands_in_the_thread_with_its_author(anna, conversation):
    for field, value in [
        ("name", "Kat"),
        ("email", "new@example.net"),
        ("phone", "0341 5550148"),
    ]:
        services.change_contact(
            conversation_id=conversation.pk, agent=anna, **{field: value}
        )

    lines = conversation.messages.filter(event="contact_changed").order_by("seq")
    assert [(line.agent, line.data) for line in lines] == [
        (anna, {"fields": ["name"]}),
        (anna, {"fields": ["email"]}),
        (anna, {"fields": ["phone"]}),
    ]


# Other conversations


def test_other_conversations_show_status_rating_channel_and_which_is_open(
    anna, account, visitor, conversation
):
    other = factories.make_conversation(account, visitor=visitor, text="Before")
    services.resolve_conversation(conversation_id=other.pk, agent=anna)
    services.rate_conversation(conversation_id=other.pk, rating=5, comment="")
    type(other).objects.filter(pk=other.pk).update(channel_kind="email")

    shown = section(anna, conversation, "conversations").text

    assert '<span class="count">1</span>' in shown
    assert "rating--good" in shown
    assert "channel--email" in shown
    assert "Before" in shown
    current = re.findall(r'data-other="([^"]+)"[^>]*aria-current="true"', shown)
    assert current == [str(conversation.public_id)]


@pytest.mark.parametrize(("number", "folds"), [(8, 0), (9, 1), (40, 1)])
def test_many_conversations_fold(anna, account, visitor, conversation, number, folds):
    for _ in range(number):
        factories.make_conversation(account, visitor=visitor, text="")

    shown = section(anna, conversation, "conversations").text

    assert shown.count('id="visitor-conversations-more"') == folds
    assert f'<span class="count">{number}</span>' in shown


# Hostile values


def test_customer_the_shop_vouches_for_is_marked(anna, visitor, conversation):
    shown = section(anna, conversation, "contact").text
    assert "verified" not in shown

    Visitor.objects.filter(pk=visitor.pk).update(user_id="MM-10482")

    shown = section(anna, conversation, "contact").text
    assert "MM-10482" in shown
    assert "verified" in shown
    assert "has not sent any data" in section(anna, conversation, "customer").text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_stay_text_in_every_section(
    anna, account, visitor, conversation, text
):
    update_contact(visitor=visitor, source=Source.PAGE, name=text)
    update_contact(visitor=visitor, source=Source.FORM, phone=text)
    save_note(visitor=visitor, agent=anna, text=text, version=0)
    visit = make_visit(visitor, city=text[:100], country="DE", time_zone=text[:64])
    visit.referrer = f"https://evil.example.net/{text}"
    visit.campaign = {"source": text}
    visit.user_agent = text
    visit.save()
    PageView.objects.update(title=text[:200], url=f"https://shop.example.com/{text}")
    CustomerInformation.objects.create(
        visitor=visitor,
        source=Source.PAGE,
        items=[{"key": text[:64], "label": text[:100], "value": text}],
        changed_at=timezone.now(),
    )
    factories.make_conversation(account, visitor=visitor, text=text)
    client = signed_in(anna)

    answers = [client.get(address("conversation", conversation)).text]
    answers += [section(anna, conversation, name).text for name in SECTIONS]

    for answer in answers:
        assert "<img src=x" not in answer
        assert "<script>alert" not in answer
        assert "hx-on" not in answer.replace(escape("hx-on:load="), "")
        assert '"></textarea>' not in answer
    assert any(escape(text[:60]) in answer for answer in answers)


def test_addresses_that_are_no_web_addresses_are_no_links(anna, visitor, conversation):
    values = {
        "js": "javascript:alert(1)",
        "data": "data:text/html,<script>alert(1)</script>",
        "spaced": " https://evil.example.net and more",
        "file": "file:///etc/passwd",
        "web": "https://shop.example.com/orders/20418",
        "mail": "k.vogt@example.net",
        "hidden": "x?bcc=evil%40example.com&y=@shop.example.com",
    }
    CustomerInformation.objects.create(
        visitor=visitor,
        source=Source.API,
        items=[{"key": k, "label": "", "value": v} for k, v in values.items()],
        changed_at=timezone.now(),
    )

    shown = section(anna, conversation, "customer").text

    assert re.findall(r'class="link" href="([^"]+)"', shown) == [
        "https://shop.example.com/orders/20418",
        "mailto:k.vogt@example.net",
        "mailto:x%3Fbcc%3Devil%2540example.com%26y%3D@shop.example.com",
    ]
    assert shown.count('rel="noopener noreferrer nofollow"') == 3


# What it costs


@pytest.mark.parametrize("number", [1, 30])
def test_whole_card_costs_at_most_ten_queries(
    anna, account, visitor, conversation, number
):
    """The page's own query brings head, contact and conversations along; the three
    sections that follow it ask nine times, agent and conversation among them."""
    for days in range(number):
        make_visit(visitor, ago=timedelta(days=days), pages=number)
        factories.make_conversation(account, visitor=visitor)
    save_note(visitor=visitor, agent=anna, text="Calls back", version=0)
    for source in (Source.API, Source.PAGE):
        CustomerInformation.objects.create(
            visitor=visitor,
            source=source,
            items=[{"key": f"k{n}", "label": "", "value": n} for n in range(number)],
            changed_at=timezone.now(),
        )
    client = signed_in(anna)
    url = address("conversation", conversation)
    client.get(url, headers=htmx("thread"))

    def cost(url, headers):
        with CaptureQueriesContext(connection) as queries:
            client.get(url, headers=headers)
        return len(queries)

    costs = {
        name: cost(address(f"visitor_{name}", conversation), HTMX) for name in SECTIONS
    }
    thread = cost(url, htmx("thread"))

    assert costs == {
        # These stand in the page at once, in the query of its conversation.
        **dict.fromkeys(("head", "contact", "conversations"), 2),
        "note": 2,
        "customer": 2,
        "history": 3,
    }
    assert thread == 7


def test_card_of_a_blocked_and_merged_visitor_costs_at_most_ten_queries(
    anna, account, conversation, visitor
):
    make_visit(visitor, ip="203.0.113.7")
    block_network(account=account, agent=anna, network="203.0.113.0/24")
    block_visitor(visitor=visitor, agent=anna)
    services.merge_visitors(
        kept=visitor, merged=factories.make_visitor(account), agent=anna
    )
    client = signed_in(anna)
    client.get("/")

    def cost(url, headers):
        with CaptureQueriesContext(connection) as queries:
            response = client.get(url, headers=headers)
        return response.text, len(queries)

    thread, with_card = cost(address("conversation", conversation), htmx("thread"))
    fragments = [
        cost(address(f"visitor_{name}", conversation), HTMX)[1]
        for name in ("note", "customer", "history")
    ]

    for said in ("Blocked", "Address blocked", "Merged with"):
        assert said in thread
    # Of the page's own the card needs the conversation, the block and the merge.
    assert with_card == 9
    assert sum(fragments) + 3 == 10


def test_block_and_merge_cost_a_query_each_and_only_where_there_is_one(
    anna, account, conversation, visitor
):
    client = signed_in(anna)
    url = address("conversation", conversation)
    client.get(url, headers=htmx("thread"))

    def cost():
        with CaptureQueriesContext(connection) as queries:
            client.get(url, headers=htmx("thread"))
        return len(queries)

    make_visit(visitor, ip="203.0.113.7")
    plain = cost()
    block_network(account=account, agent=anna, network="198.51.100.0/24")
    elsewhere = cost()
    block_network(account=account, agent=anna, network="203.0.113.0/24")
    blocked = cost()
    services.merge_visitors(
        kept=visitor, merged=factories.make_visitor(account), agent=anna
    )

    assert (elsewhere, blocked, cost()) == (plain, plain + 1, plain + 2)
