"""Small copies of a conversation's pictures, made anew from their pixels.

Decoding is what costs, so what a document may decode is limited as a whole; pictures
beyond that are only named in it.
"""

import io
import logging
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from conversations.models import Attachment

logger = logging.getLogger(__name__)

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
SIDE = 640
MAX_PICTURES = 40
MAX_BYTES = 15 * 1024 * 1024
# Of one picture, and of all in a document.
MAX_PIXELS = 25_000_000
MAX_PIXELS_TOGETHER = 120_000_000


class NotReadable(Exception):
    """The picture is damaged or gone, or the storage does not give it out."""


class Thumbnails:
    """Those of one document, by the names under which its page finds them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._pixels = 0
        self._is_storage_down = False

    def add(self, file: Attachment) -> str:
        """The name of its small copy; empty where there is no room for it.

        Raises NotReadable.
        """
        if not self._has_room_for(file):
            return ""
        self._pixels += (file.width or 0) * (file.height or 0)
        content = _small(self._read(file))
        name = f"{len(self.files)}.jpg"
        self.files[name] = content
        return name

    def _read(self, file: Attachment) -> io.BytesIO:
        if self._is_storage_down:
            raise NotReadable
        try:
            with file.file.open() as stored:
                return io.BytesIO(stored.read())
        except FileNotFoundError as error:
            raise NotReadable from error
        # Each storage has errors of its own, and waits long before it says so.
        except Exception as error:
            logger.exception("picture %s not read", file.pk)
            self._is_storage_down = True
            raise NotReadable from error

    def _has_room_for(self, file: Attachment) -> bool:
        pixels = (file.width or 0) * (file.height or 0)
        return (
            0 < pixels <= MAX_PIXELS
            and file.size <= MAX_BYTES
            and len(self.files) < MAX_PICTURES
            and self._pixels + pixels <= MAX_PIXELS_TOGETHER
        )


def _small(stored: io.BytesIO) -> bytes:
    """A JPEG on white."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(stored, formats=FORMATS) as image:
                # Its own header counts, whatever the row says of it.
                if image.width * image.height > MAX_PIXELS:
                    raise NotReadable
                image.draft("RGB", (SIDE, SIDE))
                image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
                upright = ImageOps.exif_transpose(image).convert("RGBA")
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,
        ValueError,
    ) as error:
        raise NotReadable from error
    page = Image.new("RGB", upright.size, "white")
    page.paste(upright, mask=upright)
    result = io.BytesIO()
    page.save(result, "JPEG", quality=82)
    return result.getvalue()
