from typing import Any

from django.db import transaction

from conversations.models import Channel
from supportdesk.accounts import audit
from supportdesk.accounts.models import Account, AgentGroup


@transaction.atomic
def create_channel(
    *,
    account: Account,
    kind: str,
    name: str,
    config: dict[str, Any],
    group: AgentGroup | None = None,
) -> Channel:
    """Add a way in; `group` gets what begins there, unless a page says otherwise."""
    _check_group(account.pk, group)
    channel = Channel.objects.create(
        account=account, kind=kind, name=name, config=config, group=group
    )
    audit.record(
        "channel.created",
        account_id=account.pk,
        target=channel,
        changes=audit.difference({}, _state(channel)),
    )
    return channel


@transaction.atomic
def update_channel(
    *,
    channel: Channel,
    name: str,
    config: dict[str, Any],
    group: AgentGroup | None,
    is_active: bool = True,
) -> Channel:
    """Store a channel's settings, validated by the form of its kind.

    Another group counts for what begins from now on.
    """
    _check_group(channel.account_id, group)
    channel = Channel.objects.select_for_update().get(pk=channel.pk)
    before = _state(channel)
    channel.name = name
    channel.config = config
    channel.group = group
    channel.is_active = is_active
    channel.save(update_fields=["name", "config", "group", "is_active"])
    changes = audit.difference(before, _state(channel))
    if changes:
        audit.record(
            "channel.changed",
            account_id=channel.account_id,
            target=channel,
            changes=changes,
        )
    return channel


def _state(channel: Channel) -> dict[str, Any]:
    """With each of its settings by name, so that the history tells which changed."""
    group = channel.group.name if channel.group else None
    fixed = {"name": channel.name, "group": group, "is_active": channel.is_active}
    return fixed | dict(channel.config)


def _check_group(account_id: int, group: AgentGroup | None) -> None:
    if group is not None and group.account_id != account_id:
        raise ValueError("a group of another account")
