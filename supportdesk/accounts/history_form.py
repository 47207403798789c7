"""What of the history is asked for."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models import AuditEntry, User
from supportdesk.core.forms import DressedForm
from supportdesk.core.text import clean_line

TOPICS = {
    "account": _("Account"),
    "agent": _("Agents and roles"),
    "api_token": _("API tokens"),
    "block": _("Blocked visitors"),
    "canned_reply": _("Shared canned replies"),
    "channel": _("Channels"),
    "export": _("Exports"),
    "group": _("Groups"),
    "hours": _("Business hours"),
    "history": _("History"),
    "identity": _("Identity secrets"),
    "invitation": _("Invitations"),
    "notifications": _("Notifications"),
    "privacy": _("Privacy"),
    "sign_in": _("Signing in"),
    "tag": _("Tags"),
    "view": _("Shared views"),
    "visitor": _("Visitors"),
}


class HistoryForm(DressedForm, forms.Form):
    """Filters; what cannot be is as if it was not asked for."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    who = forms.ChoiceField(label=_("Who"), required=False)
    topic = forms.ChoiceField(
        label=_("What"),
        required=False,
        choices=[("", _("Everything")), *TOPICS.items()],
    )
    since = forms.DateField(
        label=_("From"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=_("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, data: Any, *, agent: User) -> None:
        super().__init__(data)
        colleagues = User.objects.visible_to(agent).by_name()
        who: Any = self.fields["who"]
        who.choices = [
            ("", _("Everybody")),
            *((str(each.pk), str(each)) for each in colleagues),
            (AuditEntry.Via.API.value, _("Programs (API)")),
            (AuditEntry.Via.SYSTEM.value, _("The desk itself")),
        ]

    def asked(self) -> dict[str, Any]:
        """For `history.found`."""
        self.is_valid()
        values = self.cleaned_data
        first, last = values.get("since"), values.get("until")
        return {
            "who": values.get("who", ""),
            "topic": values.get("topic", ""),
            "text": clean_line(values.get("q", ""), 100),
            "since": _start_of(first) if first else None,
            "until": _start_of(last, days=1) if last else None,
        }


def _start_of(day: date, days: int = 0) -> datetime | None:
    """In the account's time, which the request's clock shows; None past all calendars."""
    try:
        return timezone.make_aware(
            datetime.combine(day + timedelta(days=days), time.min)
        ).astimezone(UTC)
    except OverflowError:
        return None
