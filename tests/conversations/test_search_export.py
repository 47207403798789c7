"""The results of a search as CSV: asked for, written, interrupted, taken."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from conversations import file_jobs, services, tasks
from conversations.exceptions import NotAllowed
from conversations.exporting import results
from conversations.models import Conversation, DoomedFile, Export
from conversations.services import exporting
from supportdesk.accounts.models import Role, User
from tests import factories
from tests.conversations.desk import htmx, signed_in
from tests.conversations.test_joining_at_once import at_once
from visitors.models import Visitor

pytestmark = pytest.mark.django_db

LIST = reverse("conversations:exports")
START = reverse("conversations:export_start")


@pytest.fixture
def account():
    return factories.make_account(time_zone="Asia/Tokyo")


def request(agent, query="", now=None):
    return services.request_export(agent=agent, query=query, now=now or timezone.now())


def written(agent, query=""):
    export = request(agent, query)
    assert services.write_export(export_id=export.pk)
    export.refresh_from_db()
    return export


def rows(export):
    with default_storage.open(export.path) as file:
        text = file.read().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def names(export):
    return [row[3] for row in rows(export)[1:]]


def make(account, *names, **fields):
    return [
        factories.make_conversation(
            account, visitor=factories.make_visitor(account, name=name), **fields
        )
        for name in names
    ]


def file_of(export):
    return reverse("conversations:export_file", args=[export.public_id])


def discard_of(export):
    return reverse("conversations:export_discard", args=[export.public_id])


def interrupt(monkeypatch, at, act):
    """Do something after so many chunks of one row."""
    monkeypatch.setattr(results, "CHUNK", 1)
    plain = results.Results.rows
    seen = []

    def watched(self, agent, keys):
        seen.append(keys)
        if len(seen) == at:
            act()
        return plain(self, agent, keys)

    monkeypatch.setattr(results.Results, "rows", watched)


def test_file_holds_what_the_list_shows_in_its_order(account, anna):
    _ada, bea, _cem = make(account, "Ada", "Bea", "Cem")
    services.resolve_conversation(conversation_id=bea.pk, agent=anna)
    make(factories.make_account(), "Stranger")

    export = written(anna, "")

    assert names(export) == ["Cem", "Ada"]
    assert (export.state, export.total, export.row_count) == ("done", 2, 2)
    assert export.looked_at == 2
    assert export.size == default_storage.size(export.path)


def test_rows_say_what_is_known(account, anna):
    group = factories.make_group(account, "Repairs")
    visitor = factories.make_visitor(account, name="Lena", email="lena@example.com")
    conversation = factories.make_conversation(
        account, visitor=visitor, group=group, text="Card 4111 1111 1111 1111"
    )
    services.join_conversation(conversation_id=conversation.pk, agent=anna)
    services.resolve_conversation(conversation_id=conversation.pk, agent=anna)
    services.rate_conversation(
        conversation_id=conversation.pk, rating=5, comment="Fine"
    )
    moment = timezone.datetime.fromisoformat("2026-03-01T22:30:00+00:00")
    Conversation.objects.update(created_at=moment)

    head, row = rows(written(anna, "status=resolved"))

    found = dict(zip(head, row, strict=True))
    assert found["E-mail"] == "lena@example.com"
    assert found["Group"] == "Repairs"
    assert found["Assignees"] == "Anna Berger"
    assert (found["Rating"], found["Comment"]) == ("5", "Fine")
    assert found["Status"] == "Resolved"
    assert found["Created"] == "2026-03-02 07:30"
    assert found["Address"].endswith(f"/conversations/{conversation.public_id}/")
    assert "4111 1111" not in str(row)


@pytest.mark.parametrize("query", ["q=parcel", "channel=website", "url=mill"])
def test_the_search_counts(account, anna, query):
    hit, miss = make(account, "Hit"), make(account, "Miss", text="Nothing")
    if query == "channel=website":
        channel = miss[0].channel
        Conversation.objects.filter(pk=miss[0].pk).update(channel_kind="email")
        assert channel.kind == "website"
    factories.put_on_website(hit[0].visitor)
    services.update_documents(now=timezone.now())

    export = written(anna, query)

    assert names(export) == ["Hit"]


def test_limited_agent_gets_what_they_see(account):
    repairs, sales = (factories.make_group(account, name) for name in "RS")
    sam = factories.make_agent(account, "Sam", groups=(sales,))
    make(account, "Repair", group=repairs)
    make(account, "Sale", group=sales)

    assert names(written(sam)) == ["Sale"]
    assert names(written(sam, f"group={repairs.pk}")) == []


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|'/c calc'!A0", " =1", "＝1"],  # noqa: RUF001
)
def test_no_cell_is_a_formula(account, anna, name):
    [conversation] = make(account, "x", text="=HYPERLINK(A1)")
    Visitor.objects.filter(pk=conversation.visitor_id).update(name=name)

    row = rows(written(anna))[1]

    assert row[3] == f"'{name}"
    assert row[-1] == "'=HYPERLINK(A1)"
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


@pytest.mark.parametrize("name", ['a","b', "a;b", "a\u2028b", "x\"'", "\ufeff"])
def test_no_text_makes_cells_of_its_own(account, anna, name):
    [conversation] = make(account, "x")
    Visitor.objects.filter(pk=conversation.visitor_id).update(name=name)

    head, row = rows(written(anna))

    assert len(row) == len(head)
    assert row[3] == name


@pytest.mark.parametrize(
    "query",
    ["status=gone&sort=x", "tag=0&tag=x&group=999999", "x') OR 1=1--=1", "%00=%ff"],
)
def test_nonsense_is_a_search_like_any_other(account, anna, query):
    make(account, "Ada")

    export = written(anna, query)

    assert export.state == "done"


def test_more_than_a_file_holds_is_cut(account, anna, monkeypatch):
    monkeypatch.setattr(results, "MAX_ROWS", 2)
    make(account, "Ada", "Bea", "Cem")

    export = written(anna)

    assert names(export) == ["Cem", "Bea"]
    assert export.is_cut


def test_what_moves_meanwhile_comes_once(account, anna, monkeypatch):
    ada, _bea, _cem = make(account, "Ada", "Bea", "Cem")
    interrupt(monkeypatch, 2, lambda: factories.visitor_writes(ada))

    assert names(written(anna)) == ["Cem", "Bea", "Ada"]


@pytest.mark.parametrize("change", ["deactivated", "group", "role"])
def test_rights_lost_meanwhile_end_it(account, monkeypatch, change):
    repairs, sales = (factories.make_group(account, name) for name in "RS")
    sam = factories.make_agent(account, "Sam", groups=(sales,))
    make(account, "Ada", "Bea", "Cem", group=sales)
    changes = {
        "deactivated": lambda: User.objects.filter(pk=sam.pk).update(is_active=False),
        "group": lambda: sam.groups.set([repairs]),
        "role": lambda: User.objects.filter(pk=sam.pk).update(role=Role.FULL),
    }
    export = request(sam)
    interrupt(monkeypatch, 3, changes[change])

    assert not services.write_export(export_id=export.pk)

    export.refresh_from_db()
    assert (export.state, export.reason, export.path) == ("ended", "rights", "")


def test_a_worker_that_dies_is_made_up_for_and_nothing_is_doubled(
    account, anna, monkeypatch
):
    make(account, "Ada", "Bea", "Cem")
    export = request(anna)

    def die():
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        interrupt(patch, 2, die)
        with pytest.raises(KeyboardInterrupt):
            services.write_export(export_id=export.pk)
    export.refresh_from_db()
    first = export.path
    assert (export.state, export.looked_at) == ("running", 1)
    now = timezone.now()
    assert services.exports_to_take_up(now=now) == []
    assert not services.write_export(export_id=export.pk, now=now)

    later = now + file_jobs.LEASE + timedelta(seconds=1)
    assert services.exports_to_take_up(now=later) == [export.pk]
    assert services.write_export(export_id=export.pk, now=later)

    export.refresh_from_db()
    assert names(export) == ["Cem", "Bea", "Ada"]
    assert export.row_count == 3
    assert export.path != first
    assert DoomedFile.objects.filter(path=first).exists()


def test_two_workers_write_one_file(account, anna, monkeypatch):
    make(account, "Ada", "Bea")
    export = request(anna)
    outcomes = []
    late = timezone.now() + file_jobs.LEASE * 2

    def second():
        outcomes.append(services.write_export(export_id=export.pk, now=late))

    interrupt(monkeypatch, 1, second)

    # The slow one finds its claim taken, and keeps nothing.
    assert not services.write_export(export_id=export.pk)

    export.refresh_from_db()
    assert outcomes == [True]
    assert names(export) == ["Bea", "Ada"]


def test_a_storage_that_fails_is_tried_again_and_not_for_ever(
    account, anna, monkeypatch, caplog
):
    make(account, "Ada")
    export = request(anna)

    def broken(*args):
        raise OSError("disk full")

    monkeypatch.setattr(default_storage, "save", broken)
    later = timezone.now()
    for _number in range(file_jobs.MAX_ATTEMPTS + 1):
        later += file_jobs.LEASE
        assert not services.write_export(export_id=export.pk, now=later)

    export.refresh_from_db()
    assert (export.state, export.reason) == ("ended", "failed")
    assert services.exports_to_take_up(now=later) == []


def test_cancelled_meanwhile_leaves_nothing(account, anna, monkeypatch, settings):
    make(account, "Ada", "Bea")
    export = request(anna)
    interrupt(monkeypatch, 1, lambda: services.discard_export(export=export))

    assert not services.write_export(export_id=export.pk)

    assert not Export.objects.exists()
    services.delete_files()
    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]


def test_old_ones_go_with_their_files(account, anna, settings):
    make(account, "Ada")
    export = written(anna)
    young = written(anna)
    Export.objects.filter(pk=export.pk).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )
    client = signed_in(anna)
    assert client.get(file_of(export)).status_code == 404

    tasks.take_up_exports()
    services.delete_files()

    assert list(Export.objects.all()) == [young]
    assert not default_storage.exists(export.path)
    assert default_storage.exists(young.path)


def test_forgotten_by_the_queue_is_taken_up(account, anna):
    make(account, "Ada")
    export = request(anna, now=timezone.now() - timedelta(minutes=2))

    tasks.take_up_exports()

    export.refresh_from_db()
    assert export.state == "done"


def test_three_at_once_and_no_more(account, anna):
    for _number in range(3):
        request(anna)

    with pytest.raises(NotAllowed, match="Only 3"):
        request(anna)

    request(factories.make_agent(account, "Ben"))


def test_kept_ones_are_limited(account, anna, monkeypatch):
    monkeypatch.setattr(exporting, "MAX_KEPT", 1)
    written(anna)

    with pytest.raises(NotAllowed, match="Delete one"):
        request(anna)


# Pages


def test_from_the_list_to_the_file(account, anna, django_capture_on_commit_callbacks):
    make(account, "Ada", "Bea")
    client = signed_in(anna)
    inbox = client.get("/?status=resolved").content.decode()
    assert f"{LIST}?status=resolved&amp;new=1" in inbox

    page = client.get(f"{LIST}?q=parcel&new=1").content.decode()
    assert 'name="next_query" value="q=parcel"' in page
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(START, {"next_query": "show=all&evil=1&sort=unread"})

    assert answer.url == LIST
    [export] = Export.objects.all()
    assert export.query == "sort=unread"
    assert file_of(export) in client.get(LIST).content.decode()
    download = client.get(file_of(export))
    assert b"Ada" in b"".join(download.streaming_content)
    assert download["Content-Type"] == "text/csv; charset=utf-8"
    assert download["Content-Disposition"].startswith("attachment; filename=")
    assert download["X-Content-Type-Options"] == "nosniff"


def test_page_watches_only_what_grows(account, anna):
    make(account, "Ada")
    client = signed_in(anna)
    export = request(anna)
    Export.objects.update(state="running", total=1500, looked_at=1000)

    growing = client.get(LIST, headers=htmx("exports")).content.decode()
    assert 'hx-trigger="every 2s"' in growing
    assert 'max="1500" value="1000"' in growing
    assert "<html" not in growing
    services.discard_export(export=export)
    written(anna)

    assert (
        "hx-trigger" not in client.get(LIST, headers=htmx("exports")).content.decode()
    )


def test_too_many_is_said(account, anna):
    for _number in range(3):
        request(anna)

    answer = signed_in(anna).post(START, follow=True)

    assert "Only 3 exports at once" in answer.content.decode()
    assert Export.objects.count() == 3


def test_nobody_elses(account, anna):
    make(account, "Ada")
    export = written(anna)
    owner = factories.owner_of(account)
    stranger = factories.make_agent(factories.make_account(), "Eve", Role.FULL)

    for agent in (owner, stranger):
        client = signed_in(agent)
        assert client.get(file_of(export)).status_code == 404
        assert client.post(discard_of(export)).status_code == 404
        assert str(export.public_id) not in client.get(LIST).content.decode()
    assert Export.objects.exists()


def test_no_file_for_who_may_see_less_now(account):
    sales = factories.make_group(account, "Sales")
    repairs = factories.make_group(account, "Repairs")
    sam = factories.make_agent(account, "Sam", groups=(sales,))
    export = written(sam)
    client = signed_in(sam)
    assert b"".join(client.get(file_of(export)).streaming_content)
    assert file_of(export) in client.get(LIST).text

    sam.groups.set([repairs])

    assert client.get(file_of(export)).status_code == 404
    for headers in ({}, htmx("exports")):
        text = client.get(LIST, headers=headers).text
        assert file_of(export) not in text
        assert "What you may see has changed meanwhile." in text
        assert discard_of(export) in text


def test_an_unfinished_one_has_no_file(account, anna):
    assert signed_in(anna).get(file_of(request(anna))).status_code == 404


def test_delete_and_wrong_methods(account, anna):
    export = written(anna)
    client = signed_in(anna)

    assert client.get(discard_of(export)).status_code == 405
    assert client.get(START).status_code == 405
    assert client.post(discard_of(export)).url == LIST

    assert not Export.objects.exists()
    assert client.post(discard_of(export)).status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_page_costs_the_same_with_more_rows(
    account, anna, number, django_assert_num_queries
):
    for _number in range(number):
        written(anna)
    client = signed_in(anna)

    with django_assert_num_queries(2):
        client.get(LIST, headers=htmx("exports"))


@pytest.mark.parametrize("number", [1, 3])
def test_a_chunk_costs_the_same_with_more_rows(
    account, anna, number, django_assert_num_queries
):
    make(account, *"ABC"[:number])
    keys = list(Conversation.objects.values_list("pk", flat=True))
    found = results.Results(anna, "")

    with django_assert_num_queries(1):
        found.rows(anna, keys)


# Somebody is erased who may be in a file


def erase(visitor, agent):
    services.erase_visitor(visitor=visitor, agent=agent)


def test_files_of_the_account_go_with_whom_they_may_hold(account, anna):
    ada, _bea = make(account, "Ada", "Bea")
    mine, colleagues = written(anna), written(factories.owner_of(account))
    elsewhere = written(factories.owner_of(factories.make_account()))
    paths = [export.path for export in (mine, colleagues)]

    erase(ada.visitor, anna)
    tasks.delete_files()

    assert not any(default_storage.exists(path) for path in paths)
    assert default_storage.exists(elsewhere.path)
    client = signed_in(anna)
    assert client.get(file_of(mine)).status_code == 404
    page = client.get(LIST).text
    assert "A visitor was erased who may have been in it." in page
    assert file_of(mine) not in page
    assert list(Export.objects.order_by("pk").values_list("state", flat=True)) == [
        *("ended", "ended", "done")
    ]


def test_what_is_being_written_begins_anew_without_them(account, anna, monkeypatch):
    ada, _bea = make(account, "Ada", "Bea")
    export = request(anna)
    # Bea's row is written, Ada's is not yet.
    interrupt(monkeypatch, 2, lambda: erase(ada.visitor, anna))

    assert not services.write_export(export_id=export.pk)
    export.refresh_from_db()
    assert (export.state, export.path) == ("waiting", "")
    later = timezone.now() + file_jobs.FORGOTTEN
    assert services.exports_to_take_up(now=later) == [export.pk]
    assert services.write_export(export_id=export.pk)

    export.refresh_from_db()
    assert names(export) == ["Bea"]


@pytest.mark.django_db(transaction=True)
def test_what_begins_meanwhile_waits_and_finds_nobody(account, anna):
    ada, _bea = make(account, "Ada", "Bea")
    export = request(anna)

    errors = at_once(
        lambda: erase(ada.visitor, anna),
        lambda: services.write_export(export_id=export.pk),
    )

    assert errors == []
    export.refresh_from_db()
    assert names(export) == ["Bea"]


def test_erasing_that_fails_leaves_the_files(account, anna):
    [ada] = make(account, "Ada")
    export = written(anna)

    with pytest.raises(NotAllowed):
        erase(ada.visitor, factories.make_agent(account))
    tasks.delete_files()

    export.refresh_from_db()
    assert export.is_done
    assert names(export) == ["Ada"]
