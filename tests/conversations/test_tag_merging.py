"""What names a tag that is merged into another one names that one."""

import pytest
from django.db.models import Sum

from conversations import services
from conversations.exceptions import ConversationError
from conversations.models import Figure, Tag
from conversations.services import counting
from conversations.services import tags as tag_services
from tests import factories
from tests.conversations.counted import count_everything

pytestmark = pytest.mark.django_db


@pytest.fixture
def wrong(account):
    return services.create_tag(account=account, name="Complain")


@pytest.fixture
def right(account):
    return services.create_tag(account=account, name="Complaint")


def test_merge_keeps_what_reports_say_of_the_tag(
    account, anna, wrong, right, monkeypatch
):
    # Nobody else writes to this server.
    monkeypatch.setattr(counting, "_transactions", lambda: (9, 9))
    for tag in (wrong, wrong, right):
        row = factories.make_conversation(account)
        services.tag_conversation(conversation_id=row.pk, tag=tag, agent=anna)
        services.resolve_conversation(conversation_id=row.pk, agent=anna)
    count_everything()
    resolved = account.figures.filter(
        grain="m",
        what=Figure.What.RESOLVED,
        channel_kind=Figure.ALL_CHANNELS,
        group_key=Figure.ALL_GROUPS,
    )
    tagged = resolved.exclude(tag_key=0).values_list("tag_key")
    assert dict(tagged.annotate(Sum("count"))) == {wrong.pk: 2, right.pk: 1}

    services.merge_tags(tag=wrong, into=right, by=anna)

    assert dict(tagged.annotate(Sum("count"))) == {right.pk: 3}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("status=resolved&tag={wrong}", "status=resolved&tag={right}"),
        ("tag={wrong}&tag={right}&tags=all", "tag={right}&tags=all"),
        ("tag={other}&tag={wrong}&tags=none", "tag={other}&tag={right}&tags=none"),
        ("tag={wrong}0", "tag={wrong}0"),
        ("agent={wrong}", "agent={wrong}"),
    ],
)
def test_merge_lets_saved_views_ask_for_the_other_tag(
    account, anna, wrong, right, before, after
):
    other = services.create_tag(account=account, name="Advice")
    keys = {"wrong": wrong.pk, "right": right.pk, "other": other.pk}
    views = [
        services.save_view(agent=agent, name="View", query=before.format(**keys))
        for agent in (anna, factories.make_agent(account, "Mira Sahin"))
    ]

    services.merge_tags(tag=wrong, into=right, by=anna)

    for view in views:
        view.refresh_from_db()
        assert view.query == after.format(**keys)


def test_merge_leaves_views_of_other_accounts_alone(anna, wrong, right):
    stranger = factories.owner_of(factories.make_account("Elsewhere"))
    view = services.save_view(agent=stranger, name="View", query=f"tag={wrong.pk}")

    services.merge_tags(tag=wrong, into=right, by=anna)

    view.refresh_from_db()
    assert view.query == f"tag={wrong.pk}"


def test_merge_that_loses_its_target_deletes_nothing(anna, wrong, right, monkeypatch):
    monkeypatch.setattr(tag_services, "_move_some", lambda source, target: 0)
    monkeypatch.setattr(tag_services, "hold_tag", lambda pk: None)

    with pytest.raises(ConversationError, match="does not exist"):
        services.merge_tags(tag=wrong, into=right, by=anna)

    assert Tag.objects.filter(pk=wrong.pk).exists()
