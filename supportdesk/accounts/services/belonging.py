"""What one form names must be of one account."""

from collections.abc import Iterable

from supportdesk.accounts.models import AgentGroup, User


def same_account(
    account_id: int | None, things: Iterable[User] | Iterable[AgentGroup]
) -> None:
    """What a form of one account names must be of that account."""
    if any(thing.account_id != account_id for thing in things):
        raise ValueError("an agent or group of another account")
