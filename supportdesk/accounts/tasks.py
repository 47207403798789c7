from celery import shared_task

from supportdesk.accounts import services
from supportdesk.accounts.models import Account


@shared_task(name="accounts.announce_presence", ignore_result=True, time_limit=30)
def announce_presence() -> None:
    for account_id in Account.objects.values_list("pk", flat=True):
        services.announce_presence(account_id)
