"""How tests ask for a conversation as PDF, and what they read in it."""

import io
import re

from pypdf import PdfReader

from tests.conversations.desk import address, signed_in


def download(agent, conversation, **asked):
    asked = {"format": "pdf", "content": "all"} | asked
    return signed_in(agent).get(address("conversation_file", conversation), asked)


def read(response):
    assert response.status_code == 200
    return PdfReader(io.BytesIO(b"".join(response.streaming_content)))


def words_of(page):
    """What a page says, as one line, without marks of the extractor's own."""
    return " ".join(re.sub("[\u200b\x00-\x08]", "", page.extract_text()).split())


def words(reader):
    return " ".join(words_of(page) for page in reader.pages)


def pictures(reader):
    return [image for page in reader.pages for image in page.images]


def fonts(reader):
    """Names of the typefaces that pages draw with, all of them embedded."""
    found = set()
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].get_object().values():
            [descendant] = font.get_object()["/DescendantFonts"]
            descriptor = descendant.get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(descriptor)
            found.add(descriptor["/FontName"].rpartition("+")[2].lstrip("/"))
    return found
