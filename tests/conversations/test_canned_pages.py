"""The settings page of canned replies, and the list that the composer offers."""

import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conversations import services
from conversations.models import CannedReply, Message
from supportdesk.accounts.models import Role
from tests import factories
from tests.conversations.desk import HTMX, address, signed_in

pytestmark = pytest.mark.django_db

LIST = "/settings/canned-replies/"
NEW = f"{LIST}new/"


@pytest.fixture
def mira(account):
    return factories.make_agent(account, "Mira Sahin")


@pytest.fixture
def conversation(account):
    visitor = factories.make_visitor(account, name="Katharina Vogt")
    return factories.make_conversation(account, visitor=visitor)


def save(agent, shortcut="thanks", text="Thank you!", **fields):
    return services.save_canned_reply(
        agent=agent, shortcut=shortcut, text=text, **fields
    )


def page_of(reply):
    return reverse("settings:canned_reply", args=[reply.pk])


def deletion_of(reply):
    return reverse("settings:canned_reply_delete", args=[reply.pk])


def stored():
    rows = CannedReply.objects.order_by("shortcut")
    return list(rows.values_list("agent__name", "shortcut", "title", "text"))


def listed(response):
    return re.findall(r"<b>/([\w.-]+)</b>", response.text)


# Settings


def test_everybody_finds_the_page(anna, mira):
    for agent in (anna, mira):
        page = signed_in(agent).get(LIST)

        assert f'href="{LIST}" aria-current="page"' in page.text
        assert "There are no canned replies yet." in page.text


def test_operator_without_an_account_has_none(django_user_model):
    operator = django_user_model.objects.create(
        email="root@example.com", is_superuser=True
    )
    client = signed_in(operator)

    for url in (LIST, NEW):
        assert client.get(url)["Location"] == "/admin/"


def test_list_holds_own_and_shared_and_offers_what_is_allowed(anna, mira):
    shared = save(anna, "shared", is_shared=True)
    save(anna, "annas")
    own = save(mira, "own", "<script>alert(1)</script> {visitor.name}")

    page = signed_in(mira).get(LIST)

    assert listed(page) == ["own", "shared"]
    assert page_of(own) in page.text
    assert page_of(shared) not in page.text
    assert "&lt;script&gt;" in page.text
    assert page_of(shared) in signed_in(anna).get(LIST).text


def test_list_is_searched_and_paged(mira):
    for number in range(51):
        save(mira, f"n{number:02}", "Parcel" if number < 3 else "Other")
    client = signed_in(mira)

    assert len(listed(client.get(LIST))) == 50
    assert listed(client.get(LIST, {"page": "2"})) == ["n50"]
    assert listed(client.get(LIST, {"page": "x'; --"})) == listed(client.get(LIST))
    assert listed(client.get(LIST, {"q": "parcel"})) == ["n00", "n01", "n02"]


@pytest.mark.parametrize("q", ["\0", "%", "x') OR 1=1--", "\U0001f600", "zz " * 9999])
def test_nonsense_finds_nothing_and_breaks_nothing(mira, conversation, q):
    save(mira)
    client = signed_in(mira)

    page = client.get(LIST, {"q": q})
    offered = client.get(address("canned", conversation), {"q": q})

    assert (page.status_code, offered.status_code) == (200, 200)
    assert listed(page) == (["thanks"] if q == "\0" else [])


def test_queries_do_not_grow_with_the_list(mira, conversation, upload):
    client = signed_in(mira)
    urls = (LIST, address("canned", conversation))
    numbers = []

    for shortcuts in (["a"], ["b", "c"]):
        for shortcut in shortcuts:
            save(mira, shortcut, uploads=[upload()])
        for url in urls:
            client.get(url)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                client.get(url)
            numbers.append(len(queries))

    assert numbers[:2] == numbers[2:]


def test_reply_is_created_with_files(mira, picture):
    response = signed_in(mira).post(
        NEW,
        {
            "shortcut": "/ship",
            "title": "Shipping",
            "text": "On its way, {visitor.first_name|there}",
            "files": [SimpleUploadedFile("hopper.png", picture)],
        },
        follow=True,
    )

    [row] = stored()
    assert row == (
        "Mira Sahin",
        "ship",
        "Shipping",
        "On its way, {visitor.first_name|there}",
    )
    assert CannedReply.objects.get().files.get().name == "hopper.png"
    assert response.redirect_chain == [(LIST, 302)]
    assert "/ship is saved." in response.text
    assert "no placeholder" not in response.text


def test_unknown_placeholders_are_kept_with_a_warning(mira):
    response = signed_in(mira).post(
        NEW,
        {"shortcut": "a", "text": "{visitor.nmae} {{7*7}} {agent.name}"},
        follow=True,
    )

    assert stored()[0][3] == "{visitor.nmae} {{7*7}} {agent.name}"
    warning = "This is no placeholder and will stay as it is: {visitor.nmae}<"
    assert warning in response.text


def test_shared_is_for_full_access_only(anna, mira):
    data = {"shortcut": "a", "text": "A", "is_shared": "on"}

    signed_in(mira).post(NEW, data)
    signed_in(anna).post(NEW, data)

    assert stored() in (
        [("Mira Sahin", "a", "", "A"), (None, "a", "", "A")],
        [(None, "a", "", "A"), ("Mira Sahin", "a", "", "A")],
    )
    assert 'name="is_shared"' in signed_in(anna).get(NEW).text
    assert 'name="is_shared"' not in signed_in(mira).get(NEW).text


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"shortcut": ""}, "This field is required."),
        ({"shortcut": "two words"}, "A shortcut is one word"),
        ({"shortcut": "THANKS"}, "There is another reply with the shortcut /THANKS."),
        ({"shortcut": "a\0"}, "Null characters are not allowed."),
        ({"text": ""}, "This field is required."),
        ({"text": " \u202e"}, "The text is empty."),
        ({"text": "x" * 10_001}, "at most 10000 characters"),
        ({"text": "x" * 100_000}, "at most 20000 characters"),
        ({"title": "x" * 121}, "at most 120 characters"),
        ({"removed": "nonsense"}, "Nothing was saved."),
        ({"removed": [str(uuid.uuid4())] * 11}, "Nothing was saved."),
        ({"files": SimpleUploadedFile("a.svg", b"<svg/>")}, "are not accepted"),
    ],
)
def test_what_cannot_be_saved_says_why(mira, data, sentence):
    save(mira)
    client = signed_in(mira)

    response = client.post(NEW, {"shortcut": "a", "text": "A", **data})

    assert response.status_code == 422
    assert sentence in response.text
    assert len(stored()) == 1


def test_reply_is_edited_and_files_are_taken_away(mira, upload, picture):
    reply = save(mira, uploads=[upload("old.png")])
    client = signed_in(mira)
    page = client.get(page_of(reply))
    file = reply.files.get()
    assert str(file.public_id) in page.text

    client.post(
        page_of(reply),
        {
            "shortcut": "ty",
            "text": "Many thanks!",
            "removed": [str(file.public_id)],
            "files": [SimpleUploadedFile("new.png", picture)],
        },
    )

    assert stored() == [("Mira Sahin", "ty", "", "Many thanks!")]
    assert [each.name for each in reply.files.all()] == ["new.png"]


def test_shared_reply_is_refused_to_limited_agents(anna, mira, upload):
    reply = save(anna, is_shared=True, uploads=[upload()])
    client = signed_in(mira)

    answers = [
        client.get(page_of(reply)),
        client.post(page_of(reply), {"shortcut": "x", "text": "X"}),
        client.post(deletion_of(reply)),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert stored() == [(None, "thanks", "", "Thank you!")]


def test_what_others_have_is_not_found(account, anna, mira, conversation, upload):
    stranger = factories.make_agent(factories.make_account("Other"), role=Role.FULL)
    replies = [
        save(mira, uploads=[upload()]),
        save(stranger, is_shared=True, uploads=[upload()]),
    ]
    client = signed_in(anna)
    before = stored()

    for reply in replies:
        file = reply.files.get()
        used = reverse(
            "conversations:canned_used", args=[conversation.public_id, reply.pk]
        )
        answers = [
            client.get(page_of(reply)),
            client.post(page_of(reply), {"shortcut": "x", "text": "X"}),
            client.post(deletion_of(reply)),
            client.get(reverse("settings:canned_reply_file", args=[file.public_id])),
            client.post(used),
        ]
        assert [answer.status_code for answer in answers] == [404] * 5

    assert stored() == before
    assert listed(client.get(LIST)) == []


def test_reply_is_deleted(anna, mira):
    own, shared = save(mira), save(anna, "shared", is_shared=True)

    assert signed_in(mira).get(deletion_of(own)).status_code == 405
    signed_in(mira).post(deletion_of(own))
    signed_in(anna).post(deletion_of(shared))

    assert stored() == []


def test_file_comes_as_a_download(mira, upload, picture):
    file = save(mira, uploads=[upload()]).files.get()

    response = signed_in(mira).get(
        reverse("settings:canned_reply_file", args=[file.public_id])
    )

    assert b"".join(response.streaming_content) == picture
    assert response["Content-Disposition"] == 'attachment; filename="hopper.png"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"


# Saving what was written


def test_text_of_the_composer_becomes_a_reply_and_leads_back(mira, conversation):
    client = signed_in(mira)
    url = f"{NEW}?conversation={conversation.public_id}"

    page = client.post(url, {"draft": "1", "text": "</textarea>Dear Katharina"})
    response = client.post(url, {"shortcut": "dear", "text": "Dear {visitor.name}"})

    assert "&lt;/textarea&gt;Dear Katharina</textarea>" in page.text
    assert response["Location"] == address("conversation", conversation)
    assert stored() == [("Mira Sahin", "dear", "", "Dear {visitor.name}")]


@pytest.mark.parametrize("back", ["//evil.example", "1", "foreign"])
def test_nobody_is_led_elsewhere(mira, back):
    if back == "foreign":
        back = factories.make_conversation(factories.make_account("B")).public_id

    response = signed_in(mira).post(
        f"{NEW}?conversation={back}", {"shortcut": "a", "text": "A"}
    )

    assert response["Location"] == LIST


# The composer's list


def offered(response):
    """Shortcut and filled text of each."""
    return re.findall(
        r"<b>/([\w.-]+)</b>.*?data-text>(.*?)</span>", response.text, re.DOTALL
    )


def test_replies_are_offered_as_they_would_be_sent(anna, mira, conversation):
    save(
        anna,
        "hi",
        "Hello {visitor.first_name}, {agent.first_name} here",
        is_shared=True,
    )
    save(mira, "bye", "Bye {visitor.email|for now} {{7*7}}")
    save(anna, "annas")
    client = signed_in(mira)

    both = client.get(address("canned", conversation), headers=HTMX)
    one = client.get(address("canned", conversation), {"q": "h"}, headers=HTMX)

    bye = ("bye", "Bye for now {{7*7}}")
    assert offered(both) == [bye, ("hi", "Hello Katharina, Mira here")]
    assert offered(one) == [("hi", "Hello Katharina, Mira here")]


def test_visitors_name_is_text_and_nothing_more(mira, account):
    name = "{agent.email}<img src=x onerror=alert(1)>"
    visitor = factories.make_visitor(account, name=name)
    conversation = factories.make_conversation(account, visitor=visitor)
    save(mira, "hi", "Hello {visitor.name}")

    response = signed_in(mira).get(address("canned", conversation))

    safe = "Hello {agent.email}&lt;img src=x onerror=alert(1)&gt;"
    assert offered(response) == [("hi", safe)]
    assert mira.email not in response.text
    assert "<img" not in response.text


def test_at_most_a_dozen_are_offered(mira, conversation):
    for number in range(14):
        save(mira, f"n{number:02}")

    response = signed_in(mira).get(address("canned", conversation), {"q": "n"})

    assert len(offered(response)) == 12


def test_conversation_out_of_sight_offers_nothing(account, anna, upload):
    repairs = factories.make_group(account, "Repairs")
    other = factories.make_group(account, "Sales")
    mira = factories.make_agent(account, "Mira Sahin", groups=(other,))
    reply = save(mira)
    hidden = factories.make_conversation(account, group=repairs)
    foreign = factories.make_conversation(factories.make_account("Other"))
    client = signed_in(mira)

    for conversation in (hidden, foreign):
        used = reverse(
            "conversations:canned_used", args=[conversation.public_id, reply.pk]
        )
        assert client.get(address("canned", conversation)).status_code == 404
        assert client.post(used).status_code == 404

    reply.refresh_from_db()
    assert reply.use_count == 0


def test_use_is_counted_by_post_only(mira, conversation):
    reply = save(mira)
    used = reverse("conversations:canned_used", args=[conversation.public_id, reply.pk])
    client = signed_in(mira)

    assert client.get(used).status_code == 405
    assert client.post(used).status_code == 204

    reply.refresh_from_db()
    assert reply.use_count == 1


# Files of a reply in a message


def send(client, conversation, name="reply", **data):
    data = {"text": "", "client_id": str(uuid.uuid4()), **data}
    return client.post(address(name, conversation), data, headers=HTMX)


@pytest.mark.parametrize("name", ["reply", "note"])
def test_files_go_with_the_message(mira, conversation, upload, picture, name):
    files = save(mira, uploads=[upload("a.png"), upload("b.png")]).files.all()
    own = SimpleUploadedFile("c.png", picture)
    client = signed_in(mira)
    data = {
        "client_id": str(uuid.uuid4()),
        "canned_files": [str(file.public_id) for file in files],
    }

    response = send(client, conversation, name, files=[own], **data)
    again = send(client, conversation, name, **data)

    assert (response.status_code, again.status_code) == (200, 200)
    message = conversation.messages.get(attachment_count=3)
    assert message.kind == (Message.Kind.NOTE if name == "note" else "message")
    assert [file.name for file in message.attachments.all()] == [
        "a.png",
        "b.png",
        "c.png",
    ]


def test_files_of_others_are_not_sent(anna, mira, conversation, upload):
    stranger = factories.make_agent(factories.make_account("Other"), role=Role.FULL)
    client = signed_in(mira)

    for agent, shared in ((anna, False), (stranger, True)):
        file = save(agent, is_shared=shared, uploads=[upload()]).files.get()
        response = send(
            client, conversation, text="Look", canned_files=[str(file.public_id)]
        )
        assert response.status_code == 422
        assert "A file of the canned reply does not exist any more." in response.text
        assert ">Look</textarea>" in response.text

    assert not conversation.messages.filter(text="Look").exists()


@pytest.mark.parametrize(
    "ids", [["nonsense"], ["' OR 1=1--"], [str(uuid.uuid4()) for _n in range(11)]]
)
def test_nonsense_for_files_is_refused(mira, conversation, ids):
    response = send(signed_in(mira), conversation, text="Look", canned_files=ids)

    assert response.status_code == 422
    assert not conversation.messages.filter(text="Look").exists()


def test_own_and_canned_files_are_counted_together(mira, conversation, upload):
    files = save(mira, uploads=[upload() for _number in range(6)]).files.all()
    own = [SimpleUploadedFile(f"{number}.txt", b"x") for number in range(5)]

    response = send(
        signed_in(mira),
        conversation,
        files=own,
        canned_files=[str(file.public_id) for file in files],
    )

    assert response.status_code == 422
    assert "At most 10 files at once." in response.text
    assert not conversation.messages.filter(attachment_count__gt=0).exists()
