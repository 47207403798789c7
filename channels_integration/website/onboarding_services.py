"""What the first steps write."""

from django.db import transaction

from conversations import services as conversations
from conversations.models import Channel
from supportdesk.accounts.models import Account


@transaction.atomic
def add_first_website(*, account: Account, domain: str) -> Channel | None:
    """Add a website if the account has none yet; None where it has.

    The account's row is the lock for "has it one": of two forms that are sent at the
    same moment the second one finds the website of the first.
    """
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    websites = Channel.objects.filter(account=account, kind=Channel.Kind.WEBSITE)
    if websites.exists():
        return None
    return conversations.create_channel(
        account=account,
        kind=Channel.Kind.WEBSITE,
        name=domain[:80],
        config={"allowed_domains": [domain]},
    )
