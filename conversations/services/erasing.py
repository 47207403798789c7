"""Everything of one visitor, gone for good."""

import logging

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from conversations.exceptions import NotAllowed
from conversations.models import Attachment, Conversation, DoomedFile
from conversations.services.exporting import withdraw_exports
from conversations.services.word_list import forget_words, words_in
from supportdesk.accounts import audit
from supportdesk.accounts.models import User
from supportdesk.core.events import emit_on_commit
from visitors import services as visitors
from visitors.events import ErasedConversation, VisitorErased, visitor_erased
from visitors.models import Visitor

logger = logging.getLogger(__name__)


@transaction.atomic
def erase_visitor(*, visitor: Visitor, agent: User | None) -> bool:
    """Delete the profile the visitor is (part of), with all that belongs to it.

    Returns whether there was something to delete: a second time there is not.
    Without agent the account's own program did it. Raises NotAllowed for an agent
    without full access.

    Files, also of exports that the visitor may be in, are deleted after the commit, from a list that is part of it: whatever
    happens then, none is forgotten.
    """
    if agent is not None and not agent.has_full_access:
        raise NotAllowed(_("Only agents with full access can erase a visitor."))
    found = _lock(visitor.pk)
    if found is None:
        return False
    profile, conversations = found
    attachments = Attachment.objects.filter(message__conversation__in=conversations)
    DoomedFile.objects.bulk_create(
        DoomedFile(path=path) for path in attachments.values_list("file", flat=True)
    )
    gone = tuple(
        ErasedConversation(
            public_id=str(row.public_id),
            group_id=row.group_id,
            agent_ids=tuple(person.id for person in row.people),
        )
        for row in conversations
    )
    audit.record(
        "visitor.erased",
        account_id=profile.account_id,
        by=agent,
        target=visitors.audit_target(profile),
        changes={"conversations": (len(conversations), 0)},
    )
    keys = [row.pk for row in conversations]
    words = words_in(keys)
    Conversation.objects.filter(pk__in=keys).delete()
    forget_words(account_id=profile.account_id, words=words)
    visitors.delete_profile(profile=profile)
    withdraw_exports(account_id=profile.account_id)
    emit_on_commit(
        visitor_erased,
        VisitorErased(
            account_id=profile.account_id, visitor_id=profile.pk, conversations=gone
        ),
    )
    logger.info("visitor %s erased by agent %s", profile.pk, agent and agent.pk)
    return True


def delete_files() -> int:
    """Delete what is on the list; returns how many are left, to be tried again."""
    left = 0
    for doomed in DoomedFile.objects.order_by("pk").iterator():
        try:
            default_storage.delete(doomed.path)
        # Each storage has errors of its own; the others' files must go all the same.
        except Exception:
            logger.exception("file %s not deleted", doomed.pk)
            left += 1
        else:
            doomed.delete()
    return left


def _lock(visitor_id: int) -> tuple[Visitor, list[Conversation]] | None:
    """Lock all that could still write: whoever waits for it then finds nothing.

    What points here from a layer above (a browser's session) comes first, as
    everywhere, then conversations, then visitors, each by key. A merge may change
    meanwhile what belongs together; then all is given back and taken anew.
    """
    while True:
        savepoint = transaction.savepoint()
        ids = _family(visitor_id)
        if not ids:
            return None
        lock_above(ids)
        rows = Conversation.objects.filter(visitor__in=ids)
        keys = [row.pk for row in rows.select_for_update().only("pk").order_by("pk")]
        pair = Visitor.objects.select_for_update().filter(pk__in=ids).order_by("pk")
        locked = {visitor.pk: visitor for visitor in pair}
        now = set(rows.values_list("pk", flat=True))
        if _family(visitor_id) == ids and now <= set(keys):
            return locked[ids[0]], list(rows.with_row().order_by("pk"))
        transaction.savepoint_rollback(savepoint)


def _family(visitor_id: int) -> list[int]:
    """Keys of the profile and all its parts, the profile first; empty if it is gone."""
    visitor = Visitor.objects.filter(pk=visitor_id).first()
    return visitors.parts_of(visitor.profile) if visitor else []


def lock_above(ids: list[int]) -> None:
    """Lock what points at these visitors from a layer above: their browsers."""
    ours = {Visitor._meta.app_label, Conversation._meta.app_label}
    for relation in Visitor._meta.related_objects:
        model = relation.related_model
        if model._meta.app_label in ours:
            continue
        rows = model._base_manager.filter(**{f"{relation.field.name}__in": ids})
        list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))
