"""Names that people choose, and that stand in mails to others."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from supportdesk.core.text import redact_line

# What mail programs make a link of. A bare domain stays, though some do of that too:
# "Amazon.de Shop" and "booking.com" are what companies are called. Without a path it
# leads to a whole site at most, never to a page made for the reader.
_WEB_ADDRESS = re.compile(
    r"://|(?<![^\W_])www\.|\w\.[^\W\d_][\w-]+(:\d+)?(/|[?#]\w)", re.IGNORECASE
)


def plain_name(text: str, max_length: int) -> str:
    """The name as it is stored: one line, no card number; it may be empty.

    Raises ValidationError when there is an address of the web in it. Whoever signs up
    or invites has a mail sent to anybody with such a name in it, by our server.
    """
    name = redact_line(text, max_length)
    if _WEB_ADDRESS.search(unicodedata.normalize("NFKC", name)):
        raise ValidationError(_("Leave out web addresses: names stand in e-mails."))
    return name
