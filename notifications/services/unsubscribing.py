"""Ending one kind of mail by the link in it, and taking that back."""

from django.db import transaction

from notifications.models import (
    ExtraRecipient,
    Notification,
    Preferences,
    mailed_events,
)
from notifications.unsubscribing import Subscription
from supportdesk.accounts import audit


@transaction.atomic
def stop_mails(*, subscription: Subscription) -> None:
    """No more mails of this kind to this recipient; a second time changes nothing.

    An address that is no agent's is taken off the account's list, for all groups: who
    reads there did not choose the groups.
    """
    if subscription.agent_id is None:
        gone, _rows = ExtraRecipient.objects.filter(
            account_id=subscription.account_id,
            event=subscription.kind,
            email=subscription.email,
        ).delete()
        if gone:
            audit.record(
                "notifications.unsubscribed",
                account_id=subscription.account_id,
                via=audit.Via.MAIL,
                changes={f"recipients_{subscription.kind}": (subscription.email, None)},
            )
    else:
        _choose(subscription, wanted=False)


@transaction.atomic
def resume_mails(*, subscription: Subscription) -> None:
    """Take an agent's unsubscribing back; other addresses are the account's choice."""
    if subscription.agent_id is not None:
        _choose(subscription, wanted=True)


def _choose(subscription: Subscription, *, wanted: bool) -> None:
    # No row means the defaults: the first choice writes them down.
    Preferences.objects.get_or_create(agent_id=subscription.agent_id)
    preferences = Preferences.objects.select_for_update().get(
        agent_id=subscription.agent_id
    )
    if subscription.kind == Notification.Kind.DIGEST:
        preferences.digest = wanted
        preferences.save(update_fields=["digest"])
        return
    mailed = set(preferences.mail) - {subscription.kind}
    if wanted:
        mailed.add(subscription.kind)
    preferences.mail = [event for event in mailed_events() if event in mailed]
    preferences.save(update_fields=["mail"])
