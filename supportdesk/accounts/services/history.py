"""The history itself: it leaves the desk."""

from supportdesk.accounts import audit
from supportdesk.accounts.models import User


def note_history_exported(*, agent: User) -> None:
    """The history leaves the desk as a file."""
    audit.record("history.exported", account_id=agent.account_id, by=agent)
