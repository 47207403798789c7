from channels_integration.website.models import VisitorSession

__all__ = ["VisitorSession"]
