"""Whose row to lock before something is written to a visitor."""

from visitors.models import Visitor


def lock_profile(visitor_id: int) -> Visitor:
    """Lock the profile that the visitor is, or is part of, at this moment.

    Without a lock on the part: a merge locks both, by key, and would wait for us
    while we wait for it.
    """
    while True:
        profile_id = _profile_id(visitor_id)
        profile = Visitor.objects.select_for_update(no_key=True).get(pk=profile_id)
        if profile_id == visitor_id:
            # The locked row itself says so, and mostly it is this one.
            is_still = profile.merged_into_id is None
        else:
            is_still = _profile_id(visitor_id) == profile_id
        if is_still:
            return profile


def _profile_id(visitor_id: int) -> int:
    parents = Visitor.objects.values_list("merged_into_id", flat=True)
    while (parent_id := parents.get(pk=visitor_id)) is not None:
        visitor_id = parent_id
    return visitor_id
