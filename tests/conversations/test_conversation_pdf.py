"""One conversation as PDF: what can be read in it, and what no text can do to it."""

import re
import subprocess
import sys
import unicodedata
from datetime import datetime

import pytest

from conversations import services
from conversations.exporting import paper, typesetter
from conversations.exporting.characters import printable, reads_from_right
from conversations.models import Message
from supportdesk.accounts.models import Role
from tests import factories
from tests.conversations.papers import (
    download,
    fonts,
    pictures,
    read,
    words,
    words_of,
)
from visitors.models import Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return factories.make_account("Moor & Mühle", time_zone="Asia/Tokyo")


@pytest.fixture
def conversation(account):
    visitor = factories.make_visitor(account, name="Lena Hof", email="l@example.com")
    return factories.make_conversation(
        account, visitor=visitor, group=factories.make_group(account, "Repairs")
    )


def test_holds_the_whole_thread(anna, conversation, upload):
    pk = conversation.pk
    factories.visitor_writes(conversation, "My card is 4111 1111 1111 1111")
    factories.visitor_writes(conversation, "See here", uploads=[upload()])
    services.join_conversation(conversation_id=pk, agent=anna)
    factories.agent_writes(conversation, anna, "Good morning!")
    services.add_note(conversation_id=pk, agent=anna, text="A difficult one")
    services.resolve_conversation(conversation_id=pk, agent=anna)
    services.rate_conversation(conversation_id=pk, rating=5, comment="Thank you")

    response = download(anna, conversation)
    reader = read(response)
    text = words(reader)

    for said in (
        "Moor & Mühle",
        "Conversation with Lena Hof",
        "E-mail l@example.com",
        "Group Repairs",
        "Rating Good (Thank you)",
        "Time zone Asia/Tokyo",
        f"Reference {conversation.public_id}",
        "Where is my parcel?",
        "[card number hidden ····1111]",
        "Attachment: hopper.png, ",
        "Good morning!",
        "Anna Berger private note",
        "A difficult one",
        "Anna Berger joined the conversation",
        "Anna Berger resolved the conversation",
        "1 / 1",
    ):
        assert said in text, said
    assert "4111 1111" not in text
    assert len(pictures(reader)) == 1
    assert response["Content-Type"] == "application/pdf"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert re.fullmatch(
        r'attachment; filename="conversation-lena-hof-\d{4}-\d\d-\d\d\.pdf"',
        response["Content-Disposition"],
    )
    assert reader.metadata.title == "Conversation with Lena Hof"


def test_what_the_visitor_saw_holds_nothing_else(anna, conversation):
    Visitor.objects.update(name="Difficult Lena", name_source="agent")
    factories.agent_writes(conversation, anna, "Good morning!")
    services.add_note(conversation_id=conversation.pk, agent=anna, text="A secret")

    reader = read(download(anna, conversation, content="visitor"))

    text = words(reader) + str(reader.metadata)
    assert "Where is my parcel?" in text
    assert "Good morning!" in text
    for inside in ("Difficult", "secret", "note", "Repairs", "Berger", "l@example"):
        assert inside not in text, inside


def test_speaks_the_agents_language_on_the_accounts_clock(account, conversation):
    berta = factories.make_agent(account, "Berta", Role.FULL, language="de")
    moment = datetime.fromisoformat("2026-03-01T22:30:00+00:00")
    Message.objects.filter(conversation=conversation).update(created_at=moment)

    text = words(read(download(berta, conversation)))

    assert "Konversation mit Lena Hof" in text
    assert "Montag, 2. März 2026" in text
    assert "07:30" in text


def test_pages_count_themselves_and_name_the_conversation(anna, conversation):
    factories.visitor_writes(conversation, "Word after word it grows. " * 350)

    reader = read(download(anna, conversation))

    number = len(reader.pages)
    assert number > 1
    for index, page in enumerate(reader.pages, 1):
        text = words_of(page)
        assert f"{index} / {number}" in text
        assert "Conversation with Lena Hof" in text
        assert "Exported " in text


# Texts of any kind


@pytest.mark.parametrize(
    ("text", "font"),
    [
        ("Grüße, Dvořák: Größe „XL“ für 5 €", "Inter-Regular"),
        ("Где моя посылка? Πού είναι;", "Inter-Regular"),
        ("我的包裹在哪里。", "DroidSansFallback"),
        ("荷物はどこですか。", "DroidSansFallback"),
        ("소포는 어디에 있나요", "DeskHangul-Regular"),
        ("नमस्ते", "NotoSansDevanagari-Regular"),
        ("สวัสดีครับ", "NotoSansThai-Regular"),
        ("😀", "NotoEmoji-Regular"),
        ("#read(sys.inputs) [*x*] $x^2$ @a <b> // \\ `x` = A", "Inter-Regular"),
    ],
)
def test_scripts_are_drawn_and_can_be_copied(anna, conversation, text, font):
    factories.visitor_writes(conversation, text)

    reader = read(download(anna, conversation))

    assert text in words(reader)
    assert font in fonts(reader)


@pytest.mark.parametrize(
    ("text", "font"), [("مرحبا", "DejaVuSans"), ("שלום", "DejaVuSans")]
)
def test_scripts_from_the_right_are_drawn(anna, conversation, text, font):
    """Extracted in the order of drawing, so letters only."""
    factories.visitor_writes(conversation, text)

    reader = read(download(anna, conversation))

    assert font in fonts(reader)
    assert set(text) <= set(unicodedata.normalize("NFKC", words(reader)))


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10_000,
        "\u0301" * 10_000,
        "a" + "\u0335" * 9_999,
        "👨‍👩‍👧" * 2_000,
        "مرحبا" * 2_000,
        "包" * 10_000,
        "\n" * 5_000 + "end",
        "\u200b\u200d\ufeff\u00ad" * 2_500 + "end",
        "a\u2028b\u2029c\x85d",
        "\U000e0041\U0010ffff\ufffe\uffff",
        "\t" * 5_000 + "x",
        "( \\) Tj ET endstream endobj %%EOF <</JS (app.alert(1))>>",
    ],
    ids=lambda text: f"{text[:2].encode('unicode_escape').decode()}-{len(text)}",
)
def test_hostile_texts_stay_texts(anna, conversation, text):
    # Past what the services clean: what an older release may have stored.
    Message.objects.filter(conversation=conversation).update(text=text)
    Visitor.objects.filter(pk=conversation.visitor_id).update(name=text[:120])
    factories.visitor_writes(conversation, "The last line")

    reader = read(download(anna, conversation))

    assert "The last line" in words(reader)
    assert "/OpenAction" not in reader.trailer["/Root"]
    assert "/Names" not in reader.trailer["/Root"]


def test_nothing_is_drawn_beside_the_page(anna, conversation):
    factories.visitor_writes(conversation, "W" * 9_000)
    factories.visitor_writes(conversation, f"https://example.com/{'a_b-c/' * 1_000}")
    Visitor.objects.update(name="N" * 120)
    places = []

    for page in read(download(anna, conversation)).pages:
        width = float(page.mediabox.width)

        def visit(text, cm, tm, font, size, width=width):
            if text.strip():
                places.append((cm[4] + tm[4], width))

        page.extract_text(visitor_text=visit)

    assert places
    assert all(0 < x < width - 50 for x, width in places)


def test_names_cannot_make_a_line_of_somebody_else(account, anna):
    visitor = factories.make_visitor(account)
    name = "Lena\u202e regreB annA\u2066\n#pagebreak()"
    Visitor.objects.filter(pk=visitor.pk).update(name=name)
    conversation = factories.make_conversation(account, visitor=visitor)

    reader = read(download(anna, conversation))

    assert len(reader.pages) == 1
    assert "Lena regreB annA #pagebreak()" in words(reader)


def test_printable_breaks_words_and_drops_what_no_page_shows():
    assert printable("a\x00b\x1b\u202ec\r\nd") == "abc\nd"
    assert printable("👍🏽❤️👨‍👩‍👧") == "👍❤👨👩👧"
    # Joiners of scripts stay: they change what is read.
    assert printable("می\u200cشود") == "می\u200cشود"
    assert printable("a" * 30) == "a" * 30
    assert max(map(len, printable("a" * 10_000).split("\u200b"))) == 12
    assert printable("包" * 100) == "包" * 100
    assert len(printable("a" + "\u0301" * 500)) == 5


def test_no_break_stands_before_a_mark():
    pieces = printable("e\u0301" * 100).split("\u200b")

    assert len(pieces) > 10
    assert all(piece[0] == "e" and piece[-1] == "\u0301" for piece in pieces)


def test_direction_is_that_of_the_first_letter():
    assert reads_from_right("12: مرحبا")
    assert reads_from_right("שלום hello")
    assert not reads_from_right("Hello مرحبا")
    assert not reads_from_right("12 😀")


# Limits


def test_what_is_too_long_is_refused_with_what_helps(anna, conversation, monkeypatch):
    monkeypatch.setattr(paper, "MAX_CHARACTERS", 100)
    factories.visitor_writes(conversation, "x" * 101)

    response = download(anna, conversation)

    assert response.status_code == 409
    assert "too long for a PDF. Take it as text." in response.content.decode()


@pytest.mark.parametrize("fault", ["time", "crash", "program"])
def test_a_typesetter_that_fails_is_no_error_of_the_page(
    anna, conversation, monkeypatch, fault
):
    run = subprocess.run

    def failing(command, **kwargs):
        if fault == "time":
            raise subprocess.TimeoutExpired(command, 1)
        if fault == "program":
            return run(["/nonexistent"], **kwargs)
        code = "import os; os.abort()"
        return run([sys.executable, "-I", "-c", code], **kwargs)

    monkeypatch.setattr(subprocess, "run", failing)

    response = download(anna, conversation)

    assert response.status_code == 409
    assert "Take it as text." in response.content.decode()


@pytest.mark.skipif(sys.platform != "linux", reason="Limits are kept on Linux only.")
def test_typesetter_lives_within_limits():
    code = f"""
import resource, sys
sys.path.insert(0, {str(paper.HERE)!r})
import typesetter
typesetter._limit()
print(resource.getrlimit(resource.RLIMIT_CPU)[1])
try:
    bytearray({typesetter.BYTES})
except MemoryError:
    print("refused")
"""

    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == [str(typesetter.SECONDS), "refused"]
