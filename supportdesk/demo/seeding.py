"""Turns a shop of stories into an account: through the services, then back in time."""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone

from channels_integration.website.identity_services import create_identity_secret
from conversations import services
from conversations.models import (
    Assignment,
    Attachment,
    CannedReply,
    CannedReplyFile,
    Channel,
    Conversation,
    Message,
    Tag,
    Tagging,
)
from conversations.services.attachments import CheckedUpload
from notifications import services as notifications
from supportdesk.accounts import audit
from supportdesk.accounts import services as accounts
from supportdesk.accounts.models import Account, AgentGroup, User
from supportdesk.demo import browsing, files, script
from supportdesk.demo.script import Shop, Story
from visitors import services as visitors
from visitors.customer import CustomerItem
from visitors.models import Source, Visitor

PASSWORD = "demo-desk"  # noqa: S105 (printed for everyone to use; development only)
ACCOUNT_AGE = timedelta(days=400)


def find_shop(shop: Shop) -> Account | None:
    """The account that an earlier run built, whatever it is called today."""
    return Account.objects.filter(channels__public_key=shop.public_key).first()


def foreign_addresses(shop: Shop) -> list[str]:
    """Addresses of the shop's team that people outside its account have."""
    team = User.objects.filter(email__in=[agent.email for agent in shop.team])
    others = team.exclude(account__channels__public_key=shop.public_key)
    return list(others.order_by("email").values_list("email", flat=True))


@transaction.atomic
def delete_shop(account: Account) -> None:
    """Delete the account with all that is in it; files go once that is certain."""
    sent = Attachment.objects.filter(message__conversation__account=account)
    canned = CannedReplyFile.objects.filter(reply__account=account)
    names = [
        name for rows in (sent, canned) for name in rows.values_list("file", flat=True)
    ]
    # Conversations protect their channel, so they go before it.
    Conversation.objects.filter(account=account).delete()
    with audit.may_go():
        account.delete()
    transaction.on_commit(lambda: _delete_files(names))


def _delete_files(names: list[str]) -> None:
    for name in names:
        default_storage.delete(name)


def build_shop(shop: Shop) -> Account:
    """Make the account, its team and its website, and play every story."""
    with _untold():
        return _Builder(shop, timezone.now()).build()


@contextmanager
def _untold() -> Iterator[None]:
    """Write without telling anybody: what is made here is history, not news.

    Otherwise each of several hundred entries would be rendered and pushed, and
    agents would be mailed about visitors who left weeks ago.
    """
    with transaction.atomic():
        before = len(connection.run_on_commit)
        yield
        connection.run_on_commit = connection.run_on_commit[:before]


class _Clock:
    """Knows what time it was in the story when something was written.

    The services stamp rows with the present. Each step is struck beforehand, so
    every stamp lies between two strikes and belongs to the earlier one.
    """

    def __init__(self) -> None:
        self._real: list[datetime] = []
        self._told: list[datetime] = []

    def strike(self, moment: datetime) -> None:
        self._real.append(timezone.now())
        self._told.append(moment)

    @property
    def now(self) -> datetime:
        return self._told[-1]

    def told(self, stamp: datetime | None) -> datetime | None:
        if stamp is None:
            return None
        return self._told[bisect_right(self._real, stamp) - 1]


class _Builder:
    def __init__(self, shop: Shop, now: datetime) -> None:
        self.shop = shop
        self.now = now
        self.clock = _Clock()
        self.visitors: dict[str, Visitor] = {}
        self.told: dict[int, Story] = {}
        # Agents who have the thread open and have seen all of it.
        self.up_to_date: set[str] = set()

    def build(self) -> Account:
        self._open_account()
        self._write_canned_replies()
        for story in sorted(
            self.shop.stories, key=lambda story: story.moments(self.now, self.zone)[0]
        ):
            self._tell(story)
        self._read()
        self._go_back_in_time()
        rows = Conversation.objects.filter(pk__in=self.told).select_related("visitor")
        browsing.tell_visits(self.shop, ((row, self.told[row.pk]) for row in rows))
        browsing.walk_in(self.shop, self.channel)
        # The newest of them wait since a minute, which the lookout would take for news.
        notifications.pass_over(conversation_ids=self.told, now=self.now)
        return self.account

    def _open_account(self) -> None:
        shop = self.shop
        owner, *others = shop.team
        self.account = accounts.create_account(
            name=shop.name,
            owner_email=owner.email,
            owner_name=owner.name,
            password=None,
            language=shop.language,
            time_zone="Europe/Berlin",
        )
        self.zone = self.account.tz
        self.groups = {
            key: AgentGroup.objects.create(account=self.account, key=key, name=name)
            for key, name in shop.groups.items()
        }
        first = User.objects.get(account=self.account)
        accounts.update_profile(agent=first, fields={"language": owner.language})
        first.groups.set(self.groups[key] for key in owner.groups)
        self.team = {owner.key: first}
        for agent in others:
            self.team[agent.key] = accounts.create_agent(
                account=self.account,
                email=agent.email,
                name=agent.name,
                role=agent.role,
                groups=[self.groups[key] for key in agent.groups],
                language=agent.language,
            )
        # One hash for all: it is slow by design, and the password is no secret.
        User.objects.filter(account=self.account).update(
            password=make_password(PASSWORD)
        )
        self.tags = {
            label.name: services.create_tag(
                account=self.account,
                name=label.name,
                hue=label.hue,
                description=label.description,
            )
            for label in shop.tags
        }
        self.channel = services.create_channel(
            account=self.account,
            kind=Channel.Kind.WEBSITE,
            name=f"{shop.name} shop",
            config={
                "allowed_domains": ["localhost", "127.0.0.1", shop.site],
                "color": shop.color,
                "texts": {language: {"title": shop.name} for language in ("de", "en")},
            },
        )
        self.channel.public_key = shop.public_key
        self.channel.save(update_fields=["public_key"])
        create_identity_secret(channel=self.channel)

    def _write_canned_replies(self) -> None:
        owner = self.team[self.shop.team[0].key]
        for canned in self.shop.canned:
            reply = services.save_canned_reply(
                agent=self.team[canned.agent] if canned.agent else owner,
                shortcut=canned.shortcut,
                title=canned.title,
                text=canned.text,
                is_shared=not canned.agent,
                uploads=_uploads(canned.files),
            )
            CannedReply.objects.filter(pk=reply.pk).update(use_count=canned.used)

    def _tell(self, story: Story) -> None:
        moments = story.moments(self.now, self.zone)
        self.clock.strike(moments[0])
        conversation = services.start_conversation(
            visitor=self._visitor(story),
            channel=self.channel,
            group=self.groups[story.group] if story.group else None,
            data={
                "url": f"https://{self.shop.site}{story.page}",
                "title": story.title,
            },
        )
        self.told[conversation.pk] = story
        self.up_to_date.clear()
        tagged = False
        for step, moment in zip(story.steps, moments, strict=True):
            if story.seen and isinstance(step, script.Noticed):
                # Before the visitor left.
                self._mark_seen(conversation.pk)
            self.clock.strike(moment)
            self._look(conversation.pk, step, story)
            self._play(conversation.pk, step)
            if not tagged and (key := getattr(step, "agent", None)) is not None:
                self._tag(conversation.pk, story, key)
                tagged = True
        if story.seen:
            self._mark_seen(conversation.pk)

    def _tag(self, pk: int, story: Story, key: str) -> None:
        for name in story.tags:
            services.tag_conversation(
                conversation_id=pk, tag=self.tags[name], agent=self.team[key]
            )

    def _visitor(self, story: Story) -> Visitor:
        guest = story.guest
        if guest.key not in self.visitors:
            visitor = visitors.create_visitor(
                account=self.account, language=guest.language
            )
            self.visitors[guest.key] = visitors.update_contact(
                visitor=visitor,
                source=Source.FORM,
                name=guest.name,
                email=guest.email,
                phone=guest.phone,
            )
            self._tell_of_customer(visitor, guest)
        return self.visitors[guest.key]

    def _tell_of_customer(self, visitor: Visitor, guest: script.Guest) -> None:
        """What the shop's server says of them, and what a colleague noted."""
        if guest.user_id:
            visitors.set_user_id(visitor=visitor, user_id=guest.user_id)
        if guest.customer:
            visitors.set_customer_information(
                visitor=visitor,
                source=Source.API,
                items=[CustomerItem(*entry) for entry in guest.customer],
                replace=True,
            )
        if guest.note:
            author = self.team[guest.noted_by]
            visitors.save_note(
                visitor=visitor, agent=author, text=guest.note, version=0
            )

    def _look(self, pk: int, step: script.Step, story: Story) -> None:
        """Before anybody acts they look: at no conversation out of their sight."""
        if isinstance(step, script.Noticed):
            return
        key = getattr(step, "agent", None)
        if key is None:
            self.up_to_date.clear()
            if not story.seen:
                self._mark_seen(pk)
        elif key not in self.up_to_date:
            self.up_to_date.add(key)
            agent = self.team[key]
            conversation = Conversation.objects.visible_to(agent).get(pk=pk)
            services.mark_read(conversation=conversation, agent=agent)

    def _play(self, pk: int, step: script.Step) -> None:
        who: dict[str, Any] = {"conversation_id": pk}
        if (key := getattr(step, "agent", None)) is not None:
            who["agent"] = self.team[key]
        match step:
            case script.Says(text, names):
                services.post_visitor_message(
                    **who, channel=self.channel, text=text, uploads=_uploads(names)
                )
            case script.Answers(_, text, names):
                services.post_agent_message(**who, text=text, uploads=_uploads(names))
            case script.Notes(_, text):
                services.add_note(**who, text=text)
            case script.Joins():
                services.join_conversation(**who)
            case script.Leaves():
                services.unassign_conversation(**who, by=who["agent"])
            case script.Assigns(_, to):
                services.assign_conversation(
                    conversation_id=pk, agent=self.team[to], by=who["agent"]
                )
            case script.Moves(_, group):
                services.change_group(
                    conversation_id=pk,
                    group=self.groups[group] if group else None,
                    by=who["agent"],
                )
            case script.Resolves():
                services.resolve_conversation(**who)
            case script.Reopens():
                services.reopen_conversation(**who)
            case script.Unheard():
                services.note_offline(**who)
            case script.Missed(left=left):
                left_at = self.clock.now - timedelta(minutes=left)
                services.mark_missed(**who, left_at=left_at)
            case script.Rates(rating, comment):
                services.rate_conversation(**who, rating=rating, comment=comment)
            case _:
                raise TypeError(f"no such step: {step!r}")

    def _read(self) -> None:
        """Everybody has opened what they see, but for those a story names."""
        for key, agent in self.team.items():
            opened = [
                pk
                for pk, story in self.told.items()
                if "*" not in story.unread_by and key not in story.unread_by
            ]
            rows = Conversation.objects.visible_to(agent).with_unread(agent)
            for conversation in rows.filter(pk__in=opened):
                if conversation.unread:  # type: ignore[attr-defined]
                    services.mark_read(conversation=conversation, agent=agent)

    def _mark_seen(self, pk: int) -> None:
        seq = Conversation.objects.values_list("last_public_seq", flat=True).get(pk=pk)
        services.mark_seen_by_visitor(conversation_id=pk, public_seq=seq)

    def _go_back_in_time(self) -> None:
        """Give every row the time its story tells, in place of the present.

        The order of entries is their `seq`, which stays as the services gave it.
        """
        opened = self.now - ACCOUNT_AGE
        Account.objects.filter(pk=self.account.pk).update(created_at=opened)
        User.objects.filter(account=self.account).update(date_joined=opened)
        Channel.objects.filter(pk=self.channel.pk).update(created_at=opened)
        conversations = Conversation.objects.filter(pk__in=self.told)
        self._shift(
            conversations,
            "created_at",
            "last_activity_at",
            "waiting_since",
            "resolved_at",
            "rated_at",
            "visitor_seen_at",
        )
        of_these = {"conversation__in": self.told}
        self._shift(Message.objects.filter(**of_these), "created_at")
        self._shift(Assignment.objects.filter(**of_these), "created_at")
        self._shift(Tagging.objects.filter(**of_these), "created_at")
        Tag.objects.filter(account=self.account).update(created_at=opened)
        met = Visitor.objects.filter(account=self.account)
        self._shift(met, "created_at", "last_seen_at")
        # A visitor was there at least until the last thing they saw.
        for visitor in met.prefetch_related("conversations"):
            visitor.last_seen_at = max(
                conversation.visitor_seen_at or conversation.created_at
                for conversation in visitor.conversations.all()
            )
            visitor.save(update_fields=["last_seen_at"])

    def _shift(self, rows: Any, *fields: str) -> None:
        shifted = list(rows)
        for row in shifted:
            for name in fields:
                setattr(row, name, self.clock.told(getattr(row, name)))
        rows.model.objects.bulk_update(shifted, fields, batch_size=500)


def _uploads(names: tuple[str, ...]) -> list[CheckedUpload]:
    return [services.check_upload(files.upload(name)) for name in names]
