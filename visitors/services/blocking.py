"""Who may not write any more: a visitor, an address, a range of addresses."""

import ipaddress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from supportdesk.accounts import audit
from supportdesk.accounts.models import Account, IpStorage, User
from supportdesk.core import client_ip
from supportdesk.core.events import emit_on_commit
from supportdesk.core.text import clean_line, redact_line
from visitors import blocks
from visitors.events import (
    VisitorsBlocked,
    VisitorUpdated,
    visitor_updated,
    visitors_blocked,
)
from visitors.exceptions import VisitorError
from visitors.models import Block, Visit, Visitor
from visitors.services.locking import lock_profile
from visitors.services.merging import parts_of
from visitors.services.naming import audit_target

REASON_LENGTH = 200
# Shorter is wider: a provider's whole network, a country, everybody.
SHORTEST = {4: 16, 6: 32}
RECENT = timedelta(days=7)


def parse_network(text: str) -> blocks.Network:
    """An address or range as it is stored; raises VisitorError with a sentence.

    What stands for an IPv4 address within IPv6 is that address: visitors are known
    by it.
    """
    text = clean_line(text, 100).replace(" ", "")
    try:
        # Zones name a network card of ours; a mask is no length.
        if "%" in text:
            raise ValueError
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise VisitorError(
            _(
                "Please enter an address such as 203.0.113.7, or a range such as "
                "203.0.113.0/24."
            )
        ) from None
    network = _unmapped(network)
    if network.prefixlen < SHORTEST[network.version]:
        raise VisitorError(
            _("This range is too wide: the widest is /%(v4)s, for IPv6 /%(v6)s.")
            % {"v4": SHORTEST[4], "v6": SHORTEST[6]}
        )
    return network


def _unmapped(network: blocks.Network) -> blocks.Network:
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < 96:
        return network
    return ipaddress.ip_network((mapped, network.prefixlen - 96))


def network_around(ip: str, account: Account) -> blocks.Network:
    """What to block of a visitor whose stored address is `ip`.

    One IPv6 customer has a whole /64 to move in; of a shortened address only the
    range is known.
    """
    address = ipaddress.ip_address(ip)
    length = 32 if address.version == 4 else 64
    if account.ip_storage == IpStorage.SHORT:
        length = 24 if address.version == 4 else 48
    return ipaddress.ip_network((address, length), strict=False)


def visitors_in(account: Account, network: blocks.Network) -> int:
    """How many visitors came from there within a week, as far as is on record."""
    if account.ip_storage == IpStorage.SHORT:
        first = client_ip.shortened(str(network[0]))
    else:
        first = str(network[0])
    visits = Visit.objects.filter(
        visitor__account=account,
        last_seen_at__gte=timezone.now() - RECENT,
        ip__range=(first, str(network[-1])),
    )
    return visits.values("visitor").distinct().count()


@transaction.atomic
def block_visitor(
    *,
    visitor: Visitor,
    agent: User | None,
    ends_at: datetime | None = None,
    reason: str = "",
) -> Block:
    """Let the visitor write no more, until `ends_at` if it is given.

    A second time replaces end and reason. Raises VisitorError for an end that has
    passed.
    """
    values = _values(agent, ends_at, reason)
    profile = lock_profile(visitor.pk)
    block, _created = Block.objects.update_or_create(
        account_id=profile.account_id, visitor=profile, defaults=values
    )
    _record("block.created", block, agent)
    _changed(profile.account_id)
    emit_on_commit(
        visitors_blocked,
        VisitorsBlocked(account_id=profile.account_id, visitor_id=profile.pk),
    )
    _show(profile.pk)
    return block


@transaction.atomic
def block_network(
    *,
    account: Account,
    agent: User | None,
    network: str,
    ends_at: datetime | None = None,
    reason: str = "",
) -> Block:
    """Let nobody from an address or range write, until `ends_at` if it is given.

    A second time replaces end and reason. Raises VisitorError for what is no
    address, for a range that is too wide, and for an end that has passed.
    """
    values = _values(agent, ends_at, reason)
    block, _created = Block.objects.update_or_create(
        account=account, network=str(parse_network(network)), defaults=values
    )
    _record("block.created", block, agent)
    _changed(account.pk)
    emit_on_commit(
        visitors_blocked,
        VisitorsBlocked(account_id=account.pk, network=block.network),
    )
    return block


@transaction.atomic
def unblock(*, block: Block) -> None:
    """Lift a block; a second time changes nothing."""
    _deleted, rows = Block.objects.filter(pk=block.pk).delete()
    if rows:
        _record("block.lifted", block)
    _changed(block.account_id)
    if block.visitor_id is not None:
        _show(block.visitor_id)


@transaction.atomic
def delete_ended_blocks() -> int:
    """What is over for a day has nothing left to say; returns how many there were."""
    over = timezone.now() - timedelta(days=1)
    found, _rows = Block.objects.filter(ends_at__lt=over).delete()
    return found


@transaction.atomic
def unblock_visitor(*, visitor: Visitor) -> bool:
    """Lift the blocks of the profile and of what is part of it; whether there were."""
    blocked = Block.objects.filter(visitor__in=parts_of(visitor))
    for block in blocked.select_related("visitor"):
        _record("block.lifted", block)
    found, _rows = blocked.delete()
    _changed(visitor.account_id)
    _show(visitor.pk)
    return bool(found)


def block_of(visitor: Visitor) -> Block | None:
    """What keeps the visitor from writing, its address aside."""
    return blocks_of(visitor)[0]


def network_block_of(visitor: Visitor) -> Block | None:
    """A block of the address that the visitor had last, as far as it is stored."""
    return blocks_of(visitor)[1]


def blocks_of(visitor: Visitor) -> tuple[Block | None, Block | None]:
    """Both of them, in one query."""
    visits = Visit.objects.filter(visitor=visitor, ip__isnull=False)
    last_ip = visits.order_by("-last_seen_at").values("ip")[:1]
    rows = (
        Block.objects.filter(account_id=visitor.account_id)
        .filter(Q(visitor=visitor) | ~Q(network=""))
        .in_force()
        .annotate(last_ip=Subquery(last_ip))
        .select_related("agent")
    )
    own, network = None, None
    for row in rows:
        if row.visitor_id is not None:
            own = own or row
        elif row.last_ip and blocks.contains(row.network, str(row.last_ip)):
            network = network or row
    return own, network


def _values(agent: User | None, ends_at: datetime | None, reason: str):  # type: ignore[no-untyped-def]
    if ends_at is not None and ends_at <= timezone.now():
        raise VisitorError(_("The end must be in the future."))
    return {
        "agent": agent,
        "ends_at": ends_at,
        "reason": redact_line(reason, REASON_LENGTH),
        "created_at": timezone.now(),
    }


def _record(action: str, block: Block, agent: User | None = None) -> None:
    """Without the reason: it goes when the block is lifted."""
    if block.visitor is not None:
        target = audit_target(block.visitor)
    else:
        target = audit.Target(block._meta.label_lower, block.pk, block.network)
    ends = {"ends_at": (None, block.ends_at)} if block.ends_at else {}
    audit.record(
        action, account_id=block.account_id, by=agent, target=target, changes=ends
    )


def _changed(account_id: int) -> None:
    transaction.on_commit(lambda: blocks.forget(account_id), robust=True)


def _show(visitor_id: int) -> None:
    emit_on_commit(
        visitor_updated, VisitorUpdated(visitor_id=visitor_id, sections=("state",))
    )
