"""What a search can be asked for, and what it calls that which is gone."""

import re

import pytest

from conversations import services
from conversations.models import Tag
from tests import factories
from tests.conversations.desk import signed_in

pytestmark = pytest.mark.django_db

INBOX = "/"


def chips(text):
    return re.findall(r'<span class="token"><span dir="auto">([^<]+)<', text)


def offered(text, name):
    field = rf'name="{name}" value="\d+"(?: checked)?><span class="truncate">([^<]*)<'
    return re.findall(field, text)


def test_what_is_put_away_can_be_searched_for_and_comes_last(account, anna):
    tags = [Tag.objects.create(account=account, name=name) for name in "ab"]
    services.archive_tag(tag=tags[0], by=anna)
    jonas = factories.make_former_agent(account, "Jonas Adler")
    query = {"agent": jonas.pk, "tag": [tags[0].pk, tags[1].pk]}

    text = signed_in(anna).get(INBOX, query).text

    assert chips(text) == ["Agent: Jonas Adler (former)", "Tags: b, a (archived)"]
    assert offered(text, "tag") == ["b", "a (archived)"]
    assert offered(text, "agent") == [
        *("Anna Berger", "Olga Owner"),
        "Jonas Adler (former)",
    ]


def test_former_colleagues_of_others_are_not_named(account, anna):
    stranger = factories.make_account()
    former = factories.make_former_agent(stranger, "Eve Else")

    text = signed_in(anna).get(INBOX, {"agent": former.pk}).text

    assert chips(text) == ["Agent: unknown"]
    assert "Eve Else" not in text


def test_of_many_former_colleagues_the_chosen_one_is_named(account, anna, monkeypatch):
    monkeypatch.setattr("conversations.sidebar.MAX_FORMER", 1)
    factories.make_former_agent(account, "Ada")
    zoe = factories.make_former_agent(account, "Zoe")
    client = signed_in(anna)

    assert "Ada (former)" in offered(client.get(INBOX).text, "agent")
    assert chips(client.get(INBOX, {"agent": zoe.pk}).text) == ["Agent: Zoe (former)"]


def test_a_tag_that_is_gone_is_called_so_and_stays_in_the_search(account, anna):
    tag = Tag.objects.create(account=account, name="Complaint")
    gone = tag.pk + 1

    text = signed_in(anna).get(INBOX, {"tag": [tag.pk, gone]}).text

    assert chips(text) == ["Tags: Complaint, deleted tag"]
    assert f'<input type="hidden" name="tag" value="{gone}">' in text


def test_a_group_of_others_is_named_where_it_is_searched_for(account):
    own, other = factories.make_group(account, "Own"), factories.make_group(account)
    agent = factories.make_agent(account, "Mira Sahin", groups=(own,))
    client = signed_in(agent)

    text = client.get(INBOX, {"group": other.pk}).text

    assert chips(text) == [f"Group: {other.name}"]
    assert offered(text, "group") == ["Own", other.name]
    assert offered(client.get(INBOX).text, "group") == ["Own"]
