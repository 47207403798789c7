"""Contact details of the visitor, changed by an agent."""

from django.db import transaction

from conversations.models import Message
from conversations.services.thread import append_event, lock_seen
from supportdesk.accounts.models import User
from visitors.models import Source, Visitor
from visitors.services import update_contact

FIELDS = ("name", "email", "phone")


@transaction.atomic
def change_contact(
    *,
    conversation_id: int,
    agent: User,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
) -> Visitor:
    """Store what is given and note in the thread who changed which fields.

    The line names fields, never values: they can be erased without it. Raises
    VisitorError for an address that is none.
    """
    conversation = lock_seen(conversation_id, agent)
    before = Visitor.objects.select_for_update().get(pk=conversation.visitor_id)
    visitor = update_contact(
        visitor=before, source=Source.AGENT, name=name, email=email, phone=phone
    )
    changed = [
        field for field in FIELDS if getattr(before, field) != getattr(visitor, field)
    ]
    if changed:
        append_event(
            conversation,
            Message.Event.CONTACT_CHANGED,
            agent=agent,
            data={"fields": changed},
        )
    return visitor
