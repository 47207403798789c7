import pytest

from supportdesk.core.sealing import SealBroken, seal, unseal


def test_sealed_text_opens_again_and_says_nothing():
    sealed = seal("the secret")

    assert "secret" not in sealed
    assert seal("the secret") != sealed
    assert unseal(sealed) == "the secret"


def test_former_key_still_opens_what_was_sealed_under_it(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "former", []
    sealed = seal("the secret")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["former"]

    assert unseal(sealed) == "the secret"


@pytest.mark.parametrize("damage", [lambda s: s[:-4] + "AAAA", lambda s: "", str.lower])
def test_changed_seal_is_broken(damage):
    with pytest.raises(SealBroken):
        unseal(damage(seal("the secret")))


def test_unknown_key_opens_nothing(settings):
    sealed = seal("the secret")
    settings.SECRET_KEY = "another"

    with pytest.raises(SealBroken):
        unseal(sealed)
