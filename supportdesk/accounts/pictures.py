"""Pictures that agents upload, made anew from their pixels.

Nothing of the uploaded bytes survives: no second file format hidden in them, no
metadata with the place where the picture was taken.
"""

import io
import uuid
from typing import IO

from django.core.files.base import ContentFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 40_000_000
SIDE = 256
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


class PictureError(Exception):
    """A refusal whose message may be shown to the person who uploaded."""


def square_picture(upload: IO[bytes], size: int | None) -> ContentFile:
    """A WebP of 256 by 256 pixels from the middle of the upload."""
    if size is None or size > MAX_BYTES:
        raise PictureError(_("The picture is larger than 5 MB."))
    try:
        # Only headers are read here; Pillow decodes when pixels are asked for.
        with Image.open(upload, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise PictureError(_("The picture has too many pixels."))
            image.draft("RGB", (2 * SIDE, 2 * SIDE))
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        raise PictureError(_("The picture has too many pixels.")) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise PictureError(
            _("This is not a picture we can read. Use JPEG, PNG, WebP or GIF.")
        ) from error
    square = ImageOps.fit(upright, (SIDE, SIDE), Image.Resampling.LANCZOS)
    result = io.BytesIO()
    square.save(result, "WEBP", quality=85, method=4, exif=b"", icc_profile=b"")
    return ContentFile(result.getvalue(), name=f"{uuid.uuid4().hex}.webp")
