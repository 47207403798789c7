"""What the mails say. They are built anew at each attempt, from what is stored."""

from collections.abc import Callable

from django.core.mail import EmailMultiAlternatives

from notifications.mails.bursts import missed_mail, offline_mail
from notifications.mails.colleagues import assigned_mail, mentioned_mail
from notifications.mails.digest import digest_mail
from notifications.mails.previews import preview
from notifications.mails.transcript import transcript_mail
from notifications.mails.trial import trial_mail
from notifications.models import Notification

__all__ = ["build_mail", "preview"]

Builder = Callable[[Notification], EmailMultiAlternatives | None]

_BUILDERS: dict[str, Builder] = {
    Notification.Kind.TRANSCRIPT: transcript_mail,
    Notification.Kind.OFFLINE: offline_mail,
    Notification.Kind.MISSED: missed_mail,
    Notification.Kind.ASSIGNED: assigned_mail,
    Notification.Kind.MENTIONED: mentioned_mail,
    Notification.Kind.DIGEST: digest_mail,
    Notification.Kind.TEST: trial_mail,
}


def build_mail(notification: Notification) -> EmailMultiAlternatives | None:
    """The mail of a notification, or None if by now it has nothing to say."""
    return _BUILDERS[notification.kind](notification)
