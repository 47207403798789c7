"""Domain events: how a lower app tells the ones above that something happened."""

from typing import Any

from django.db import transaction
from django.dispatch import Signal


def emit_on_commit(signal: Signal, event: Any) -> None:
    """Send `event` to the receivers of `signal` once the transaction is committed.

    Nothing leaves a write that is rolled back, and one broken receiver stops
    no other: `send_robust` logs what a receiver raised.
    """
    transaction.on_commit(
        lambda: signal.send_robust(sender=type(event), event=event), robust=True
    )
