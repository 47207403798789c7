import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from conversations.services import check_upload


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def picture():
    """Content of a small PNG."""
    content = io.BytesIO()
    Image.new("RGB", (48, 29), (180, 140, 90)).save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def upload(picture):
    def make(name="hopper.png", content=picture):
        return check_upload(SimpleUploadedFile(name, content))

    return make
