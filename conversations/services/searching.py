"""Search documents: the words of each conversation, kept up by a job of their own.

Nothing of it happens with a message: the job finds what is new by the messages' keys.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q

from conversations.models import (
    Attachment,
    Conversation,
    Message,
    SearchDocument,
    SearchProgress,
)
from conversations.services.word_list import (
    add_words,
    forget_unused_words,
    index_parts_of_words,
)
from conversations.words import CONFIGURATIONS, account_word, words_of

# A transaction that takes longer may commit messages behind the job's back.
COMMITTED = timedelta(minutes=1)
MAX_MESSAGES = 5_000
MAX_WORDS = 50_000
BATCH = 500

# Events after which words that stand in the document may be wrong.
_PROFILE_EVENTS = (
    Message.Event.CONTACT_CHANGED,
    Message.Event.MERGED,
    Message.Event.UNMERGED,
)

_VECTOR = """to_tsvector('simple', %(words)s)
    || strip(to_tsvector(%(stems)s, %(words)s)) || array_to_tsvector(ARRAY[%(account)s])"""
_WRITE = """
INSERT INTO conversations_searchdocument AS document
    (conversation_id, words, seq, changed_at)
VALUES (%(conversation)s, {vector}, %(seq)s, statement_timestamp())
ON CONFLICT (conversation_id) DO UPDATE SET
    words = CASE WHEN %(whole)s THEN EXCLUDED.words
        ELSE {appended} END,
    seq = EXCLUDED.seq, changed_at = EXCLUDED.changed_at
"""
_STATEMENT = _WRITE.format(vector=_VECTOR, appended="document.words || EXCLUDED.words")
# Without positions there is room for more words; phrases are lost then.
_WITHOUT_POSITIONS = _WRITE.format(
    vector=f"strip({_VECTOR})", appended="strip(document.words) || EXCLUDED.words"
)


def update_documents(*, now: datetime) -> int:
    """Take in what was written since the last time; returns how many conversations.

    Keys are given out before the commit: the last minute is looked at again, and what
    stands in its document already costs a comparison.
    """
    SearchProgress.objects.get_or_create(pk=1)
    with transaction.atomic():
        row = SearchProgress.objects.select_for_update(skip_locked=True)
        progress = row.filter(pk=1).first()
        if progress is None:
            return 0
        new = list(
            Message.objects.filter(pk__gt=progress.message_id)
            .order_by("pk")
            .values_list("pk", "conversation_id", "created_at")[:MAX_MESSAGES]
        )
        if not new:
            return 0
        settled = progress.message_id
        for pk, _conversation, created_at in new:
            # A full batch must move on, or the job would stand still.
            if created_at > now - COMMITTED and len(new) < MAX_MESSAGES:
                break
            settled = pk
        changed = index_conversations(
            conversation_ids=sorted({conversation for _, conversation, _ in new})
        )
        progress.message_id = settled
        progress.save(update_fields=["message_id"])
        return changed


def index_conversations(*, conversation_ids: Iterable[int], whole: bool = False) -> int:
    """Add the entries that are not in the documents yet, or write them anew."""
    stale = Conversation.objects.filter(pk__in=list(conversation_ids))
    if not whole:
        stale = stale.filter(
            Q(search_document__isnull=True) | Q(search_document__seq__lt=F("last_seq"))
        )
    number = 0
    words: defaultdict[int, set[str]] = defaultdict(set)
    for conversation in stale.select_related(
        "visitor", "account", "search_document"
    ).order_by("pk"):
        words[conversation.account_id].update(_index(conversation, whole=whole))
        number += 1
    add_words(words)
    return number


def index_visitor(*, visitor_id: int) -> None:
    """Write the documents of a visitor anew, whose name or address has changed."""
    rows = Conversation.objects.filter(visitor=visitor_id).order_by("-last_activity_at")
    index_conversations(
        conversation_ids=rows.values_list("pk", flat=True)[:BATCH], whole=True
    )


def rebuild_documents(
    *, progress: Callable[[int, int], None] = lambda done, total: None
) -> int:
    """Write all documents anew, batch by batch, each in a transaction of its own.

    And the list of their words, with its index where the server has trigrams now.
    """
    index_parts_of_words()
    newest = Conversation.objects.order_by("-pk").values_list("pk", flat=True).first()
    last, done = 0, 0
    while True:
        keys = list(
            Conversation.objects.filter(pk__gt=last)
            .order_by("pk")
            .values_list("pk", flat=True)[:BATCH]
        )
        if not keys:
            forget_unused_words()
            return done
        with transaction.atomic():
            done += index_conversations(conversation_ids=keys, whole=True)
        last = keys[-1]
        progress(last, newest or last)


def _index(conversation: Conversation, *, whole: bool) -> list[str]:
    """Write one document; returns the words that are new to it."""
    document = getattr(conversation, "search_document", None)
    after = 0 if whole or document is None else document.seq
    entries = conversation.messages.filter(
        seq__gt=after, seq__lte=conversation.last_seq
    ).order_by("seq")
    # Names and addresses that are no longer the visitor's must not find it.
    if after and entries.filter(event__in=_PROFILE_EVENTS).exists():
        return _index(conversation, whole=True)
    words = words_of(" ".join(_texts(conversation, after)))[:MAX_WORDS]
    values: dict[str, int | str | bool] = {
        "conversation": conversation.pk,
        "words": " ".join(words),
        "account": account_word(conversation.account_id),
        "stems": CONFIGURATIONS.get(conversation.account.language, "simple"),
        "seq": conversation.last_seq,
        "whole": whole or document is None,
    }
    for statement in (_STATEMENT, _WITHOUT_POSITIONS):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, values)
        except DatabaseError:
            # More than a document can hold.
            continue
        return words
    if document is not None:
        SearchDocument.objects.filter(pk=document.pk).update(seq=conversation.last_seq)
    return []


def _texts(conversation: Conversation, after: int) -> Iterable[str]:
    if not after:
        visitor = conversation.visitor
        yield from (visitor.name, visitor.email, visitor.phone)
    messages = conversation.messages.filter(
        seq__gt=after, seq__lte=conversation.last_seq
    ).exclude(kind=Message.Kind.EVENT)
    length = 0
    for text in messages.order_by("seq").values_list("text", flat=True).iterator():
        yield text
        length += len(text)
        if length > MAX_WORDS * 10:
            return
    files = Attachment.objects.filter(
        message__conversation=conversation,
        message__seq__gt=after,
        message__seq__lte=conversation.last_seq,
    )
    yield from files.values_list("name", flat=True)[:1000]
