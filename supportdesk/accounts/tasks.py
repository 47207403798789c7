import smtplib

from celery import shared_task

from supportdesk.accounts import mails, services
from supportdesk.accounts.models import Account, User

_MAIL = {
    "ignore_result": True,
    "time_limit": 60,
    "autoretry_for": (smtplib.SMTPException, OSError),
    "retry_backoff": 10,
    "retry_backoff_max": 600,
    "max_retries": 8,
}


@shared_task(name="accounts.announce_presence", ignore_result=True, time_limit=30)
def announce_presence() -> None:
    for account_id in Account.objects.values_list("pk", flat=True):
        services.announce_presence(account_id)


@shared_task(name="accounts.send_password_reset", **_MAIL)
def send_password_reset(email: str) -> None:
    """Whether there is such an agent is found out here, where nobody can measure it."""
    agent = User.objects.active().filter(email=email).first()
    if agent is not None:
        mails.send_password_reset(agent)


@shared_task(name="accounts.send_invitation", **_MAIL)
def send_invitation(agent_id: int) -> None:
    agent = User.objects.active().filter(pk=agent_id).first()
    if agent is not None:
        mails.send_invitation(agent)
