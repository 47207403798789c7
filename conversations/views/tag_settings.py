"""Settings: the account's tags."""

from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Func, IntegerField, OuterRef
from django.db.models.functions import Coalesce, Lower
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from conversations import services, tasks
from conversations.exceptions import ConversationError
from conversations.forms.tags import MergeForm, TagForm
from conversations.models import Tag, Tagging
from conversations.querysets import TagQuerySet
from conversations.services.tags import MAX_TAGS, MERGED_AT_ONCE
from supportdesk.accounts.access import agent_of, full_access_required

# What the list says of how many is exact up to here: beyond it nobody counts.
COUNTED = 1000


@require_http_methods(["GET", "HEAD", "POST"])
@full_access_required
def tags(request: HttpRequest) -> HttpResponse:
    """The list, and a form for a new one."""
    account = agent_of(request).account
    if account is None:
        raise TypeError("full access without an account")
    if request.method != "POST":
        return _page(request)
    form = TagForm(request.POST)
    if form.is_valid():
        try:
            services.create_tag(account=account, **form.cleaned_data)
        except ConversationError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, _("The tag is created."))
            return redirect("settings:tags")
    return _page(request, create=form)


@require_POST
@full_access_required
def tag_change(request: HttpRequest, pk: int) -> HttpResponse:
    tag = _tag(request, pk)
    form = TagForm(request.POST, prefix=f"tag-{pk}")
    if form.is_valid():
        try:
            services.change_tag(tag=tag, by=agent_of(request), **form.cleaned_data)
        except ConversationError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, _("The tag is saved."))
            return redirect("settings:tags")
    return _page(request, change=(pk, form))


@require_POST
@full_access_required
def tag_merge(request: HttpRequest, pk: int) -> HttpResponse:
    """At once where it is a moment's work; else by a worker."""
    agent, tag = agent_of(request), _tag(request, pk)
    form = MergeForm(request.POST, agent=agent, tag=tag)
    if not form.is_valid():
        return _page(request, merge=(pk, form))
    into = form.cleaned_data["into"]
    try:
        if tag.taggings.all()[MERGED_AT_ONCE:].exists():
            services.archive_tag(tag=tag, by=agent)
            tasks.merge_tags.delay_on_commit(tag.pk, into.pk, agent.pk)
            message = _("The tags are being merged; this takes a while.")
        else:
            services.merge_tags(tag=tag, into=into, by=agent)
            message = _("The tags are merged.")
    except ConversationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, message)
    return redirect("settings:tags")


@require_POST
@full_access_required
def tag_archive(request: HttpRequest, pk: int) -> HttpResponse:
    services.archive_tag(tag=_tag(request, pk), by=agent_of(request))
    messages.success(request, _("The tag is archived: conversations keep it."))
    return redirect("settings:tags")


@require_POST
@full_access_required
def tag_restore(request: HttpRequest, pk: int) -> HttpResponse:
    services.restore_tag(tag=_tag(request, pk), by=agent_of(request))
    messages.success(request, _("The tag is offered again."))
    return redirect("settings:tags")


@require_POST
@full_access_required
def tag_delete(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        services.delete_tag(tag=_tag(request, pk), by=agent_of(request))
    except ConversationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The tag is deleted."))
    return redirect("settings:tags")


def _tag(request: HttpRequest, pk: int) -> Tag:
    return get_object_or_404(Tag.objects.visible_to(agent_of(request)), pk=pk)


def _with_numbers(tags: TagQuerySet) -> TagQuerySet:
    """`number` of conversations, counted no further than what the page says."""
    some = Tagging.objects.filter(tag=OuterRef("pk")).values("tag")[: COUNTED + 1]
    length = Func(
        ArraySubquery(some), function="cardinality", output_field=IntegerField()
    )
    return tags.annotate(number=Coalesce(length, 0))


def _page(
    request: HttpRequest,
    *,
    create: TagForm | None = None,
    change: tuple[int, TagForm] | None = None,
    merge: tuple[int, Form] | None = None,
) -> HttpResponse:
    """With a form that was refused the page is a 422, and shows what was sent."""
    rows = list(
        _with_numbers(Tag.objects.visible_to(agent_of(request))).order_by(
            F("archived_at").asc(nulls_first=True), Lower("name")
        )
    )
    refused_pk, refused_form = change or (0, None)
    for row in rows:
        own = refused_form if row.pk == refused_pk else None
        row.form = own or TagForm.of(row)  # type: ignore[attr-defined]
    context = {
        "form": create or TagForm(initial={"hue": _free_hue(rows)}),
        "tags": [row for row in rows if row.archived_at is None],
        "archived": [row for row in rows if row.archived_at is not None],
        "opened": refused_pk or (merge[0] if merge else 0),
        "merge_form": merge[1] if merge else None,
        "counted": COUNTED,
        "is_full": len(rows) >= MAX_TAGS,
        "page_section": "settings",
        "settings_here": "tags",
    }
    status = 422 if create or change or merge else 200
    return render(request, "settings/tags.html", context, status=status)


def _free_hue(tags: list[Tag]) -> int:
    used = [tag.hue for tag in tags]
    return min(range(1, 9), key=used.count)
