"""What the page's scripts know of its agent's notifications."""

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from notifications.models import Preferences
from supportdesk.accounts.models import User

register = template.Library()


@register.simple_tag(takes_context=True)
def notify_data(context: template.Context) -> SafeString:
    """Attributes for `.app`: the events that sound and show, quiet hours, idling."""
    request = context.get("request")
    agent = getattr(request, "user", None)
    if not isinstance(agent, User) or agent.account is None:
        return SafeString("")
    # The preferences' own page has read them already.
    preferences = context.get("preferences") or Preferences.objects.of(agent.pk)
    attributes = {
        "sound": " ".join(preferences.sound),
        "browser": " ".join(preferences.browser),
    }
    if preferences.quiet_from is not None and preferences.quiet_until is not None:
        begins, ends = preferences.quiet_from, preferences.quiet_until
        attributes["quiet"] = f"{begins:%H:%M}-{ends:%H:%M}"
        attributes["time-zone"] = agent.account.time_zone
    if preferences.away_when_idle:
        attributes["idle"] = "30"
    return format_html_join(
        " ",
        'data-{}="{}"',
        ((name, value) for name, value in attributes.items() if value),
    )
