import pytest

from notifications.automatic_mail import is_automatic

PERSON = [
    ("From", "Anna Berger <anna@example.com>"),
    ("To", "reply+abc@desk.example.com"),
    ("Subject", "Re: Sofia wrote"),
    ("Content-Type", 'multipart/alternative; boundary="x"'),
    ("Return-Path", "<anna@example.com>"),
]


def test_what_a_person_writes_is_not_automatic():
    assert not is_automatic(PERSON)
    assert not is_automatic([])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Auto-Submitted", "auto-replied"),
        ("AUTO-SUBMITTED", " Auto-Generated (vacation); owner-email=a@example.com"),
        ("Auto-Submitted", "(comment) auto-notified"),
        ("X-Autoreply", "yes"),
        ("X-Autorespond", "on holiday"),
        ("X-Autoresponder", "Vacation 1.0"),
        ("Precedence", "bulk"),
        ("Precedence", "Junk"),
        ("Precedence", "list"),
        ("Precedence", "auto_reply"),
        ("List-Id", "<news.example.com>"),
        ("List-Unsubscribe", "<https://example.com/u>"),
        ("Return-Path", "<>"),
        ("Return-Path", " <> "),
        ("Content-Type", "multipart/report; report-type=delivery-status"),
        ("From", "MAILER-DAEMON@mail.example.com (Mail Delivery System)"),
        ("From", "postmaster@example.com"),
        ("From", '"No reply" <no-reply@example.com>'),
        ("From", "noreply@example.com"),
        ("X-MS-Exchange-Inbox-Rules-Loop", "anna@example.com"),
        ("X-MS-Exchange-Generated-Message-Source", "Mailbox Rules Agent"),
    ],
)
def test_what_a_program_writes_is_automatic(name, value):
    assert is_automatic([*PERSON, (name, value)])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Auto-Submitted", "no"),
        ("Auto-Submitted", "No (written by hand)"),
        ("Auto-Submitted", "(by hand) no"),
        ("Auto-Submitted", ""),
        ("X-Autoreply", "no"),
        # Exchange puts it on what people write.
        ("X-Auto-Response-Suppress", "All"),
        ("Precedence", "normal"),
        ("From", "anna.noreply-fan@example.com"),
        ("From", "Postmaster Pat <pat@example.com>"),
        ("Content-Type", "multipart/mixed; report-type=multipart/report"),
        ("Subject", "Precedence: bulk"),
        ("\ud800", "\ud800"),
    ],
)
def test_what_only_looks_like_it_is_not_automatic(name, value):
    assert not is_automatic([*PERSON, (name, value)])


def test_one_of_several_headers_of_a_name_is_enough():
    assert is_automatic([("Auto-Submitted", "no"), ("Auto-Submitted", "auto-replied")])
