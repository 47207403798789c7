"""How much one request may send, asked before anything takes it in.

Django writes a body to its end into a temporary file before any view, right or rate is
looked at. What is beyond its bound goes nowhere here, and is refused by a middleware,
so that the refusal looks like every other one.
"""

from collections.abc import Awaitable, Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.decorators import sync_and_async_middleware

from conversations.forms.composing import MAX_FILES
from supportdesk.operations.errors import too_large

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# The text beside the files, and what their borders take.
MARGIN = 1024 * 1024
# Where several files come at once; elsewhere it is one at most.
OF_SEVERAL = {
    "conversations:note",
    "conversations:reply",
    "settings:canned_reply",
    "settings:canned_reply_new",
}
_REFUSED = "supportdesk.body_refused"


class Bounded:
    """Django's application, which gets nothing more of a body that is too large."""

    def __init__(self, application: ASGIHandler) -> None:
        self.application = application

    async def __call__(
        self, scope: dict[str, Any], receive: Receive, send: Send
    ) -> None:
        await self.application(scope, _Body(scope, receive).receive, send)


class _Body:
    def __init__(self, scope: dict[str, Any], receive: Receive) -> None:
        self.scope, self.read = scope, receive
        self.size, self.has_ended = 0, False
        # Unread: who waits for "100 Continue" then sends nothing at all.
        scope[_REFUSED] = is_too_large(scope["path"], _announced(scope))

    async def receive(self) -> Message:
        """What the server received; of a body that is refused, its end."""
        if self.has_ended:
            # All that is asked for after a body is whether the client has gone.
            while (message := await self.read())["type"] == "http.request":
                pass
            return message
        if not self.scope[_REFUSED]:
            message = await self.read()
            self.size += len(message.get("body", b""))
            self.scope[_REFUSED] = is_too_large(self.scope["path"], self.size)
            if not self.scope[_REFUSED]:
                return message
        self.has_ended = True
        return {"type": "http.request", "body": b"", "more_body": False}


@sync_and_async_middleware
def refuse(
    get_response: Callable[
        [HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]
    ],
) -> Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]:
    """Answers where `Bounded` took the body away."""
    if iscoroutinefunction(get_response):

        async def answer(request: HttpRequest) -> HttpResponseBase:
            if _is_refused(request):
                return too_large(request)
            return await get_response(request)

        return answer

    def answer_sync(
        request: HttpRequest,
    ) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return too_large(request) if _is_refused(request) else get_response(request)

    return answer_sync


def is_too_large(path: str, size: int) -> bool:
    """Whether a request to this address may not send so many bytes."""
    one = settings.ATTACHMENT_MAX_BYTES + MARGIN
    if size <= one:
        return False
    try:
        route = resolve(path).view_name
    except Resolver404:
        return True
    return route not in OF_SEVERAL or size > MAX_FILES * one


def _is_refused(request: HttpRequest) -> bool:
    return bool(getattr(request, "scope", {}).get(_REFUSED))


def _announced(scope: Message) -> int:
    """The length the client names; who names none, or nonsense, is counted."""
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return max((int(value[:18]) for value in lengths if value.isdigit()), default=0)
