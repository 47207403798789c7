"""Rows that a service holds until its transaction ends."""

from supportdesk.accounts.models import Account, User


def lock_account(account_id: int) -> Account:
    """The first of all locks: who needs an agent's or an invitation's too has this one.

    Not for its key: rows that only point at the account, such as the history's, are
    written meanwhile, or two who hold something of each other's would never end.
    """
    return Account.objects.select_for_update(no_key=True).get(pk=account_id)


def lock_agents(*keys: int) -> dict[int, User]:
    """Those there are, by key; always taken in the same order."""
    rows = User.objects.select_for_update(no_key=True).filter(pk__in=keys)
    return {agent.pk: agent for agent in rows.order_by("pk")}
