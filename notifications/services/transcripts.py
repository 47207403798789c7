"""The conversation by e-mail, for its visitor."""

from django.db import transaction
from django.utils import timezone

from conversations.models import Conversation
from notifications.models import Notification


@transaction.atomic
def record_transcript(*, conversation_id: int) -> Notification | None:
    """Note that the visitor wants a transcript.

    A request while an earlier one is still on its way joins it. Returns None when
    the address has been removed meanwhile.
    """
    rows = Conversation.objects.holding(pk=conversation_id)
    conversation = rows.select_related("visitor").get()
    recipient = conversation.visitor.email
    if not recipient:
        return None
    earlier = Notification.objects.filter(
        conversation=conversation,
        kind=Notification.Kind.TRANSCRIPT,
        recipient_email=recipient,
    )
    last = earlier.finished().order_by("pk").values_list("pk", flat=True).last()
    # Two requests at once follow the same one, and the constraint makes them one.
    notification, _created = Notification.objects.get_or_create(
        account_id=conversation.account_id,
        conversation=conversation,
        kind=Notification.Kind.TRANSCRIPT,
        recipient_email=recipient,
        occasion=f"{conversation.pk} request after {last or 0}",
        # Whoever asked for this row tells the queue at once.
        defaults={"queued_at": timezone.now()},
    )
    return notification
