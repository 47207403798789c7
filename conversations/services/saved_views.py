"""Searches that agents keep under a name."""

from dataclasses import replace

from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from conversations.exceptions import ConversationError, NotAllowed
from conversations.inbox import InboxQuery
from conversations.models import SavedView
from supportdesk.accounts import audit
from supportdesk.accounts.models import Account, User
from supportdesk.core.text import redact_line

MAX_OWN = 30
MAX_SHARED = 30
MAX_NAME_LENGTH = 60
MAX_QUERY_LENGTH = 2_000
# What is read of a query that somebody sends, before it is put in order.
MAX_SENT = 8_000


@transaction.atomic
def save_view(
    *, agent: User, name: str, query: str, is_shared: bool = False
) -> SavedView:
    """Keep what the list is asked for; only what it understands is stored.

    Raises NotAllowed if it is shared and the agent has no full access, and
    ConversationError without a name or filter, or if there are too many.
    """
    if is_shared:
        _check_may_share(agent)
    account = _lock_account(agent)
    _check_room(account, agent, is_shared=is_shared)
    view = SavedView.objects.create(
        account=account,
        agent=agent,
        is_shared=is_shared,
        name=_checked_name(name),
        query=_checked_query(query),
    )
    _record("view.created", view, agent)
    return view


@transaction.atomic
def rename_view(*, agent: User, view: SavedView, name: str) -> SavedView:
    """Give it another name.

    Raises NotAllowed for a shared one without full access, ConversationError for an
    empty name, SavedView.DoesNotExist for one that the agent does not see.
    """
    stored = _lock(agent, view.pk)
    former, stored.name = stored.name, _checked_name(name)
    stored.save(update_fields=["name"])
    _record("view.renamed", stored, agent, {"name": (former, stored.name)})
    return stored


@transaction.atomic
def delete_view(*, agent: User, view: SavedView) -> None:
    """Forget it; a shared one for everybody, which needs full access."""
    stored = _lock(agent, view.pk)
    _record("view.deleted", stored, agent)
    stored.delete()


def replace_tag(*, account_id: int, tag_id: int, into_id: int) -> None:
    """Let all views that ask for a tag ask for another one; inside the caller's
    transaction, which takes the tag away."""
    naming = SavedView.objects.filter(
        account=account_id, query__contains=f"tag={tag_id}"
    )
    for view in naming.select_for_update().order_by("pk"):
        query = InboxQuery.parse(QueryDict(view.query))
        if tag_id not in query.tag:
            continue
        tags = (into_id if pk == tag_id else pk for pk in query.tag)
        encoded = replace(query, tag=tuple(dict.fromkeys(tags))).encoded
        # A longer key may be too much for a view that was as long as it may be.
        if len(encoded) <= MAX_QUERY_LENGTH:
            view.query = encoded
            view.save(update_fields=["query"])


def _record(
    action: str,
    view: SavedView,
    agent: User,
    changes: audit.Changes | None = None,
) -> None:
    """Shared ones only: the others are their agents' own matter."""
    if view.is_shared:
        audit.record(
            action, account_id=view.account_id, by=agent, target=view, changes=changes
        )


def _lock_account(agent: User) -> Account:
    """One after another per account: what is counted stays true."""
    # Not against those who only point at the account, which is everybody.
    accounts = Account.objects.select_for_update(of=("self",), no_key=True)
    return accounts.get(agents=agent)


def _lock(agent: User, pk: int) -> SavedView:
    view = SavedView.objects.visible_to(agent).select_for_update().get(pk=pk)
    if view.is_shared:
        _check_may_share(agent)
    return view


def _check_may_share(agent: User) -> None:
    if not agent.has_full_access:
        raise NotAllowed(_("Only agents with full access can change shared views."))


def _check_room(account: Account, agent: User, *, is_shared: bool) -> None:
    views = SavedView.objects.filter(account=account, is_shared=is_shared)
    if is_shared and views.count() >= MAX_SHARED:
        raise ConversationError(
            _("There can be at most %(max)s shared views.") % {"max": MAX_SHARED}
        )
    if not is_shared and views.filter(agent=agent).count() >= MAX_OWN:
        raise ConversationError(
            _("You can have at most %(max)s views of your own.") % {"max": MAX_OWN}
        )


def _checked_name(name: str) -> str:
    line = redact_line(name, MAX_NAME_LENGTH)
    if not line:
        raise ConversationError(_("A view needs a name."))
    return line


def _checked_query(text: str) -> str:
    query = InboxQuery.parse(QueryDict(text[:MAX_SENT].lstrip("?")))
    if not query.is_filtered:
        raise ConversationError(_("There is no filter to keep: search first."))
    encoded = query.encoded
    if len(encoded) > MAX_QUERY_LENGTH:
        raise ConversationError(_("The search is too long to be kept."))
    return encoded
