"""Histories to count, and the slow, plain way to count them."""

import math
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from conversations import services
from conversations.models import Channel, Figure, FigureCursor, Message
from conversations.services import counting
from tests import factories

What = Figure.What


def count_everything():
    """As if nobody else wrote to this server: all there is, is settled."""
    services.count_new_messages()
    services.count_new_messages()
    assert FigureCursor.objects.get().message_key >= counting._newest_message()


def set_clock(monkeypatch, at):
    monkeypatch.setattr(timezone, "now", lambda: at)


class Story:
    """An account whose people do random things at random times."""

    def __init__(self, monkeypatch, seed, *, began=None, time_zone="Europe/Berlin"):
        self.monkeypatch = monkeypatch
        self.dice = random.Random(seed)
        self.now = began or datetime(2026, 3, 27, 20, 0, tzinfo=UTC)
        set_clock(monkeypatch, self.now)
        self.account = factories.make_account(time_zone=time_zone)
        factories.make_channel(self.account)
        for kind in (Channel.Kind.EMAIL, Channel.Kind.MESSENGER):
            services.create_channel(
                account=self.account, kind=kind, name=kind.value, config={}
            )
        self.channels = list(self.account.channels.order_by("pk"))
        self.groups = [None, factories.make_group(self.account)]
        self.agents = [
            factories.owner_of(self.account),
            factories.make_agent(self.account, role="full"),
        ]
        self.conversations = []

    def go_on(self, steps):
        for _ in range(steps):
            seconds = self.dice.choice((0.2, 20, 400, 9_000, 40_000))
            self.now += timedelta(seconds=self.dice.uniform(0.1, 2) * seconds)
            set_clock(self.monkeypatch, self.now)
            self._step()

    def _step(self):
        dice = self.dice
        if not self.conversations or dice.random() < 0.15:
            group, text = dice.choice(self.groups), dice.choice(("", "Hello?"))
            self.conversations.append(
                factories.make_conversation(
                    self.account,
                    channel=dice.choice(self.channels),
                    group=group,
                    text=text,
                )
            )
            return
        conversation = factories.fresh(dice.choice(self.conversations))
        agent = dice.choice(self.agents)
        by_key = {"conversation_id": conversation.pk}
        throw = dice.random()
        if throw < 0.3:
            factories.visitor_writes(conversation)
        elif throw < 0.6:
            factories.agent_writes(conversation, agent)
        elif throw < 0.65:
            services.add_note(agent=agent, text="Hm.", **by_key)
        elif throw < 0.7:
            services.note_offline(**by_key)
        elif throw < 0.75:
            services.mark_missed(left_at=self.now, **by_key)
        elif conversation.is_open:
            services.resolve_conversation(agent=agent, **by_key)
        else:
            services.rate_conversation(rating=dice.choice((1, 3, 5)), **by_key)


def plainly(account):
    """What the figures of all agents must be: counts, and exact durations.

    Counts by agent, what, day, channel, group and bucket; durations by agent and what,
    as when and how long, with channel and group.
    """
    counts, waits = Counter(), defaultdict(list)
    for conversation in account.conversations.all():
        kind, group = conversation.channel_kind, conversation.group_id or 0
        asked = answered = began = rated = writer = None

        def note(what, at, bucket=0, n=1, agent=0, kind=kind, group=group):
            day = at.astimezone(account.tz).date()
            counts[agent, what, day, kind, group, bucket] += n

        for entry in Message.objects.filter(conversation=conversation).order_by("seq"):
            at = entry.created_at
            if entry.event in ("started", "reopened"):
                asked, answered, began = None, None, at
            if entry.event == "started":
                note(What.BEGUN, at)
            elif entry.event in ("missed", "offline"):
                note(What[entry.event.upper()], at)
            elif entry.event == "resolved":
                for agent in (0, entry.agent_id):
                    waits[agent, What.RESOLVED].append((at, at - began, kind, group))
            elif entry.event == "rated":
                for agent in {0, writer or 0}:
                    note(What.RATED, at, entry.data["rating"], agent=agent)
                if rated:
                    for agent in {0, rated[2] or 0}:
                        note(What.RATED, rated[0], rated[1], -1, agent=agent)
                rated = (at, entry.data["rating"], writer)
            elif entry.kind == "message" and entry.by_visitor:
                local = at.astimezone(account.tz)
                note(What.WRITTEN, at, local.weekday() * 24 + local.hour)
                asked = asked or at
            elif entry.kind == "message":
                writer = entry.agent_id
                for agent in (0, writer):
                    note(What.ANSWER, at, agent=agent)
                if asked and not answered:
                    answered = at
                    for agent in (0, writer):
                        wait = (asked, at - asked, kind, group)
                        waits[agent, What.FIRST_ANSWER].append(wait)
    return +counts, dict(waits)


OF_ALL = {"channel_kind": Figure.ALL_CHANNELS, "group_key": Figure.ALL_GROUPS}


def stored(account, grain="d"):
    """The figures without durations, as `plainly` gives them."""
    rows = (
        Figure.objects.filter(account=account, grain=grain, tag_key=0)
        .exclude(what__in=[What.FIRST_ANSWER, What.RESOLVED])
        .exclude(channel_kind=Figure.ALL_CHANNELS)
        .exclude(group_key=Figure.ALL_GROUPS)
    )
    return +Counter(
        {
            (r.agent_key, r.what, r.day, r.channel_kind, r.group_key, r.bucket): r.count
            for r in rows
        }
    )


def exact_quantile(waits, share):
    ordered = sorted(waits)
    return ordered[max(1, math.ceil(share * len(ordered))) - 1]
