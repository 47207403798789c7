import string

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from notifications.reply_addresses import ReplyTo, reply_address, verify

PLUS = "reply@desk.example.com"
FORMS = [PLUS, "reply-{token}@desk.example.com", "{token}@reply.example.com"]
LETTERS = string.ascii_lowercase + "234567"


@pytest.fixture(autouse=True)
def plus(settings):
    settings.REPLY_ADDRESS = PLUS


def made(conversation_id=2040, agent_id=7):
    address = reply_address(conversation_id=conversation_id, agent_id=agent_id)
    assert address is not None
    return address


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ids", [(1, 1), (2040, 7), (2**48 - 1, 2**40 - 1)])
def test_address_stands_for_conversation_and_agent(settings, form, ids):
    settings.REPLY_ADDRESS = form

    address = made(*ids)

    assert verify(address) == ReplyTo(*ids)
    assert verify(address.upper()) == ReplyTo(*ids)
    assert verify(address.title()) == ReplyTo(*ids)


def test_address_looks_as_it_is_written_down(settings):
    name, _, domain = made().partition("@")

    assert domain == "desk.example.com"
    assert name.startswith("reply+")
    assert len(name) <= 64
    assert set(name.removeprefix("reply+")) <= set(LETTERS)


@pytest.mark.parametrize(
    ("form", "begins", "ends"),
    [
        ("reply-{token}@desk.example.com", "reply-", "@desk.example.com"),
        ("{token}@reply.example.com", "", "@reply.example.com"),
        ("a.b+{token}.c@x.example.com", "a.b+", ".c@x.example.com"),
    ],
)
def test_token_stands_where_the_operator_says(settings, form, begins, ends):
    settings.REPLY_ADDRESS = form

    address = made()

    assert address.startswith(begins)
    assert address.endswith(ends)
    assert len(address) == len(begins) + 44 + len(ends)
    assert verify(address) == ReplyTo(2040, 7)


def test_without_setting_there_is_no_address_and_none_is_known(settings):
    address = made()
    settings.REPLY_ADDRESS = ""

    assert reply_address(conversation_id=2040, agent_id=7) is None
    assert verify(address) is None


def test_another_agent_or_conversation_has_another_address():
    assert len({made(1, 1), made(1, 2), made(2, 1)}) == 3


def test_former_key_still_verifies_and_unknown_key_does_not(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "former", []
    address = made()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["former"]

    assert verify(address) == ReplyTo(2040, 7)
    assert made() != address

    settings.SECRET_KEY_FALLBACKS = []
    assert verify(address) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda address: "",
        lambda address: "reply@desk.example.com",
        lambda address: "reply+@desk.example.com",
        lambda address: "reply+" + "a" * 44 + "@desk.example.com",
        lambda address: address.replace("desk.", "evil."),
        lambda address: address.replace("desk.example.com", "desk.example.com.evil"),
        lambda address: address.replace("reply+", "other+"),
        lambda address: address.replace("reply+", "reply-"),
        lambda address: address.replace("reply+", "reply+a"),
        lambda address: address.replace("@", "a@"),
        lambda address: address.replace("@", "=@"),
        lambda address: address[:10] + address[11:],
        lambda address: address[:10] + "1" + address[11:],
        lambda address: address[:10] + " " + address[11:],
        lambda address: address[:10] + "\n" + address[11:],
        lambda address: f"<{address}>",
        lambda address: f"{address} ",
        lambda address: f"{address}, {address}",
        lambda address: address.partition("@")[0],
        lambda address: address.replace("reply", "reply\N{ZERO WIDTH SPACE}"),
        # Letters that lower case makes ASCII ones.
        lambda address: address.replace("k", "\N{KELVIN SIGN}"),
        lambda address: address.replace("e", "\N{FULLWIDTH LATIN SMALL LETTER E}"),
        lambda address: address.replace("desk", "de\ud800sk"),
        lambda address: "\0" + address,
        lambda address: "reply+" + "a" * 1_000_000 + "@desk.example.com",
    ],
)
def test_damaged_address_stands_for_nothing(damage):
    address = damage(made())

    assert address != made()
    assert verify(address) is None


def test_no_other_letter_anywhere_in_the_token_verifies():
    address = made()

    for place in range(len("reply+"), len("reply+") + 44):
        for letter in LETTERS:
            changed = address[:place] + letter + address[place + 1 :]
            assert verify(changed) == (ReplyTo(2040, 7) if changed == address else None)


def test_ids_of_one_address_do_not_go_with_the_mac_of_another():
    first, second = made(1, 1), made(2, 1)
    # Eleven bytes of ids are 17.6 letters.
    swapped = first[: len("reply+") + 17] + second[len("reply+") + 17 :]

    assert swapped not in (first, second)
    assert verify(swapped) is None


@given(text=st.text())
def test_any_text_stands_for_nothing(text):
    assert verify(text) is None


@given(
    name=st.text(alphabet=LETTERS + string.ascii_uppercase + "+-=01 ", max_size=70),
    domain=st.sampled_from(["desk.example.com", "DESK.example.com", "x.example"]),
)
def test_any_name_stands_for_nothing(name, domain):
    assert verify(f"{name}@{domain}") is None
    assert verify(f"reply+{name}@{domain}") is None


@given(token=st.text(alphabet=LETTERS, min_size=44, max_size=44))
def test_any_token_stands_for_nothing(token):
    assert verify(f"reply+{token}@desk.example.com") is None


@given(
    conversation_id=st.integers(0, 2**48 - 1),
    agent_id=st.integers(0, 2**40 - 1),
    form=st.sampled_from(FORMS),
)
def test_every_pair_comes_back(conversation_id, agent_id, form):
    with override_settings(REPLY_ADDRESS=form):
        assert verify(made(conversation_id, agent_id)) == ReplyTo(
            conversation_id, agent_id
        )
