"""Writing canned replies: who may, and what is stored."""

import pytest

from conversations import services
from conversations.exceptions import AttachmentError, ConversationError, NotAllowed
from conversations.models import CannedReply, CannedReplyFile, DoomedFile
from conversations.services import canned_replies
from supportdesk.accounts.models import Role
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira(account):
    return factories.make_agent(account, "Mira Sahin")


def save(agent, shortcut="thanks", text="Thank you!", **fields):
    return services.save_canned_reply(
        agent=agent, shortcut=shortcut, text=text, **fields
    )


def stored(reply):
    reply.refresh_from_db()
    return (reply.agent, reply.shortcut, reply.title, reply.text)


def test_own_and_shared_are_seen_by_whom_they_are_for(account, anna, mira):
    own = save(mira)
    shared = save(anna, is_shared=True)
    save(anna)
    stranger = factories.make_agent(factories.make_account("Other"), role=Role.FULL)

    seen = CannedReply.objects.visible_to(mira)

    assert set(seen) == {own, shared}
    assert not CannedReply.objects.visible_to(stranger).exists()


@pytest.mark.parametrize("shared", [True, False])
def test_shared_ones_need_full_access(anna, mira, shared):
    reply = save(anna, is_shared=True) if shared else save(mira)

    with pytest.raises(NotAllowed):
        save(mira, "other", "Changed", reply=reply, is_shared=True)
    with pytest.raises(NotAllowed):
        save(mira, "new", "New", is_shared=True)

    assert stored(reply) == (None if shared else mira, "thanks", "", "Thank you!")
    assert CannedReply.objects.count() == 1


def test_shared_one_is_neither_taken_nor_deleted_without_full_access(anna, mira):
    reply = save(anna, is_shared=True)

    with pytest.raises(NotAllowed):
        save(mira, "mine", "Mine now", reply=reply)
    with pytest.raises(NotAllowed):
        services.delete_canned_reply(agent=mira, reply=reply)

    assert stored(reply) == (None, "thanks", "", "Thank you!")


def test_what_one_does_not_see_does_not_exist(account, anna, mira):
    stranger = factories.make_agent(factories.make_account("Other"), role=Role.FULL)
    replies = [save(mira), save(stranger, is_shared=True)]

    for reply in replies:
        with pytest.raises(CannedReply.DoesNotExist):
            save(anna, "stolen", "Stolen", reply=reply)
        with pytest.raises(CannedReply.DoesNotExist):
            services.delete_canned_reply(agent=anna, reply=reply)
        services.count_canned_reply_use(agent=anna, reply=reply)

    assert [stored(reply)[3] for reply in replies] == ["Thank you!"] * 2
    assert [reply.use_count for reply in replies] == [0, 0]


def test_text_is_cleaned_and_card_numbers_are_hidden(mira):
    reply = save(
        mira,
        title="  Card\u202e 4111 1111\n1111 1111  ",
        text="Yours: 4111-1111-1111-1111\r\n\x07Regards\u2066 ",
    )

    assert stored(reply)[2:] == (
        "Card [card ····1111]",
        "Yours: [card ····1111]\nRegards",
    )


@pytest.mark.parametrize(
    ("typed", "shortcut"),
    [
        ("/thanks", "thanks"),
        (" Grüße-2.b_c ", "Grüße-2.b_c"),
        ("Gru\u0308n", "Grün"),
        ("x" * 40, "x" * 40),
    ],
)
def test_shortcut_is_one_word(mira, typed, shortcut):
    assert save(mira, typed).shortcut == shortcut


@pytest.mark.parametrize(
    "typed",
    [
        *("", "/", " ", "two words", "a/b", "//a", "a\nb", "<b>", "{a}", "x" * 41),
        "4111111111111111",
    ],
)
def test_other_shortcuts_are_refused(mira, typed):
    with pytest.raises(canned_replies.ShortcutError):
        save(mira, typed)

    assert not CannedReply.objects.exists()


@pytest.mark.parametrize("text", ["", " \n ", "\u202e", "x" * 10_001])
def test_text_that_cannot_be_is_refused(mira, text):
    with pytest.raises(ConversationError):
        save(mira, text=text)

    assert not CannedReply.objects.exists()


def test_longest_text_is_stored_whole(mira):
    assert len(save(mira, text="ä" * 10_000).text) == 10_000


def test_shortcut_is_taken_once_per_owner(anna, mira):
    save(mira, "Thanks")
    save(anna, "thanks")
    save(anna, "THANKS", is_shared=True)
    other = save(mira, "other")

    with pytest.raises(canned_replies.ShortcutError):
        save(mira, "tHANKS")
    with pytest.raises(canned_replies.ShortcutError):
        save(mira, "THANKS", reply=other)

    assert CannedReply.objects.count() == 4


def test_it_may_keep_its_shortcut_and_change_its_letters(mira):
    reply = save(mira)

    save(mira, "Thanks", "Many thanks!", reply=reply)

    assert stored(reply) == (mira, "Thanks", "", "Many thanks!")


def test_own_becomes_shared_and_own_again(anna):
    reply = save(anna)

    save(anna, reply=reply, is_shared=True)
    assert stored(reply)[0] is None
    save(anna, reply=reply)

    assert stored(reply)[0] == anna


def test_there_is_an_end_to_their_number(anna, mira, monkeypatch):
    monkeypatch.setattr(canned_replies, "MAX_OWN", 2)
    monkeypatch.setattr(canned_replies, "MAX_SHARED", 1)
    own = [save(anna, "a"), save(anna, "b")]
    shared = save(anna, "c", is_shared=True)

    with pytest.raises(ConversationError, match="at most 2"):
        save(anna, "d")
    with pytest.raises(ConversationError, match="at most 1"):
        save(anna, "d", is_shared=True)
    with pytest.raises(ConversationError, match="at most 1"):
        save(anna, "a", reply=own[0], is_shared=True)
    with pytest.raises(ConversationError, match="at most 2"):
        save(anna, "c", reply=shared)

    save(anna, "a", "Changed", reply=own[0])
    save(mira, "a")
    assert CannedReply.objects.count() == 4


def test_use_is_counted_and_orders_the_list(anna, mira):
    shared = save(anna, "aa", is_shared=True)
    often = save(mira, "zz")
    seldom = save(mira, "bb")
    begins = save(anna, "thanks", is_shared=True)

    for _time in range(2):
        services.count_canned_reply_use(agent=mira, reply=often)
    services.count_canned_reply_use(agent=mira, reply=shared)

    replies = CannedReply.objects.visible_to(mira)
    assert list(replies.best_first()) == [often, seldom, shared, begins]
    assert list(replies.best_first("TH")) == [begins, often, seldom, shared]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", {"ship", "back"}),
        ("SHI", {"ship"}),
        ("parcel", {"ship", "back"}),
        ("parcel way", {"ship"}),
        ("returns", {"back"}),
        ("%", set()),
        ("_", set()),
        ("x') OR 1=1--", set()),
        ("\\", set()),
    ],
)
def test_they_are_found_by_every_word(mira, words, found):
    save(mira, "ship", "Your parcel is on its way", title="Shipping")
    save(mira, "back", "Send the parcel back", title="Returns")

    replies = CannedReply.objects.visible_to(mira).matching(words).best_first(words)

    assert {reply.shortcut for reply in replies} == found


# Files


def test_files_are_kept_and_removed_by_way_of_the_list(mira, upload):
    reply = save(mira, uploads=[upload("a.png"), upload("b.png")])
    first, second = reply.files.all()

    save(mira, reply=reply, removed=[first.public_id], uploads=[upload("c.png")])

    assert [file.name for file in reply.files.all()] == ["b.png", "c.png"]
    assert [doomed.path for doomed in DoomedFile.objects.all()] == [first.file.name]
    assert services.delete_files() == 0
    assert not first.file.storage.exists(first.file.name)
    assert second.file.storage.exists(second.file.name)


def test_another_replys_files_are_not_removed_with_it(anna, mira, upload):
    foreign = save(anna, uploads=[upload()]).files.get()
    reply = save(mira)

    save(mira, reply=reply, removed=[foreign.public_id])

    assert CannedReplyFile.objects.get() == foreign


def test_there_is_an_end_to_the_number_of_files(mira, upload):
    reply = save(mira, uploads=[upload() for _number in range(10)])

    with pytest.raises(AttachmentError):
        save(mira, "more", "More", reply=reply, uploads=[upload()])

    assert stored(reply)[1] == "thanks"
    assert reply.files.count() == 10


def test_deleted_with_its_files(mira, upload):
    reply = save(mira, uploads=[upload(), upload()])
    paths = {file.file.name for file in reply.files.all()}

    services.delete_canned_reply(agent=mira, reply=reply)

    assert not CannedReply.objects.exists()
    assert {doomed.path for doomed in DoomedFile.objects.all()} == paths


def test_message_gets_copies_that_outlive_the_reply(account, mira, upload, picture):
    reply = save(mira, uploads=[upload("hopper.png")])
    file = reply.files.get()
    conversation = factories.make_conversation(account)

    with services.open_canned_files(agent=mira, public_ids=[file.public_id]) as copies:
        message = factories.agent_writes(conversation, mira, uploads=copies)
    services.delete_canned_reply(agent=mira, reply=reply)
    services.delete_files()

    attachment = message.attachments.get()
    assert attachment.file.name != file.file.name
    assert (attachment.name, attachment.content_type) == ("hopper.png", "image/png")
    assert (attachment.width, attachment.height) == (48, 29)
    with attachment.file.open("rb") as content:
        assert content.read() == picture


def test_files_of_others_cannot_be_sent(anna, mira, upload):
    stranger = factories.make_agent(factories.make_account("Other"), role=Role.FULL)
    own = save(anna, uploads=[upload()]).files.get()
    foreign = save(stranger, is_shared=True, uploads=[upload()]).files.get()

    for file in (own, foreign):
        opened = services.open_canned_files(agent=mira, public_ids=[file.public_id])
        with pytest.raises(AttachmentError), opened:
            pass


def test_file_that_vanished_from_the_storage_says_so(mira, upload):
    file = save(mira, uploads=[upload()]).files.get()
    file.file.storage.delete(file.file.name)

    opened = services.open_canned_files(agent=mira, public_ids=[file.public_id])
    with pytest.raises(AttachmentError), opened:
        pass
