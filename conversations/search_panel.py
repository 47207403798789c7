"""The search above the list: what can be chosen, what is, and how to take it back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from conversations.filtering import MAX_QUERY_LENGTH, MAX_URL_LENGTH, TAG_MODES
from conversations.inbox import InboxQuery
from conversations.models import Channel, Conversation
from conversations.sidebar import Sidebar
from supportdesk.accounts.models import Language

MAX_NAMED = 3


@dataclass(frozen=True)
class Option:
    value: str | int
    label: str
    checked: bool


@dataclass(frozen=True)
class Choice:
    """A field of which several values can be chosen."""

    name: str
    label: str
    nothing: str
    options: tuple[Option, ...]
    # Chosen by the address, and none that is offered: sent along with the next search.
    unknown: tuple[Any, ...]
    # What these are called.
    without_name: str

    @property
    def named(self) -> str:
        besides = (self.without_name,) if self.unknown else ()
        return _named(self.options, *besides)

    @property
    def summary(self) -> str:
        return self.named or self.nothing


@dataclass(frozen=True)
class Chip:
    """One active filter, and the list without it."""

    text: str
    without: InboxQuery


@dataclass
class SearchPanel:
    """Everything that the search form of one list shows."""

    query: InboxQuery
    is_open: bool
    ratings: tuple[Option, ...]
    agents: Choice
    groups: Choice
    tags: Choice
    tag_modes: tuple[Option, ...]
    channels: Choice
    languages: Choice
    chips: list[Chip] = field(default_factory=list)

    # In Open it is out of the way until it is wanted.
    @property
    def is_shown(self) -> bool:
        is_resolved = self.query.status == Conversation.Status.RESOLVED
        return is_resolved or self.is_open or self.query.is_filtered

    max_query_length: int = MAX_QUERY_LENGTH
    max_url_length: int = MAX_URL_LENGTH


def search_panel(query: InboxQuery, sidebar: Sidebar, *, is_open: bool) -> SearchPanel:
    """Nothing is asked for: all of it stands beside every page.

    What is offered for nothing else any more can be searched for, and comes last.
    """
    ratings = sorted(Conversation.Rating.choices, reverse=True)
    panel = SearchPanel(
        query=query,
        is_open=is_open,
        ratings=_options(ratings, query.rating),
        agents=_choice("agent", _("Agent"), _("Anyone"), _agents(sidebar), query),
        groups=_choice(
            "group", _("Group"), _("Any group"), _groups(sidebar, query), query
        ),
        tags=_choice(
            *("tag", _("Tags"), _("Any tags"), _tags(sidebar), query),
            without_name=_("deleted tag"),
        ),
        tag_modes=_options(
            zip(
                TAG_MODES, (_("Any of them"), _("All"), _("None of them")), strict=True
            ),
            (query.tags,),
        ),
        channels=_choice(
            "channel", _("Channel"), _("Any channel"), Channel.Kind.choices, query
        ),
        languages=_choice(
            "language", _("Language"), _("Any language"), Language.choices, query
        ),
    )
    panel.chips = list(_chips(panel))
    return panel


def _agents(sidebar: Sidebar) -> Iterator[tuple[int, str]]:
    for colleague, _open in sidebar.colleagues:
        yield colleague.id, str(colleague)
    for person in sorted(sidebar.former, key=lambda person: str(person).lower()):
        yield person.id, _("%(name)s (former)") % {"name": person}


def _groups(sidebar: Sidebar, query: InboxQuery) -> Iterator[tuple[int, str]]:
    offered = {group.id for group in sidebar.groups}
    for group in sidebar.groups:
        yield group.id, group.name
    # Somebody else's: what an agent is assigned to may be in one.
    for group in sidebar.all_groups:
        if group.id in query.group and group.id not in offered:
            yield group.id, group.name


def _tags(sidebar: Sidebar) -> Iterator[tuple[int, str]]:
    for tag in sidebar.tags:
        archived = _("%(name)s (archived)") % {"name": tag.name}
        yield tag.id, archived if tag.is_archived else tag.name


def _options(
    choices: Iterable[tuple[Any, Any]], chosen: Sequence[Any]
) -> tuple[Option, ...]:
    return tuple(Option(value, str(label), value in chosen) for value, label in choices)


def _choice(
    name: str,
    label: str,
    nothing: str,
    choices: Iterable[tuple[Any, Any]],
    query: InboxQuery,
    *,
    without_name: str = "",
) -> Choice:
    chosen = getattr(query, name)
    options = _options(choices, chosen)
    offered = {option.value for option in options}
    unknown = tuple(value for value in chosen if value not in offered)
    without_name = without_name or _("unknown")
    return Choice(name, label, nothing, options, unknown, without_name)


def _named(options: Iterable[Option], *besides: str) -> str:
    labels = [option.label for option in options if option.checked]
    labels += besides
    more = len(labels) - MAX_NAMED
    text = ", ".join(labels[:MAX_NAMED])
    return f"{text} +{more}" if more > 0 else text


def _chips(panel: SearchPanel) -> Iterable[Chip]:
    query = panel.query
    if query.missed:
        yield Chip(_("Only missed"), query.without("missed"))
    if query.snoozed:
        yield Chip(_("Snoozed"), query.without("snoozed"))
    if query.following:
        yield Chip(_("Following"), query.without("following"))
    if query.rating:
        label = _("Rating")
        text = f"{label}: {_named(panel.ratings)}"
        yield Chip(text, query.without("rating"))
    for choice in (panel.agents, panel.groups, panel.channels, panel.languages):
        chosen = getattr(query, choice.name)
        if chosen:
            yield Chip(f"{choice.label}: {choice.named}", query.without(choice.name))
    if query.tag:
        label = {"all": _("All tags"), "none": _("Without tags")}.get(
            query.tags, panel.tags.label
        )
        yield Chip(f"{label}: {panel.tags.named}", query.without("tag", "tags"))
    if query.since or query.until:
        yield Chip(_period(query), query.without("since", "until"))
    if query.url:
        label = _("Page URL")
        yield Chip(f"{label}: {query.url}", query.without("url"))
    if query.ip:
        label = _("IP address")
        yield Chip(f"{label}: {query.ip}", query.without("ip"))
    if query.files:
        yield Chip(_("With attachment"), query.without("files"))


def _period(query: InboxQuery) -> str:
    # Translators: a short date with a year, such as 3 Nov 2024
    short = pgettext("date format", "j M Y")
    since = formats.date_format(query.since, short) if query.since else "…"
    until = formats.date_format(query.until, short) if query.until else "…"
    return f"{since} \N{EN DASH} {until}"
