import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from conversations.services import check_upload
from supportdesk.accounts.models import Role
from tests import factories


@pytest.fixture
def account():
    return factories.make_account()


@pytest.fixture
def anna(account):
    """Full access."""
    return factories.make_agent(account, "Anna Berger", Role.FULL)


@pytest.fixture
def conversation(account):
    """Open and nobody's; its visitor has written once."""
    return factories.make_conversation(account)


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
