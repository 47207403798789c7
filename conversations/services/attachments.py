"""Which files are taken, and as what; decided by content, never by what is claimed."""

import re
import unicodedata
import warnings
from dataclasses import dataclass

import filetype
from django.conf import settings
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from conversations.exceptions import AttachmentError
from supportdesk.core.redaction import redact
from supportdesk.core.text import redact_line

MAX_NAME_LENGTH = 150

_IMAGES = {
    "PNG": ("image/png", "png"),
    "JPEG": ("image/jpeg", "jpg"),
    "MPO": ("image/jpeg", "jpg"),
    "GIF": ("image/gif", "gif"),
    "WEBP": ("image/webp", "webp"),
    "BMP": ("image/bmp", "bmp"),
    "TIFF": ("image/tiff", "tiff"),
    "AVIF": ("image/avif", "avif"),
}
# Pillow opens MPO, several pictures of a camera, as JPEG and knows no such name here:
# with it every picture of a later name was refused.
_FORMATS = [name for name in _IMAGES if name != "MPO"]
_OFFICE = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "ppsx": "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
}
_OLD_OFFICE = {
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "pps": "application/vnd.ms-powerpoint",
}
# Served as plain text whatever they are: nothing in them is ever interpreted.
_TEXTS = frozenset({"txt", "csv", "xml"})
_MEDIA = {"application/pdf": "pdf", "video/mp4": "mp4", "video/quicktime": "mov"}
_FORMAT_CHARACTERS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class CheckedUpload:
    """A file that passed `check_upload`, ready to be stored."""

    file: File
    name: str
    content_type: str
    size: int
    width: int | None = None
    height: int | None = None


def check_upload(upload: UploadedFile) -> CheckedUpload:
    """Accept a file or raise AttachmentError with a sentence for its sender."""
    size = upload.size or 0
    name = safe_name(upload.name or "")
    if size > settings.ATTACHMENT_MAX_BYTES:
        raise AttachmentError(
            _("%(name)s is too large: at most %(max)s MB.")
            % {"name": name, "max": settings.ATTACHMENT_MAX_BYTES // 1024**2}
        )
    if not size:
        raise AttachmentError(_("%(name)s is empty.") % {"name": name})
    image = _image(upload)
    if image is not None:
        content_type, extension, width, height = image
        return CheckedUpload(
            file=upload,
            name=_with_extension(name, extension),
            content_type=content_type,
            size=size,
            width=width,
            height=height,
        )
    content_type = _document(upload, name)
    if not content_type:
        raise AttachmentError(
            _("%(name)s: files of this type are not accepted.") % {"name": name}
        )
    return CheckedUpload(file=upload, name=name, content_type=content_type, size=size)


def safe_name(name: str) -> str:
    """A file name without path, invisible characters, or card numbers."""
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(
        char for char in name if unicodedata.category(char) not in _FORMAT_CHARACTERS
    )
    name = re.sub(r'[<>:"|?*]', "_", name).strip(" .")
    # As a whole first: the last dot may stand inside a number.
    stem, dot, extension = redact(name).text.rpartition(".")
    if not dot:
        stem, extension = extension, ""
    extension = extension[:10]
    room = MAX_NAME_LENGTH - len(extension) - 1
    stem = redact_line(stem, room) or "file"
    return f"{stem}.{extension}" if extension else stem


def _with_extension(name: str, extension: str) -> str:
    """The name with the ending its content has: what is opened is what is shown."""
    _stem, dot, given = name.rpartition(".")
    same = {"jpeg": "jpg", "tif": "tiff"}
    if dot and same.get(given.lower(), given.lower()) == extension:
        return name
    return f"{name[: MAX_NAME_LENGTH - len(extension) - 1]}.{extension}"


def _image(upload: UploadedFile) -> tuple[str, str, int, int] | None:
    """Type and size of a picture, read from its header alone."""
    upload.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(upload, formats=_FORMATS) as image:
                content_type, extension = _IMAGES[image.format or ""]
                return content_type, extension, image.width, image.height
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        KeyError,
        OSError,
        SyntaxError,
        ValueError,
    ):
        return None
    finally:
        upload.seek(0)


def _document(upload: UploadedFile, name: str) -> str:
    extension = name.rpartition(".")[2].lower()
    head = upload.read(8192)
    upload.seek(0)
    kind = filetype.guess(head)
    mime = kind.mime if kind else ""
    if mime in _MEDIA:
        return mime if extension == _MEDIA[mime] else ""
    if head.startswith(b"PK\x03\x04"):
        return _OFFICE.get(extension, "")
    if head.startswith(_OLE_MAGIC):
        return _OLD_OFFICE.get(extension, "")
    if extension in _TEXTS and b"\0" not in head:
        return "text/plain"
    return ""
