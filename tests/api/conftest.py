import pytest

from tests.api.caller import make_caller


@pytest.fixture
def shop(db):
    """The caller of an account."""
    return make_caller()


@pytest.fixture
def stranger(db):
    """The caller of another account."""
    return make_caller()
