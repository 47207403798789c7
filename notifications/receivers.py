"""Because something happened, somebody is told by mail."""

from typing import Any

from django.dispatch import receiver

from conversations.events import TranscriptRequested, transcript_requested
from notifications import services, tasks


@receiver(transcript_requested, dispatch_uid="notifications.send_transcript")
def send_transcript(event: TranscriptRequested, **kwargs: Any) -> None:
    notification = services.record_transcript(conversation_id=event.conversation_id)
    if notification is not None:
        tasks.send_notification.delay(notification.pk)
