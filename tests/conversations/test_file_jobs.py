"""What exports of searches and of accounts share while their files are written."""

import threading

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from conversations import file_jobs, services
from conversations.models import DoomedFile, Export
from supportdesk.accounts import services as accounts
from supportdesk.accounts.models import AccountExport
from tests import factories

pytestmark = pytest.mark.django_db
LONG = b"x" * 200_000


@pytest.fixture(params=["search", "account"])
def job(request, account):
    """A claimed row of either kind."""
    owner, now = factories.owner_of(account), timezone.now()
    if request.param == "search":
        row = services.request_export(agent=owner, query="", now=now)
    else:
        row = accounts.request_account_export(account=account, by=owner, now=now)
    return file_jobs.claim(type(row), row.pk, now=now, failed={}, anew={})


@pytest.fixture
def account():
    return factories.make_account()


@pytest.fixture
def renewals(monkeypatch):
    """When the claim was renewed, with a clock that strikes at each look at it."""
    monkeypatch.setattr(file_jobs, "RENEWED_EVERY", 0.0)
    really, seen = file_jobs.renew, []

    def renew(row, **fields):
        seen.append(threading.get_ident())
        really(row, **fields)

    monkeypatch.setattr(file_jobs, "renew", renew)
    return seen


def filled(file):
    return bool(file.write(LONG))


def stored(job):
    with default_storage.open(job.path) as file:
        return file.read()


def test_file_is_kept_and_offered(job):
    assert file_jobs.write(job, filled)

    job.refresh_from_db()
    assert (job.state, job.size, job.claimed_until) == ("done", len(LONG), None)
    assert stored(job) == LONG


def test_claim_is_kept_while_the_storage_reads(job, renewals):
    assert file_jobs.write(job, filled)

    assert len(renewals) > 1
    assert stored(job) == LONG


def test_claim_is_not_renewed_at_each_piece(job, renewals, monkeypatch):
    monkeypatch.setattr(file_jobs, "RENEWED_EVERY", 30.0)

    assert file_jobs.write(job, filled)

    assert renewals == []


@pytest.mark.django_db(transaction=True)
def test_storage_with_threads_of_its_own_leaves_no_connection(
    job, renewals, monkeypatch
):
    left = []

    def read_elsewhere(path, content):
        def read():
            content.read()
            left.append(connection.connection)

        thread = threading.Thread(target=read)
        thread.start()
        thread.join()
        return path

    monkeypatch.setattr(default_storage, "save", read_elsewhere)

    assert file_jobs.write(job, filled)

    assert len(renewals) == 1
    assert renewals != [threading.get_ident()]
    assert left == [None]


def test_discarded_on_the_way_to_the_storage_leaves_no_file(job, renewals):
    path, rows = job.path, type(job).objects.all()

    def fill(file):
        file_jobs.discard(rows)
        # The file was looked for before it was there.
        services.delete_files()
        return filled(file)

    assert not file_jobs.write(job, fill)
    assert [doomed.path for doomed in DoomedFile.objects.all()] == [path]
    services.delete_files()

    assert not rows.exists()
    assert not default_storage.exists(path)


def test_nothing_to_keep_leaves_the_row_as_it_is(job):
    assert not file_jobs.write(job, lambda file: False)

    assert file_jobs.held(job).exists()
    assert not default_storage.exists(job.path)


def test_failure_gives_the_claim_back(job, caplog):
    def fail(file):
        raise OSError("disk full")

    assert not file_jobs.write(job, fail)

    assert file_jobs.to_take_up(type(job).objects.unfinished(), now=timezone.now()) == [
        job.pk
    ]
    assert "not written" in caplog.text


def test_discarding_takes_only_what_it_is_told_to(account):
    owner, now = factories.owner_of(account), timezone.now()
    first, second = (
        services.request_export(agent=owner, query="", now=now) for _ in range(2)
    )
    accounts.request_account_export(account=account, by=owner, now=now)

    assert file_jobs.discard(Export.objects.filter(pk=first.pk)) == 1

    assert list(Export.objects.all()) == [second]
    assert AccountExport.objects.count() == 1
    assert not DoomedFile.objects.exists()
