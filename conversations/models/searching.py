from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models.conversation import Conversation
from conversations.querysets import SavedViewQuerySet
from supportdesk.accounts.models import Account, User


class SearchDocument(models.Model):
    """The words of a conversation: of its messages and its visitor's name and address.

    Beside the conversation, not in it: it is written after the messages, by a job, and
    lists that search for nothing never read it.
    """

    conversation = models.OneToOneField(
        Conversation, models.CASCADE, primary_key=True, related_name="search_document"
    )
    words = SearchVectorField()
    # Up to which entry of the thread the words are in it.
    seq = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("search document")
        verbose_name_plural = _("search documents")
        indexes = [GinIndex(fields=["words"], name="search_words")]

    def __str__(self) -> str:
        return str(self.conversation_id)


class SearchWord(models.Model):
    """A word that stands in some document of the account.

    Parts of words are looked for in here, among some hundred thousand words and not
    in a million documents. Only where the server has trigrams: see `part_words.py`.
    """

    pk = models.CompositePrimaryKey("account", "word")
    # The key begins with it.
    account = models.ForeignKey(
        Account, models.CASCADE, related_name="+", db_index=False
    )
    word = models.TextField()

    class Meta:
        verbose_name = _("word to search for")
        verbose_name_plural = _("words to search for")

    def __str__(self) -> str:
        return self.word


class SearchProgress(models.Model):
    """One row: up to which message the documents hold what was written."""

    message_id = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("progress of search documents")
        verbose_name_plural = _("progress of search documents")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(pk=1), name="search_progress_is_one_row"
            ),
        ]

    def __str__(self) -> str:
        return str(self.message_id)


class SavedView(models.Model):
    """A search that an agent keeps; shared ones are everybody's."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="saved_views")
    agent = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="saved_views"
    )
    is_shared = models.BooleanField(_("shared"), default=False)
    name = models.CharField(_("name"), max_length=60)
    # The query as it stands in the address.
    query = models.CharField(max_length=2000)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name
