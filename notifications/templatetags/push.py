"""What the page's scripts know of the browser they run in."""

from django import template

from supportdesk.accounts.presence import device_of

register = template.Library()


@register.simple_tag(takes_context=True)
def push_device(context: template.Context) -> str:
    """The name under which this signed-in browser is told things; no query."""
    session = getattr(context.get("request"), "session", None)
    key = getattr(session, "session_key", None)
    return device_of(key) if key else ""
