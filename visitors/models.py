import uuid

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from supportdesk.accounts.models import Account, Language, User
from supportdesk.accounts.people import initials
from visitors.devices import Device, describe
from visitors.querysets import (
    BlockQuerySet,
    VisitorQuerySet,
    by_beginning,
    digits_backwards,
    last_word,
)


class Source(models.TextChoices):
    """Where a piece of the profile comes from, and so how far it can be believed."""

    AGENT = "agent", _("entered by an agent")
    FORM = "form", _("from a form")
    # Anybody can make a page say anything.
    PAGE = "page", _("from the page, not verified")
    SIGNED = "signed", _("signed by the shop")
    API = "api", _("from the shop's server")


def visitor_number(public_id: uuid.UUID) -> str:
    """What tells visitors without a name from each other."""
    return f"{public_id.int % 10_000:04d}"


class Visitor(models.Model):
    """The person who writes: one profile over all channels and devices."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(
        Account,
        on_delete=models.CASCADE,
        related_name="visitors",
        verbose_name=_("account"),
    )
    name = models.CharField(_("name"), max_length=255, blank=True)
    email = models.EmailField(_("e-mail address"), max_length=254, blank=True)
    phone = models.CharField(_("phone"), max_length=50, blank=True)
    name_source = models.CharField(max_length=6, choices=Source.choices, blank=True)
    email_source = models.CharField(max_length=6, choices=Source.choices, blank=True)
    phone_source = models.CharField(max_length=6, choices=Source.choices, blank=True)
    # The shop's own name for the person; only a signature or the shop's server sets it.
    user_id = models.CharField(_("customer id"), max_length=255, blank=True)
    # Set while the profile is part of another one, which a merge can be undone to.
    merged_into = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="merged"
    )
    language = models.CharField(
        _("language"), max_length=5, choices=Language.choices, default=Language.ENGLISH
    )
    created_at = models.DateTimeField(_("first seen"), auto_now_add=True)
    last_seen_at = models.DateTimeField(_("last seen"), null=True, blank=True)

    objects = VisitorQuerySet.as_manager()

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")
        indexes = [
            # Incoming mail and identity look a visitor up by address; who merges looks
            # for other profiles by address, name and number, while they type.
            models.Index(
                "account",
                by_beginning(Lower("email")),
                name="visitor_account_email",
                condition=~models.Q(email=""),
            ),
            models.Index(
                "account",
                by_beginning(Lower("name")),
                name="visitor_account_name",
                condition=~models.Q(name=""),
            ),
            models.Index(
                "account",
                by_beginning(last_word("name")),
                name="visitor_account_last_word",
                condition=~models.Q(name=""),
            ),
            models.Index(
                "account",
                by_beginning(digits_backwards("phone")),
                name="visitor_account_phone",
                condition=~models.Q(phone=""),
            ),
            # The newest of an account, without a walk along everybody's: lists of the
            # API, and what shops have told lately.
            models.Index(fields=["account", "-id"], name="visitor_account_newest"),
        ]
        constraints = [
            models.UniqueConstraint(
                "account",
                "user_id",
                name="visitor_user_id_once",
                condition=~models.Q(user_id="") & models.Q(merged_into__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """A name to show; a visitor who gave none is told from others by a number."""
        return (
            self.name
            or self.email.partition("@")[0]
            or _("Visitor %(number)s") % {"number": self.number}
        )

    @property
    def profile(self) -> "Visitor":
        """Itself, or the profile that it is part of."""
        visitor = self
        while visitor.merged_into is not None:
            visitor = visitor.merged_into
        return visitor

    @property
    def number(self) -> str:
        return visitor_number(self.public_id)

    @property
    def first_name(self) -> str:
        """Without titles and initials: nobody is called "Dr."."""
        words = [word for word in self.name.split() if not word.endswith(".")]
        return words[0] if words else self.display_name

    @property
    def initials(self) -> str:
        """Empty for a visitor without a name: the avatar then shows a symbol."""
        return initials(self.name)

    @property
    def hue(self) -> int:
        return self.public_id.int % 8 + 1


class VisitorNote(models.Model):
    """What every agent should know about a visitor; not part of the visitor's row,
    which is read with every message."""

    visitor = models.OneToOneField(
        Visitor, models.CASCADE, primary_key=True, related_name="note"
    )
    text = models.TextField(_("text"), blank=True)
    agent = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    changed_at = models.DateTimeField(_("changed"))
    # Counts the changes: who saves names the one that was read.
    version = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("personal note")
        verbose_name_plural = _("personal notes")

    def __str__(self) -> str:
        return f"{self.visitor_id} v{self.version}"


class Visit(models.Model):
    """One stay on the website: page views without a long pause between them."""

    visitor = models.ForeignKey(Visitor, models.CASCADE, related_name="visits")
    started_at = models.DateTimeField(_("started"))
    last_seen_at = models.DateTimeField(_("last seen"))
    referrer = models.CharField(_("referrer"), max_length=2000, blank=True)
    campaign = models.JSONField(_("campaign"), default=dict, blank=True)
    ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    user_agent = models.CharField(_("user agent"), max_length=400, blank=True)
    hints = models.JSONField(_("client hints"), default=dict, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    page_count = models.PositiveIntegerField(_("page views"), default=0)

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        indexes = [
            # The visit that goes on, and the visits on the card.
            models.Index(fields=["visitor", "-last_seen_at"], name="visit_of_visitor"),
            # What is older than the account keeps.
            models.Index(fields=["last_seen_at"], name="visit_last_seen"),
            # Whoever came from an address or a network.
            models.Index(
                fields=["ip"],
                condition=models.Q(ip__isnull=False),
                name="visit_ip",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_seen_at__gte=models.F("started_at")),
                name="visit_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.visitor_id} @ {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def device(self) -> Device:
        return describe(self.user_agent, self.hints)


class PageView(models.Model):
    visit = models.ForeignKey(Visit, models.CASCADE, related_name="pages")
    url = models.CharField(_("address"), max_length=2000)
    title = models.CharField(_("title"), max_length=200, blank=True)
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("page view")
        verbose_name_plural = _("page views")
        indexes = [
            models.Index(fields=["visit", "-at", "-id"], name="page_view_of_visit")
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(url=""), name="page_view_has_address"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.visit_id}: {self.title}"


class CustomerInformation(models.Model):
    """What a shop hands over about a visitor, one row for each source of it."""

    visitor = models.ForeignKey(Visitor, models.CASCADE, related_name="customer")
    source = models.CharField(max_length=6, choices=Source.choices)
    # `[{"key", "label", "value"}]`, in the order in which they arrived.
    items = models.JSONField(_("entries"), default=list, blank=True)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("customer information")
        verbose_name_plural = _("customer information")
        constraints = [
            models.UniqueConstraint("visitor", "source", name="customer_source_once"),
        ]

    def __str__(self) -> str:
        return f"{self.visitor_id}: {self.source}"


class VisitorMerge(models.Model):
    """Two profiles that were found to be one person; kept so that it can be undone."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    kept = models.ForeignKey(Visitor, models.CASCADE, related_name="merges")
    merged = models.ForeignKey(Visitor, models.CASCADE, related_name="+")
    # What moved, by kind: keys of rows, and former values of the kept profile.
    moved = models.JSONField(default=dict)
    # Without agent: a signed identity did it.
    agent = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("merged"), auto_now_add=True)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    class Meta:
        verbose_name = _("merge of visitors")
        verbose_name_plural = _("merges of visitors")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(kept=models.F("merged")), name="merge_of_two"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merged_id} → {self.kept_id}"


class Block(models.Model):
    """A visitor or a range of addresses that may not write."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="blocks")
    visitor = models.ForeignKey(
        Visitor, models.CASCADE, null=True, blank=True, related_name="blocks"
    )
    # In CIDR notation, a single address with its full length.
    network = models.CharField(_("address or range"), max_length=43, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    agent = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("blocked"), auto_now_add=True)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = BlockQuerySet.as_manager()

    class Meta:
        verbose_name = _("block")
        verbose_name_plural = _("blocks")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(visitor__isnull=False) ^ ~models.Q(network=""),
                name="block_of_visitor_or_network",
            ),
            models.UniqueConstraint(
                "account",
                "visitor",
                condition=models.Q(visitor__isnull=False),
                name="block_visitor_once",
            ),
            models.UniqueConstraint(
                "account",
                "network",
                condition=~models.Q(network=""),
                name="block_network_once",
            ),
        ]

    def __str__(self) -> str:
        return self.network or str(self.visitor_id)
