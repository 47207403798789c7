"""The admin of owners and of the platform operator; upper apps add their own."""

from supportdesk.accounts.admin.accounts import AccountAdmin
from supportdesk.accounts.admin.agents import AgentAdmin
from supportdesk.accounts.admin.groups import AgentGroupAdmin
from supportdesk.accounts.admin.history import AuditEntryAdmin
from supportdesk.accounts.admin.invitations import InvitationAdmin
from supportdesk.accounts.admin.site import site
from supportdesk.accounts.admin.tokens import ApiTokenAdmin

__all__ = [
    "AccountAdmin",
    "AgentAdmin",
    "AgentGroupAdmin",
    "ApiTokenAdmin",
    "AuditEntryAdmin",
    "InvitationAdmin",
    "site",
]
