"""What the list can be asked for: between fields all count, within one any value does."""

import ipaddress
from collections.abc import Sequence
from copy import deepcopy
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

import django_filters
from django import forms
from django.contrib.postgres.search import SearchQuery
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, Value
from django.http import QueryDict

from conversations.models import Assignment, Channel, Conversation, Message
from conversations.part_words import words_with
from conversations.querysets import ConversationQuerySet
from conversations.search_keys import keys_if_few
from conversations.words import CONFIGURATIONS, Term, terms_of
from supportdesk.accounts.models import Account, Language, User
from supportdesk.core.text import clean_line, redact_line
from visitors.models import Visit

MAX_KEY = 2**63 - 1
MAX_VALUES = 30
MAX_QUERY_LENGTH = 100
MAX_URL_LENGTH = 200
MAX_IP_LENGTH = 43
MAX_IGNORED = 5
EARLIEST, LATEST = date(1970, 1, 1), date(2200, 12, 31)

SHOWS = ("mine", "unassigned", "others", "all")
TAG_MODES = ("any", "all", "none")
# What an address may hold besides: part of the list or of the page, and no filter.
BESIDE = frozenset({"sort", "after", "before", "hit", "panel"})

Network = tuple[str, str]


class ManyField(forms.Field):
    """Several values, of which those that are none are left out."""

    widget = forms.SelectMultiple

    def __init__(self, *, each: forms.Field, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.each = each
        self.has_refused = False

    def clean(self, value: Sequence[Any] | None) -> tuple[Any, ...]:
        given = [one for one in value or () if one != ""]
        kept = []
        for one in given[:MAX_VALUES]:
            try:
                kept.append(self.each.clean(one))
            except ValidationError:
                self.has_refused = True
        self.has_refused = self.has_refused or len(given) > MAX_VALUES
        return tuple(dict.fromkeys(kept))


class ManyFilter(django_filters.Filter):
    field_class = ManyField


class KeysFilter(ManyFilter):
    """Keys of rows, taken as numbers: what they may show is `visible_to`'s matter."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        each = forms.IntegerField(min_value=1, max_value=MAX_KEY)
        super().__init__(*args, each=each, **kwargs)


class ChoicesFilter(ManyFilter):
    def __init__(self, *args: Any, choices: Any, number: bool = False, **kwargs: Any):
        each = forms.TypedChoiceField(choices=choices, coerce=int if number else str)
        super().__init__(*args, each=each, **kwargs)


class DayField(forms.DateField):
    """A day that a clock of any zone can show."""

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day is not None and not EARLIEST <= day <= LATEST:
            raise ValidationError(self.error_messages["invalid"])
        return day


class DayFilter(django_filters.Filter):
    field_class = DayField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, input_formats=["%Y-%m-%d"], **kwargs)


class AddressField(forms.CharField):
    """An IP address, a network, or its beginning as far as it was typed."""

    def clean(self, value: Any) -> str:
        text = clean_line(str(super().clean(value) or ""), MAX_IP_LENGTH)
        if text and network_of(text) is None:
            raise ValidationError("no address")
        return text


class AddressFilter(django_filters.Filter):
    field_class = AddressField


def network_of(text: str) -> Network | None:
    """First and last address of what was typed; None if it is nothing of the kind.

    `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`, and a beginning that ends with
    its separator or lacks parts: `203.0.113.`, `203.0`, `2001:db8:`.
    """
    # An address within a zone of the sender's own, `fe80::1%eth0`: PostgreSQL has none.
    if "%" in text:
        return None
    for candidate in (text, _completed(text)):
        try:
            network = ipaddress.ip_network(candidate, strict=False)
        except ValueError:
            continue
        return str(network.network_address), str(network.broadcast_address)
    return None


def _completed(text: str) -> str:
    if ":" in text:
        parts = text.rstrip(":").split(":")
        return f"{':'.join(parts)}::/{16 * len(parts)}" if text.endswith(":") else ""
    parts = text.rstrip(".").split(".")
    if not 1 <= len(parts) <= 3 or (len(parts) == 1 and not text.endswith(".")):
        return ""
    return f"{'.'.join(parts + ['0'] * (4 - len(parts)))}/{8 * len(parts)}"


class ConversationFilter(django_filters.FilterSet):
    """The list's filters; a value that is none counts as not given."""

    status = django_filters.ChoiceFilter(choices=Conversation.Status.choices)
    show = django_filters.ChoiceFilter(
        choices=[(show, show) for show in SHOWS], method="filter_show"
    )
    missed = django_filters.ChoiceFilter(choices=[("1", "1")], method="filter_missed")
    snoozed = django_filters.ChoiceFilter(choices=[("1", "1")], method="filter_snoozed")
    following = django_filters.ChoiceFilter(
        choices=[("1", "1")], method="filter_following"
    )
    group = KeysFilter(field_name="group_id", lookup_expr="in")
    agent = KeysFilter(method="filter_agent")
    rating = ChoicesFilter(
        choices=Conversation.Rating.choices,
        number=True,
        field_name="rating",
        lookup_expr="in",
    )
    tag = KeysFilter(method="filter_tag")
    tags = django_filters.ChoiceFilter(
        choices=[(mode, mode) for mode in TAG_MODES], method="filter_nothing"
    )
    channel = ChoicesFilter(
        choices=Channel.Kind.choices, field_name="channel_kind", lookup_expr="in"
    )
    language = ChoicesFilter(
        choices=Language.choices, field_name="language", lookup_expr="in"
    )
    since = DayFilter(method="filter_since")
    until = DayFilter(method="filter_until")
    url = django_filters.CharFilter(method="filter_nothing", max_length=MAX_URL_LENGTH)
    ip = AddressFilter(method="filter_ip")
    files = django_filters.ChoiceFilter(choices=[("1", "1")], method="filter_files")
    q = django_filters.CharFilter(method="filter_q", max_length=MAX_QUERY_LENGTH)

    class Meta:
        model = Conversation
        fields: list[str] = []

    def __init__(self, *args: Any, viewer: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer

    def get_form_class(self) -> type[forms.Form]:
        return _form_class()

    def filter_nothing(
        self, rows: ConversationQuerySet, name: str, value: Any
    ) -> ConversationQuerySet:
        """Part of another filter, or asked of some rows only."""
        return rows

    def filter_show(
        self, rows: ConversationQuerySet, name: str, value: str
    ) -> ConversationQuerySet:
        if value == "unassigned":
            return rows.unassigned()
        if value == "mine" and self.viewer is not None:
            return rows.mine(self.viewer)
        if value == "others" and self.viewer is not None:
            return rows.others(self.viewer)
        return rows

    def filter_missed(
        self, rows: ConversationQuerySet, name: str, value: str
    ) -> ConversationQuerySet:
        return rows.missed()

    def filter_snoozed(
        self, rows: ConversationQuerySet, name: str, value: str
    ) -> ConversationQuerySet:
        return rows.snoozed()

    def filter_following(
        self, rows: ConversationQuerySet, name: str, value: str
    ) -> ConversationQuerySet:
        return rows.followed_by(self.viewer) if self.viewer is not None else rows

    def filter_agent(
        self, rows: ConversationQuerySet, name: str, value: tuple[int, ...]
    ) -> ConversationQuerySet:
        if len(value) == 1:
            # A join, which cannot double a row here, leaves every order open.
            return rows.filter(assignment__agent=value[0])
        own = Assignment.objects.filter(conversation=OuterRef("pk"))
        return rows.filter(Exists(own.filter(agent__in=value)))

    def filter_tag(
        self, rows: ConversationQuerySet, name: str, value: tuple[int, ...]
    ) -> ConversationQuerySet:
        mode = self.form.cleaned_data.get("tags")
        wanted = list(value)
        if mode == "none":
            return rows.exclude(tag_ids__overlap=wanted)
        lookup = "tag_ids__contains" if mode == "all" else "tag_ids__overlap"
        # Said twice: the index holds only those that have tags.
        return rows.filter(~Q(tag_ids=[]), **{lookup: wanted})

    def filter_since(
        self, rows: ConversationQuerySet, name: str, value: date
    ) -> ConversationQuerySet:
        return rows.filter(last_activity_at__gte=self._midnight(value))

    def filter_until(
        self, rows: ConversationQuerySet, name: str, value: date
    ) -> ConversationQuerySet:
        day_after = value + timedelta(days=1)
        return rows.filter(last_activity_at__lt=self._midnight(day_after))

    def _midnight(self, day: date) -> datetime:
        zone = self._account.tz if self._account else None
        return datetime.combine(day, time.min, tzinfo=zone)

    def filter_ip(
        self, rows: ConversationQuerySet, name: str, value: str
    ) -> ConversationQuerySet:
        network = network_of(value)
        if network is None:
            return rows
        visits = Visit.objects.filter(
            visitor=OuterRef("visitor"), ip__gte=network[0], ip__lte=network[1]
        )
        return rows.filter(Exists(visits))

    def filter_files(
        self, rows: ConversationQuerySet, name: str, value: str
    ) -> ConversationQuerySet:
        messages = Message.objects.filter(conversation=OuterRef("pk"))
        return rows.filter(Exists(messages.filter(attachment_count__gt=0)))

    def filter_q(
        self, rows: ConversationQuerySet, name: str, value: str
    ) -> ConversationQuerySet:
        condition = search_condition(value, self._account)
        if condition is None:
            return rows.none()
        found = rows.filter(condition)
        names_all = any(
            isinstance(part, tuple) and part[0] == "pk__in"
            for part in condition.children
        )
        return found.annotate(are_few=Value(True)) if names_all else found

    @property
    def _account(self) -> Account | None:
        return self.viewer.account if self.viewer else None


@cache
def _form_class() -> type[forms.Form]:
    """Made once and not for each list: it is the same whoever asks."""
    # Of copies: filters remember their fields, and are copied with them for each list.
    filters = deepcopy(ConversationFilter.base_filters)
    fields = {name: each.field for name, each in filters.items()}
    return type("ConversationFilterForm", (forms.Form,), fields)


def search_condition(text: str, account: Account | None) -> Q | None:
    """All of the words, each in one of its forms; None if there is no word in it.

    Two queries: which words the parts are parts of, and which conversations have them
    if these are few.
    """
    stems = CONFIGURATIONS.get(account.language if account else "", "simple")
    terms = terms_of(text)
    longer = words_with({term.part for term in terms if term.part}, account)
    asked: Any = None
    for term in terms:
        wanted = _query_of(term, stems, longer.get(term.part, ()))
        asked = wanted if asked is None else asked & wanted
    if asked is None or account is None:
        return None
    few = keys_if_few(asked, account)
    return Q(search_document__words=asked) if few is None else Q(pk__in=few)


def _query_of(term: Term, stems: str, longer: Sequence[str]) -> Any:
    # Words hold letters and digits only: nothing in them can be an operator.
    if term.is_prefix and len(term.words) == 1:
        return SearchQuery(f"{term.words[0]}:*", config="simple", search_type="raw")
    if len(term.words) > 1:
        phrase = " ".join(term.words)
        return SearchQuery(phrase, config="simple", search_type="phrase")
    [word] = term.words
    either = " | ".join((word, *longer))
    exactly = SearchQuery(either, config="simple", search_type="raw")
    return exactly | SearchQuery(word, config=stems, search_type="plain")


def read_filters(data: QueryDict) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What an address asks for, and the names of what is none of it."""
    data = data.copy()
    # Searches are kept, as views and in exports; and a number that was hidden in what
    # was written is found by its marker only.
    for name, length in (("q", MAX_QUERY_LENGTH), ("url", MAX_URL_LENGTH)):
        if name in data:
            data[name] = redact_line(str(data[name]), length)
    form = _form_class()(data)
    form.is_valid()
    given = {name: value for name, value in form.cleaned_data.items() if value}
    ignored = [
        clean_line(name, 30)
        for name in data
        if name not in BESIDE
        and (
            name not in form.fields
            or name in form.errors
            or getattr(form.fields[name], "has_refused", False)
        )
    ]
    return given, tuple(name for name in ignored if name)[:MAX_IGNORED]
