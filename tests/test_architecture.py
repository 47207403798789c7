"""What the layout promises: the stack holds, and no view is open by accident."""

import re
from collections.abc import Iterator
from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings
from django.dispatch import Signal
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

# From the top down: a package may know those after it, never those before.
STACK = [
    "supportdesk.operations",
    "supportdesk.demo",
    "notifications",
    "channels_integration",
    "conversations",
    "visitors",
    "supportdesk.accounts",
    "supportdesk.core",
]
# Every view that answers without a session, and why it may.
PUBLIC = {
    # Asked by balancers and by the container's own health check.
    "operations:healthz",
    "operations:readyz",
    # A shop that plays the customer's own website.
    "demo:product",
    "demo:shop",
    # A browser asks for what makes the desk an app, without the session.
    "notifications:manifest",
    "notifications:offline",
    "notifications:service_worker",
    # Signing in, and choosing a language before that.
    "account_inactive",
    "account_login",
    "account_logout",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "mfa_authenticate",
    "account_suspended",
    # The link in the mail is sealed.
    "accounts:address_confirm",
    # The link in the mail is signed.
    "invitation",
    "set_language",
    # Opening an account, where the operator allows it.
    "accounts:sign_up",
    "accounts:sign_up_confirm",
    "accounts:sign_up_sent",
    # Programs show a token of the account; `tests/api` asks each of these without.
    "api:by_user_id",
    "api:openapi",
    "api:unknown",
    "api:visitor",
    "api:visitor_customer",
    "api:visitor_export",
    "api:visitors",
    # The link in a mail is signed, and mail programs post to it by themselves.
    "notifications:unsubscribe",
    # The widget: visitors show a token of their own.
    "website:config",
    "website:contact",
    "website:conversation",
    "website:customer",
    "website:file",
    "website:files",
    "website:identify",
    "website:loader",
    "website:logout",
    "website:messages",
    "website:picture",
    "website:rating",
    "website:seen",
    "website:session",
    "website:smartsupp",
    "website:transcript",
    "website:visit",
}


def level(model):
    """Place in the stack; Django's own models and those of packages lie below all."""
    name = apps.get_app_config(model._meta.app_label).name
    for place, package in enumerate(STACK):
        if name == package or name.startswith(f"{package}."):
            return place
    return len(STACK)


def relations():
    """Foreign keys, one-to-one and many-to-many fields of our own models."""
    return [
        (model, field)
        for model in apps.get_models()
        if level(model) < len(STACK)
        for field in (*model._meta.fields, *model._meta.many_to_many)
        if field.related_model
    ]


def test_settings_list_the_stack_in_its_order():
    ours = [name for name in settings.INSTALLED_APPS if name in STACK]

    assert ours == STACK


def test_foreign_keys_point_down_the_stack():
    upward = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model, field in relations()
        if level(field.related_model) < level(model)
    ]

    assert upward == []


def test_the_walk_over_foreign_keys_sees_them():
    pairs = {
        (model._meta.app_label, field.related_model._meta.app_label)
        for model, field in relations()
    }

    assert ("conversations", "visitors") in pairs
    assert ("visitors", "accounts") in pairs


def views(
    patterns: list[URLPattern | URLResolver], namespace: str = ""
) -> Iterator[tuple[str, object]]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from views(entry.url_patterns, inner)
        else:
            yield f"{namespace}{entry.name}", entry.callback


def test_every_view_needs_a_login_or_is_listed_as_public():
    public = {
        name
        for name, view in views(get_resolver().url_patterns)
        if not getattr(view, "login_required", True)
    }

    assert public == PUBLIC


def test_forms_without_a_token_are_refused_but_where_no_cookie_counts():
    """What opens these views is nothing that a browser adds by itself."""
    exempt = {
        name
        for name, view in views(get_resolver().url_patterns)
        if getattr(view, "csrf_exempt", False)
    }

    assert exempt == {
        name
        for name in PUBLIC
        if (
            name.startswith(("website:", "api:"))
            and name not in {"website:loader", "website:smartsupp"}
        )
        or name == "notifications:unsubscribe"
    }
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {})
    assert response.status_code == 403


def test_views_need_a_login_by_default():
    assert "supportdesk.accounts.middleware.LoginRequiredMiddleware" in (
        settings.MIDDLEWARE
    )


@pytest.mark.parametrize(
    "model", apps.get_models(), ids=lambda model: model._meta.label
)
def test_model_has_no_receivers_for_its_saves(model):
    from django.db.models import signals

    ours = {package.split(".")[0] for package in STACK}
    for signal in (signals.pre_save, signals.post_save, signals.post_delete):
        for receivers in signal._live_receivers(model):
            for receiver in receivers:
                assert receiver.__module__.split(".")[0] not in ours


def events_in_code() -> set[tuple[str, str]]:
    """Our own signals and who hears them, as `(signal, receiver)`."""
    found = set()
    for package in STACK:
        for name in (f"{package}.events", f"{package}.website.events"):
            try:
                module = import_module(name)
            except ModuleNotFoundError:
                continue
            for signal_name, signal in vars(module).items():
                if isinstance(signal, Signal):
                    for (uid, _sender), *_rest in signal.receivers:
                        found.add((signal_name, uid))
                    if not signal.receivers:
                        found.add((signal_name, ""))
    return found


def test_events_and_receivers_are_those_of_the_table():
    page = (settings.BASE_DIR / "docs/architecture.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| `[\w.]+` \| `([\w.]+)` \|$", page, re.MULTILINE)

    assert events_in_code() == set(rows)
    assert len(rows) == len(set(rows))
