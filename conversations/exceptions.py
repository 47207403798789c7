class ConversationError(Exception):
    """A refusal whose message may be shown to the person who asked."""


class NotAllowed(ConversationError):
    """The agent sees the conversation but may not do this with it."""


class AttachmentError(ConversationError):
    """A file that is not taken: too large, of a wrong type, or broken."""
