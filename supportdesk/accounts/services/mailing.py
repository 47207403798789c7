"""How many mails somebody may have the desk send for them: it mails no strangers
at will, and nobody without end."""

from django.utils.translation import gettext as _

from supportdesk.accounts import audit
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import User
from supportdesk.core.ratelimit import allow

# Of one account, invitations and all that is mailed about its agents together.
_ACCOUNT_RATE = "60/hour"
_AGENT_RATE = "5/hour"


def check_mails(account_id: int | None, agent: User | None = None) -> None:
    """Count a mail for the account, and about the agent if it is about one.

    Raises AccountError when there were too many. The platform operator has no account.
    """
    if agent is not None and not allow(_AGENT_RATE, "agent-mail", agent.pk):
        raise AccountError(_("Too many mails about this agent. Try again in an hour."))
    if account_id and not allow(_ACCOUNT_RATE, "invitation", account_id):
        raise AccountError(_("Too many mails. Try again in an hour."))


def note_password_link(*, agent: User, by: User) -> None:
    """Somebody else has a link to choose a password sent; the mail is theirs to order.

    Raises AccountError for who is switched off, and for too many mails.
    """
    if not agent.is_active:
        raise AccountError(_("This agent is switched off."))
    check_mails(agent.account_id, agent)
    audit.record("agent.link_sent", account_id=agent.account_id, by=by, target=agent)
