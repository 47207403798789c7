"""Every class of the admin, every address of each, for every role, with the rows of
another account. From the registry: a class that is new is walked, or fails here."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.urls import reverse

from conversations.models import CannedReply, Channel, Tag
from conversations.services import create_channel, create_tag, save_canned_reply
from supportdesk.accounts import services, tokens
from supportdesk.accounts.admin import site
from supportdesk.accounts.models import (
    Account,
    AgentGroup,
    ApiToken,
    AuditEntry,
    Invitation,
    Role,
    User,
)
from tests.factories import (
    make_account,
    make_agent,
    make_conversation,
    make_group,
    owner_of,
)

pytestmark = pytest.mark.django_db

# Words of the other account, in everything of it that has words.
MARK = "Zwetschge"
ROLES = ["owner", "full", "agent", "operator", "stranger"]
# How a row of each class is made; the mark stands in what it shows.
ROWS: dict[type[Any], Callable[[Account], Any]] = {
    Account: lambda account: account,
    User: lambda account: make_agent(account, f"{account.name} Agent"),
    AgentGroup: lambda account: make_group(account, f"{account.name} Group"),
    Invitation: lambda account: services.invite_agent(
        account=account,
        by=owner_of(account),
        email=f"{account.name}@example.org",
        name=account.name,
    ),
    ApiToken: lambda account: tokens.create_api_token(
        account=account, agent=owner_of(account), name=f"{account.name} token"
    )[0],
    Tag: lambda account: create_tag(account=account, name=f"{account.name} tag"),
    CannedReply: lambda account: save_canned_reply(
        agent=owner_of(account),
        shortcut=account.name,
        text=f"{account.name} text",
        is_shared=True,
    ),
    AuditEntry: lambda account: AuditEntry.objects.create(
        account=account,
        action="group.created",
        topic="group",
        by_name=f"{account.name} Olga",
        via="dashboard",
        target_label=f"{account.name} group",
    ),
    Channel: lambda account: create_channel(
        account=account, kind="website", name=f"{account.name} shop", config={}
    ),
}
MODELS = sorted(site._registry, key=lambda model: model._meta.label)
SEEN_BY_OPERATOR = {Account, User}


@pytest.fixture
def own():
    return make_account("Kirsche")


@pytest.fixture
def foreign():
    return make_account(MARK)


@pytest.fixture
def sign_in(client, own):
    def run(role):
        if role == "owner":
            client.force_login(owner_of(own))
        elif role in ("full", "agent"):
            client.force_login(make_agent(own, "Kirsche Viewer", role=Role(role)))
        elif role == "operator":
            client.force_login(User.objects.create_superuser("o@example.com", name="O"))

    return run


def address(model, view, *args):
    label = f"{model._meta.app_label}_{model._meta.model_name}"
    return reverse(f"admin:{label}_{view}", args=args)


def views_of(model):
    """Names of all addresses of the class that name a row, and of those that do not."""
    with_row, without = [], []
    for entry in site._registry[model].urls:
        if entry.name is None:
            continue
        name = entry.name.rpartition("_")[2]
        (with_row if "<" in str(entry.pattern) else without).append(name)
    return with_row, without


def snapshot():
    """Everything that is stored of all classes."""
    return {model: list(model.objects.order_by("pk").values()) for model in MODELS}


def body(response):
    content = b"".join(response) if response.streaming else response.content
    return content.decode()


def test_every_class_has_a_row_to_walk_with():
    assert set(site._registry) == set(ROWS)


def test_the_walk_sees_every_kind_of_address():
    with_row, without = views_of(User)

    assert set(without) == {"changelist", "add"}
    assert set(with_row) == {
        *("change", "delete", "history"),
        *("password-link", "switch-on", "switch-off", "hand-over"),
    }


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_rows_of_another_account(client, own, foreign, sign_in, model, role):
    row, mine = ROWS[model](foreign), ROWS[model](own)
    sign_in(role)
    before = snapshot()
    with_row, _without = views_of(model)
    forms = [{}, {"post": "yes", "name": "Taken", "role": "owner", "password": "x"}]
    # The operator sees accounts and their agents, and may change these.
    is_theirs = role == "operator" and model in SEEN_BY_OPERATOR

    for view in with_row if not is_theirs else ["delete"]:
        answers = [client.get(address(model, view, row.pk), follow=True)]
        answers += [client.post(address(model, view, row.pk), form) for form in forms]
        for answer in answers:
            assert answer.status_code in (302, 200, 403, 404), (view, answer)
            assert MARK not in body(answer), (view, role)
    assert snapshot() == before
    assert mail.outbox == []
    assert mine.pk != row.pk


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_lists_and_forms(client, own, foreign, sign_in, model, role):
    ROWS[model](foreign)
    mine = ROWS[model](own)
    group, agent = make_group(foreign, f"{MARK} G"), make_agent(foreign, f"{MARK} A")
    LogEntry.objects.create(
        user=owner_of(foreign),
        content_type=ContentType.objects.get_for_model(model),
        object_id=str(mine.pk),
        object_repr=f"{MARK} of another",
        action_flag=CHANGE,
        change_message=json.dumps([{"changed": {"fields": [MARK]}}]),
    )
    sign_in(role)
    is_theirs = role == "operator" and model in SEEN_BY_OPERATOR
    queries = [
        "",
        f"?account__id__exact={foreign.pk}",
        f"?account={foreign.pk}",
        f"?group={group.pk}",
        f"?groups__id__exact={group.pk}",
        f"?agents__id__exact={agent.pk}",
        f"?agent__id__exact={agent.pk}",
        f"?q={MARK}",
        "?o=1.2.-3",
        "?o=99.x",
        "?p=999999",
        "?all=",
        "?_to_field=account",
        "?_popup=1&_to_field=id",
        "?state=pending",
    ]

    for query in queries:
        answer = client.get(address(model, "changelist") + query, follow=True)
        assert answer.status_code in (200, 400, 403, 404), query
        if not is_theirs:
            # What was asked for is said again, but nothing is found.
            said = body(answer).replace(f"q={MARK}", "").replace(f"q%3D{MARK}", "")
            assert MARK not in said.replace(f'value="{MARK}"', ""), query
    for query in ("", "?_popup=1", f"?account={foreign.pk}&agents={agent.pk}"):
        answer = client.get(address(model, "add") + query, follow=True)
        assert answer.status_code in (200, 403, 404)
        assert is_theirs or MARK not in body(answer)


@pytest.mark.parametrize("role", ["owner", "full", "agent"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_actions_on_rows_of_another_account(client, own, foreign, sign_in, model, role):
    row, mine = ROWS[model](foreign), ROWS[model](own)
    sign_in(role)
    names = ["delete_selected", *(site._registry[model].actions or ())]
    before = [entry for entry in snapshot()[model] if entry["id"] == row.pk]

    for name in names:
        chosen = {"_selected_action": [row.pk], "select_across": "1", "post": "yes"}
        answer = client.post(
            address(model, "changelist"), {"action": name, "index": 0, **chosen}
        )
        assert MARK not in body(answer)
        assert before == [e for e in snapshot()[model] if e["id"] == row.pk], name
    assert MARK not in str(mine)


@pytest.mark.parametrize("role", ["full", "agent"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_without_ownership_nothing_is_changed(client, own, sign_in, model, role):
    row = ROWS[model](own)
    sign_in(role)
    before = snapshot()
    with_row, _without = views_of(model)

    for view in with_row:
        answer = client.post(
            address(model, view, row.pk),
            {"post": "yes", "name": "Taken", "role": "owner", "is_active": ""},
        )
        # Looking back is looking, whatever was sent along.
        expected = {200} if (view, role) == ("history", "full") else {403, 404}
        assert answer.status_code in expected, view
    client.post(address(model, "add"), {"name": "New", "email": "n@example.com"})
    for name in ("delete_selected", *(site._registry[model].actions or ())):
        chosen = {"action": name, "_selected_action": [row.pk], "post": "yes"}
        client.post(address(model, "changelist"), chosen)

    assert snapshot() == before


@pytest.mark.parametrize("role", ["owner", "full"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_own_rows_are_shown(client, own, sign_in, model, role):
    """What the walk above does not find is there for those who may see it."""
    row = ROWS[model](own)
    sign_in(role)

    for path in (
        address(model, "changelist"),
        address(model, "change", row.pk),
        address(model, "history", row.pk),
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "Kirsche" in body(answer)
        # The policy of the pages forbids both, so nothing may need them.
        assert not re.search(
            r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", body(answer)
        )


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
def test_there_is_no_autocomplete_to_ask(client, own, foreign, sign_in, model, role):
    ROWS[model](foreign)
    sign_in(role)

    for field in model._meta.get_fields():
        asked = {
            "app_label": model._meta.app_label,
            "model_name": model._meta.model_name,
            "field_name": field.name,
            "term": "",
        }
        answer = client.get("/admin/autocomplete/", asked)
        assert answer.status_code == (302 if role == "stranger" else 404), field


@pytest.mark.parametrize(
    "model",
    # Of accounts an owner sees one, their own.
    [model for model in MODELS if model is not Account],
    ids=lambda model: model._meta.model_name,
)
def test_lists_cost_the_same_with_many_rows(client, own, sign_in, model):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries():
        with CaptureQueriesContext(connection) as found:
            client.get(address(model, "changelist"))
        return len(found)

    sign_in("owner")
    ROWS[model](own)
    few = queries()
    own.name = "Kirsche2"
    for number in range(3):
        own.name = f"Kirsche{number}"
        ROWS[model](own)

    assert queries() == few


def test_the_operator_reads_no_conversation(client, foreign, sign_in):
    conversation = make_conversation(foreign, text=f"{MARK} in a message")
    sign_in("operator")

    for path in ("/", "/live/", "/report/", f"/c/{conversation.public_id}/"):
        answer = client.get(path, follow=True)
        assert "in a message" not in body(answer), path
    for model in set(MODELS) - SEEN_BY_OPERATOR:
        assert client.get(address(model, "changelist")).status_code == 403
