import smtplib

from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings
from django.utils import timezone

from supportdesk.accounts.models import Role, User
from supportdesk.core import redis

from . import account_erasing, account_export, mails
from .health import note_heartbeat

# Seconds after which beat hands the same over anew: what waited for so long is dropped.
AGAIN = 60
ERASING_LIMIT = 600


@shared_task(name="operations.heartbeat", ignore_result=True, time_limit=20)
def heartbeat(queue: str) -> None:
    note_heartbeat(queue)


@shared_task(
    name="operations.write_account_export", ignore_result=True, time_limit=14_400
)
def write_account_export(export_id: int) -> None:
    """A task that is lost, or its worker, is made up for by `look_after_accounts`."""
    account_export.write_account_export(export_id=export_id)


@shared_task(
    name="operations.erase_account", ignore_result=True, time_limit=ERASING_LIMIT
)
def erase_account(account_id: int) -> None:
    """Beat hands it over each minute, also while it is under way."""
    with redis.alone("erasing", account_id, seconds=ERASING_LIMIT) as is_ours:
        if is_ours:
            account_erasing.erase_account(account_id=account_id, now=timezone.now())


@shared_task(name="operations.look_after_accounts", ignore_result=True, time_limit=60)
def look_after_accounts() -> None:
    """Hand over exports that were forgotten and accounts whose time has come."""
    now = timezone.now()
    account_export.discard_expired(now=now)
    for export_id in account_export.exports_to_take_up(now=now):
        write_account_export.apply_async([export_id], expires=AGAIN)
    for account_id in account_erasing.due_accounts(now=now):
        erase_account.apply_async([account_id], expires=AGAIN)


@shared_task(name="operations.tell_of_erasure", ignore_result=True, time_limit=60)
def tell_of_erasure(account_id: int, by_id: int) -> None:
    """Each owner by a mail of their own: an address that is refused stops no other."""
    owners = User.objects.filter(account=account_id, role=Role.OWNER).active()
    for owner_id in owners.order_by("pk").values_list("pk", flat=True):
        tell_owner_of_erasure.delay(owner_id, by_id)


@shared_task(
    name="operations.tell_owner_of_erasure",
    ignore_result=True,
    time_limit=60,
    autoretry_for=(smtplib.SMTPException, OSError),
    retry_backoff=10,
    retry_backoff_max=600,
    max_retries=8,
)
def tell_owner_of_erasure(owner_id: int, by_id: int) -> None:
    """Unless it was taken back meanwhile."""
    owners = User.objects.filter(role=Role.OWNER, account__erase_at__isnull=False)
    owner = owners.active().select_related("account").filter(pk=owner_id).first()
    if owner is not None and owner.account is not None:
        by = User.objects.filter(pk=by_id).first()
        mails.send_erasure_notice(owner, owner.account, by)


@worker_ready.connect(dispatch_uid="operations.send_heartbeats")
def send_heartbeats(**kwargs: object) -> None:
    """Ready soon after the start, not only when beat strikes for the first time."""
    for queue in settings.HEARTBEAT_QUEUES:
        heartbeat.apply_async([queue], queue=queue, expires=20)
