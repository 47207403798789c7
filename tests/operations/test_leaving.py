"""An account takes its data along, and goes for good."""

import contextlib
import io
import json
import smtplib
import uuid
import zipfile
from datetime import timedelta

import pytest
from celery.exceptions import Retry
from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import BinaryField, CharField, JSONField, TextField
from django.utils import timezone

from channels_integration.website.identity_services import create_identity_secret
from channels_integration.website.models import VisitorSession
from channels_integration.website.services import open_session
from conversations import file_jobs
from conversations.models import (
    Attachment,
    Channel,
    Conversation,
    DoomedFile,
    SearchWord,
)
from supportdesk.accounts import presence, services
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import (
    Account,
    AccountExport,
    AgentSession,
    AuditEntry,
    Role,
    User,
)
from supportdesk.accounts.tokens import create_api_token
from supportdesk.core import redis
from supportdesk.operations import account_erasing, account_export, mails, tasks
from supportdesk.operations.belongings import APPS, paths, rows_of
from tests import factories
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

URL = "/settings/account/"
NOW = timezone.now()
LATER = NOW + timedelta(days=8)
TEXTS = (CharField, TextField, BinaryField, JSONField)
# Rows of the installation, not of any account.
OF_NOBODY = {
    # There is no account yet.
    "accounts.SignUp",
    "conversations.DoomedFile",
    "conversations.FigureCursor",
    "conversations.SearchProgress",
    "notifications.Lookout",
    "notifications.VapidKey",
}
# What a text of the export may be called. A new one is looked at first: what opens
# something (a password, a session, a token) does not leave.
HARMLESS = {
    *("accounts.AgentGroup.key", "accounts.ApiToken.prefix", "action", "by_email"),
    *("by_name", "campaign", "changes", "city", "content_type", "country"),
    *("conversations.Channel.config", "conversations.Channel.public_key"),
    *("conversations.Export.path", "customer_keys", "data", "description", "device"),
    *("email", "hints", "items", "last_error", "moved", "name", "network", "occasion"),
    *("phone", "preview", "query", "rating_comment", "reason", "recipient_email"),
    *("referrer", "rights", "shortcut", "target_kind", "target_label", "text"),
    *("time_zone", "title", "topic", "url", "used", "user_agent"),
    *("channels_integration.VisitorSession.signed_as", "visitors.Visitor.user_id"),
}


@pytest.fixture
def account():
    return full_account("Moor & Mühle")


@pytest.fixture
def owner(account):
    return factories.owner_of(account)


def full_account(name):
    """One with something of most kinds."""
    account = factories.make_account(name)
    owner = factories.owner_of(account)
    owner.password = make_password(PASSWORD)
    owner.picture = default_storage.save("pictures/p.webp", ContentFile(b"picture"))
    owner.save()
    group = factories.make_group(account)
    group.agents.add(owner)
    channel = factories.make_channel(account)
    create_identity_secret(channel=channel)
    create_api_token(account=account, agent=owner, name="Shop")
    conversation = factories.make_conversation(account, channel=channel, text="Secret?")
    factories.agent_writes(conversation, owner, "Indeed")
    open_session(channel=channel, language="en")
    factories.put_on_website(conversation.visitor, channel=channel)
    Attachment.objects.create(
        message=conversation.messages.last(),
        file=default_storage.save(f"files/{uuid.uuid4()}.txt", ContentFile(b"hello")),
        name="../../etc/passwd",
        content_type="text/plain",
        size=5,
    )
    # As a server with trigrams keeps them, by a key of two columns.
    SearchWord.objects.get_or_create(account=account, word="secret")
    return account


def test_every_model_is_an_account_s_or_nobody_s():
    models = [
        model
        for label in APPS
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    ]

    assert {m._meta.label for m in models if m not in paths()} == OF_NOBODY


# Taking everything along


def written(account, owner):
    export = services.request_account_export(account=account, by=owner, now=NOW)
    assert account_export.write_account_export(export_id=export.pk)
    export.refresh_from_db()
    with default_storage.open(export.path) as file:
        return export, zipfile.ZipFile(io.BytesIO(file.read()))


def test_file_holds_the_account_and_no_other(account, owner):
    factories.make_conversation(full_account("Another"), text="Not yours")

    export, archive = written(account, owner)

    assert export.written == export.total > 20
    rows = {
        name: [json.loads(line) for line in archive.read(name).splitlines()]
        for name in archive.namelist()
        if name.endswith(".jsonl")
    }
    texts = [row["text"] for row in rows["conversations.message.jsonl"]]
    assert {"Secret?", "Indeed"} <= set(texts)
    assert "Not yours" not in texts
    assert [row["name"] for row in rows["accounts.account.jsonl"]] == [account.name]
    assert len(rows["accounts.agentgroup_agents.jsonl"]) == 1
    for model in paths():
        if model not in account_export.LEFT_OUT:
            name = f"{model._meta.label_lower}.jsonl"
            assert len(rows[name]) == rows_of(model, account.pk).count()
    # Derived from the messages.
    assert "conversations.searchword.jsonl" not in rows


def test_file_holds_files_under_names_that_lead_nowhere(account, owner):
    _export, archive = written(account, owner)

    files = [name for name in archive.namelist() if not name.endswith(".jsonl")]
    attachment = Attachment.objects.get()
    assert sorted(files) == [
        f"files/accounts.user/{owner.pk}.webp",
        f"files/conversations.attachment/{attachment.pk}.txt",
    ]
    assert archive.read(files[0]) in {b"hello", b"picture"}


def test_file_holds_nothing_that_opens_anything(account, owner):
    session = AgentSession.objects.create(
        agent=owner,
        session_key="live-session-of-somebody",
        created_at=NOW,
        last_active_at=NOW,
    )

    _export, archive = written(account, owner)

    content = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert owner.password not in content
    assert session.session_key not in content
    assert account.api_tokens.get().token_hash not in content
    assert (
        VisitorSession.objects.get(channel__account=account).token_hash not in content
    )
    assert "sealed" not in content


def test_every_text_in_the_file_is_known_to_be_harmless():
    texts = [
        f"{model._meta.label}.{field.name}"
        for model in paths()
        for field in account_export.exported_fields(model)
        if isinstance(field, TEXTS) and not field.choices
    ]

    assert len(texts) > 50
    unknown = [
        name
        for name in texts
        if name not in HARMLESS and name.rpartition(".")[2] not in HARMLESS
    ]
    assert unknown == []


def test_lost_file_does_not_stop_the_export(account, owner):
    default_storage.delete(owner.picture.name)

    export, archive = written(account, owner)

    assert export.is_done
    assert f"files/accounts.user/{owner.pk}.webp" not in archive.namelist()


def test_worker_that_died_is_made_up_for(account, owner, monkeypatch):
    export = services.request_account_export(account=account, by=owner, now=NOW)
    claimed = file_jobs.claim(AccountExport, export.pk, now=NOW, failed={}, anew={})
    # Still alive: nobody takes it away.
    assert not account_export.write_account_export(export_id=export.pk, now=NOW)
    assert account_export.exports_to_take_up(now=NOW) == []
    soon = NOW + timedelta(minutes=6)

    assert account_export.exports_to_take_up(now=soon) == [export.pk]
    assert account_export.write_account_export(export_id=export.pk, now=soon)

    # What the first one might have left goes, and it cannot finish any more.
    assert [row.path for row in DoomedFile.objects.all()] == [claimed.path]
    with pytest.raises(file_jobs.ClaimLost):
        file_jobs.renew(claimed)


def test_export_that_always_fails_is_given_up(account, owner, monkeypatch):
    export = services.request_account_export(account=account, by=owner, now=NOW)

    def fail(*args):
        raise OSError("no space")

    monkeypatch.setattr(account_export, "_write", fail)
    for number in range(file_jobs.MAX_ATTEMPTS + 1):
        at = timezone.now() + timedelta(minutes=10 * number)
        assert not account_export.write_account_export(export_id=export.pk, now=at)

    export.refresh_from_db()
    assert export.state == AccountExport.State.FAILED


def test_expired_export_goes_with_its_file(account, owner):
    export, _archive = written(account, owner)

    account_export.discard_expired(now=NOW + timedelta(days=6))
    assert AccountExport.objects.exists()
    account_export.discard_expired(now=LATER)

    assert not AccountExport.objects.exists()
    assert [row.path for row in DoomedFile.objects.all()] == [export.path]


def test_three_exports_are_kept(account, owner):
    others, _archive = written(
        other := full_account("Another"), factories.owner_of(other)
    )
    exports = [written(account, owner)[0] for _number in range(4)]

    assert list(account.account_exports.order_by("pk")) == exports[1:]
    assert [row.path for row in DoomedFile.objects.all()] == [exports[0].path]
    assert AccountExport.objects.filter(pk=others.pk).exists()


def test_one_export_at_a_time(account, owner):
    services.request_account_export(account=account, by=owner, now=NOW)

    with pytest.raises(AccountError, match="already"):
        services.request_account_export(account=account, by=owner, now=NOW)


# Going for good


def ask(account, owner, **changed):
    values = {"name": account.name, "password": PASSWORD, "now": NOW} | changed
    return services.request_erasure(account=account, by=owner, **values)


@pytest.mark.parametrize(
    "wrong", [{"name": "Moor"}, {"name": ""}, {"password": "wrong"}, {"password": ""}]
)
def test_erasing_needs_name_and_password(account, owner, wrong):
    with pytest.raises(AccountError):
        ask(account, owner, **wrong)

    account.refresh_from_db()
    assert account.erase_at is None


def test_erasing_needs_an_owner_of_this_account(account):
    for agent in (
        factories.make_agent(account, role=Role.FULL, password=PASSWORD),
        factories.owner_of(factories.make_account("Another")),
    ):
        with pytest.raises(AccountError, match="Only owners"):
            ask(account, agent)


def test_nothing_happens_before_its_time(account, owner):
    ask(account, owner)

    assert account_erasing.due_accounts(now=NOW + timedelta(days=6)) == []
    early = NOW + timedelta(days=6)
    assert not account_erasing.erase_account(account_id=account.pk, now=early)

    assert Conversation.objects.filter(account=account).exists()
    assert Channel.objects.get(account=account).is_active


def test_taking_it_back_keeps_everything(account, owner):
    ask(account, owner)
    services.cancel_erasure(account=account, by=owner, now=NOW)

    assert not account_erasing.erase_account(account_id=account.pk, now=LATER)
    assert Conversation.objects.filter(account=account).exists()
    told = account.history.filter(action__startswith="account.erasure")
    assert [row.action for row in told.order_by("pk")] == [
        "account.erasure_requested",
        "account.erasure_cancelled",
    ]


def test_it_is_too_late_once_it_has_begun(account, owner):
    ask(account, owner)

    with pytest.raises(AccountError, match="too late"):
        services.cancel_erasure(account=account, by=owner, now=LATER)


def test_everything_goes_and_only_of_this_account(account, owner):
    other = full_account("Another")
    presence.touch(account.pk, owner.pk, "device")
    files = {owner.picture.name, Attachment.objects.first().file.name}
    ask(account, owner)
    before = {model: rows_of(model, other.pk).count() for model in paths()}

    assert account_erasing.erase_account(account_id=account.pk, now=LATER)

    left = {m._meta.label: rows_of(m, account.pk).count() for m in paths()}
    assert {label for label, number in left.items() if number} == set()
    assert {model: rows_of(model, other.pk).count() for model in paths()} == before
    assert not User.objects.filter(pk=owner.pk).exists()
    assert files <= set(DoomedFile.objects.values_list("path", flat=True))
    assert not redis.client().exists(redis.key("presence", account.pk))
    # A second time there is nothing to do.
    assert account_erasing.erase_account(account_id=account.pk, now=LATER)


def test_job_goes_on_where_it_stopped(account, owner):
    ask(account, owner)
    ticks = iter(range(0, 10**9, 1000))

    runs = 0
    while not account_erasing.erase_account(
        account_id=account.pk, now=LATER, clock=lambda: next(ticks)
    ):
        runs += 1
        assert runs < 100

    assert runs > 3
    assert not Account.objects.filter(pk=account.pk).exists()


def test_job_that_dies_goes_on_too(account, owner, monkeypatch):
    ask(account, owner)
    really, calls = account_erasing._delete_some, []

    def die(*args):
        calls.append(args)
        if len(calls) == 10:
            raise RuntimeError
        return really(*args)

    monkeypatch.setattr(account_erasing, "_delete_some", die)
    with pytest.raises(RuntimeError):
        account_erasing.erase_account(account_id=account.pk, now=LATER)

    assert account_erasing.erase_account(account_id=account.pk, now=LATER)


def test_everybody_is_signed_out_when_it_begins(account, owner, client):
    client.force_login(owner)
    ask(account, owner)
    ticks = iter([0, 1000])

    account_erasing.erase_account(
        account_id=account.pk, now=LATER, clock=lambda: next(ticks)
    )

    assert client.get("/").status_code == 302
    assert not User.objects.filter(account=account, is_active=True).exists()
    assert not Channel.objects.filter(account=account, is_active=True).exists()
    assert not account.api_tokens.valid().exists()


def test_beat_hands_over_what_is_due(account, owner, monkeypatch):
    ask(account, owner, now=NOW - timedelta(days=8))
    handed = []
    monkeypatch.setattr(
        tasks.erase_account,
        "apply_async",
        lambda *args, **how: handed.append((args, how)),
    )

    tasks.look_after_accounts()

    # One that waits in the queue until it is handed over again goes.
    assert handed == [(([account.pk],), {"expires": 60})]


def test_job_that_runs_already_is_not_begun_again(account, owner):
    ask(account, owner, now=NOW - timedelta(days=8))

    with redis.alone("erasing", account.pk, seconds=60):
        tasks.erase_account(account.pk)
        assert Account.objects.filter(pk=account.pk).exists()
    tasks.erase_account(account.pk)

    assert not Account.objects.filter(pk=account.pk).exists()


# The page


@pytest.mark.parametrize(
    ("role", "status"), [(Role.OWNER, 200), (Role.FULL, 404), (Role.AGENT, 404)]
)
def test_page_is_for_owners(client, account, role, status):
    client.force_login(factories.make_agent(account, role=role))

    assert client.get(URL).status_code == status
    if status == 404:
        for path in ("export/", "erase/", "keep/"):
            assert client.post(URL + path).status_code == 404


def test_asking_tells_all_owners_and_everybody_sees_it(
    client, account, owner, django_capture_on_commit_callbacks
):
    second = factories.make_agent(account, name="Otto", role=Role.OWNER, language="de")
    full = factories.make_agent(account, role=Role.FULL)
    client.force_login(owner)
    assert "going to be erased:" not in client.get(URL).content.decode()

    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(
            f"{URL}erase/", {"name": account.name, "password": PASSWORD}
        )

    assert response.status_code == 302
    assert {m.to[0] for m in mail.outbox} == {owner.email, second.email}
    assert URL in mail.outbox[0].body
    client.force_login(full)
    page = client.get("/settings/history/").content.decode()
    assert "going to be erased:" in page
    assert "Keep the account" not in page


def test_owner_who_cannot_be_told_keeps_it_from_nobody(account, owner, monkeypatch):
    second = factories.make_agent(account, name="Otto", role=Role.OWNER)
    factories.make_agent(account, role=Role.FULL)
    ask(account, owner)
    really, tries = mails.send_erasure_notice, []

    def refuse(agent, *rest):
        tries.append(agent)
        if agent == owner:
            raise smtplib.SMTPRecipientsRefused({agent.email: (550, b"no such user")})
        really(agent, *rest)

    monkeypatch.setattr(mails, "send_erasure_notice", refuse)
    told = []
    monkeypatch.setattr(
        tasks.tell_owner_of_erasure, "delay", lambda *args: told.append(args)
    )

    tasks.tell_of_erasure(account.pk, owner.pk)
    assert told == [(owner.pk, owner.pk), (second.pk, owner.pk)]
    for args in told:
        with contextlib.suppress(Retry, smtplib.SMTPException):
            tasks.tell_owner_of_erasure.apply(args, throw=True)

    assert [message.to for message in mail.outbox] == [[second.email]]
    assert tries.count(second) == 1


def test_nobody_is_told_of_what_was_taken_back(account, owner):
    tasks.tell_owner_of_erasure(owner.pk, owner.pk)

    assert mail.outbox == []


def test_wrong_answers_are_told_and_limited(client, account, owner):
    client.force_login(owner)
    wrong = {"name": account.name, "password": "wrong"}

    assert client.post(f"{URL}erase/", {"name": ""}).status_code == 422
    answers = [client.post(f"{URL}erase/", wrong).status_code for _n in range(11)]

    assert answers == [409] * 10 + [429]
    right = {"name": account.name, "password": PASSWORD}
    assert client.post(f"{URL}erase/", right).status_code == 429


def test_download_is_for_owners_of_the_account(client, account, owner):
    export, _archive = written(account, owner)
    path = f"{URL}export/{export.public_id}/"
    stranger = factories.owner_of(factories.make_account("Another"))

    for agent in (stranger, factories.make_agent(account, role=Role.FULL)):
        client.force_login(agent)
        assert client.get(path).status_code == 404
    client.force_login(owner)
    response = client.get(path)

    assert zipfile.ZipFile(io.BytesIO(b"".join(response))).testzip() is None
    assert "attachment" in response["Content-Disposition"]
    assert AuditEntry.objects.filter(action="account.export_taken").count() == 1


def test_export_can_be_deleted_by_owners_of_the_account(client, account, owner):
    export, _archive = written(account, owner)
    path = f"{URL}export/{export.public_id}/discard/"
    stranger = factories.owner_of(factories.make_account("Another"))

    for agent in (stranger, factories.make_agent(account, role=Role.FULL)):
        client.force_login(agent)
        assert client.post(path).status_code == 404
    client.force_login(owner)
    assert client.get(path).status_code == 405
    assert path in client.get(URL).content.decode()
    assert client.post(path).status_code == 302
    assert client.post(path).status_code == 404

    assert not AccountExport.objects.exists()
    assert [row.path for row in DoomedFile.objects.all()] == [export.path]
    entry = account.history.get(action="account.export_discarded")
    assert entry.by_email == owner.email


def test_page_keeps_or_starts(client, account, owner):
    client.force_login(owner)
    ask(account, owner)

    client.post(f"{URL}keep/")
    client.post(f"{URL}export/")
    again = client.post(f"{URL}export/", follow=True)

    account.refresh_from_db()
    assert account.erase_at is None
    assert account.account_exports.count() == 1
    assert "being written already" in again.content.decode()
