"""The ways out: a notification as it is sent by each."""

from notifications.mails import build_mail
from notifications.models import Notification
from notifications.pushes import push_content
from notifications.services.browsers import send_to_agent
from notifications.transports import mail


def send_out(notification: Notification) -> bool:
    """Send it its way; False if by now there is nothing to say.

    Raises DeliveryError for what was not taken.
    """
    if notification.way == Notification.Way.PUSH:
        send_to_agent(notification=notification, content=push_content(notification))
        return True
    letter = build_mail(notification)
    if letter is None:
        return False
    mail.send(letter)
    return True
