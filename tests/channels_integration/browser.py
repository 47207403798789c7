"""A visitor's browser as the tests play it: a key, a token, an Origin."""

import uuid
from dataclasses import dataclass
from typing import Any

from channels_integration.website import services
from channels_integration.website.models import VisitorSession
from conversations.models import Channel, Conversation, Message
from supportdesk.accounts import presence
from supportdesk.accounts.models import Account, User
from tests.factories import make_account, make_channel, owner_of

SHOP = "https://shop.example.com"
FOREIGN = "https://evil.example.net"
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00"
    b"\x00\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa75"
    b"\x81\x84\x00\x00\x00\x00IEND\xaeB`\x82"
)


@dataclass
class Browser:
    client: Any
    channel: Channel
    session: VisitorSession
    token: str
    origin: str = SHOP

    def headers(self, **changed: str) -> dict[str, str]:
        return {
            "Origin": self.origin,
            "Authorization": f"Bearer {self.token}",
        } | changed

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/widget/{path}", headers=self.headers(**headers))

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self.client.post(
            f"/widget/{path}",
            body,
            content_type="application/json",
            headers=self.headers(**headers),
        )

    def say(self, text: str, client_id: str = "", **fields: Any) -> Any:
        body = {"client_id": client_id or new_id(), "text": text, **fields}
        return self.post("messages", body)

    @property
    def conversation(self) -> Any:
        return VisitorSession.objects.get(pk=self.session.pk).conversation


def new_id() -> str:
    return str(uuid.uuid4())


def open_browser(client: Any, channel: Channel | None = None) -> Browser:
    channel = channel or make_channel(make_account())
    session, token = services.open_session(channel=channel, language="en")
    return Browser(client, channel, session, token)


def put_online(account: Account) -> User:
    agent = owner_of(account)
    presence.touch(account.pk, agent.pk, "test")
    return agent


def texts_of(conversation: Conversation) -> list[str]:
    rows = conversation.messages.filter(kind=Message.Kind.MESSAGE).order_by("seq")
    return list(rows.values_list("text", flat=True))
