"""The widget's HTTP side; the socket does the same faster."""

import mimetypes
import uuid
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils import translation
from django.utils.translation import gettext as _

from channels_integration.website import browsers, reading, services
from channels_integration.website.http import (
    MAX_BODY,
    Refusal,
    bad_request,
    check_upload_size,
    read_json,
    session_gone,
    with_key,
    with_token,
)
from channels_integration.website.inputs import Input
from channels_integration.website.models import VisitorSession
from conversations import services as conversations
from conversations.exceptions import AttachmentError, ConversationError
from conversations.models import Channel, Message
from conversations.visitor_view import conversation_for_visitor, message_for_visitor
from supportdesk.accounts.models import Language
from supportdesk.core.streaming import StreamedFile
from visitors.exceptions import VisitorError

PICTURE_TYPES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
FILE_POLICY = "default-src 'none'; sandbox"


@with_key("GET", "config")
def widget_config(request: HttpRequest, channel: Channel) -> HttpResponseBase:
    base = request.build_absolute_uri("/").rstrip("/")
    language = request.GET.get("lang", "")[:2].lower()
    return JsonResponse(reading.widget_config(channel, language, base))


@with_key("POST", "session")
def session_open(request: HttpRequest, channel: Channel) -> HttpResponseBase:
    language = Input(read_json(request)).text("lang")[:2].lower()
    if language not in Language.values:
        language = channel.account.language
    _session, token = services.open_session(channel=channel, language=language)
    return JsonResponse({"token": token}, status=201)


@with_token("GET", "read")
def conversation_thread(
    request: HttpRequest, session: VisitorSession
) -> HttpResponseBase:
    thread = reading.thread_for_visitor(
        session,
        after=_position(request.GET.get("after")),
        before=_position(request.GET.get("before")),
    )
    browsers.note_fetched(session)
    return JsonResponse(thread)


@with_token("POST", "message")
def message_send(request: HttpRequest, session: VisitorSession) -> HttpResponseBase:
    content = Input(read_json(request))
    message = _receive(
        session,
        client_id=content.uuid("client_id"),
        text=content.text("text"),
        page=content.get("page"),
        group_key=content.text("group"),
    )
    return _message_answer(session, message)


@with_token("POST", "file")
def file_send(request: HttpRequest, session: VisitorSession) -> HttpResponseBase:
    check_upload_size(request, settings.ATTACHMENT_MAX_BYTES + MAX_BODY)
    if not (request.content_type or "").startswith("multipart/form-data"):
        raise bad_request()
    content = Input(request.POST.dict())
    client_id = content.uuid("client_id")
    files = request.FILES.getlist("file")
    if len(files) != 1:
        raise bad_request()
    try:
        upload = conversations.check_upload(files[0])
    except AttachmentError as error:
        raise Refusal(422, "file_refused", str(error)) from None
    message = _receive(
        session,
        client_id=client_id,
        text=content.text("text"),
        uploads=[upload],
        page={"url": content.text("url"), "title": content.text("title")},
        group_key=content.text("group"),
    )
    return _message_answer(session, message)


@with_token("POST", "contact")
def contact_save(request: HttpRequest, session: VisitorSession) -> HttpResponseBase:
    content = Input(read_json(request))
    fields = {
        name: content.text(name)
        for name in ("name", "email", "phone")
        if name in content
    }
    message = content.text("message") if "message" in content else None
    client_id = content.uuid("client_id") if message is not None else None
    try:
        stored = services.save_contact(
            session=session,
            fields=fields,
            message=message,
            client_id=client_id,
            page=content.get("page"),
            group_key=content.text("group"),
        )
    except services.ContactError as error:
        raise Refusal(
            422, "invalid", _("Please check your entries."), errors=error.errors
        ) from None
    except services.SessionGone:
        raise session_gone() from None
    if stored is None:
        return JsonResponse({"ok": True})
    return _message_answer(session, stored)


@with_token("POST", "read")
def conversation_seen(
    request: HttpRequest, session: VisitorSession
) -> HttpResponseBase:
    seq = Input(read_json(request)).number("seq")
    if session.conversation_id is not None:
        conversations.mark_seen_by_visitor(
            conversation_id=session.conversation_id, public_seq=seq
        )
    return JsonResponse({"ok": True})


@with_token("POST", "contact")
def conversation_rate(
    request: HttpRequest, session: VisitorSession
) -> HttpResponseBase:
    content = Input(read_json(request))
    if session.conversation_id is None:
        raise Refusal(409, "refused", _("There is no conversation yet."))
    try:
        conversation = conversations.rate_conversation(
            conversation_id=session.conversation_id,
            rating=content.number("rating"),
            comment=content.text("comment"),
        )
    except ConversationError as error:
        raise Refusal(409, "refused", str(error)) from None
    return JsonResponse({"conversation": conversation_for_visitor(conversation)})


@with_token("POST", "transcript")
def transcript_request(
    request: HttpRequest, session: VisitorSession
) -> HttpResponseBase:
    email = Input(read_json(request)).text("email")
    try:
        services.request_transcript(session=session, email=email)
    except (VisitorError, ConversationError) as error:
        raise Refusal(
            422, "invalid", str(error), errors={"email": str(error)}
        ) from None
    return JsonResponse({"ok": True})


@with_token("GET", "read")
def file_download(
    request: HttpRequest, session: VisitorSession, public_id: uuid.UUID
) -> HttpResponseBase:
    file = reading.file_for(session, public_id)
    if file is None:
        raise Refusal(404, "not_found", _("This file does not exist."))
    return _serve(file.file, file.name, file.content_type)


@with_token("GET", "read")
def agent_picture(
    request: HttpRequest, session: VisitorSession, public_id: uuid.UUID
) -> HttpResponseBase:
    agent = reading.picture_of(session, public_id)
    kind = mimetypes.guess_type(agent.picture.name or "")[0] if agent else None
    if agent is None or kind not in PICTURE_TYPES:
        raise Refusal(404, "not_found", _("This picture does not exist."))
    return _serve(agent.picture, "picture", kind)


def _serve(file: Any, name: str, content_type: str) -> StreamedFile:
    """As an attachment: whatever it is, it never becomes a page of ours."""
    try:
        content = file.open("rb")
    except FileNotFoundError:
        raise Refusal(404, "not_found", _("This file does not exist.")) from None
    response = StreamedFile(
        content, as_attachment=True, filename=name, content_type=content_type
    )
    response["Content-Security-Policy"] = FILE_POLICY
    response["Cache-Control"] = "private, max-age=3600"
    return response


def _receive(session: VisitorSession, **fields: Any) -> Message:
    try:
        return services.receive_message(session_id=session.pk, **fields)
    except services.SessionGone:
        raise session_gone() from None
    except ConversationError as error:
        raise Refusal(422, "refused", str(error)) from None


def _message_answer(session: VisitorSession, message: Message) -> JsonResponse:
    conversation = message.conversation
    with translation.override(session.visitor.language):
        return JsonResponse(
            {
                "message": message_for_visitor(message),
                "conversation": conversation_for_visitor(conversation),
            },
            status=201,
        )


def _position(value: str | None) -> int | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise bad_request()
    return int(value)
