"""Which conversation a browser goes on with."""

from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef

from channels_integration.website import browsers
from channels_integration.website.models import VisitorSession
from conversations.models import Channel, Conversation
from conversations.services.continuing import going_on
from conversations.services.posting import is_continued

# A customer's conversations, and browsers, that are looked at: private windows make
# ever new ones.
_TAKEN_UP_FROM, _SHARED_WITH = 5, 20


def own_conversation(session: VisitorSession) -> Conversation | None:
    """What holds the messages of the session's conversation now, or that in which the
    visitor goes on since it was split.

    None if it is another person's again, since a merge was undone: no way to it may
    lead through this browser.
    """
    if session.conversation is None:
        return None
    conversation = session.conversation.merged_into or session.conversation
    conversation = going_on(conversation)
    is_own = conversation.visitor_id == session.profile.pk
    return conversation if is_own else None


def take_up(session: VisitorSession) -> Conversation | None:
    """Let a signed browser go on with what its customer said last on this website.

    Not with what a browser shows that nobody signed: that an agent's merge made it the
    customer's is not their word. None if nothing is open and the browser's own is the
    latest, or all is too old to go on with. The caller holds the session's lock.
    """
    if not session.signed_as:
        return None
    own = session.conversation
    window = session.channel.account.reopen_window_days
    strange = VisitorSession.objects.filter(revoked_at__isnull=True).exclude(
        signed_as=session.signed_as
    )
    said = Conversation.objects.filter(
        # Asked apart: each has its index.
        ~Exists(strange.filter(conversation=OuterRef("pk"))),
        ~Exists(strange.filter(conversation__merged_into=OuterRef("pk"))),
        visitor=session.profile,
        channel=session.channel,
    )
    for found in said.order_by("-last_activity_at", "-pk")[:_TAKEN_UP_FROM]:
        # Of one that was split, the part in which the customer goes on is among them.
        if found.continued_in_id is not None or not is_continued(found, window):
            continue
        if found == own or not _is_before(own, found, window):
            continue
        session.conversation = found
        session.save(update_fields=["conversation"])
        transaction.on_commit(partial(browsers.forget, session.token_hash), robust=True)
        return found
    return None


def _is_before(
    own: Conversation | None, other: Conversation, window: int | None
) -> bool:
    if own is None or other.is_open or not is_continued(own, window):
        return True
    return own.last_activity_at < other.last_activity_at


def share(session: VisitorSession) -> bool:
    """Let the customer's other signed browsers go on with this one's conversation.

    Not one in which another conversation is open. One that is busy is not waited for,
    it may wait for us: it takes up the conversation later. Returns whether there is
    such a browser.
    """
    if not session.signed_as:
        return False
    others = VisitorSession.objects.filter(
        channel=session.channel_id,
        signed_as=session.signed_as,
        revoked_at__isnull=True,
    ).exclude(pk=session.pk)
    free = (
        others.select_related("visitor__merged_into", "conversation__merged_into")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("-pk")
    )
    found = {
        other.pk: other.token_hash
        for other in free[:_SHARED_WITH]
        if other.profile == session.profile and not _is_in_one(other)
    }
    if found:
        VisitorSession.objects.filter(pk__in=found).update(
            conversation=session.conversation
        )
        forget = partial(browsers.forget, *found.values())
        transaction.on_commit(forget, robust=True)
    return bool(found)


def _is_in_one(session: VisitorSession) -> bool:
    conversation = own_conversation(session)
    return conversation is not None and conversation.is_open


@transaction.atomic
def unsign_browsers(*, channel: Channel) -> None:
    """Nothing is shared any more until the shop signs anew; threads stay where they are."""
    signed = VisitorSession.objects.filter(channel=channel).exclude(signed_as="")
    keys = signed.select_for_update().order_by("pk").values_list("pk", flat=True)
    VisitorSession.objects.filter(pk__in=list(keys)).update(signed_as="")


@transaction.atomic
def continue_split(*, conversation_id: int) -> list[str]:
    """Let the browsers that were in a conversation go on with what was split off it;
    returns the hashes of their tokens.

    They would find the way; without it they need not look for it each time.
    """
    old = Conversation.objects.filter(pk=conversation_id).first()
    if old is None or (new := going_on(old)).pk == old.pk:
        return []
    sessions = VisitorSession.objects.filter(
        conversation__in=[
            conversation_id,
            *Conversation.with_merged.filter(merged_into=conversation_id).values_list(
                "pk", flat=True
            ),
        ]
    )
    rows = sessions.select_for_update().order_by("pk")
    hashes = list(rows.values_list("token_hash", flat=True))
    sessions.update(conversation=new)
    return hashes
