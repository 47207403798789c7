import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from channels_integration.website import browsers, services, starting
from channels_integration.website.models import VisitorSession
from conversations import services as conversations
from conversations.exceptions import ConversationError
from conversations.models import Conversation, Message
from tests.channels_integration.browser import open_browser, texts_of
from tests.channels_integration.test_widget_visits import MILL, beat, report
from tests.conversations.desk import HTMX, htmx, signed_in
from tests.factories import (
    agent_writes,
    make_account,
    make_agent,
    make_channel,
    make_conversation,
    make_group,
    make_visitor,
    owner_of,
)
from visitors import blocks
from visitors.models import Block, Visit, Visitor

TEXT = "Hello! Can I help you with the mill?"

db = pytest.mark.django_db


@pytest.fixture
def account(browser):
    return browser.channel.account


@pytest.fixture
def visitor(browser):
    return browser.session.visitor


@pytest.fixture
def anna(account):
    return make_agent(account, name="Anna Berger")


def address(visitor):
    return f"/visitors/{visitor.public_id}/start/"


def form(text=TEXT, client_id=None):
    return {"text": text, "client_id": str(client_id or uuid.uuid4())}


def start(visitor, agent, text=TEXT, client_id=None):
    return starting.start_with_visitor(
        visitor=visitor, agent=agent, text=text, client_id=client_id or uuid.uuid4()
    )


@db
def test_agent_writes_first_and_takes_the_conversation_on(browser, visitor, anna):
    report(browser, [MILL])

    response = signed_in(anna).post(address(visitor), form())

    conversation = Conversation.objects.get()
    assert response.url == f"/conversations/{conversation.public_id}/"
    assert (conversation.visitor, conversation.channel) == (visitor, browser.channel)
    assert list(conversation.assignees.all()) == [anna]
    assert browser.conversation == conversation
    rows = conversation.messages.order_by("seq").values_list("kind", "event", "agent")
    assert list(rows) == [
        ("event", "started", anna.pk),
        ("event", "joined", anna.pk),
        ("message", "", anna.pk),
    ]
    page = signed_in(anna).get(response.url).content.decode()
    assert "<b>Anna Berger</b> started the conversation on <b" in page
    assert ">The mill</b>" in page


@db
def test_browser_hears_of_it_with_its_next_report(
    browser, visitor, anna, django_capture_on_commit_callbacks
):
    report(browser, [MILL])
    assert beat(browser).status_code == 204

    with django_capture_on_commit_callbacks(execute=True):
        start(visitor, anna)

    assert beat(browser).json() == {"news": True}
    thread = browser.get("conversation").json()
    assert thread["messages"][-1]["text"] == TEXT
    assert thread["agent"]["name"] == "Anna"
    assert beat(browser).status_code == 204
    browser.say("Yes, please")
    assert texts_of(browser.conversation) == [TEXT, "Yes, please"]


@db
def test_htmx_gets_a_dialog_and_is_led_to_the_thread(browser, visitor, anna):
    report(browser, [MILL])
    client = signed_in(anna)

    dialog = client.get(address(visitor), headers=htmx("start-dialog"))
    html = dialog.content.decode()
    assert html.lstrip().startswith('<form id="start-form"')
    assert "The mill" in html

    response = client.post(address(visitor), form(), headers=htmx("start-form"))
    conversation = Conversation.objects.get()
    assert response["HX-Redirect"] == f"/conversations/{conversation.public_id}/"


@db
def test_page_works_without_script(visitor, anna):
    html = signed_in(anna).get(address(visitor)).content.decode()

    assert "<html" in html
    assert f'action="{address(visitor)}"' in html
    assert 'name="client_id"' in html


@db
@pytest.mark.parametrize(
    ("text", "error"), [(" ", "empty"), ("x" * 10_001, "too long"), ("x" * 90_000, "")]
)
def test_message_that_is_none_starts_nothing(visitor, anna, text, error):
    response = signed_in(anna).post(address(visitor), form(text), headers=HTMX)

    assert response.status_code == 422
    assert error in response.content.decode()
    assert not Conversation.objects.exists()
    assert VisitorSession.objects.get().conversation is None


@db
def test_card_numbers_are_hidden(visitor, anna):
    start(visitor, anna, "Is it 4111 1111 1111 1111?")

    assert texts_of(Conversation.objects.get()) == ["Is it [card ····1111]?"]


@db
def test_same_form_twice_starts_one_conversation(visitor, anna):
    sent = form()
    client = signed_in(anna)

    first, second = (client.post(address(visitor), sent) for _ in range(2))

    assert first.url == second.url
    assert Message.objects.filter(kind="message").count() == 1


@db
def test_who_is_slower_is_told_who_was_faster(visitor, account, anna):
    conversation = start(visitor, anna)
    client = signed_in(owner_of(account))

    response = client.post(address(visitor), form("Good day"), headers=HTMX)

    html = response.content.decode()
    assert response.status_code == 409
    assert "Anna Berger is already talking with this visitor." in html
    assert f'href="/conversations/{conversation.public_id}/"' in html
    # What was written is not lost.
    assert "Good day" in html
    assert texts_of(conversation) == [TEXT]


@db
def test_running_conversation_is_opened_instead(visitor, anna):
    conversation = make_conversation(visitor=visitor, account=visitor.account)
    client = signed_in(anna)
    thread = f"/conversations/{conversation.public_id}/"

    assert client.get(address(visitor)).url == thread
    assert client.get(address(visitor), headers=HTMX)["HX-Redirect"] == thread
    response = client.post(address(visitor), form())
    assert response.status_code == 409
    assert "already an open conversation" in response.content.decode()


@db
def test_running_conversation_out_of_sight_stays_so(visitor, account):
    repairs, sales = make_group(account), make_group(account)
    agent = make_agent(account, groups=(repairs,))
    old = make_conversation(account, visitor=visitor, group=repairs)
    conversations.resolve_conversation(conversation_id=old.pk, agent=owner_of(account))
    hidden = make_conversation(account, visitor=visitor, group=sales)
    agent_writes(hidden, make_agent(account, name="Secret Agent"))

    for response in (
        signed_in(agent).get(address(visitor)),
        signed_in(agent).post(address(visitor), form()),
    ):
        html = response.content.decode()
        assert response.status_code == 409
        assert "A colleague is already talking with this visitor." in html
        assert str(hidden.public_id) not in html
        assert "Secret Agent" not in html.partition('id="start-form"')[2]
    assert not Message.objects.filter(text=TEXT).exists()


@db
def test_resolved_conversation_goes_on_within_the_reopen_window(
    browser, visitor, anna, account
):
    browser.say("Hello?")
    old = browser.conversation
    conversations.resolve_conversation(conversation_id=old.pk, agent=owner_of(account))

    assert start(visitor, anna) == old

    old.refresh_from_db()
    assert old.is_open
    assert list(old.assignees.all()) == [anna]
    assert texts_of(old) == ["Hello?", TEXT]


@db
def test_after_the_reopen_window_another_one_begins(browser, visitor, anna, account):
    browser.say("Hello?")
    old = browser.conversation
    conversations.resolve_conversation(conversation_id=old.pk, agent=owner_of(account))
    type(account).objects.update(reopen_window_days=7)
    past = timezone.now() - timedelta(days=8)
    Conversation.objects.update(resolved_at=past)

    assert start(visitor, anna) == browser.conversation
    assert browser.conversation != old


@db
def test_past_that_the_agent_does_not_see_is_not_gone_on_with(
    browser, visitor, account
):
    repairs, sales = make_group(account), make_group(account)
    browser.say("For sales only", group=sales.key)
    hidden = browser.conversation
    conversations.resolve_conversation(
        conversation_id=hidden.pk, agent=owner_of(account)
    )
    shared = make_conversation(account, visitor=visitor)
    conversations.resolve_conversation(
        conversation_id=shared.pk, agent=owner_of(account)
    )
    agent = make_agent(account, groups=(repairs,))

    conversation = start(visitor, agent)

    assert conversation not in (hidden, shared)
    assert texts_of(hidden) == ["For sales only"]


@db
def test_blocked_visitor_is_left_alone(visitor, anna, account):
    Block.objects.create(account=account, visitor=visitor)

    response = signed_in(anna).post(address(visitor), form(), headers=HTMX)

    assert response.status_code == 422
    assert "This visitor is blocked." in response.content.decode()
    assert not Conversation.objects.exists()


@db
def test_block_that_has_ended_does_not_count(visitor, anna, account):
    past = timezone.now() - timedelta(minutes=1)
    Block.objects.create(account=account, visitor=visitor, ends_at=past)

    assert start(visitor, anna).is_open


@db
@pytest.mark.parametrize("page", [True, False], ids=["page view", "sign of life"])
def test_blocked_visitor_is_heard_of_no_more(browser, visitor, account, page):
    report(browser, [MILL])
    Block.objects.create(account=account, visitor=visitor)
    blocks.forget(account.pk)

    response = report(browser, [MILL]) if page else beat(browser)

    assert response.status_code == 403
    assert response.json()["error"]["code"] == "blocked"
    assert Visit.objects.get().page_count == 1


@db
def test_visitor_at_a_blocked_address_is_left_alone(browser, visitor, anna, account):
    report(browser, [MILL])
    Block.objects.create(account=account, network="127.0.0.0/8")

    with pytest.raises(ConversationError, match="blocked"):
        start(visitor, anna)


@db
def test_erased_visitor_gives_no_sign_of_life(browser, visitor):
    report(browser, [MILL])
    browsers.forget(browser.session.token_hash)
    visitor.delete()

    assert beat(browser).status_code == 401


@db
def test_visitor_without_a_browser_cannot_be_reached(anna, account):
    with pytest.raises(ConversationError, match="cannot be reached"):
        start(make_visitor(account), anna)


@db
def test_revoked_browser_is_not_written_to(browser, visitor, anna):
    services.revoke_session(session=browser.session)

    with pytest.raises(ConversationError, match="cannot be reached"):
        start(visitor, anna)


@db
def test_the_browser_that_shows_the_page_gets_it(browser, visitor, anna):
    """Of two browsers of one profile, the one that was seen last."""
    other, _token = services.open_session(channel=browser.channel, language="en")
    Visitor.objects.filter(pk=other.visitor_id).update(merged_into=visitor)
    report(browser, [MILL])

    conversation = start(visitor, anna)

    other.refresh_from_db()
    assert (browser.conversation, other.conversation) == (conversation, None)
    assert Visit.objects.get().visitor == visitor


@db
def test_strangers_and_foreign_accounts_get_404(client, browser, visitor, account):
    sales = make_group(account)
    limited = make_agent(account, groups=(make_group(account),))
    stranger = owner_of(make_account())
    make_conversation(account, visitor=visitor, group=sales)

    for agent in (stranger, limited):
        assert signed_in(agent).get(address(visitor)).status_code == 404
        assert signed_in(agent).post(address(visitor), form()).status_code == 404
    assert client.get(address(visitor)).status_code == 302
    assert client.post(address(visitor), form()).status_code == 302
    assert signed_in(owner_of(account)).delete(address(visitor)).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_two_agents_at_once_start_one_conversation(client):
    account = make_account()
    browser = open_browser(client, make_channel(account))
    visitor = browser.session.visitor
    agents = [make_agent(account, name=name) for name in ("Anna", "Ben")]
    begin = threading.Barrier(2)
    outcomes = []

    def race(agent):
        begin.wait()
        try:
            outcomes.append(start(visitor, agent, f"From {agent.name}"))
        except starting.AlreadyRunning as error:
            outcomes.append([person.name for person in error.conversation.people])
        finally:
            connection.close()

    threads = [threading.Thread(target=race, args=(agent,)) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [conversation] = Conversation.objects.all()
    [winner] = conversation.assignees.all()
    assert texts_of(conversation) == [f"From {winner.name}"]
    assert conversation in outcomes
    assert [winner.name] in outcomes


@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_of_a_start_that_failed(client, monkeypatch):
    account = make_account()
    browser = open_browser(client, make_channel(account))

    def die(**fields):
        raise KeyboardInterrupt

    monkeypatch.setattr("conversations.services.post_agent_message", die)

    with pytest.raises(KeyboardInterrupt):
        start(browser.session.visitor, owner_of(account))

    assert not Conversation.objects.exists()
    assert browser.conversation is None
