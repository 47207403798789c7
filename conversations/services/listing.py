"""What the row shows of its thread, read anew where the thread was put together
differently; a message itself brings it up to date without looking back."""

from datetime import datetime

from django.db.models import Q

from conversations.models import Attachment, Conversation, Message
from conversations.services.thread import preview

LAST_WORDS = ("preview", "preview_by_agent", "channel", "channel_kind")
VERDICT = ("rating", "rating_comment", "rated_at")


def set_last_words(conversation: Conversation) -> None:
    """`LAST_WORDS`: the last message, and the channel by which the visitor wrote last."""
    talk = conversation.messages.filter(kind=Message.Kind.MESSAGE).order_by("-seq")
    last = talk.first()
    file = Attachment.objects.filter(message=last).first() if last else None
    conversation.preview = preview(last.text, file.name if file else "") if last else ""
    conversation.preview_by_agent = last is not None and not last.by_visitor
    through = talk.filter(channel__isnull=False).select_related("channel").first()
    if through is not None and through.channel is not None:
        conversation.channel = through.channel
        conversation.channel_kind = through.channel.kind


def set_verdict(conversation: Conversation) -> None:
    """`VERDICT`: what the last of its lines about a rating says."""
    lines = conversation.messages.filter(event=Message.Event.RATED)
    line = lines.order_by("-seq").first()
    conversation.rating = line.data["rating"] if line else None
    conversation.rating_comment = line.data.get("comment", "") if line else ""
    conversation.rated_at = line.created_at if line else None


def last_talk_at(conversation: Conversation) -> datetime | None:
    talk = conversation.messages.filter(kind=Message.Kind.MESSAGE).order_by("-seq")
    return talk.values_list("created_at", flat=True).first()


def waiting_since(conversation: Conversation) -> datetime | None:
    """Since when the visitor of an open conversation waits for an answer."""
    answers = Q(kind=Message.Kind.MESSAGE, by_visitor=False)
    ends = conversation.messages.filter(answers | Q(event=Message.Event.RESOLVED))
    last = ends.order_by("-seq").values_list("seq", flat=True).first() or 0
    asked = conversation.messages.filter(
        kind=Message.Kind.MESSAGE, by_visitor=True, seq__gt=last
    )
    return asked.order_by("seq").values_list("created_at", flat=True).first()
