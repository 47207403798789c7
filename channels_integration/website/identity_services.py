"""Who a visitor is: by the shop's signature, or as the page says."""

import contextlib
import secrets
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from channels_integration.website import browsers, thread_services
from channels_integration.website.identity import Claim
from channels_integration.website.models import IdentitySecret, VisitorSession
from channels_integration.website.services import lock_session
from conversations import services as conversations
from conversations.events import ProfileMoved, profile_moved
from conversations.exceptions import ConversationError
from conversations.models import Channel, Conversation
from conversations.services.posting import is_continued
from supportdesk.accounts import audit
from supportdesk.accounts.models import Account
from supportdesk.core.events import emit_on_commit
from supportdesk.core.sealing import seal
from visitors import services as visitors
from visitors.customer import CustomerItem, parse_items
from visitors.exceptions import InvalidContact
from visitors.models import Source, Visitor

FORMER_GOOD_FOR = timedelta(days=7)
# Where the page's own word for a customer is shown.
USER_ID_KEY = "user_id"


class SecretChanged(Exception):
    """It is another one than was meant."""


def identify_visitor(*, session_id: int, claim: Claim) -> tuple[bool, bool, list[str]]:
    """Give the browser the profile of a customer whose signature was verified.

    The customer's profile if there is one: a profile without a name of its own
    becomes part of it, with all that was said and seen there. A browser of another
    customer only changes profile, for two people used it. One with nothing open goes
    on with what the customer said last in another of their browsers. Returns whether
    the browser now belongs to another profile or shows another thread, whether it was
    another customer's, and the fields that were no valid contact data. Raises
    SessionGone.
    """
    try:
        return _identify(session_id, claim)
    except Visitor.DoesNotExist:
        # The customer was found, then erased before we had the lock; not this browser,
        # whose session we hold. So it is the first one of somebody new.
        return _identify(session_id, claim)


@transaction.atomic
def _identify(session_id: int, claim: Claim) -> tuple[bool, bool, list[str]]:
    session = lock_session(session_id)
    former = session.profile
    profile = _profile_for(former, session.channel.account, claim.user_id)
    moved = profile.pk != former.pk
    own = session.conversation
    is_signed_anew = session.signed_as != claim.user_id
    session.signed_as = claim.user_id
    if moved:
        _move(session, former, profile)
    elif is_signed_anew:
        session.save(update_fields=["signed_as"])
    if session.conversation is None or not session.conversation.is_open:
        thread_services.take_up(session)
    elif is_signed_anew and thread_services.share(session):
        # Nothing is written now that would tell them.
        emit_on_commit(profile_moved, ProfileMoved(visitor_id=profile.pk))
    if moved or not former.user_id:
        _forget_page_s_word(profile)
    changed = moved or session.conversation != own
    switched = moved and bool(former.user_id)
    return changed, switched, _keep_contact(profile, Source.SIGNED, claim)


def _profile_for(visitor: Visitor, account: Account, user_id: str) -> Visitor:
    """The customer's profile; no visitor is locked before the merge takes its locks."""
    known = visitors.find_by_user_id(account=account, user_id=user_id)
    if known is None and not visitor.user_id:
        # None if another browser of the customer was faster.
        named = visitors.set_user_id(visitor=visitor, user_id=user_id)
        if named is not None:
            return named
    if known is None:
        known, _is_new = visitors.customer_profile(
            account=account,
            user_id=user_id,
            language=visitor.language,
            seen_at=timezone.now(),
        )
    if known.pk != visitor.pk and not visitor.user_id:
        # Refused if one of them has meanwhile become somebody else: then only the
        # browser changes profile.
        with contextlib.suppress(ConversationError):
            conversations.merge_visitors(kept=known, merged=visitor, agent=None)
    return known


def _forget_page_s_word(visitor: Visitor) -> None:
    """Who they are is known by now: what the page said of it is either that or wrong."""
    visitors.set_customer_information(
        visitor=visitor,
        source=Source.PAGE,
        items=[CustomerItem(USER_ID_KEY, "", None)],
        replace=False,
    )


def _move(session: VisitorSession, former: Visitor, profile: Visitor) -> None:
    """The browser keeps its conversation if that became the customer's, too."""
    own = session.conversation
    if own is not None:
        own = Conversation.objects.filter(pk=own.pk, visitor=profile).first()
    window = session.channel.account.reopen_window_days
    session.visitor = profile
    session.conversation = (
        own if own is not None and is_continued(own, window) else None
    )
    session.save(update_fields=["visitor", "conversation", "signed_as"])
    # Its sockets listen as the visitor that it was.
    emit_on_commit(profile_moved, ProfileMoved(visitor_id=former.pk))
    transaction.on_commit(partial(browsers.forget, session.token_hash), robust=True)


@transaction.atomic
def remember_unverified(*, session: VisitorSession, claim: Claim) -> list[str]:
    """Keep what the page says of the visitor, as the page's word and nothing more.

    Returns the fields that were no valid contact data.
    """
    visitor = session.profile
    if claim.user_id and claim.user_id != visitor.user_id:
        items, _none = parse_items({USER_ID_KEY: claim.user_id})
        visitors.set_customer_information(
            visitor=visitor, source=Source.PAGE, items=items, replace=False
        )
    return _keep_contact(visitor, Source.PAGE, claim)


def _keep_contact(visitor: Visitor, source: Source, claim: Claim) -> list[str]:
    """Store contact data; a broken value takes nothing else with it, and is named."""
    contact, left_out = dict(claim.contact), list[str]()
    while contact:
        try:
            with transaction.atomic():
                visitors.update_contact(visitor=visitor, source=source, **contact)
            break
        except InvalidContact as error:
            del contact[error.field]
            left_out.append(error.field)
    return left_out


@transaction.atomic
def create_identity_secret(*, channel: Channel, version: str | None = None) -> str:
    """A new secret of the website, said only here.

    The one before stays good for a week, so that the shop can change without a gap.
    With `version`, empty for none, only in place of that one: a form that is sent
    twice must not take away what was just shown. Raises SecretChanged.
    """
    secret = f"sdi_{secrets.token_urlsafe(32)}"
    now = timezone.now()
    # The channel's row, for there may be no secret yet that could be locked.
    Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
    row = IdentitySecret.objects.filter(channel=channel).first()
    if version is not None and version != (row.version if row else ""):
        raise SecretChanged
    action = "identity.renewed" if row else "identity.created"
    audit.record(action, account_id=channel.account_id, target=channel)
    if row is None:
        IdentitySecret.objects.create(channel=channel, sealed=seal(secret))
        return secret
    row.former_sealed, row.former_until = row.sealed, now + FORMER_GOOD_FOR
    row.sealed, row.created_at = seal(secret), now
    row.save()
    return secret


@transaction.atomic
def remove_identity_secret(*, channel: Channel) -> None:
    """No signature counts any more, at once; what was stored stays."""
    removed, _rows = IdentitySecret.objects.filter(channel=channel).delete()
    if removed:
        thread_services.unsign_browsers(channel=channel)
        audit.record("identity.removed", account_id=channel.account_id, target=channel)
