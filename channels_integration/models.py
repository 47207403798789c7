from channels_integration.website.models import IdentitySecret, VisitorSession

__all__ = ["IdentitySecret", "VisitorSession"]
