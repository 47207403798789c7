from typing import Any

from django.db import transaction

from conversations.models import Channel
from supportdesk.accounts.models import Account


@transaction.atomic
def create_channel(
    *, account: Account, kind: str, name: str, config: dict[str, Any]
) -> Channel:
    return Channel.objects.create(account=account, kind=kind, name=name, config=config)


@transaction.atomic
def update_channel(
    *, channel: Channel, name: str, config: dict[str, Any], is_active: bool = True
) -> Channel:
    """Store a channel's settings, validated by the form of its kind."""
    channel = Channel.objects.select_for_update().get(pk=channel.pk)
    channel.name = name
    channel.config = config
    channel.is_active = is_active
    channel.save(update_fields=["name", "config", "is_active"])
    return channel
