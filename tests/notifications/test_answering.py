import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from conversations import services as conversations
from conversations.models import Conversation, Message
from notifications.reply_addresses import reply_address
from notifications.services.answering import Refusal, ReplyRefused, answer_by_mail
from supportdesk.accounts import services as accounts
from supportdesk.accounts.models import Role, User
from tests import factories
from visitors.models import Visitor

pytestmark = pytest.mark.django_db

MAIL = "<CAB.1@mail.example.com>"
CARD = "4111 1111 1111 1111"


@pytest.fixture(autouse=True)
def answerable(settings):
    settings.REPLY_ADDRESS = "reply@desk.example.com"


@pytest.fixture
def conversation():
    return factories.make_conversation()


@pytest.fixture
def anna(conversation):
    return factories.make_agent(conversation.account)


def answer(conversation, agent, text="It left us yesterday.", **fields):
    fields.setdefault(
        "address",
        reply_address(conversation_id=conversation.pk, agent_id=agent.pk),
    )
    fields.setdefault("sender", agent.email)
    fields.setdefault("message_id", MAIL)
    return answer_by_mail(text=text, **fields)


def switch_off(agent):
    owner = factories.owner_of(agent.account)
    accounts.change_access(agent=agent, by=owner, is_active=False)


def refused(conversation, agent, **fields):
    before = Message.objects.count()
    with pytest.raises(ReplyRefused) as caught:
        answer(conversation, agent, **fields)
    assert Message.objects.count() == before
    assert caught.value.sentence
    return caught.value.reason


# What is taken


def test_answer_is_the_agents_answer(conversation, anna):
    message = answer(conversation, anna)

    assert (message.kind, message.agent, message.by_visitor) == ("message", anna, False)
    assert message.text == "It left us yesterday."
    assert message.public_seq is not None
    row = factories.fresh(conversation)
    assert [person.id for person in row.people] == [anna.pk]
    assert row.waiting_since is None


def test_answer_clears_missed(conversation, anna):
    conversations.mark_missed(
        conversation_id=conversation.pk, left_at=conversation.last_activity_at
    )

    answer(conversation, anna)

    assert factories.fresh(conversation).missed_at is None


def test_same_mail_twice_is_one_message(conversation, anna):
    first = answer(conversation, anna)
    again = answer(conversation, anna, message_id=f" {MAIL} ")

    assert again == first
    assert conversation.messages.filter(agent=anna, kind="message").count() == 1


def test_same_mail_again_does_not_reopen_what_was_resolved_since(conversation, anna):
    first = answer(conversation, anna)
    conversations.resolve_conversation(conversation_id=conversation.pk, agent=anna)

    again = answer(conversation, anna)

    assert again == first
    assert not factories.fresh(conversation).is_open


def test_two_mails_with_the_same_words_are_two_messages(conversation, anna):
    answer(conversation, anna, "Yes.")
    answer(conversation, anna, "Yes.", message_id="<another@mail.example.com>")

    assert conversation.messages.filter(text="Yes.").count() == 2


def test_colleagues_mail_of_the_same_name_is_another_message(conversation, anna):
    jonas = factories.make_agent(conversation.account)

    first, second = answer(conversation, anna), answer(conversation, jonas)

    assert first != second
    assert second.agent == jonas


def test_case_of_address_and_sender_does_not_matter(conversation, anna):
    address = reply_address(conversation_id=conversation.pk, agent_id=anna.pk)

    message = answer(
        conversation, anna, address=address.upper(), sender=anna.email.title()
    )

    assert message.agent == anna


def test_card_number_is_hidden(conversation, anna):
    message = answer(conversation, anna, f"Your card {CARD} was charged.")

    assert message.text == "Your card [card ····1111] was charged."
    assert message.hidden_cards == 1


def test_answer_reopens_a_resolved_conversation(conversation, anna):
    conversations.join_conversation(conversation_id=conversation.pk, agent=anna)
    conversations.resolve_conversation(conversation_id=conversation.pk, agent=anna)

    answer(conversation, anna)

    assert factories.fresh(conversation).is_open


def test_file_without_text_is_an_answer(conversation, anna):
    note = conversations.check_upload(SimpleUploadedFile("note.txt", b"label"))

    message = answer(conversation, anna, "", uploads=[note])

    assert (message.text, message.attachment_count) == ("", 1)


def test_mail_without_a_name_is_an_error_of_the_caller(conversation, anna):
    with pytest.raises(ValueError, match="name"):
        answer(conversation, anna, message_id=" ")

    assert not conversation.messages.filter(agent=anna).exists()


# What is refused


@pytest.mark.parametrize(
    "address",
    ["", "reply@desk.example.com", "reply+" + "a" * 44 + "@desk.example.com", "\ud800"],
)
def test_forged_address_is_refused(conversation, anna, address):
    assert refused(conversation, anna, address=address) == Refusal.ADDRESS


def test_address_under_another_key_is_refused(settings, conversation, anna):
    address = reply_address(conversation_id=conversation.pk, agent_id=anna.pk)
    settings.SECRET_KEY = "another"

    assert refused(conversation, anna, address=address) == Refusal.ADDRESS


def test_without_setting_nothing_is_answered(settings, conversation, anna):
    address = reply_address(conversation_id=conversation.pk, agent_id=anna.pk)
    settings.REPLY_ADDRESS = ""

    assert refused(conversation, anna, address=address) == Refusal.ADDRESS


def test_agent_who_is_gone_is_refused(conversation, anna):
    address = reply_address(conversation_id=conversation.pk, agent_id=anna.pk)
    User.objects.filter(pk=anna.pk).delete()

    assert refused(conversation, anna, address=address) == Refusal.ADDRESS


def test_operator_without_account_is_refused(conversation):
    operator = User.objects.create_superuser("operator@example.com", name="Op")

    assert refused(conversation, operator) == Refusal.ADDRESS


def test_colleague_who_got_hold_of_the_address_is_refused(conversation, anna):
    jonas = factories.make_agent(conversation.account)

    assert refused(conversation, anna, sender=jonas.email) == Refusal.SENDER


@pytest.mark.parametrize(
    "sender",
    ["", "evil@example.net", "{email}, evil@example.net", "<{email}>", "{email}.evil"],
)
def test_other_sender_is_refused(conversation, anna, sender):
    sender = sender.format(email=anna.email)

    assert refused(conversation, anna, sender=sender) == Refusal.SENDER


def test_sender_with_a_letter_that_only_lower_case_makes_the_same_is_refused(
    conversation,
):
    kim = accounts.create_agent(
        account=conversation.account,
        email="kim@example.com",
        name="Kim",
        role=Role.AGENT,
        password=None,
    )
    sender = kim.email.replace("k", "\N{KELVIN SIGN}")
    assert sender.lower() == kim.email

    assert refused(conversation, kim, sender=sender) == Refusal.SENDER


def test_other_sender_does_not_learn_that_the_agent_is_switched_off(conversation, anna):
    switch_off(anna)

    reason = refused(conversation, anna, sender="evil@example.net")

    assert reason == Refusal.SENDER


def test_agent_who_is_switched_off_is_refused(conversation, anna):
    switch_off(anna)

    assert refused(conversation, anna) == Refusal.INACTIVE


def test_agent_of_another_account_is_refused(conversation):
    stranger = factories.make_agent(factories.make_account("Strangers"), role=Role.FULL)

    assert refused(conversation, stranger) == Refusal.CONVERSATION


def test_erased_conversation_is_refused(conversation, anna):
    conversations.erase_visitor(visitor=conversation.visitor, agent=None)

    assert not Visitor.objects.exists()
    assert refused(conversation, anna) == Refusal.CONVERSATION


def test_conversation_erased_while_we_looked_is_refused(
    conversation, anna, monkeypatch
):
    def post(**fields):
        raise Conversation.DoesNotExist

    monkeypatch.setattr(
        "notifications.services.answering.conversations.post_agent_message", post
    )

    assert refused(conversation, anna) == Refusal.CONVERSATION


def test_agent_who_lost_sight_of_it_is_refused_until_assigned(conversation, anna):
    repairs = factories.make_group(conversation.account)
    sales = factories.make_group(conversation.account, "Sales")
    owner = factories.owner_of(conversation.account)
    sales.agents.add(anna)
    conversations.change_group(conversation_id=conversation.pk, group=repairs, by=owner)

    assert refused(conversation, anna) == Refusal.CONVERSATION

    conversations.assign_conversation(
        conversation_id=conversation.pk, agent=anna, by=owner
    )
    assert answer(conversation, anna).agent == anna


@pytest.mark.parametrize("text", ["", " \n\t ", "\0\u202e"])
def test_empty_answer_is_refused(conversation, anna, text):
    assert refused(conversation, anna, text=text) == Refusal.TEXT


def test_too_long_answer_is_refused_with_the_reason(conversation, anna):
    with pytest.raises(ReplyRefused) as caught:
        answer(conversation, anna, "a" * 10_001)

    assert caught.value.reason == Refusal.TEXT
    assert "10000" in caught.value.sentence


@pytest.mark.parametrize(
    "header",
    [
        ("Auto-Submitted", "auto-replied"),
        ("Return-Path", "<>"),
        ("Precedence", "bulk"),
    ],
)
def test_automatic_reply_is_refused(conversation, anna, header):
    headers = [("From", anna.email), header]

    assert refused(conversation, anna, headers=headers) == Refusal.AUTOMATIC


def test_headers_of_a_person_are_none_of_a_program(conversation, anna):
    headers = [("From", anna.email), ("Auto-Submitted", "no")]

    assert answer(conversation, anna, headers=headers).agent == anna


def test_sentence_is_in_the_agents_language(conversation, settings):
    greta = factories.make_agent(conversation.account, language="de")

    with pytest.raises(ReplyRefused) as caught:
        answer(conversation, greta, "")

    assert caught.value.sentence == "Die Nachricht ist leer."
