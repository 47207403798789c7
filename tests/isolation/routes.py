"""Every address there is, and whose thing it asks for.

A route whose arguments are not told of here fails its test: whoever adds one says
which object it opens, and has it asked for by strangers from then on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from supportdesk.accounts.admin import site
from tests.isolation.house import House

Finder = Callable[[House], Any]

# By name of the argument within a namespace; by the route's own name where it differs.
OBJECTS: dict[str, dict[str, Finder]] = {
    "conversations": {
        "public_id": lambda house: house.conversation.public_id,
        "other_id": lambda house: house.other_visitor.public_id,
    },
    "conversations:attachment": {"public_id": lambda house: house.attachment.public_id},
    "conversations:export_discard": {"public_id": lambda house: house.export.public_id},
    "conversations:export_file": {"public_id": lambda house: house.export.public_id},
    "conversations:view_rename": {"pk": lambda house: house.view.pk},
    "conversations:view_delete": {"pk": lambda house: house.view.pk},
    "conversations:canned_used": {"pk": lambda house: house.canned_reply.pk},
    "conversations:tag_remove": {"pk": lambda house: house.tag.pk},
    "conversations:visitor_visit": {"pk": lambda house: house.visit.pk},
    "conversations:visitor_merge_undo": {"pk": lambda house: house.merge.pk},
    "conversations:split": {"message_id": lambda house: house.answer.public_id},
    "accounts:session_end": {"pk": lambda house: house.agent_session.pk},
    "mfa_remove_webauthn": {"pk": lambda house: house.security_key.pk},
    "operations:account_export_discard": {
        "public_id": lambda house: house.account_export.public_id
    },
    "operations:account_file": {
        "public_id": lambda house: house.account_export.public_id
    },
    "website:start": {"public_id": lambda house: house.newcomer.public_id},
    "website:file": {"public_id": lambda house: house.attachment.public_id},
    "website:picture": {"public_id": lambda house: house.people["owner"].public_id},
    "accounts:group_edit": {"pk": lambda house: house.group.pk},
    "accounts:group_delete": {"pk": lambda house: house.group.pk},
    "accounts:api_token_revoke": {"pk": lambda house: house.api_token.pk},
    "accounts:picture": {"public_id": lambda house: house.people["owner"].public_id},
    "settings:block_lift": {"pk": lambda house: house.block.pk},
    "settings:canned_reply": {"pk": lambda house: house.canned_reply.pk},
    "settings:canned_reply_delete": {"pk": lambda house: house.canned_reply.pk},
    "settings:canned_reply_file": {
        "public_id": lambda house: house.canned_reply.files.get().public_id
    },
    "settings:tag_change": {"pk": lambda house: house.tag.pk},
    "settings:tag_merge": {"pk": lambda house: house.tag.pk},
    "settings:tag_archive": {"pk": lambda house: house.tag.pk},
    "settings:tag_restore": {"pk": lambda house: house.tag.pk},
    "settings:tag_delete": {"pk": lambda house: house.other_tag.pk},
    "settings:website": {"pk": lambda house: house.channel.pk},
    "settings:identity_create": {"pk": lambda house: house.channel.pk},
    "settings:identity_remove": {"pk": lambda house: house.channel.pk},
}

# Arguments that are words of the desk, not objects of anybody.
WORDS = {
    "conversations:report_table": {"table": "agents"},
    "notifications:preview": {"kind": "offline"},
    "admin:app_list": {"app_label": "accounts"},
    "demo:product": {"slug": "mill"},
}

# Rows of the admin that another than the last one has to be shown with.
ROWS: dict[str, Finder] = {
    "admin:accounts_account": lambda house: house.account.pk,
    # Of nobody who comes into the admin: one's own row is refused for other reasons.
    "admin:accounts_user": lambda house: house.people["agent"].pk,
    "admin:accounts_agentgroup": lambda house: house.group.pk,
    "admin:conversations_tag": lambda house: house.other_tag.pk,
}

# Opened by something else than a session: the widget's by a browser's key, the API's by
# a token; both have walks of their own.
OF_WIDGET, OF_API = "website:", "api:"
# Of the desk though the namespace is the widget's.
OF_AGENTS = {"website:start"}
# The same for everybody, with nothing of any account in it.
FOR_EVERYBODY = {
    "website:loader": "the widget's code",
    "website:smartsupp": "the widget's code",
    "demo:shop": "the pretended shop of the demo",
    "demo:product": "the pretended shop of the demo",
    "operations:healthz": "whether the process lives",
    "operations:readyz": "whether the engines answer",
}
# The address itself is the key: tests of these pages ask with keys that do not fit.
SIGNED = {
    "accounts:address_confirm",
    "accounts:sign_up_confirm",
    "invitation",
    "notifications:unsubscribe",
    "account_reset_password_from_key",
}
# Patterns that lead to no view of ours.
UNNAMED = {
    "admin:<path:object_id>/": "leads on to `change`, whatever the key is",
    "admin:(?P<url>.*)$": "adds a slash, or is a 404",
}


@dataclass(frozen=True)
class Route:
    name: str
    path: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return self.name

    @property
    def walk(self) -> str:
        """Which of the walks asks for it."""
        if self.name in OF_AGENTS:
            return "desk"
        if self.name in FOR_EVERYBODY:
            return "everybody"
        if self.name in SIGNED:
            return "signed"
        if self.name.startswith(OF_WIDGET):
            return "widget"
        return "api" if self.name.startswith(OF_API) else "desk"

    @property
    def is_unnamed(self) -> bool:
        return self.name.rpartition(":")[2] == ""

    @property
    def is_of_admin(self) -> bool:
        return self.name.startswith("admin:")

    def url(self, *houses: House) -> str:
        """The objects of the last house; with two, the first argument's of the first."""
        values = {}
        for index, name in enumerate(self.arguments):
            values[name] = self._value(name, houses[min(index, len(houses) - 1)])
        return reverse(self.name, kwargs=values)

    def _value(self, argument: str, house: House) -> Any:
        if self.is_of_admin and argument in {"object_id", "pk"}:
            return _row_in_admin(self.name, house)
        namespace = self.name.partition(":")[0]
        for known in (self.name, namespace):
            if argument in OBJECTS.get(known, {}):
                return OBJECTS[known][argument](house)
        if argument in WORDS.get(self.name, {}):
            return WORDS[self.name][argument]
        raise LookupError(
            f"Say in tests/isolation/routes.py what <{argument}> of {self.name} opens."
        )

    @property
    def has_object(self) -> bool:
        return any(name not in WORDS.get(self.name, {}) for name in self.arguments)


def routes(walk: str = "desk") -> list[Route]:
    return [route for route in ALL if route.walk == walk]


def named(name: str) -> Route:
    return next(route for route in ALL if route.name == name)


def unnamed() -> set[str]:
    """Patterns without a name, by namespace and pattern."""
    return {
        f"{route.name}{route.path}"
        for route in _walk(get_resolver())
        if route.is_unnamed
    }


def _walk(resolver: URLResolver, namespace: str = "") -> Iterator[Route]:
    """Every pattern; its path is the one within the namespace's own `include`."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry, inner)
        elif isinstance(entry, URLPattern):
            arguments = tuple(entry.pattern.converters) or tuple(
                entry.pattern.regex.groupindex
            )
            yield Route(f"{namespace}{entry.name or ''}", str(entry.pattern), arguments)


def _row_in_admin(name: str, house: House) -> Any:
    for prefix, find in ROWS.items():
        if name.startswith(f"{prefix}_"):
            return find(house)
    for model in site._registry:
        prefix = f"admin:{model._meta.app_label}_{model._meta.model_name}_"
        if name.startswith(prefix):
            return _row_of(model, house)
    raise LookupError(name)


def _row_of(model: Any, house: House) -> Any:
    """The house's last row of that model."""
    found = model._base_manager.filter(account=house.account).order_by("pk").last()
    if found is None:
        raise LookupError(f"Furnish the house with a {model._meta.label}.")
    return found.pk


ALL = [route for route in _walk(get_resolver()) if not route.is_unnamed]
