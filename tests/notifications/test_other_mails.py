"""Mails about colleagues, test mails, previews, and what all mails have in common."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from conversations import services as conversations
from conversations.models import Message
from notifications import mails
from notifications.mails import build_mail, layout
from notifications.models import Event, Notification, NotificationSettings
from notifications.services import send_notification
from tests import factories
from tests.notifications.making import offline_notification

pytestmark = pytest.mark.django_db


def conversation_with(text="Where is my parcel?"):
    account = factories.make_account()
    visitor = factories.make_visitor(
        account, name="Sofia Lindqvist", email="sofia.lindqvist@example.net"
    )
    return factories.make_conversation(account, visitor=visitor, text=text)


def mail_about(message, kind, agent, **fields):
    row = Notification.objects.create(
        account_id=agent.account_id,
        conversation=message.conversation,
        kind=kind,
        agent=agent,
        message=message,
        occasion=f"message {message.pk}",
        **fields,
    )
    return build_mail(Notification.objects.get(pk=row.pk))


def bodies(mail):
    [html] = mail.alternatives
    return mail.body, html.content


def assigned(conversation, agent, by):
    conversations.assign_conversation(
        conversation_id=conversation.pk, agent=agent, by=by
    )
    return conversation.messages.get(event="assigned")


def note(conversation, by, text="@Anna please call 4111 1111 1111 1111 back", **fields):
    return conversations.add_note(
        conversation_id=conversation.pk, agent=by, text=text, **fields
    )


# Colleagues


def test_assigned_mail_says_by_whom_and_what_was_written_last():
    conversation = conversation_with()
    anna = factories.make_agent(conversation.account, "Anna Berger")
    mira = factories.make_agent(conversation.account, "Mira Sommer")
    note(conversation, mira, "Difficult person")
    factories.visitor_writes(conversation, "Hello? <b>")

    mail = mail_about(assigned(conversation, anna, mira), "assigned", anna)

    assert mail.subject == "Mira Sommer assigned a conversation to you"
    assert mail.to == [anna.email]
    text, html = bodies(mail)
    assert "> Hello? <b>" in text
    assert "Hello? &lt;b&gt;" in html
    for body in (text, html):
        assert "Sofia Lindqvist" in body
        assert f"/conversations/{conversation.public_id}/" in body
        assert "parcel" not in body
        assert "Difficult" not in body


def test_assignment_by_nobody_is_told_without_a_name():
    conversation = conversation_with(text="")
    anna = factories.make_agent(conversation.account, "Anna Berger")
    message = assigned(conversation, anna, factories.owner_of(conversation.account))
    Message.objects.update(agent=None)
    message.refresh_from_db()

    mail = mail_about(message, "assigned", anna)

    assert mail.subject == "A conversation was assigned to you"


def test_mentioned_mail_holds_the_note_and_no_other():
    conversation = conversation_with()
    anna = factories.make_agent(conversation.account, "Anna Berger")
    mira = factories.make_agent(conversation.account, "Mira <Sommer>")
    note(conversation, mira, "Another secret")
    upload = conversations.check_upload(SimpleUploadedFile("offer.txt", b"x"))

    mail = mail_about(note(conversation, mira, uploads=[upload]), "mentioned", anna)

    assert mail.subject == "Mira <Sommer> mentioned you in a note"
    text, html = bodies(mail)
    assert "Mira &lt;Sommer&gt; mentioned you in a note" in html
    for body in (text, html):
        assert "@Anna please call [card number hidden ····1111] back" in body
        assert "File: offer.txt" in body
        assert "Another secret" not in body


@pytest.mark.parametrize("kind", ["assigned", "mentioned"])
def test_entry_of_another_conversation_is_refused(kind):
    conversation, other = conversation_with(), conversation_with()
    anna = factories.make_agent(conversation.account, "Anna Berger")
    foreign = note(other, factories.owner_of(other.account))
    row = Notification(
        account=conversation.account,
        conversation=conversation,
        kind=kind,
        agent=anna,
        message=foreign,
    )

    with pytest.raises(ValueError, match="another conversation"):
        build_mail(row)


def test_message_passes_for_no_mention():
    conversation = conversation_with()
    anna = factories.make_agent(conversation.account)
    message = conversation.messages.get(kind="message")

    with pytest.raises(ValueError, match="outside a note"):
        mail_about(message, "mentioned", anna)


# Tests and previews


def trial(agent, **data):
    row = Notification.objects.create(
        account_id=agent.account_id,
        kind="test",
        agent=agent,
        occasion=str(uuid.uuid4()),
        data=data,
    )
    assert send_notification(notification_id=row.pk)


@pytest.mark.parametrize(
    ("data", "subject"),
    [
        ({"event": "offline"}, "Test e-mail: Offline message"),
        ({"event": "mentioned"}, "Test e-mail: Mentioned"),
        ({"event": "<script>"}, "Test e-mail"),
        ({}, "Test e-mail"),
    ],
)
def test_trial_says_what_it_stands_for(mailoutbox, data, subject):
    agent = factories.make_agent(factories.make_account())

    trial(agent, **data)

    [mail] = mailoutbox
    assert (mail.subject, mail.to) == (subject, [agent.email])
    for body in bodies(mail):
        assert "This is the test you asked for." in body
        assert "/settings/notifications/me/" in body
        assert "<script" not in body


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", ["offline", "missed", "assigned", "mentioned"])
def test_preview_needs_no_conversation(kind, language):
    agent = factories.make_agent(factories.make_account(), language=language)

    html = mails.preview(kind, agent)

    assert f'<html lang="{language}">' in html
    assert "1.2" in html or "1,2" in html


def test_preview_shows_what_the_account_lets_out():
    agent = factories.make_agent(factories.make_account())
    NotificationSettings.objects.create(
        account=agent.account, offline_with_messages=False
    )

    html = mails.preview("offline", agent)

    assert "A visitor wrote while nobody was online" in html
    assert "Sofia" not in html
    assert "Sofia" in mails.preview("missed", agent)


def test_preview_says_only_what_such_a_mail_would():
    agent = factories.make_agent(factories.make_account(), "Anna Berger")

    offline, missed, mentioned = (
        mails.preview(kind, agent) for kind in ("offline", "missed", "mentioned")
    )

    assert "Online at that time" not in offline
    assert "Online at that time" in missed
    assert "@Anna Berger" in mentioned
    assert "Hello?" not in mentioned


@pytest.mark.parametrize("kind", ["message", "transcript", "../base", ""])
def test_there_is_no_preview_of_anything_else(kind):
    with pytest.raises(ValueError, match="no mail about"):
        mails.preview(kind, factories.make_agent(factories.make_account()))


# What all have in common


@pytest.fixture
def ways_back(monkeypatch):
    monkeypatch.setattr(
        layout,
        "reply_address",
        lambda *, conversation_id, agent_id: (
            f"reply+{conversation_id}.{agent_id}@desk.example"
        ),
    )
    monkeypatch.setattr(
        layout, "unsubscribe_url", lambda row: f"https://desk.example/u/{row.kind}"
    )


def test_headers_mark_it_as_automatic_and_ours(settings):
    settings.DEFAULT_FROM_EMAIL = "The desk <desk@support.example>"
    row = offline_notification()

    mail = build_mail(row).message()

    assert mail["From"] == "=?utf-8?q?Moor_=26_M=C3=BChle?= <desk@support.example>"
    assert mail["Message-ID"] == f"<{row.public_id}@support.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["X-Desk-Loop"] == layout.installation_id()
    assert mail["References"] == mail["In-Reply-To"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for header in ("List-Id", "Reply-To", "Precedence"):
        assert mail[header] is None


def test_mails_of_a_conversation_are_one_thread_for_each_recipient():
    conversation = conversation_with()
    anna, mira = (
        factories.make_agent(conversation.account, name) for name in ("Anna", "Mira")
    )
    owner = factories.owner_of(conversation.account)
    entry = note(conversation, owner)
    elsewhere = conversation_with()
    other = note(elsewhere, factories.owner_of(elsewhere.account))

    roots = [
        mail_about(entry, "mentioned", anna).message()["References"],
        mail_about(assigned(conversation, anna, owner), "assigned", anna).message()[
            "References"
        ],
        mail_about(entry, "mentioned", mira).message()["References"],
        mail_about(other, "mentioned", anna).message()["References"],
    ]

    assert roots[0] == roots[1]
    assert len(set(roots)) == 3
    for root in roots:
        assert str(conversation.public_id) not in root
        assert len(root.partition("@")[0]) == 33


def test_thread_cannot_be_guessed_without_the_key(settings):
    row = offline_notification()
    before = build_mail(row).message()["References"]

    settings.SECRET_KEY = "another key than the one before"

    assert build_mail(row).message()["References"] != before


def test_mark_of_the_installation_differs_and_tells_nothing(settings):
    before = layout.installation_id()
    settings.SITE_URL = "https://other.example"

    assert layout.installation_id() != before
    assert "example" not in layout.installation_id()


def test_agent_can_reply_and_unsubscribe(ways_back):
    row = offline_notification()

    mail = build_mail(row)

    message = mail.message()
    assert message["Reply-To"] == (
        f"reply+{row.conversation_id}.{row.agent_id}@desk.example"
    )
    assert message["List-Unsubscribe"] == "<https://desk.example/u/offline>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for body in bodies(mail):
        assert "You can reply to this e-mail: your answer goes to" in body
        assert "https://desk.example/u/offline" in body
        assert "/settings/notifications/me/" in body


def test_answer_to_a_colleagues_note_never_goes_to_the_visitor(ways_back):
    conversation = conversation_with()
    anna = factories.make_agent(conversation.account, "Anna Berger")
    entry = note(conversation, factories.owner_of(conversation.account))

    mail = mail_about(entry, "mentioned", anna)

    assert mail.message()["Reply-To"] is None
    for body in bodies(mail):
        assert "reply to this e-mail" not in body


def test_further_address_can_unsubscribe_but_not_reply(ways_back):
    mail = build_mail(offline_notification(extra="office@example.net"))

    assert mail.message()["Reply-To"] is None
    for body in bodies(mail):
        assert "reply to this e-mail" not in body
        assert "https://desk.example/u/offline" in body
        assert "/settings/notifications/" not in body


def test_without_messages_the_sentence_names_nobody(ways_back):
    row = offline_notification()
    NotificationSettings.objects.create(
        account=row.account, offline_with_messages=False
    )

    for body in bodies(build_mail(row)):
        assert "your answer goes to the visitor and appears" in body
        assert "Visitor" not in body


def test_every_kind_has_its_mail_or_none():
    kinds = {*Notification.Kind.values} - {Event.MESSAGE, Notification.Kind.DIGEST}

    assert set(mails._BUILDERS) >= kinds
