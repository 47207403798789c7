"""Who is told of what, how, and whether it went out."""

from notifications.models.browsers import PushSubscription, VapidKey
from notifications.models.bursts import Burst, Lookout
from notifications.models.notification import Notification
from notifications.models.preferences import (
    Event,
    ExtraRecipient,
    NotificationSettings,
    Preferences,
    all_events,
    mailed_events,
    sounding_events,
)

__all__ = [
    "Burst",
    "Event",
    "ExtraRecipient",
    "Lookout",
    "Notification",
    "NotificationSettings",
    "Preferences",
    "PushSubscription",
    "VapidKey",
    "all_events",
    "mailed_events",
    "sounding_events",
]
