from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from conversations import services as conversations
from conversations.models import Message
from notifications.mails import build_mail, bursts
from notifications.models import Notification, NotificationSettings
from notifications.transports import mail as transport
from supportdesk.accounts.models import Account
from tests import factories
from tests.notifications.making import burst_notification, make_burst
from visitors import services as visitors
from visitors.customer import parse_items
from visitors.models import Source, Visitor

pytestmark = pytest.mark.django_db

CARD = "4111 1111 1111 1111"
AT = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
SECRETS = ("Sofia", "Lindqvist", "proofing", "example.net", "Hello?")


def conversation_with(text="Does the proofing basket fit?", language="en", **account):
    account = factories.make_account(**account)
    visitor = factories.make_visitor(
        account,
        language=language,
        name="Sofia Lindqvist",
        email="sofia.lindqvist@example.net",
    )
    return factories.make_conversation(account, visitor=visitor, text=text)


def notification_of(conversation, kind="offline", language="en", extra="", **burst):
    agent = None
    if not extra:
        agent = factories.make_agent(conversation.account, language=language)
    row = burst_notification(
        make_burst(conversation, kind, **burst), agent=agent, extra=extra
    )
    return fetched(row)


def missed_notification(conversation, **options):
    options.setdefault("gone_since", AT + timedelta(minutes=6))
    Message.objects.filter(by_visitor=True).update(created_at=AT)
    return notification_of(conversation, "missed", began_at=AT, **options)


def fetched(row):
    return Notification.objects.get(pk=row.pk)


def parts(mail):
    [html] = mail.alternatives
    return mail.subject, mail.body, html.content


def choose(conversation, **fields):
    NotificationSettings.objects.update_or_create(
        account=conversation.account, defaults=fields
    )


# Offline messages


def test_offline_mail_says_who_wrote_what_and_where():
    conversation = conversation_with()
    factories.visitor_writes(conversation, "Hello?")
    factories.put_on_website(conversation.visitor, title="Log in here")
    conversations.change_group(
        conversation_id=conversation.pk,
        group=factories.make_group(conversation.account, "Orders"),
        by=factories.owner_of(conversation.account),
    )

    mail = build_mail(notification_of(conversation))

    subject, text, html = parts(mail)
    assert subject == "New message from Sofia Lindqvist"
    for body in (text, html):
        assert "Sofia Lindqvist wrote while nobody was online" in body
        assert body.index("Does the proofing basket fit?") < body.index("Hello?")
        assert f"http://localhost:8000/conversations/{conversation.public_id}/" in body
        assert "sofia.lindqvist@example.net" in body
        assert "Log in here" not in body
        assert "shop.example.com/mill" in body
        assert "Orders" in body
        assert "Website: Shop" in body
    assert "Sofia Lindqvist: Does the proofing basket fit?</div>" in html


def test_without_visits_the_page_is_where_it_began():
    conversation = conversation_with()
    Message.objects.filter(event="started").update(
        data={"url": "https://shop.example.com/cart", "title": "Your cart"}
    )

    for body in parts(build_mail(notification_of(conversation)))[1:]:
        assert "https://shop.example.com/cart" in body


def test_missed_mail_says_how_long_and_who_was_there():
    conversation = conversation_with()
    online = [
        factories.make_agent(conversation.account, name)
        for name in ("Jonas Adler", "Anna Berger")
    ]
    stranger = factories.make_agent(factories.make_account(), "Strange Agent")
    online_ids = [agent.pk for agent in (*online, stranger)]

    mail = build_mail(missed_notification(conversation, online_ids=online_ids))

    subject, text, html = parts(mail)
    assert subject == "Missed conversation: Sofia Lindqvist waited 6 minutes"
    for body in (text, html):
        assert "A conversation was missed" in body
        assert "Waited 6 minutes" in body
        assert "Anna Berger, Jonas Adler" in body
        assert "Strange" not in body
        assert "Does the proofing basket fit?" in body
    assert "Sofia Lindqvist left the website at 00:36." in html


def test_waiting_is_at_least_a_minute():
    assert bursts.minutes_between(AT, AT + timedelta(seconds=20)) == 1
    assert bursts.minutes_between(AT, AT - timedelta(seconds=20)) == 1
    assert bursts.minutes_between(AT, AT + timedelta(seconds=179)) == 2


@pytest.mark.parametrize("kind", ["offline", "missed"])
def test_without_messages_nothing_of_the_visitor_leaves(kind):
    conversation = conversation_with()
    factories.visitor_writes(conversation, "Hello?")
    factories.put_on_website(conversation.visitor, title="proofing")
    choose(conversation, **{f"{kind}_with_messages": False})

    mail = build_mail(notification_of(conversation, kind))

    for part in (*parts(mail), str(mail.message())):
        for secret in SECRETS:
            assert secret not in part
    for body in parts(mail)[1:]:
        assert f"/conversations/{conversation.public_id}/" in body


@pytest.mark.parametrize("kind", ["offline", "missed"])
def test_other_kind_of_mail_keeps_its_messages(kind):
    conversation = conversation_with()
    other = {"offline": "missed", "missed": "offline"}[kind]
    choose(conversation, **{f"{other}_with_messages": False})

    assert "proofing" in build_mail(notification_of(conversation, kind)).body


# What must never be in them


def test_notes_and_internal_events_never_leave():
    conversation = conversation_with()
    agent = factories.make_agent(conversation.account, "Anna Berger")
    conversations.add_note(
        conversation_id=conversation.pk,
        agent=agent,
        text="Difficult person, no refund",
        uploads=[
            conversations.check_upload(SimpleUploadedFile("internal.txt", b"internal"))
        ],
    )
    conversations.note_offline(conversation_id=conversation.pk)
    factories.visitor_writes(conversation, "Hello?")

    mail = build_mail(notification_of(conversation))

    assert "Hello?" in mail.body
    for part in parts(mail):
        for secret in ("Difficult", "refund", "internal"):
            assert secret not in part


def test_files_are_named_and_cards_stay_hidden():
    conversation = conversation_with(text=f"Please charge {CARD}")
    factories.visitor_writes(
        conversation,
        "",
        uploads=[conversations.check_upload(SimpleUploadedFile("order.txt", b"x"))],
    )

    for body in parts(build_mail(notification_of(conversation)))[1:]:
        assert "Please charge [card number hidden ····1111]" in body
        assert "4111" not in body
        assert "File: order.txt" in body


def test_text_of_visitors_is_never_markup():
    conversation = conversation_with(text='<a href="https://evil.example">Win</a>')
    Visitor.objects.update(name='<b>"Eve"</b>')
    Message.objects.filter(event="started").update(
        data={"url": "javascript:alert(1)", "title": "<i>page</i>"}
    )

    subject, text, html = parts(build_mail(notification_of(conversation)))

    assert subject == 'New message from <b>"Eve"</b>'
    assert '> <a href="https://evil.example">Win</a>' in text
    assert "<a href=&quot;https://evil.example" not in html
    assert "&lt;a href=&quot;https://evil.example&quot;&gt;Win&lt;/a&gt;" in html
    for markup in ("<b>&quot;Eve", '<b>"Eve', "<i>", 'href="javascript'):
        assert markup not in html


def test_message_cannot_pass_for_the_rest_of_the_mail():
    conversation = conversation_with(text="Hi\n-- \nOnline at that time: nobody")

    text = build_mail(notification_of(conversation)).body

    assert "> Hi\n> -- \n> Online at that time: nobody\n" in text


def test_names_cannot_add_headers(smtp):
    conversation = conversation_with(name="Moor\r\nBcc: all@example.org\r\n\r\nHi")
    Visitor.objects.update(name="Eve\r\nBcc: more@example.org" + "x" * 200)

    transport.send(build_mail(notification_of(conversation)))

    [received] = smtp.received
    assert received["Bcc"] is None
    assert received["From"].addresses[0].display_name == (
        "Moor Bcc: all@example.org Hi"
    )
    assert received["Subject"].startswith("New message from Eve Bcc: more@")
    assert len(received["Subject"]) < 120


def test_address_with_a_question_mark_adds_no_recipient():
    conversation = conversation_with()
    Visitor.objects.update(email="a?bcc=b@example.net")

    assert (
        'href="mailto:a%3Fbcc%3Db@example.net"'
        in parts(build_mail(notification_of(conversation)))[2]
    )


# Which messages


def test_mail_tells_of_its_own_burst_only():
    conversation = conversation_with(text="long ago")
    agent = factories.make_agent(conversation.account)
    factories.agent_writes(conversation, agent, "answered")
    first = factories.visitor_writes(conversation, "the first")
    factories.visitor_writes(conversation, "the second")
    row = notification_of(conversation, first_seq=first.seq)
    factories.visitor_writes(conversation, "of the next burst")

    for body in parts(build_mail(fetched(row)))[1:]:
        assert body.index("the first") < body.index("the second")
        for other in ("long ago", "answered", "of the next burst"):
            assert other not in body


def test_many_messages_are_cut(monkeypatch):
    monkeypatch.setattr(bursts, "MAX_MESSAGES", 2)
    conversation = conversation_with(text="the first")
    for text in ("the second", "the third", "the fourth"):
        factories.visitor_writes(conversation, text)

    for body in parts(build_mail(notification_of(conversation)))[1:]:
        assert "the second" in body
        assert "the third" not in body
        assert "2 more messages in the conversation." in body


def test_endless_message_is_cut():
    conversation = conversation_with(text="word " * 1900 + "end")

    for body in parts(build_mail(notification_of(conversation)))[1:]:
        assert "word…" in body or "word …" in body
        assert "end<" not in body
        assert len(body) < 20_000


def test_erased_contents_leave_an_honest_mail():
    conversation = conversation_with()
    row = notification_of(conversation)
    Message.objects.filter(kind="message").delete()

    subject, text, _html = parts(build_mail(fetched(row)))

    assert subject == "New message from Sofia Lindqvist"
    assert f"/conversations/{conversation.public_id}/" in text


@pytest.mark.parametrize("kind", ["offline", "missed"])
def test_number_of_queries_does_not_grow(kind, django_assert_num_queries):
    conversation = conversation_with()
    factories.put_on_website(conversation.visitor)
    owner = factories.owner_of(conversation.account)

    def write():
        upload = conversations.check_upload(SimpleUploadedFile("a.txt", b"x"))
        factories.visitor_writes(conversation, "More", uploads=[upload])

    def build(number):
        row = notification_of(conversation, kind, online_ids=[owner.pk])
        row = Notification.objects.select_related(
            *("account__notification_settings", "agent", "burst"),
            *("conversation__visitor", "conversation__channel", "conversation__group"),
        ).get(pk=row.pk)
        with django_assert_num_queries(number):
            build_mail(row)
        row.burst.delete()

    # Count, messages, files, visit, page, customer information; who was online.
    number = 6 if kind == "offline" else 7
    write()
    build(number)
    write()
    write()
    build(number)


# Languages and times


def test_language_is_the_agents_and_quotes_keep_theirs():
    conversation = conversation_with(language="de", time_zone="Europe/Berlin")
    Message.objects.filter(kind="message").update(created_at=AT)
    row = notification_of(conversation, began_at=AT)

    _subject, text, html = parts(build_mail(row))

    assert '<html lang="en">' in html
    assert '<blockquote class="q t" lang="de"' in html
    for body in (text, html):
        assert "5 March 2026 at 00:30" in body


@pytest.mark.parametrize("kind", ["offline", "missed"])
def test_german_agent_reads_german(kind):
    conversation = conversation_with(time_zone="Europe/Berlin")
    row = notification_of(conversation, kind, language="de", began_at=AT)

    _subject, text, html = parts(build_mail(row))

    assert '<html lang="de">' in html
    assert '<blockquote class="q t" lang="en"' in html
    assert "5. März 2026" in text


def test_further_address_reads_the_accounts_language():
    conversation = conversation_with()
    Account.objects.filter(pk=conversation.account_id).update(language="de")

    row = notification_of(conversation, extra="office@example.net")
    mail = build_mail(row)

    assert mail.to == ["office@example.net"]
    assert '<html lang="de">' in parts(mail)[2]


def test_customer_information_is_there_as_the_account_shows_it():
    conversation = conversation_with()
    items, _left_out = parse_items(
        {"orders": {"label": "Orders", "value": 7}, "vip": True}
    )
    visitors.set_customer_information(
        visitor=conversation.visitor, items=items, source=Source.API, replace=True
    )
    row = notification_of(conversation)

    assert "Orders: 7\nvip: Yes\n" in build_mail(row).body
    Account.objects.update(show_customer_information=False)
    assert "Orders: 7" not in build_mail(fetched(row)).body
