import tempfile
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, Sum
from django.test import override_settings
from django.utils import timezone

from channels_integration.website.config import WebsiteConfig
from conversations import services as conversations
from conversations.access import can_resolve
from conversations.counts import breakdown, counts_for
from conversations.groups import scope_of
from conversations.models import (
    Attachment,
    CannedReply,
    CannedReplyFile,
    Channel,
    Conversation,
    ConversationRead,
    Figure,
    FigureCursor,
    Message,
)
from conversations.placeholders import unknown_placeholders
from notifications import services as notifications
from notifications.models import Notification
from supportdesk.accounts import presence
from supportdesk.accounts.models import Account, AgentGroup, User
from supportdesk.demo import seeding
from supportdesk.demo.stories import BICYCLES, MILLS
from tests import factories
from visitors import live
from visitors.models import PageView, Visit, Visitor

pytestmark = pytest.mark.django_db

MODELS = (
    Account,
    AgentGroup,
    Attachment,
    CannedReply,
    CannedReplyFile,
    Channel,
    Conversation,
    ConversationRead,
    Message,
    PageView,
    User,
    Visit,
    Visitor,
)


def seed(*arguments):
    out = StringIO()
    call_command("seed_demo", *arguments, stdout=out)
    return out.getvalue()


def everything():
    return {model: list(model.objects.order_by("pk").values()) for model in MODELS}


def keys_besides(conversation):
    others = Conversation.objects.exclude(pk=conversation.pk)
    return set(others.values_list("pk", flat=True))


def demo_agent(email="owner@example.com"):
    return User.objects.get(email=email)


@pytest.fixture(scope="module")
def committed(django_db_setup, django_db_blocker):
    """The demo, seeded once for this module; tests change it in transactions."""
    with django_db_blocker.unblock():
        assert not Account.objects.exists()
        said = seed()
    yield said
    with django_db_blocker.unblock():
        for account in Account.objects.all():
            seeding.delete_shop(account)
        FigureCursor.objects.all().delete()


@pytest.fixture
def demo(committed, db):
    return Account.objects.get(channels__public_key="demo-shop")


# The command


def test_reports_show_the_demo_at_once(demo):
    begun = Figure.objects.filter(
        account=demo,
        what=Figure.What.BEGUN,
        grain="d",
        agent_key=0,
        tag_key=0,
        channel_kind=Figure.ALL_CHANNELS,
        group_key=Figure.ALL_GROUPS,
    )

    # Whatever else the server is busy with is waited for, and ends.
    deadline = time.monotonic() + 60
    while not begun.exists() and time.monotonic() < deadline:
        conversations.count_new_messages()
        time.sleep(0.1)

    counted = begun.aggregate(total=Sum("count"))["total"]
    assert counted == Conversation.objects.filter(account=demo).count()


def test_first_run_says_what_it_built(committed):
    assert committed == (
        "Moor & Mühle: built, 40 conversations; sign in as owner@example.com, "
        "password demo-desk.\n"
        "Nordlicht Fahrräder: built, 3 conversations; sign in as "
        "owner@nordlicht.example.org, password demo-desk.\n"
    )


@pytest.mark.parametrize("arguments", [[], ["--reset"]])
def test_production_is_refused(demo, settings, arguments):
    settings.DEVELOPMENT = False
    before = everything()

    with pytest.raises(CommandError, match="production"):
        seed(*arguments)

    assert everything() == before


def test_second_run_changes_nothing_and_says_so(demo):
    before = everything()

    said = seed()

    assert said.count("already there, nothing changed") == 2
    assert everything() == before


def test_reset_rebuilds_the_demo_and_touches_no_other_account(
    demo, django_capture_on_commit_callbacks
):
    stranger = factories.make_conversation(factories.make_account("Stranger"))
    old_files = [attachment.file.name for attachment in Attachment.objects.all()]
    old_keys = keys_besides(stranger)
    assert all(default_storage.exists(name) for name in old_files)

    with django_capture_on_commit_callbacks() as callbacks:
        said = seed("--reset")

    assert "built, 40 conversations" in said
    assert not Account.objects.filter(pk=demo.pk).exists()
    kept = Conversation.objects.get(pk=stranger.pk)
    assert kept.messages.count() == stranger.messages.count() > 0
    new_keys = keys_besides(stranger)
    assert len(new_keys) == 43
    assert not new_keys & old_keys
    # The files of the old rows go once that is certain; of this test it never is.
    assert len(callbacks) == 2
    assert len(old_files) == Attachment.objects.count() == 4


def test_deleted_demo_takes_its_files_along(demo, django_capture_on_commit_callbacks):
    with (
        tempfile.TemporaryDirectory() as directory,
        override_settings(MEDIA_ROOT=directory),
    ):
        upload = conversations.check_upload(SimpleUploadedFile("a.txt", b"a"))
        conversation = factories.make_conversation(factories.make_account())
        factories.visitor_writes(conversation, uploads=[upload])
        conversations.save_canned_reply(
            agent=factories.owner_of(conversation.account),
            shortcut="a",
            text="A",
            uploads=[conversations.check_upload(SimpleUploadedFile("b.txt", b"b"))],
        )
        names = [
            Attachment.objects.latest("pk").file.name,
            CannedReplyFile.objects.latest("pk").file.name,
        ]
        assert all(default_storage.exists(name) for name in names)

        with django_capture_on_commit_callbacks(execute=True):
            seeding.delete_shop(conversation.account)

        assert not any(default_storage.exists(name) for name in names)


def test_only_what_is_missing_is_built(demo):
    seeding.delete_shop(Account.objects.get(channels__public_key="demo-nordlicht"))

    said = seed()

    assert said.startswith("Moor & Mühle: already there")
    assert "Nordlicht Fahrräder: built, 3 conversations" in said
    assert Account.objects.filter(pk=demo.pk).exists()


def test_renamed_demo_is_still_found(demo):
    Account.objects.filter(pk=demo.pk).update(name="Mine now")

    assert seed().count("already there") == 2
    assert Account.objects.count() == 2


def test_address_in_use_elsewhere_is_refused_and_nothing_changes(demo):
    elsewhere = factories.make_account()
    User.objects.filter(email="full@example.com").update(account=elsewhere)
    before = everything()

    with pytest.raises(CommandError, match=r"^full@example\.com: in use outside"):
        seed("--reset")

    assert everything() == before


def test_nobody_is_told(demo, django_capture_on_commit_callbacks):
    seeding.delete_shop(Account.objects.get(channels__public_key="demo-nordlicht"))

    with django_capture_on_commit_callbacks() as callbacks:
        visitor = factories.make_visitor(demo, name="Somebody")
        before = len(connection.run_on_commit)
        seed()
        assert Message.objects.filter(conversation__account__name=BICYCLES.name)
        assert len(connection.run_on_commit) == before

    # What happened beside it in the same transaction still is.
    assert visitor.name == "Somebody"
    assert len(callbacks) == 1


def test_lookout_takes_its_stories_for_history_and_what_follows_for_news(
    demo, monkeypatch
):
    monkeypatch.setattr(presence, "is_settled", lambda: True)
    waiting = Conversation.objects.filter(account=demo, waiting_since__isnull=False)
    conversation = waiting.latest("last_activity_at")
    assert timezone.now() - conversation.last_activity_at < timedelta(minutes=5)

    notifications.look_out()
    notifications.look_out(now=timezone.now() + timedelta(minutes=10))
    assert not Notification.objects.exists()

    conversations.post_visitor_message(
        conversation_id=conversation.pk,
        channel=conversation.channel,
        text="Still there?",
    )
    notifications.look_out()
    notifications.look_out(now=timezone.now() + timedelta(minutes=10))
    told = Notification.objects.filter(conversation=conversation, kind="offline")
    assert told.exists()
    assert set(told.values_list("burst__visitor_messages", flat=True)) == {
        conversation.visitor_message_count + 1
    }


# The people


@pytest.mark.parametrize(
    ("email", "role", "language"),
    [
        ("owner@example.com", "owner", "en"),
        ("full@example.com", "full", "en"),
        ("agent@example.com", "agent", "de"),
        ("piet.vandongen@example.com", "agent", "de"),
        ("owner@nordlicht.example.org", "owner", "de"),
    ],
)
def test_demo_agents_can_sign_in(demo, rf, email, role, language):
    agent = authenticate(rf.post("/"), email=email, password="demo-desk")

    assert agent is not None
    assert (agent.role, agent.language) == (role, language)


def test_limited_agent_sees_own_group_and_may_not_resolve_all(demo):
    mira = demo_agent("agent@example.com")
    visible = Conversation.objects.visible_to(mira)

    assert [group.key for group in mira.groups.all()] == ["orders"]
    foreign = visible.filter(group__key="repairs").distinct()
    assert all(mira in conversation.assignees.all() for conversation in foreign)
    assert 0 < visible.count() < 40
    resolvable = {can_resolve(mira, row) for row in visible.open().with_row()}
    assert resolvable == {True, False}


def test_accounts_do_not_see_each_other(demo):
    anna, wiebke = demo_agent(), demo_agent("owner@nordlicht.example.org")
    mills = set(Conversation.objects.visible_to(anna).values_list("pk", flat=True))
    bicycles = set(Conversation.objects.visible_to(wiebke).values_list("pk", flat=True))

    assert (len(mills), len(bicycles)) == (40, 3)
    assert not mills & bicycles
    for message in Message.objects.exclude(agent=None).select_related(
        "agent", "conversation"
    ):
        assert message.agent.account_id == message.conversation.account_id


def test_website_belongs_to_the_demo_page(demo):
    channel = Channel.objects.get(public_key="demo-shop")
    config = WebsiteConfig.parse(channel.config)

    assert (channel.account, channel.kind) == (demo, "website")
    assert config.color == "#a8481f"
    assert {"localhost", "127.0.0.1"} < set(config.allowed_domains)
    assert config.texts_for("de") == {"title": "Moor & Mühle"}


# The conversations


def test_every_state_has_something_to_show(demo):
    anna = demo_agent()
    rows = Conversation.objects.visible_to(anna)
    counts = counts_for(scope_of(anna), breakdown(demo.pk))

    assert counts.as_dict() | {"groups": {}, "agents": {}} == {
        "all": 15,
        "mine": 4,
        "unassigned": 5,
        "others": 6,
        "missed": 2,
        "snoozed": 0,
        "groups": {},
        "agents": {},
    }
    assert rows.resolved().count() == 25
    ratings = rows.values_list("rating", flat=True)
    assert {1, 3, 5, None} == set(ratings)
    assert rows.exclude(rating_comment="").count() >= 10
    assert rows.filter(waiting_since__isnull=False).count() >= 10
    assert {"de", "en"} == set(rows.values_list("language", flat=True))
    events = set(Message.objects.exclude(event="").values_list("event", flat=True))
    assert events == {
        "started",
        "joined",
        "left",
        "assigned",
        "group_changed",
        "resolved",
        "reopened",
        "rated",
        "tagged",
        "offline",
        "missed",
    }
    mentions = Message.objects.filter(kind="note", data__mentions__0__isnull=False)
    assert mentions.count() >= 8
    for event in ("offline", "missed"):
        noted = rows.open().filter(messages__event=event)
        assert set(noted.values_list("language", flat=True)) == {"de", "en"}
    for conversation in rows.missed():
        *_before, wrote, noticed = conversation.messages.order_by("seq")
        assert wrote.created_at < conversation.missed_at < noticed.created_at
        seen_at = conversation.visitor_seen_at
        assert seen_at is None or seen_at < conversation.missed_at
    katharina = rows.filter(visitor__name="Katharina Vogt")
    assert katharina.count() == 4
    assert katharina.open().count() == 1


@pytest.mark.parametrize(
    "email", ["owner@example.com", "full@example.com", "agent@example.com"]
)
def test_demo_agents_have_read_and_unread(demo, email):
    agent = demo_agent(email)
    rows = Conversation.objects.visible_to(agent).open().with_unread(agent)

    assert rows.filter(unread__gt=0).exists()
    assert rows.filter(unread=0).exists()
    resolved = Conversation.objects.visible_to(agent).resolved().with_unread(agent)
    assert not resolved.filter(unread__gt=0).exists()


def test_card_numbers_are_hidden(demo):
    hidden = Message.objects.filter(hidden_cards=1)

    assert sorted(hidden.values_list("conversation__visitor__name", flat=True)) == [
        "Katharina Vogt",
        "Priya Raman",
        "Sofia Lindqvist",
    ]
    assert "[card ····1111]" in hidden.get(conversation__group__key="repairs").text
    for digits in ("4111", "0000 0000", "0000-0000", "822463"):
        assert not Message.objects.filter(text__contains=digits).exists()
        assert not Conversation.objects.filter(preview__contains=digits).exists()


def test_attachments_are_real_files(demo):
    types = {file.name: file.content_type for file in Attachment.objects.all()}

    assert types == {
        "trichter-riss.png": "image/png",
        "parcel-front.png": "image/png",
        "Einbauanleitung-Trichter-Nordkorn.pdf": "application/pdf",
        "Preisliste-Wiederverkauf.pdf": "application/pdf",
    }
    for attachment in Attachment.objects.all():
        with attachment.file.open() as stored:
            assert len(stored.read()) == attachment.size > 1000
        assert attachment.is_image == attachment.name.endswith(".png")


def test_canned_replies_are_ready_to_be_used(demo):
    replies = CannedReply.objects.filter(account=demo)

    assert replies.count() == 12
    assert replies.filter(agent__isnull=True).count() == 9
    for reply in CannedReply.objects.all():
        assert unknown_placeholders(reply.text) == []
        assert reply.use_count > 0
    for file in CannedReplyFile.objects.all():
        with file.file.open() as stored:
            assert len(stored.read()) == file.size > 1000


# The times


def test_times_are_those_of_the_stories(demo):
    conversation = Conversation.objects.get
    # Each story ends so long before the moment of seeding.
    seeded_at = conversation(
        visitor__name="Katharina Vogt", status="open"
    ).last_activity_at + timedelta(minutes=1)
    assert timedelta(0) < timezone.now() - seeded_at < timedelta(minutes=15)

    graz = conversation(preview__startswith="Ist der ovale Gärkorb für 1")
    assert seeded_at - graz.last_activity_at == timedelta(minutes=2)
    assert seeded_at - graz.waiting_since == timedelta(minutes=3)
    thomas = conversation(visitor__name="Thomas Achterberg")
    local = thomas.last_activity_at.astimezone(demo.tz)
    assert (seeded_at.astimezone(demo.tz).date() - local.date()).days == 3
    assert (local.hour, local.minute) == (11, 20)
    oldest = Conversation.objects.earliest("created_at").created_at
    assert timedelta(days=60) < seeded_at - oldest < timedelta(days=63)
    assert demo.created_at < oldest


def test_times_agree_with_each_other(demo):
    now = timezone.now()
    for row in Conversation.objects.prefetch_related("messages", "visitor"):
        entries = sorted(row.messages.all(), key=lambda entry: entry.seq)
        times = [entry.created_at for entry in entries]
        written = [e.created_at for e in entries if e.kind == "message"]

        assert [entry.seq for entry in entries] == list(range(1, row.last_seq + 1))
        assert times == sorted(times)
        assert times[-1] < now
        assert row.created_at == times[0]
        assert row.last_activity_at == written[-1]
        assert (row.resolved_at is None) == row.is_open
        assert row.resolved_at in (None, *times)
        assert row.waiting_since in (None, *written)
        assert (row.waiting_since is None) == (row.preview_by_agent or not row.is_open)
        assert row.visitor.created_at <= times[0]
        assert row.visitor_seen_at in (None, *times)
        assert row.visitor.last_seen_at <= now


def test_assignments_are_as_old_as_their_events(demo):
    for row in Conversation.objects.filter(is_assigned=True):
        events = row.messages.filter(event__in=["joined", "assigned"])
        times = set(events.values_list("created_at", flat=True))

        assert set(row.assignment_set.values_list("created_at", flat=True)) <= times


def test_tags_are_used_and_as_old_as_their_events(demo):
    rows = Conversation.objects.filter(account=demo)
    tags = demo.tags.annotate(number=Count("taggings"))

    assert {tag.hue for tag in tags} == set(range(1, 9))
    assert min(tag.number for tag in tags) >= 1
    tagged = rows.exclude(tag_ids=[]).prefetch_related("taggings")
    assert set(tagged.values_list("language", flat=True)) == {"de", "en"}
    for row in tagged:
        lines = row.messages.filter(event="tagged")
        told = {line.data["tag_id"]: line.created_at for line in lines}
        stored = {each.tag_id: each.created_at for each in row.taggings.all()}
        assert stored == told
        assert row.tag_ids == sorted(told)


def test_every_conversation_has_a_visit_behind_it(demo):
    for row in Conversation.objects.filter(account=demo).select_related("visitor"):
        visit = row.visitor.visits.filter(
            started_at__lt=row.created_at, last_seen_at__gte=row.created_at
        ).first()

        assert visit is not None
        assert visit.page_count == visit.pages.count() == 2
        assert visit.device.system
        assert row.visitor.created_at <= visit.started_at


def test_some_are_on_the_website_now(client):
    seed("--reset")

    account = Account.objects.get(channels__public_key="demo-shop")
    client.force_login(demo_agent())
    rows = client.get("/visitors/").context["page"].rows
    assert [row.visit.pk for row in rows] == live.online(account.pk)
    assert len(rows) == len(MILLS.passers)
    assert sorted(row.visits for row in rows) == [1, 1, 1, 2, 3]
    assert {row.conversation for row in rows} == {None}
    assert all(row.page and row.visit.device.browser for row in rows)
    assert (
        client.get(f"/visitors/{rows[0].visitor.public_id}/start/").status_code == 200
    )
    for row in rows:
        assert row.visit.page_count == row.visit.pages.count()
        assert row.visitor.created_at <= row.visit.started_at


def test_all_addresses_are_invented():
    people = [*MILLS.team, *BICYCLES.team]
    people += [story.guest for shop in (MILLS, BICYCLES) for story in shop.stories]
    hosts = {person.email.rpartition("@")[2] for person in people if person.email}

    assert all(
        host.removeprefix("www.").split(".")[-2:]
        in (["example", "com"], ["example", "net"], ["example", "org"])
        for host in hosts
    )
