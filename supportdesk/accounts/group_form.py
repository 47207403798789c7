"""Settings, groups: a group with its members and its automatic assignment."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models import (
    Account,
    AgentGroup,
    Assigning,
    Invitation,
    User,
)
from supportdesk.core.forms import DressedForm
from supportdesk.core.text import redact_line

MAX_LIMIT = 1000


class MembersField(forms.ModelMultipleChoiceField):
    """Says who of them is switched off."""

    def label_from_instance(self, obj: Any) -> str:
        if obj.is_active:
            return str(obj)
        return str(_("%(name)s (switched off)") % {"name": obj})


class AssigningForm(DressedForm, forms.Form):
    """How conversations find their agent; for the account those of no group."""

    assigning = forms.ChoiceField(
        label=_("Automatic assignment"),
        choices=Assigning.choices,
        help_text=_(
            "New conversations go to agents who are online, within business hours."
        ),
    )
    assigning_limit = forms.IntegerField(
        label=_("Open conversations of an agent at most"),
        min_value=1,
        max_value=MAX_LIMIT,
        help_text=_("Who has as many is given no more."),
    )

    def __init__(
        self, *args: Any, rule: Account | AgentGroup | None, **kwargs: Any
    ) -> None:
        initial = {
            "assigning": rule.assigning if rule else Assigning.OFF,
            "assigning_limit": rule.assigning_limit if rule else 10,
        }
        super().__init__(*args, initial={**initial, **kwargs.pop("initial", {})})


class GroupForm(AssigningForm):
    """Without `group` a new one."""

    name = forms.CharField(label=_("Name"), max_length=30)
    key = forms.SlugField(
        label=_("Key"),
        max_length=30,
        required=False,
        help_text=_(
            "Page code selects the group by it; left empty, it is made from the name."
        ),
    )
    agents = MembersField(
        User.objects.none(),
        label=_("Members"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("This agent does not exist any more.")},
    )
    field_order = ("name", "key", "agents", "assigning", "assigning_limit")

    def __init__(
        self, *args: Any, account: Account, group: AgentGroup | None = None
    ) -> None:
        self.account, self.group = account, group
        initial: dict[str, Any] = {}
        known = Q(is_active=True)
        if group:
            initial = {"name": group.name, "key": group.key}
            initial["agents"] = [agent.pk for agent in group.agents.all()]
            # Those stay members until somebody takes them out.
            known |= Q(pk__in=initial["agents"])
        super().__init__(*args, rule=group, initial=initial)
        agents = User.objects.filter(known, account=account)
        self.fields["agents"].queryset = agents.by_name()  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        name = redact_line(self.cleaned_data["name"], 30)
        if not name:
            raise forms.ValidationError(_("Enter a name."))
        return name

    def clean_key(self) -> str:
        name = self.cleaned_data.get("name", "")
        key = str(self.cleaned_data["key"] or slugify(name)[:30].strip("-"))
        if name and not key:
            raise forms.ValidationError(_("Enter a key of letters and numbers."))
        others = AgentGroup.objects.filter(account=self.account, key__iexact=key)
        if self.group:
            others = others.exclude(pk=self.group.pk)
        if others.exists():
            raise forms.ValidationError(_("Another group has this key already."))
        return key


class GroupDeletionForm(DressedForm, forms.Form):
    """Where those go who are in none but these groups; asks nothing if nobody is."""

    left_to = forms.ChoiceField(
        label=_("They go to"),
        error_messages={
            "required": _("Say where they go."),
            "invalid_choice": _("Choose a group that stays."),
        },
    )

    def __init__(self, data: Any = None, *, groups: Sequence[AgentGroup]) -> None:
        super().__init__(data)
        ids = [group.pk for group in groups]
        self.agents = list(User.objects.in_no_other(ids).by_name())
        waiting = Invitation.objects.unanswered().in_no_other(ids)
        self.invitations = list(waiting.order_by("email"))
        accounts = {group.account_id for group in groups}
        others = AgentGroup.objects.filter(account__in=accounts).exclude(pk__in=ids)
        self.others = {str(group.pk): group for group in others}
        if not (self.agents or self.invitations):
            del self.fields["left_to"]
            return
        self.fields["left_to"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose…")),
            *((key, group.name) for key, group in self.others.items()),
            ("all", _("No group: they see all conversations")),
        ]

    def answer(self) -> dict[str, Any]:
        """What the service asks for."""
        chosen = self.cleaned_data.get("left_to")
        return {"left_to": self.others.get(chosen, chosen) if chosen else None}
