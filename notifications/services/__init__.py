"""Every write to notifications."""

from notifications.services.browsers import (
    forget_inactive,
    forget_signed_out,
    record_push_test,
    send_to_agent,
    subscribe_browser,
    unsubscribe_browser,
    vapid_keys,
)
from notifications.services.bursts import pass_over
from notifications.services.deciding import decide_bursts
from notifications.services.digests import record_digests
from notifications.services.lookout import look_out
from notifications.services.moved_entries import follow_entries
from notifications.services.needed import still_needed
from notifications.services.preferences import (
    TESTED,
    save_preferences,
    save_settings,
    send_test,
    set_extra_recipients,
)
from notifications.services.pruning import prune
from notifications.services.pushes import push_conversation
from notifications.services.sending import (
    QUEUE_PATIENCE,
    give_up_exhausted,
    send_notification,
    take_due,
)
from notifications.services.telling import tell_colleagues
from notifications.services.transcripts import record_transcript

__all__ = [
    "QUEUE_PATIENCE",
    "TESTED",
    "decide_bursts",
    "follow_entries",
    "forget_inactive",
    "forget_signed_out",
    "give_up_exhausted",
    "look_out",
    "pass_over",
    "prune",
    "push_conversation",
    "record_digests",
    "record_push_test",
    "record_transcript",
    "save_preferences",
    "save_settings",
    "send_notification",
    "send_test",
    "send_to_agent",
    "set_extra_recipients",
    "still_needed",
    "subscribe_browser",
    "take_due",
    "tell_colleagues",
    "unsubscribe_browser",
    "vapid_keys",
]
