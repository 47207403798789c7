"""Search documents: the words of each conversation, kept up by a job of their own.

Nothing of it happens with a message: the job finds what is new by the messages' keys.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q

from conversations.models import (
    Conversation,
    Message,
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

# Of each conversation what is not in its document yet: `asked` are their keys, and from
# which entry to which. One at a time, for some threads are very long.
_MESSAGES = """
SELECT asked.key, message.kind, message.event, message.text
FROM unnest(%s::bigint[], %s::int[], %s::int[]) AS asked (key, after, latest)
CROSS JOIN LATERAL (
    SELECT seq, kind, event, text, sum(length(text)) OVER (ORDER BY seq) AS length
    FROM conversations_message
    WHERE conversation_id = asked.key AND seq > asked.after AND seq <= asked.latest
) AS message
WHERE message.length - length(message.text) <= %s
ORDER BY asked.key, message.seq
"""
_FILES = """
SELECT asked.key, file.name
FROM unnest(%s::bigint[], %s::int[], %s::int[]) AS asked (key, after, latest)
CROSS JOIN LATERAL (
    SELECT attachment.name
    FROM conversations_message AS message
    JOIN conversations_attachment AS attachment ON attachment.message_id = message.id
    WHERE message.conversation_id = asked.key AND message.attachment_count > 0
        AND message.seq > asked.after AND message.seq <= asked.latest
    ORDER BY attachment.id LIMIT 1000
) AS file
"""
_VECTOR = """to_tsvector('simple', given.words)
    || strip(to_tsvector(given.stems::regconfig, given.words))
    || array_to_tsvector(ARRAY[given.account])"""
_WRITE = """
INSERT INTO conversations_searchdocument AS document
    (conversation_id, words, seq, changed_at)
SELECT given.conversation, {vector}, given.seq, statement_timestamp()
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::int[])
    AS given (conversation, words, account, stems, seq)
ON CONFLICT (conversation_id) DO UPDATE SET
    words = CASE WHEN EXCLUDED.conversation_id = ANY(%s) THEN EXCLUDED.words
        ELSE {appended} END,
    seq = EXCLUDED.seq, changed_at = EXCLUDED.changed_at
"""
_STATEMENT = _WRITE.format(vector=_VECTOR, appended="document.words || EXCLUDED.words")
# Without positions there is room for more words; phrases are lost then.
_WITHOUT_POSITIONS = _WRITE.format(
    vector=f"strip({_VECTOR})", appended="strip(document.words) || EXCLUDED.words"
)


@dataclass
class _Document:
    """What is to be written of one conversation: all of it, or what is new."""

    conversation: Conversation
    # The entry up to which the words are there already.
    after: int = 0
    texts: list[str] = field(default_factory=list)
    has_new_profile: bool = False

    @classmethod
    def begun(cls, conversation: Conversation, *, whole: bool) -> "_Document":
        there = getattr(conversation, "search_document", None)
        return cls(conversation, 0 if whole or there is None else there.seq)

    @property
    def is_whole(self) -> bool:
        return self.after == 0

    @cached_property
    def words(self) -> list[str]:
        return words_of(" ".join(self.texts))[:MAX_WORDS]


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
    rows = stale.select_related("visitor", "account", "search_document").order_by("pk")
    documents = (_Document.begun(row, whole=whole) for row in rows)
    words: defaultdict[int, set[str]] = defaultdict(set)
    number = 0
    for batch in _batches(documents):
        number += len(batch)
        _read(batch)
        # Names and addresses that are no longer the visitor's must not find it.
        renamed = [
            _Document(each.conversation) for each in batch if each.has_new_profile
        ]
        if renamed:
            _read(renamed)
        batch = [*(each for each in batch if not each.has_new_profile), *renamed]
        _write(batch)
        for document in batch:
            words[document.conversation.account_id].update(document.words)
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


def _batches(documents: Iterable[_Document]) -> Iterator[list[_Document]]:
    """As many as are read and written at once: by number, and by what there is to read."""
    batch: list[_Document] = []
    entries = 0
    for document in documents:
        entries += document.conversation.last_seq - document.after
        batch.append(document)
        if len(batch) == BATCH or entries >= MAX_MESSAGES:
            yield batch
            batch, entries = [], 0
    if batch:
        yield batch


def _read(documents: Sequence[_Document]) -> None:
    """Set the texts of each, in two queries."""
    asked = [
        [each.conversation.pk for each in documents],
        [each.after for each in documents],
        [each.conversation.last_seq for each in documents],
    ]
    by_key = {each.conversation.pk: each for each in documents}
    for document in documents:
        visitor = document.conversation.visitor
        if document.is_whole:
            document.texts += [visitor.name, visitor.email, visitor.phone]
    with connection.cursor() as cursor:
        cursor.execute(_MESSAGES, [*asked, MAX_WORDS * 10])
        for key, kind, event, text in cursor.fetchall():
            document = by_key[key]
            if kind != Message.Kind.EVENT:
                document.texts.append(text)
            elif event in _PROFILE_EVENTS and not document.is_whole:
                document.has_new_profile = True
        cursor.execute(_FILES, asked)
        for key, name in cursor.fetchall():
            by_key[key].texts.append(name)


def _write(documents: Sequence[_Document]) -> None:
    """All at once; one by one where one of them is more than a document can hold."""
    if not documents or _is_written(_STATEMENT, documents):
        return
    if len(documents) > 1:
        for document in documents:
            _write([document])
        return
    [document] = documents
    while not _is_written(_WITHOUT_POSITIONS, documents):
        document.words = document.words[: len(document.words) // 2]


def _is_written(statement: str, documents: Sequence[_Document]) -> bool:
    conversations = [each.conversation for each in documents]
    values: list[list[int] | list[str]] = [
        [row.pk for row in conversations],
        [" ".join(each.words) for each in documents],
        [account_word(row.account_id) for row in conversations],
        [CONFIGURATIONS.get(row.account.language, "simple") for row in conversations],
        [row.last_seq for row in conversations],
        [each.conversation.pk for each in documents if each.is_whole],
    ]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
    except DatabaseError:
        if not any(each.words for each in documents):
            raise
        return False
    return True
