import pytest

from tests.channels_integration.browser import open_browser


@pytest.fixture
def browser(client):
    return open_browser(client)
