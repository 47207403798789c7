from supportdesk.accounts.models.account import (
    Account,
    Assigning,
    AssigningRule,
    IpStorage,
)
from supportdesk.accounts.models.agent import Presence, Role, User
from supportdesk.accounts.models.api_token import ApiToken
from supportdesk.accounts.models.audit import AuditEntry
from supportdesk.accounts.models.fields import (
    EmailAddressField,
    Language,
    validate_time_zone,
)
from supportdesk.accounts.models.group import AgentGroup
from supportdesk.accounts.models.hours import BusinessHour, Holiday
from supportdesk.accounts.models.invitation import Invitation
from supportdesk.accounts.models.leaving import AccountExport
from supportdesk.accounts.models.session import AgentSession
from supportdesk.accounts.models.sign_up import SignUp

__all__ = [
    "Account",
    "AccountExport",
    "AgentGroup",
    "AgentSession",
    "ApiToken",
    "Assigning",
    "AssigningRule",
    "AuditEntry",
    "BusinessHour",
    "EmailAddressField",
    "Holiday",
    "Invitation",
    "IpStorage",
    "Language",
    "Presence",
    "Role",
    "SignUp",
    "User",
    "validate_time_zone",
]
