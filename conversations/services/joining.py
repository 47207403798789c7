"""Two conversations of one visitor that are about the same: made one thread."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.events import (
    ConversationsJoined,
    EntriesMoved,
    conversations_joined,
    entries_moved,
)
from conversations.exceptions import ConversationError
from conversations.models import (
    Assignment,
    Conversation,
    ConversationRead,
    Follow,
    Message,
    SearchDocument,
    Tagging,
)
from conversations.services.assigning import assigned_ids, moved
from conversations.services.following import drop_followers
from conversations.services.listing import LAST_WORDS, VERDICT, set_last_words
from conversations.services.renumbering import Plan
from conversations.services.searching import index_conversations
from conversations.services.status import reopen
from conversations.services.thread import append_event
from supportdesk.accounts.models import User
from supportdesk.core.events import emit_on_commit

MAX_ENTRIES = 10_000
"""Of a joined thread: its entries are renumbered under the lock of both."""

_JOINED = (
    *("numbering", "last_seq", "last_public_seq", "visitor_message_count"),
    *("is_assigned", "last_activity_at", "waiting_since", "missed_at", "resolved_at"),
    *("assignee_ids", "tag_ids", "priority", "snoozed_until", "continued_in"),
    *("visitor_seen_seq", "visitor_seen_at", "agent_seen_seq"),
    *LAST_WORDS,
    *VERDICT,
)
_EMPTIED = (
    *("merged_into", "continued_in", "status", "resolved_at", "numbering", "last_seq"),
    *("last_public_seq", "visitor_message_count", "is_assigned", "preview"),
    *("waiting_since", "missed_at", "tag_ids", "priority", "snoozed_until"),
    *("assignee_ids", "visitor_seen_seq", "agent_seen_seq"),
    *VERDICT,
)


@transaction.atomic
def join_conversations(*, kept_id: int, merged_id: int, agent: User) -> Conversation:
    """Take all entries of one conversation into another of the same visitor.

    They become one thread in order of time. What waits still waits, what was unread is
    unread, and the joined one is open if either was. The row of the merged one stays,
    empty, and stands for the other wherever its key or address is known. Raises
    ConversationError for conversations that the agent does not see, that are not two of
    one visitor, or that are too long together.
    """
    kept, merged = _lock(kept_id, merged_id, agent)
    before, of_merged = assigned_ids(kept), assigned_ids(merged)
    messages = merged.messages.filter(kind=Message.Kind.MESSAGE).count()
    plan = Plan.of(kept.pk, merged.pk)
    plan.write()
    _join_reads(plan)
    _join_people(kept, merged)
    _join_tags(kept, merged)
    was_resolved = not kept.is_open
    _join_rows(kept, merged, plan)
    kept.save(update_fields=_JOINED)
    is_open = merged.is_open
    _empty(merged, kept)
    entries_moved.send(
        sender=EntriesMoved,
        event=EntriesMoved((kept.pk, merged.pk), plan.entry, plan.visitor_message),
    )
    # First: whoever shows the merged one is told of that before of anything else.
    emit_on_commit(
        conversations_joined,
        ConversationsJoined(
            kept_id=kept.pk,
            merged_id=merged.pk,
            group_id=merged.group_id,
            agent_ids=of_merged,
        ),
    )
    if was_resolved and is_open:
        reopen(kept, agent)
    append_event(
        kept,
        Message.Event.JOINED_WITH,
        agent=agent,
        data={
            "conversation": str(merged.public_id),
            "began_at": merged.created_at.isoformat(),
            "messages": messages,
        },
    )
    if set(of_merged) - set(before):
        moved(kept, kept.group_id, before)
    else:
        drop_followers(kept)
    index_conversations(conversation_ids=[kept.pk], whole=True)
    return kept


def _lock(
    kept_id: int, merged_id: int, agent: User
) -> tuple[Conversation, Conversation]:
    """Both, locked in the order of their keys, and as the agent may see them then."""
    if kept_id == merged_id:
        raise ConversationError(_("This is the same conversation."))
    rows = Conversation.objects.filter(pk__in=(kept_id, merged_id))
    found: dict[int, Conversation] = {}
    # One after the other: a row that was merged while we waited for the first one is
    # not even waited for, since who writes to it waits for what it was merged into.
    for pk in sorted((kept_id, merged_id)):
        found |= rows.select_for_update().in_bulk([pk])
    # Read after the lock: who could see both before may have lost one of them.
    if len(found) < 2 or rows.visible_to(agent).count() < 2:
        raise ConversationError(_("This conversation does not exist any more."))
    kept, merged = found[kept_id], found[merged_id]
    if kept.visitor_id != merged.visitor_id:
        raise ConversationError(_("These are conversations of different visitors."))
    if kept.last_seq + merged.last_seq >= MAX_ENTRIES:
        raise ConversationError(
            _("Together they would be too long: at most %(max)s entries.")
            % {"max": MAX_ENTRIES}
        )
    return kept, merged


def _join_reads(plan: Plan) -> None:
    """Per agent; who never looked at one of them has not read that one."""
    counts: dict[int, dict[int, int]] = {}
    seqs: dict[int, dict[int, int]] = {}
    reads = ConversationRead.objects.filter(
        conversation__in=(plan.kept_id, plan.merged_id)
    )
    for read in reads:
        counts.setdefault(read.agent_id, {})[read.conversation_id] = (
            read.visitor_messages
        )
        seqs.setdefault(read.agent_id, {})[read.conversation_id] = read.seen_seq
    reads.delete()
    ConversationRead.objects.bulk_create(
        ConversationRead(
            conversation_id=plan.kept_id,
            agent_id=agent_id,
            visitor_messages=plan.visitor_messages_read(counts[agent_id]),
            seen_seq=plan.seen(seqs[agent_id]),
        )
        for agent_id in sorted(counts)
    )


def _join_people(kept: Conversation, merged: Conversation) -> None:
    for model in (Assignment, Follow):
        rows = model._default_manager.filter(conversation__in=(kept, merged))
        known = rows.filter(conversation=kept).values_list("agent_id", flat=True)
        own = rows.filter(conversation=merged)
        own.exclude(agent__in=list(known)).update(conversation=kept)
        own.delete()
    kept.assignee_ids = sorted({*kept.assignee_ids, *merged.assignee_ids})
    kept.is_assigned = kept.is_assigned or merged.is_assigned


def _join_tags(kept: Conversation, merged: Conversation) -> None:
    """All of both, though they may be more than one conversation is given by hand."""
    own = Tagging.objects.filter(conversation=merged)
    own.exclude(tag__in=kept.tag_ids).update(conversation=kept)
    own.delete()
    kept.tag_ids = sorted({*kept.tag_ids, *merged.tag_ids})


def _join_rows(kept: Conversation, merged: Conversation, plan: Plan) -> None:
    pair = (kept, merged)
    # Beyond both: what a page of the merged one knew is void by that alone.
    kept.numbering = max(row.numbering for row in pair) + 1
    # Who was in either of them goes on in it; and no way may lead round in a circle.
    kept.continued_in = None
    kept.last_seq, kept.last_public_seq = plan.last_seq, plan.last_public_seq
    kept.visitor_message_count += merged.visitor_message_count
    kept.last_activity_at = max(row.last_activity_at for row in pair)
    kept.waiting_since = min(
        (row.waiting_since for row in pair if row.waiting_since), default=None
    )
    missed = [row.missed_at for row in pair if row.missed_at]
    kept.missed_at = max(missed, default=None) if kept.waiting_since else None
    kept.priority = max(row.priority for row in pair)
    # Out of sight only if all of it is: what is open and awake wakes the other.
    sleeping = [row.snoozed_until for row in pair if row.is_open]
    kept.snoozed_until = (
        min((until for until in sleeping if until), default=None)
        if all(sleeping)
        else None
    )
    if not kept.is_open and not merged.is_open:
        kept.resolved_at = max(
            (row.resolved_at for row in pair if row.resolved_at), default=None
        )
    if kept.rating is None:
        for name in VERDICT:
            setattr(kept, name, getattr(merged, name))
    seen = [row.visitor_seen_at for row in pair if row.visitor_seen_at]
    kept.visitor_seen_at = max(seen, default=None)
    kept.visitor_seen_seq = plan.public_seen(
        {row.pk: row.visitor_seen_seq for row in pair}, by_visitor=True
    )
    kept.agent_seen_seq = plan.public_seen(
        {row.pk: row.agent_seen_seq for row in pair}, by_visitor=False
    )
    set_last_words(kept)


def _empty(merged: Conversation, kept: Conversation) -> None:
    """Nothing of it is left to be listed, counted, found, assigned or told of."""
    SearchDocument.objects.filter(conversation=merged).delete()
    merged.merged_into, merged.continued_in = kept, None
    merged.status = Conversation.Status.RESOLVED
    merged.resolved_at = merged.resolved_at or timezone.now()
    merged.numbering += 1
    merged.last_seq = merged.last_public_seq = merged.visitor_message_count = 0
    merged.visitor_seen_seq = merged.agent_seen_seq = 0
    merged.is_assigned, merged.preview, merged.priority = False, "", 0
    merged.waiting_since = merged.missed_at = merged.snoozed_until = None
    merged.tag_ids, merged.assignee_ids = [], []
    merged.rating, merged.rating_comment, merged.rated_at = None, "", None
    merged.save(update_fields=_EMPTIED)
    # Those that it has taken in before go with it.
    Conversation.with_merged.filter(merged_into=merged).update(merged_into=kept)
