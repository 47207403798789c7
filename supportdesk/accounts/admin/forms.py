from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts import services
from supportdesk.accounts.exceptions import AccountError
from supportdesk.accounts.forms import MAX_PASSWORD, check_own_password
from supportdesk.accounts.hours_form import time_zones
from supportdesk.accounts.models import (
    Account,
    AgentGroup,
    EmailAddressField,
    Invitation,
    Role,
    User,
)
from supportdesk.accounts.names import plain_name
from supportdesk.core.forms import DressedForm


class NamedForm(DressedForm, forms.ModelForm):
    viewer: User

    def clean_name(self) -> str:
        field = self.fields["name"]
        name = plain_name(self.cleaned_data["name"], getattr(field, "max_length", 120))
        if not name:
            raise forms.ValidationError(_("Enter a name."))
        return name

    @property
    def account_id(self) -> int:
        """The account that the row is in, or will be; 0 for none."""
        own = getattr(self.instance, "account_id", None)
        return own or self.viewer.account_id or 0


class AccountForm(NamedForm):
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=time_zones)

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


class MakesOwners(NamedForm):
    """Whoever makes somebody an owner shows first who they are themselves."""

    own_password = forms.CharField(
        label=_("Your password"),
        required=False,
        max_length=MAX_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(
            attrs={"autocomplete": "current-password", "maxlength": MAX_PASSWORD}
        ),
        help_text=_(
            "Only needed to make somebody an owner. All owners are told by e-mail."
        ),
    )

    @property
    def changed_data(self) -> list[str]:
        """What the history of the row names; a proof is no change."""
        return [name for name in super().changed_data if name != "own_password"]

    def clean_owner(self, values: dict[str, Any]) -> None:
        """To be called once the values are clean; `instance` has those there were."""
        was_owner = self.instance.pk and self.instance.role == Role.OWNER
        if values.get("role") != Role.OWNER or was_owner:
            return
        password = values.get("own_password")
        if not password:
            self.add_error(
                "own_password", _("Enter your password to make somebody an owner.")
            )
            return
        try:
            check_own_password(self.viewer, password)
        except forms.ValidationError as refusal:
            self.add_error("own_password", refusal)


class AgentForm(MakesOwners):
    new_email = forms.EmailField(
        label=_("New e-mail address"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_(
            "A link is sent there. Until the agent opens it, the address stays the same."
        ),
    )
    groups = forms.ModelMultipleChoiceField(
        label=_("Groups"),
        queryset=AgentGroup.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Without a group, an agent answers for every group."),
    )

    class Meta:
        model = User
        fields = ("name", "language", "role", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk == self.viewer.pk:
            # One's own address is the profile's matter, one's role nobody's.
            for name in ("new_email", "own_password"):
                self.fields.pop(name, None)
        groups = self.fields.get("groups")
        if isinstance(groups, forms.ModelMultipleChoiceField):
            groups.queryset = AgentGroup.objects.filter(account_id=self.account_id)
            if self.instance.pk:
                groups.initial = self.instance.groups.all()

    def clean_new_email(self) -> str:
        """Whoever is no agent of the account is nothing that this form would tell."""
        email = str(self.cleaned_data["new_email"]).lower()
        if email == self.instance.email:
            raise forms.ValidationError(_("This is the address already."))
        colleagues = User.objects.filter(account_id=self.account_id)
        if email and colleagues.filter(email=email).exists():
            raise forms.ValidationError(_("This e-mail address is already in use."))
        return email

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        self.clean_owner(values)
        if values.get("new_email") and not values.get("is_active"):
            self.add_error("new_email", _("Only active agents get a link."))
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


class InvitationForm(MakesOwners):
    groups = forms.ModelMultipleChoiceField(
        label=_("Groups"),
        queryset=AgentGroup.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Without a group, an agent answers for every group."),
    )

    class Meta:
        model = Invitation
        fields = ("email", "name", "role", "groups", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = self.fields.get("groups")
        if isinstance(groups, forms.ModelMultipleChoiceField):
            groups.queryset = AgentGroup.objects.filter(account_id=self.account_id)
        if not self.instance.pk and self.viewer.account and "language" in self.fields:
            self.fields["language"].initial = self.viewer.account.language

    def clean_name(self) -> str:
        return plain_name(self.cleaned_data["name"], 120)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        self.clean_owner(values)
        return values

    def clean_email(self) -> str:
        """As the service will say it, but beside the field."""
        email = str(self.cleaned_data["email"])
        if User.objects.filter(account_id=self.account_id, email=email).exists():
            raise forms.ValidationError(_("This e-mail address is already in use."))
        invited = Invitation.objects.unanswered().filter(account_id=self.account_id)
        if invited.filter(email=email).exists():
            raise forms.ValidationError(
                _(
                    "This address is invited already. Send that invitation again instead."
                )
            )
        return email


class LeavingForm(DressedForm, forms.Form):
    """Who takes over the open conversations of an agent who is switched off."""

    successor = forms.ModelChoiceField(
        label=_("Open conversations go to"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Nobody: back to those who wait for anybody"),
    )

    def __init__(self, *args: Any, agent: User) -> None:
        super().__init__(*args)
        colleagues = User.objects.filter(account=agent.account_id).active()
        field = self.fields["successor"]
        field.queryset = colleagues.exclude(pk=agent.pk).by_name()  # type: ignore[attr-defined]


class HandOverForm(DressedForm, forms.Form):
    """Proof that it is the owner who gives the account away."""

    password = forms.CharField(
        label=_("Your password"),
        max_length=MAX_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, owner: User) -> None:
        super().__init__(*args)
        self.owner = owner

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        check_own_password(self.owner, password)
        return password
