"""Mails that an agent asks for to see that they arrive."""

from django.core.mail import EmailMultiAlternatives

from notifications.mails.layout import compose, letter_for, spoken
from notifications.models import Event, Notification


def trial_mail(notification: Notification) -> EmailMultiAlternatives:
    """Says which kind of notification it stands for."""
    letter = letter_for(notification)
    with spoken(letter):
        event = notification.data.get("event")
        known = event in Event.values
        context = {"event": Event(event).label if known else ""}
        return compose(letter, "test", context)
