from visitors.models import Visitor


def delete_profile(*, profile: Visitor) -> None:
    """Delete a profile that the caller has locked, with all that hangs on it.

    Profiles that are part of it, visits and page views, note, customer information,
    merges and blocks of the person go too; blocks of addresses are the account's.
    """
    Visitor.objects.filter(pk=profile.pk).delete()
