"""Settings, Tags."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conversations import services, tasks
from conversations.models import Conversation, Tag, Tagging
from conversations.views import tag_settings
from tests import factories
from tests.conversations.desk import signed_in

pytestmark = pytest.mark.django_db

URL = "/settings/tags/"


def make_tag(account, name="Complaint", **fields):
    return services.create_tag(account=account, name=name, **fields)


def put(account, tag):
    conversation = factories.make_conversation(account)
    services.tag_conversation(conversation_id=conversation.pk, tag=tag, agent=None)
    return conversation


def do(agent, verb, tag, **form):
    url = reverse(f"settings:tag_{verb}", args=[tag.pk])
    return signed_in(agent).post(url, form)


def change(agent, tag, **form):
    fields = {"name": tag.name, "hue": tag.hue, "description": tag.description}
    sent = {f"tag-{tag.pk}-{name}": value for name, value in (fields | form).items()}
    return do(agent, "change", tag, **sent)


def stored(tag):
    return Tag.objects.values_list("name", "hue", "description").get(pk=tag.pk)


def numbers(text):
    return dict(
        re.findall(
            r'id="tag-(\d+)".*?<span class="count push">(.*?)</span>', text, re.DOTALL
        )
    )


def test_page_is_there_for_full_access_only(account, anna):
    tag, other = make_tag(account), make_tag(account, "Advice")
    limited = factories.make_agent(account)

    assert URL in signed_in(anna).get(URL).text
    assert URL not in signed_in(limited).get(reverse("accounts:profile")).text
    assert signed_in(limited).get(URL).status_code == 404
    assert signed_in(limited).post(URL, {"name": "x", "hue": 1}).status_code == 404
    assert change(limited, tag, name="Mine").status_code == 404
    for verb in ("archive", "restore", "delete"):
        assert do(limited, verb, tag).status_code == 404
    assert do(limited, "merge", tag, into=other.pk).status_code == 404
    assert Tag.objects.offered().count() == 2


def test_other_accounts_tags_do_not_exist(account, anna):
    foreign = make_tag(factories.make_account("Elsewhere"), "Foreign")
    own = make_tag(account)

    assert "Foreign" not in signed_in(anna).get(URL).text
    assert change(anna, foreign, name="Mine").status_code == 404
    for verb in ("archive", "restore", "delete"):
        assert do(anna, verb, foreign).status_code == 404
    assert do(anna, "merge", foreign, into=own.pk).status_code == 404
    assert do(anna, "merge", own, into=foreign.pk).status_code == 422
    assert stored(foreign)[0] == "Foreign"
    assert Tag.objects.offered().count() == 2


def test_list_says_how_many_conversations_have_each(account, anna, monkeypatch):
    monkeypatch.setattr(tag_settings, "COUNTED", 2)
    none, one, many = (make_tag(account, name) for name in ("A", "B", "C"))
    put(account, one)
    for _ in range(4):
        put(account, many)

    text = signed_in(anna).get(URL).text

    assert numbers(text) == {
        str(none.pk): "0 conversations",
        str(one.pk): "1 conversation",
        str(many.pk): "more than 2 conversations",
    }


def test_list_costs_no_query_per_tag(account, anna):
    client, asked = signed_in(anna), []
    make_tag(account)
    client.get(URL)
    for names in ((), ("A", "B")):
        for name in names:
            make_tag(account, name)
        with CaptureQueriesContext(connection) as queries:
            client.get(URL)
        asked.append(len(queries))

    assert asked[0] == asked[1]


def test_tag_is_created(account, anna):
    form = {"name": "Spare part", "hue": "6", "description": "What broke"}

    response = signed_in(anna).post(URL, form)

    assert response.url == URL
    assert stored(Tag.objects.get()) == ("Spare part", 6, "What broke")
    assert Tag.objects.get().account == account


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"name": "Fine"},
        {"name": "Fine", "hue": "9"},
        {"name": "Fine", "hue": "red"},
        {"name": "", "hue": "1"},
        {"name": "\u200b", "hue": "1"},
        {"name": "x" * 255, "hue": "1"},
        {"name": "complaint", "hue": "1"},
        {"name": "Fine", "hue": "1", "description": "x" * 201},
    ],
)
def test_refused_form_says_why_and_keeps_what_was_written(account, anna, form):
    make_tag(account)

    response = signed_in(anna).post(URL, form)

    assert response.status_code == 422
    assert "field__error" in response.text
    kept = re.search(r'name="name"(?: value="([^"]*)")?', response.text)
    assert (kept[1] or "") == form.get("name", "")
    assert Tag.objects.count() == 1


def test_account_with_two_hundred_is_told(account, anna):
    Tag.objects.bulk_create(
        Tag(account=account, name=f"Tag {n}", hue=1) for n in range(200)
    )

    response = signed_in(anna).post(URL, {"name": "One more", "hue": "1"})

    assert response.status_code == 422
    assert "There are 200 tags already" in response.text
    assert Tag.objects.count() == 200


def test_tag_is_changed_in_place(account, anna):
    tag, other = make_tag(account, hue=1), make_tag(account, "Advice")

    response = change(anna, tag, name="Claim", hue=8, description="Unhappy")

    assert response.url == URL
    assert stored(tag) == ("Claim", 8, "Unhappy")
    assert stored(other)[0] == "Advice"


def test_refused_change_opens_its_row(account, anna):
    tag, other = make_tag(account), make_tag(account, "Advice")

    response = change(anna, tag, name="ADVICE")

    assert response.status_code == 422
    opened = re.findall(r'id="tag-(\d+)">\s*<details( open)?>', response.text)
    assert dict(opened) == {str(tag.pk): " open", str(other.pk): ""}
    assert 'value="ADVICE"' in response.text
    assert stored(tag)[0] == "Complaint"


def test_archived_tag_moves_down_and_comes_back(account, anna):
    tag = make_tag(account)

    do(anna, "archive", tag)
    text = signed_in(anna).get(URL).text
    assert text.index("archived-t") < text.index(f'id="tag-{tag.pk}"')
    assert not Tag.objects.offered().exists()

    do(anna, "restore", tag)
    assert "archived-t" not in signed_in(anna).get(URL).text
    assert Tag.objects.offered().get() == tag


def test_only_unused_tags_are_deleted(account, anna):
    used, unused = make_tag(account), make_tag(account, "Advice")
    put(account, used)

    for tag in (used, unused):
        assert do(anna, "delete", tag).url == URL

    assert Tag.objects.get() == used


def test_few_are_merged_at_once(account, anna):
    wrong, right = make_tag(account, "Complain"), make_tag(account)
    conversation = put(account, wrong)

    response = do(anna, "merge", wrong, into=right.pk)

    assert response.url == URL
    assert Tag.objects.get() == right
    assert Conversation.objects.get(pk=conversation.pk).tag_ids == [right.pk]


def test_many_are_merged_by_a_worker(
    account, anna, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(tag_settings, "MERGED_AT_ONCE", 1)
    asked = []
    monkeypatch.setattr(
        tasks.merge_tags, "delay_on_commit", lambda *given: asked.append(given)
    )
    wrong, right = make_tag(account, "Complain"), make_tag(account)
    for _ in range(2):
        put(account, wrong)

    do(anna, "merge", wrong, into=right.pk)

    assert asked == [(wrong.pk, right.pk, anna.pk)]
    assert Tag.objects.offered().get() == right
    for _ in range(2):
        tasks.merge_tags(*asked[0])
    assert Tag.objects.get() == right
    assert set(Tagging.objects.values_list("tag", flat=True)) == {right.pk}


@pytest.mark.parametrize("into", ["", "x", "0", "9" * 30, "self"])
def test_merge_into_nothing_is_refused(account, anna, into):
    tag, _other = make_tag(account), make_tag(account, "Advice")

    response = do(anna, "merge", tag, into=tag.pk if into == "self" else into)

    assert response.status_code == 422
    assert f'id="into-{tag.pk}-error"' in response.text
    assert Tag.objects.offered().count() == 2


def test_verbs_are_posts(account, anna):
    tag = make_tag(account)

    for verb in ("change", "merge", "archive", "restore", "delete"):
        url = reverse(f"settings:tag_{verb}", args=[tag.pk])
        assert signed_in(anna).get(url).status_code == 405
