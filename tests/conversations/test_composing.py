import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from conversations.models import Conversation, ConversationRead, Message
from tests import factories
from tests.conversations.desk import HTMX, address, signed_in

pytestmark = pytest.mark.django_db


def written(conversation):
    messages = conversation.messages.exclude(kind=Message.Kind.EVENT).order_by("seq")
    return list(messages.values_list("kind", "text"))[1:]


def form(text="Good morning!", **fields):
    return {"text": text, "client_id": str(uuid.uuid4()), **fields}


def test_reply_is_stored_and_leads_back(anna, conversation):
    response = signed_in(anna).post(
        address("reply", conversation), form(next_query="show=mine")
    )

    assert response["Location"] == address("conversation", conversation) + "?show=mine"
    assert written(conversation) == [("message", "Good morning!")]


def test_reply_answers_htmx_with_an_empty_composer_under_a_new_name(anna, conversation):
    data = form()

    response = signed_in(anna).post(address("reply", conversation), data, headers=HTMX)

    assert response.text.strip().startswith('<form class="composer"')
    assert "Good morning!" not in response.text
    assert data["client_id"] not in response.text
    assert 'id="log"' not in response.text


def test_reply_marks_what_was_there_as_read(anna, conversation):
    signed_in(anna).post(address("reply", conversation), form())

    read = ConversationRead.objects.get(agent=anna, conversation=conversation)
    assert read.visitor_messages == 1


def test_same_form_sent_twice_is_one_message(anna, conversation):
    client, data = signed_in(anna), form()

    client.post(address("reply", conversation), data)
    response = client.post(address("reply", conversation), data)

    assert response.status_code == 302
    assert written(conversation) == [("message", "Good morning!")]


def test_note_stays_inside(anna, conversation):
    response = signed_in(anna).post(
        address("note", conversation), form("Third crack"), headers=HTMX
    )

    conversation.refresh_from_db()
    assert 'class="composer composer--note"' in response.text
    assert written(conversation) == [("note", "Third crack")]
    assert conversation.messages.public().filter(text="Third crack").count() == 0


def test_note_chosen_without_script_is_no_reply(anna, conversation):
    signed_in(anna).post(
        address("reply", conversation), form("Inside", kind="note", then="resolve")
    )

    conversation.refresh_from_db()
    assert written(conversation) == [("note", "Inside")]
    assert conversation.is_open


def test_unknown_kind_is_refused_rather_than_sent(anna, conversation):
    response = signed_in(anna).post(
        address("reply", conversation), form(kind="notes"), headers=HTMX
    )

    assert response.status_code == 422
    assert written(conversation) == []


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"text": "  \n "}, "The message is empty."),
        ({"text": "\u202e\u2066"}, "The message is empty."),
        ({"text": "x" * 10_001}, "The message is too long: at most 10000 characters."),
        ({"text": "y" * 1_000_000}, "The message is too long: at most 10000 char"),
        ({"text": "a\0b"}, "Null characters are not allowed."),
        ({"client_id": ""}, "Please send it once more."),
        ({"client_id": "0"}, "Enter a valid UUID."),
    ],
)
@pytest.mark.parametrize("name", ["reply", "note"])
def test_what_cannot_be_sent_stays_in_the_box(anna, conversation, name, data, sentence):
    client = signed_in(anna)
    data = form() | data

    live = client.post(address(name, conversation), data, headers=HTMX)
    plain = client.post(address(name, conversation), data)

    assert (live.status_code, plain.status_code) == (422, 422)
    for response in (live, plain):
        assert sentence in response.text
        assert 'role="alert"' in response.text
        assert f">{data['text'].replace(chr(0), chr(0))}</textarea>" in response.text
    assert "<html" in plain.text
    assert "<html" not in live.text
    assert written(conversation) == []


def test_card_number_is_hidden_before_it_is_stored(anna, conversation):
    client = signed_in(anna)

    client.post(address("reply", conversation), form("Card 4111 1111 1111 1111"))
    page = client.get(address("conversation", conversation))

    assert "4111 1111" not in page.text
    assert page.text.count("Card number hidden ····1111") == 2  # thread and list
    assert "A card number was recognised and removed." in page.text


def test_send_and_resolve(anna, conversation):
    response = signed_in(anna).post(
        address("reply", conversation), form(then="resolve"), headers=HTMX
    )

    conversation.refresh_from_db()
    assert conversation.status == Conversation.Status.RESOLVED
    assert 'id="thread-head" hx-swap-oob="outerHTML"' in response.text
    assert 'aria-label="Reopen"' in response.text


def test_send_and_resolve_without_the_right_sends_and_says_so(account):
    colleague = factories.make_agent(account, "Jonas Adler")
    mira = factories.make_agent(account, "Mira Sahin")
    conversation = factories.make_conversation(account)
    factories.agent_writes(conversation, colleague, "First")
    client = signed_in(mira)

    plain = client.post(
        address("reply", conversation), form("One", then="resolve"), follow=True
    )
    live = client.post(
        address("reply", conversation), form("Two", then="resolve"), headers=HTMX
    )

    conversation.refresh_from_db()
    assert conversation.is_open
    assert [text for _kind, text in written(conversation)] == ["First", "One", "Two"]
    sentence = "Only assigned agents and agents with full access can resolve it."
    assert sentence in plain.text
    assert sentence in live.text
    assert live.status_code == 200


def test_answer_to_a_resolved_conversation_opens_it(anna, conversation):
    client = signed_in(anna)
    client.post(address("resolve", conversation))
    page = client.get(address("conversation", conversation))
    assert "Resolved. A reply opens it again." in page.text

    client.post(address("reply", conversation), form())

    conversation.refresh_from_db()
    assert conversation.is_open


# Files


def test_files_go_with_the_message(anna, conversation, picture):
    files = [
        SimpleUploadedFile("hopper.png", picture),
        SimpleUploadedFile("list.txt", b"flour, rye"),
    ]

    response = signed_in(anna).post(
        address("reply", conversation), form("", files=files), follow=True
    )

    message = conversation.messages.get(attachment_count=2)
    assert [file.name for file in message.attachments.all()] == [
        "hopper.png",
        "list.txt",
    ]
    assert 'width="48" height="29"' in response.text
    assert "TXT · " in response.text


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("page.html", b"<script>alert(1)</script>", "files of this type are not"),
        ("drawing.svg", b"<svg onload=alert(1)>", "files of this type are not"),
        ("a.php.jpg", b"<?php echo 1;", "files of this type are not"),
        ("\u200b.htaccess", b"Options +ExecCGI", "files of this type are not"),
        ("empty.txt", b"", "empty"),
    ],
)
def test_files_that_are_not_taken_say_why(anna, conversation, name, content, sentence):
    response = signed_in(anna).post(
        address("reply", conversation),
        form(files=[SimpleUploadedFile(name, content)]),
        headers=HTMX,
    )

    assert response.status_code == 422
    assert sentence in response.text
    assert ">Good morning!</textarea>" in response.text
    assert written(conversation) == []


def test_too_large_and_too_many_files_say_so(anna, conversation, settings):
    settings.ATTACHMENT_MAX_BYTES = 1024**2
    client = signed_in(anna)
    large = [SimpleUploadedFile("large.txt", b"x" * (1024**2 + 1))]
    many = [SimpleUploadedFile(f"{n}.txt", b"x") for n in range(11)]

    too_large = client.post(
        address("reply", conversation), form(files=large), headers=HTMX
    )
    too_many = client.post(
        address("reply", conversation), form(files=many), headers=HTMX
    )

    assert "large.txt is too large: at most 1 MB." in too_large.text
    assert "At most 10 files at once." in too_many.text
    assert written(conversation) == []
