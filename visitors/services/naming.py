"""What the history may keep of a visitor."""

from supportdesk.accounts.audit import Target
from visitors.models import Visitor


def audit_target(visitor: Visitor) -> Target:
    """The number that the desk shows, never the name: erasing must reach it all."""
    return Target(visitor._meta.label_lower, visitor.pk, f"#{visitor.number}")
