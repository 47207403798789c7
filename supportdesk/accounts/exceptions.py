class AccountError(Exception):
    """A refusal whose message may be shown to the person who asked."""


class InvitationOver(AccountError):
    """The link of an invitation opens nothing, or nothing any more."""
