"""Saved views: kept searches, whose they are, and how many each holds."""

import re

import pytest
from django.db import connection
from django.urls import reverse

from conversations import inbox, services, view_counts
from conversations.exceptions import ConversationError, NotAllowed
from conversations.models import Conversation, SavedView
from conversations.services import saved_views
from supportdesk.accounts.models import Role
from tests import factories
from tests.conversations.desk import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def jonas(account):
    return factories.make_agent(account, "Jonas Adler")


def save(agent, name="Complaints", query="status=resolved&rating=1", **more):
    return services.save_view(agent=agent, name=name, query=query, **more)


def names(agent):
    text = signed_in(agent).get("/").text
    return re.findall(r'data-view-query="[^"]*"[^>]*><span dir="auto">([^<]*)<', text)


def counted(agent):
    text = signed_in(agent).get(reverse("conversations:view_counts")).text
    found = re.findall(r'id="view-count-(\d+)" hx-swap-oob="true">([^<]*)<', text)
    return {int(pk): number for pk, number in found}


def post(agent, to, pk=None, /, **data):
    args = [pk] if pk else []
    return signed_in(agent).post(reverse(f"conversations:{to}", args=args), data)


# Keeping


def test_view_is_kept_as_the_list_understands_it(anna):
    sent = (
        "?rating=1&rating=9&evil=1&after=-_1_1&panel=1&status=resolved&since=2025-02-30"
    )

    view = save(anna, "  Bad\n ratings ", sent)

    assert (view.name, view.query) == ("Bad ratings", "status=resolved&rating=1")
    assert view.agent == anna
    assert not view.is_shared


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("", "rating=1"),
        (" \x00\u202e ", "rating=1"),
        ("Name", ""),
        ("Name", "status=resolved"),
        ("Name", "evil=1&rating=7"),
        ("Name", "rating=1&url=" + "%C3%BC" * 200 + "&q=" + "%F0%9F%98%80" * 100),
    ],
)
def test_nonsense_is_not_kept(anna, name, query):
    with pytest.raises(ConversationError):
        save(anna, name, query)

    assert not SavedView.objects.exists()


def test_what_is_sent_is_read_only_so_far(anna):
    with pytest.raises(ConversationError):
        save(anna, query="x=" + "y" * 20_000 + "&rating=1")


def test_card_numbers_are_hidden_in_names(anna):
    assert "4111" not in save(anna, "4111 1111 1111 1111").name


def test_card_numbers_are_hidden_in_searches(anna):
    assert "4111" not in save(anna, query="q=4111+1111+1111+1111").query


def test_number_of_views_is_limited(anna, jonas, monkeypatch):
    monkeypatch.setattr(saved_views, "MAX_OWN", 2)
    monkeypatch.setattr(saved_views, "MAX_SHARED", 1)
    save(anna)
    save(anna)
    save(anna, is_shared=True)

    with pytest.raises(ConversationError):
        save(anna)
    with pytest.raises(ConversationError):
        save(anna, is_shared=True)
    assert save(jonas)


def test_only_full_access_shares_renames_and_deletes_shared_ones(anna, jonas):
    view = save(anna, is_shared=True)

    with pytest.raises(NotAllowed):
        save(jonas, is_shared=True)
    with pytest.raises(NotAllowed):
        services.rename_view(agent=jonas, view=view, name="Mine")
    with pytest.raises(NotAllowed):
        services.delete_view(agent=jonas, view=view)
    colleague = factories.make_agent(anna.account, "Mira Sahin", Role.FULL)
    assert services.rename_view(agent=colleague, view=view, name="Ours").name == "Ours"
    services.delete_view(agent=colleague, view=view)
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("stranger", ["colleague", "elsewhere"])
def test_views_of_others_do_not_exist(anna, account, stranger):
    of = account if stranger == "colleague" else factories.make_account()
    other = factories.make_agent(of, "Mira Sahin", Role.FULL)
    view = save(anna)

    with pytest.raises(SavedView.DoesNotExist):
        services.rename_view(agent=other, view=view, name="x")
    with pytest.raises(SavedView.DoesNotExist):
        services.delete_view(agent=other, view=view)
    assert post(other, "view_rename", view.pk, name="x").status_code == 404
    assert post(other, "view_delete", view.pk).status_code == 404
    assert names(other) == []
    assert counted(other) == {}
    assert SavedView.objects.get().name == "Complaints"


# In the page


def test_own_and_shared_views_stand_in_the_sidebar(anna, jonas):
    save(anna, "Zebra")
    save(anna, "shared", is_shared=True)
    save(jonas, "his")
    save(anna, "<b>Alpha")

    assert names(anna) == ["&lt;b&gt;Alpha", "Zebra", "shared"]
    assert names(jonas) == ["his", "shared"]


def test_views_are_kept_renamed_and_deleted_by_plain_forms(anna):
    here = "status=resolved&rating=1"
    client = signed_in(anna)
    assert "Save view" in client.get(f"/?{here}").text

    saved = post(anna, "view_create", name="Bad", shared="1", next_query=here)

    assert saved.url == f"/?{here}"
    view = SavedView.objects.get()
    assert (view.name, view.query, view.is_shared) == ("Bad", here, True)
    text = client.get(f"/?{here}").text
    assert "Save view" not in text
    assert "Delete for everybody" in text
    post(anna, "view_rename", view.pk, name="Worse", next_query=here)
    assert names(anna) == ["Worse"]
    post(anna, "view_delete", view.pk, next_query=here)
    assert names(anna) == []


def test_refusals_are_said_on_the_list(anna, jonas):
    view = save(anna, is_shared=True)
    client = signed_in(jonas)

    refused = client.post(
        reverse("conversations:view_delete", args=[view.pk]),
        {"next_query": view.query},
        follow=True,
    )

    assert "Only agents with full access can change shared views." in refused.text
    assert 'id="view-menu"' not in refused.text
    forged = {"name": "x", "shared": "1", "next_query": "rating=1"}
    client.post(reverse("conversations:view_create"), forged)
    assert SavedView.objects.count() == 1


def test_views_are_written_by_post_only(anna):
    view = save(anna)
    client = signed_in(anna)

    for name, args in (("view_create", []), ("view_delete", [view.pk])):
        address = reverse(f"conversations:{name}", args=args)
        assert client.get(address).status_code == 405


@pytest.mark.parametrize("number", [1, 3])
def test_views_cost_the_page_nothing(anna, number, django_assert_num_queries):
    for index in range(number):
        save(anna, f"view {index}")
    client = signed_in(anna)
    client.get("/")

    # Four of them limit the time of the search, within the test's transaction.
    with django_assert_num_queries(9):
        client.get("/?rating=1")


# Counts


def test_counts_are_what_the_viewer_sees(account, anna, jonas):
    group = factories.make_group(account)
    own = factories.make_group(account, "Own")
    jonas.groups.add(own)
    channel = factories.make_channel(account)
    for row_group in (group, own):
        factories.make_conversation(channel=channel, group=row_group)
    factories.make_conversation(factories.make_account())
    Conversation.objects.update(rating=1)
    view = save(anna, query="rating=1", is_shared=True)

    assert counted(anna) == {view.pk: "2"}
    assert counted(jonas) == {view.pk: "1"}


def test_ids_of_another_account_count_nothing(anna):
    stranger = factories.make_account()
    group = factories.make_group(stranger)
    factories.make_conversation(stranger, group=group)

    view = save(anna, query=f"group={group.pk}")

    assert counted(anna) == {view.pk: "0"}


def test_counts_end_somewhere(account, anna, monkeypatch):
    monkeypatch.setattr(view_counts, "MAX_COUNT", 1)
    channel = factories.make_channel(account)
    for _ in range(2):
        factories.make_conversation(channel=channel)
    view = save(anna, query="channel=website")

    assert counted(anna) == {view.pk: "1+"}


def begin_on(account, *pages):
    channel = factories.make_channel(account)
    for page in pages:
        services.start_conversation(
            visitor=factories.make_visitor(account),
            channel=channel,
            data={"url": f"https://shop.example.com/{page}/"},
        )


def test_views_of_a_page_are_counted(account, anna):
    begin_on(account, "service", "service", "mills")
    view = save(anna, query="url=/service/")
    nowhere = save(anna, "b", "url=/nowhere/")

    assert counted(anna) == {view.pk: "2", nowhere.pk: "0"}


def test_views_of_a_page_count_the_latest_only(account, anna, monkeypatch):
    monkeypatch.setattr(inbox, "MAX_LOOKED_AT", 2)
    begin_on(account, "rare", "mills", "service")
    view = save(anna, query="url=/service/")
    save(anna, "b", "url=/rare/")

    assert counted(anna) == {view.pk: "1+"}


def test_a_count_that_takes_too_long_is_left_out(anna, monkeypatch):
    slow, quick = save(anna, "a", "rating=1"), save(anna, "b", "rating=5")
    original = view_counts.count_found

    def count(agent, query, **more):
        if query.rating == (1,):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(5)")
        return original(agent, query, **more)

    monkeypatch.setattr(view_counts, "TIME_EACH", 30)
    monkeypatch.setattr(view_counts, "count_found", count)

    assert view_counts.counts_of(anna, [slow, quick]) == {quick.pk: "0"}
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_a_view_that_nothing_understands_spoils_no_other_count(anna, monkeypatch):
    broken, whole = save(anna, "a", "rating=1"), save(anna, "b", "rating=5")
    original = view_counts.count_found

    def count(agent, query, **more):
        if query.rating == (1,):
            with connection.cursor() as cursor:
                cursor.execute("SELECT 'fe80::1%eth0'::inet")
        return original(agent, query, **more)

    monkeypatch.setattr(view_counts, "count_found", count)

    assert counted(anna) == {whole.pk: "0"}
    assert broken.pk not in counted(anna)


def test_without_time_nothing_is_counted(anna, monkeypatch):
    monkeypatch.setattr(view_counts, "TIME_ALL", 0)

    assert view_counts.counts_of(anna, [save(anna)]) == {}
