"""What an answer says, and taking back what it did."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.messages import get_messages
from django.db import transaction

from tests.isolation.house import House


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is as if it had not been."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def text_of(response) -> str:
    """The body, the head, and what the next page would say of it."""
    if response.streaming:
        body = b"".join(response.streaming_content).decode(errors="replace")
    else:
        body = response.content.decode(errors="replace")
    said = [str(message) for message in get_messages(response.wsgi_request)]
    return f"{body} {dict(response.items())} {said}"


def secrets_in(text: str, house: House) -> list[str]:
    """What of a house that was named is more than what was named."""
    # Pages say again what was looked for, or what somebody wrote.
    said = text.replace(f"{house.word}</b>", "").replace(f"@{house.word} ", "")
    secrets = (house.people["owner"].email, house.channel.public_key, f"{house.word} ")
    return [secret for secret in secrets if secret in said]
