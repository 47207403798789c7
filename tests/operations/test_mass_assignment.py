"""Forms take what they show and nothing else, whatever a request adds to them."""

import uuid
from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from conversations import services
from supportdesk.accounts.models import User
from tests import factories
from tests.conversations.desk import signed_in

pytestmark = pytest.mark.django_db

FORGED = "00000000-0000-4000-8000-00000000f0f0"
# What decides who somebody is and what they may do.
GUARDED = (
    "account_id",
    "email",
    "is_active",
    "is_superuser",
    "last_login",
    "password",
    "public_id",
    "role",
)


class Forms(HTMLParser):
    """The forms of a page with the values a browser would send."""

    def __init__(self, page):
        super().__init__()
        self.forms, self.area, self.choice = [], None, None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append([])
        if not self.forms or not given.get("name", self.choice):
            return
        kind = given.get("type", "text")
        if tag == "textarea":
            self.area = given["name"]
            self.add(self.area, "")
        elif tag == "select":
            self.choice = given["name"]
        elif tag == "option" and "selected" in given:
            self.add(self.choice, given.get("value", ""))
        elif tag == "input" and kind not in {"submit", "file", "button"}:
            is_box = kind in {"checkbox", "radio"}
            if "checked" in given or not is_box:
                self.add(given["name"], given.get("value", "on" if is_box else ""))

    def handle_endtag(self, tag):
        self.area = None if tag == "textarea" else self.area
        self.choice = None if tag == "select" else self.choice

    def handle_data(self, data):
        if self.area:
            self.forms[-1][-1] = (self.area, data.strip())

    def add(self, name, value):
        self.forms[-1].append((name, value))

    def with_field(self, name):
        """The one form that has this field, as it would be sent."""
        [form] = [form for form in self.forms if any(key == name for key, _ in form)]
        sent = {}
        for key, value in form:
            sent.setdefault(key, []).append(value)
        return sent


class House:
    """An account with a few things of its own, and another one's."""

    def __init__(self):
        self.account = factories.make_account()
        self.owner = factories.owner_of(self.account)
        self.group = factories.make_group(self.account)
        self.anna = factories.make_agent(self.account, groups=(self.group,))
        self.conversation = factories.make_conversation(self.account)
        self.tag = services.create_tag(account=self.account, name="Complaint")
        self.reply = services.save_canned_reply(
            agent=self.owner, shortcut="hi", text="Hello", is_shared=True
        )


@pytest.fixture
def house():
    return House()


@pytest.fixture
def other():
    return House()


def extras(other):
    """Everything a column of ours may be called, with what somebody would like."""
    keys = dict.fromkeys(
        ("account", "account_id", "account.id", "accounts"), other.account.pk
    )
    people = dict.fromkeys(
        ("agent", "agent_id", "user", "user_id", "owner", "created_by"), other.owner.pk
    )
    powers = dict.fromkeys(
        (
            "is_superuser",
            "is_staff",
            "is_active",
            "user_permissions",
            "has_full_access",
        ),
        "on",
    )
    identities = dict.fromkeys(
        ("public_id", "public_key", "token", "token_hash", "sealed", "claim"), FORGED
    )
    rows = dict.fromkeys(("pk", "id", "conversation", "conversation_id", "seq"), 1)
    return {
        **keys,
        **people,
        **powers,
        **identities,
        **rows,
        "role": "owner",
        "email": "evil@example.com",
        "password": "x",
        "last_login": "2020-01-01",
        "created_at": "2020-01-01",
        "groups": other.group.pk,
    }


def with_account():
    return [
        model
        for model in apps.get_models()
        if any(field.name == "account" for field in model._meta.fields)
    ]


def rows_of(account):
    """Everything an account has, by model and key."""
    return {
        model._meta.label: {
            row["pk"]: row
            for row in model._base_manager.filter(account=account).values(
                "pk", *(field.attname for field in model._meta.fields)
            )
        }
        for model in with_account()
    }


def guarded():
    rows = User.objects.order_by("pk").values("pk", *GUARDED)
    return {row["pk"]: row for row in rows}


PAGES = {
    "profile": ("/profile/", "name", {"name": "Olga O."}),
    "canned reply": (
        "/settings/canned-replies/new/",
        "shortcut",
        {"shortcut": "moin", "text": "Moin!"},
    ),
    "canned reply again": (
        lambda house: reverse("settings:canned_reply", args=[house.reply.pk]),
        "shortcut",
        {"text": "Good day"},
    ),
    "group": ("/settings/groups/new/", "name", {"name": "Sales"}),
    "group again": (
        lambda house: reverse("accounts:group_edit", args=[house.group.pk]),
        "name",
        {"name": "Sales"},
    ),
    "website": ("/settings/channels/website/new/", "allowed_domains", {"name": "Shop"}),
    "website again": (
        lambda house: reverse(
            "settings:website", args=[house.account.channels.get().pk]
        ),
        "allowed_domains",
        {"name": "Shop two"},
    ),
    "hours": ("/settings/hours/", None, {}),
    "visitor card": ("/settings/visitor-card/", "which", {}),
    "notifications": ("/settings/notifications/", "offline", {}),
    "own notifications": ("/settings/notifications/me/", "quiet_from", {}),
    "API token": ("/settings/api/", "form_id", {"name": "Shop server"}),
}


@pytest.mark.parametrize("page", PAGES)
def test_form_takes_what_it_shows(house, other, page):
    address, field, values = PAGES[page]
    url = address(house) if callable(address) else address
    client = signed_in(house.owner)
    shown = Forms(client.get(url).text)
    form = shown.with_field(field) if field else longest(shown)
    # A name the form knows is a value, and not what this is about.
    added = {k: v for k, v in extras(other).items() if k not in form}
    people, theirs = guarded(), rows_of(other.account)
    mine = rows_of(house.account)

    response = client.post(url, {**form, **values, **added})

    assert response.status_code in {200, 302}
    assert guarded() == people
    assert rows_of(other.account) == theirs
    now = rows_of(house.account)
    check_new(now, mine, allowed={house.owner.pk})
    # It was taken, not only not refused.
    assert not values or now != mine


def longest(shown):
    form = max(shown.forms, key=len)
    sent = {}
    for key, value in form:
        sent.setdefault(key, []).append(value)
    return sent


def check_new(now, before, allowed):
    """What came is of who is signed in, and nobody chose its name."""
    for label, rows in now.items():
        for key, row in rows.items():
            if key in before[label]:
                continue
            who = {row.get("agent_id"), row.get("user_id")} - {None}
            assert who <= allowed, label
            assert FORGED not in {str(value) for value in row.values()}, label
        assert before[label].keys() <= rows.keys()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("reply", {"text": "Good morning"}),
        ("note", {"text": "Ask Mira"}),
        ("visitor_note_save", {"text": "Likes tea", "version": "0"}),
        ("card_edit", {"name": "Katharina"}),
        ("join", {}),
        ("resolve", {}),
    ],
)
def test_actions_take_what_they_need(house, other, name, values):
    client = signed_in(house.owner)
    services.join_conversation(conversation_id=house.conversation.pk, agent=house.owner)
    client_id = str(uuid.uuid4())
    added = {k: v for k, v in extras(other).items() if k not in values | {"email": ""}}
    people, theirs = guarded(), rows_of(other.account)
    mine = rows_of(house.account)
    url = reverse(f"conversations:{name}", args=[house.conversation.public_id])

    response = client.post(url, {**added, **values, "client_id": client_id})

    assert response.status_code == 302
    assert guarded() == people
    assert rows_of(other.account) == theirs
    check_new(rows_of(house.account), mine, allowed={house.owner.pk})
    assert set(house.conversation.messages.values_list("agent_id", flat=True)) <= {
        house.owner.pk,
        None,
    }


def test_things_of_others_cannot_be_named_in_fields_that_are_shown(house, other):
    client = signed_in(house.owner)
    url = reverse("accounts:group_edit", args=[house.group.pk])
    form = Forms(client.get(url).text).with_field("name")

    refused = client.post(url, {**form, "agents": [house.anna.pk, other.anna.pk]})

    assert refused.status_code == 422
    assert list(house.group.agents.all()) == [house.anna]


def test_visitors_send_no_more_than_they_are_asked_for(house, other):
    from tests.channels_integration.browser import open_browser

    browser = open_browser(Client(), house.account.channels.get())
    theirs, people = rows_of(other.account), guarded()
    body = {
        "client_id": str(uuid.uuid4()),
        "text": "Hello",
        **extras(other),
        "kind": "note",
        "status": "resolved",
        "visitor": other.conversation.visitor_id,
        "is_verified": True,
        "source": "identity",
    }

    answer = browser.post("messages", body)

    assert answer.status_code == 201
    assert (rows_of(other.account), guarded()) == (theirs, people)
    written = browser.conversation.messages.get(kind="message")
    assert (written.agent_id, written.text) == (None, "Hello")
    assert browser.conversation.account_id == house.account.pk
    assert browser.conversation.status == "open"
    assert browser.conversation.visitor.email == ""
