import zoneinfo
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts import services
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.models import (
    Account,
    AgentGroup,
    EmailAddressField,
    User,
)
from supportdesk.core.text import redact_line


def _time_zones() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(zoneinfo.available_timezones())]


class NamedForm(forms.ModelForm):
    viewer: User

    def clean_name(self) -> str:
        field = self.fields["name"]
        name = redact_line(self.cleaned_data["name"], getattr(field, "max_length", 120))
        if not name:
            raise forms.ValidationError(_("Enter a name."))
        return name

    @property
    def account_id(self) -> int:
        """The account that the row is in, or will be; 0 for none."""
        own = getattr(self.instance, "account_id", None)
        return own or self.viewer.account_id or 0


class AccountForm(NamedForm):
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=_time_zones)

    class Meta:
        model = Account
        fields = (
            "name",
            "language",
            "time_zone",
            "reopen_window_days",
            "ip_storage",
        )


class NewAccountForm(AccountForm):
    """The operator opens an account together with its owner."""

    owner_name = forms.CharField(label=_("Owner's name"), max_length=120)
    owner_email = forms.EmailField(
        label=_("Owner's e-mail address"),
        max_length=254,
        help_text=_("A link to choose a password is sent there."),
    )

    def clean_owner_email(self) -> str:
        email = str(EmailAddressField().to_python(self.cleaned_data["owner_email"]))
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError(_("This e-mail address is already in use."))
        return email


class AgentForm(NamedForm):
    groups = forms.ModelMultipleChoiceField(
        label=_("Groups"),
        queryset=AgentGroup.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Without a group, an agent answers for every group."),
    )

    class Meta:
        model = User
        fields = ("name", "email", "language", "role", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = self.fields.get("groups")
        if isinstance(groups, forms.ModelMultipleChoiceField):
            groups.queryset = AgentGroup.objects.filter(account_id=self.account_id)
            if self.instance.pk:
                groups.initial = self.instance.groups.all()

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self.instance.pk:
            # The instance still is what is stored: it is written after `clean`.
            try:
                services.check_access_change(
                    agent=self.instance,
                    by=self.viewer,
                    role=values.get("role", self.instance.role),
                    is_active=values.get("is_active", self.instance.is_active),
                )
            except AccountError as refusal:
                raise forms.ValidationError(str(refusal)) from refusal
        return values


class GroupForm(NamedForm):
    agents = forms.ModelMultipleChoiceField(
        label=_("Agents"),
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = AgentGroup
        fields = ("name", "key", "agents")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        agents = self.fields.get("agents")
        if isinstance(agents, forms.ModelMultipleChoiceField):
            colleagues = User.objects.filter(account_id=self.account_id)
            agents.queryset = colleagues.by_name()

    def clean_key(self) -> str:
        key = str(self.cleaned_data["key"])
        others = AgentGroup.objects.filter(account_id=self.account_id, key__iexact=key)
        if others.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("Another group has this key already."))
        return key
