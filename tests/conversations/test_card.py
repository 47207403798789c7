import pytest

from conversations.models import Message
from tests import factories
from tests.conversations.desk import HTMX, address, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(account):
    return factories.make_visitor(
        account, name="Katharina Vogt", email="k.vogt@example.net", phone="+49 341"
    )


@pytest.fixture
def conversation(account, visitor):
    return factories.make_conversation(account, visitor=visitor)


def contact(visitor):
    visitor.refresh_from_db()
    return visitor.name, visitor.email, visitor.phone


def changes(conversation):
    lines = conversation.messages.filter(event=Message.Event.CONTACT_CHANGED)
    return list(lines.values_list("agent__name", "data"))


def test_one_field_is_saved_and_the_others_stay(anna, visitor, conversation):
    response = signed_in(anna).post(
        address("card_edit", conversation), {"phone": "+49 171 5550148"}
    )

    assert response["Location"] == address("conversation", conversation)
    assert contact(visitor) == (
        "Katharina Vogt",
        "k.vogt@example.net",
        "+491715550148",
    )
    assert changes(conversation) == [("Anna Berger", {"fields": ["phone"]})]


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "Kat"), ("email", "new@example.net"), ("phone", "+493415550148")],
)
def test_htmx_gets_the_one_field_back(anna, visitor, conversation, field, value):
    response = signed_in(anna).post(
        address("card_edit", conversation), {field: value}, headers=HTMX
    )

    assert f'id="visitor-edit-{field}"' in response.text
    assert response.text.count("<form") == 1
    assert "Saved" in response.text
    assert getattr(visitor, field) != value
    visitor.refresh_from_db()
    assert getattr(visitor, field) == value


def test_new_name_reaches_the_threads_title(anna, conversation):
    response = signed_in(anna).post(
        address("card_edit", conversation), {"name": "Kat <b>"}, headers=HTMX
    )

    assert 'id="thread-title"' in response.text
    assert "Kat &lt;b&gt;</h2>" in response.text


def test_field_can_be_cleared(anna, visitor, conversation):
    signed_in(anna).post(address("card_edit", conversation), {"email": ""})

    assert contact(visitor) == ("Katharina Vogt", "", "+49 341")


def test_same_value_again_writes_nothing(anna, conversation):
    response = signed_in(anna).post(
        address("card_edit", conversation), {"name": "Katharina Vogt"}
    )

    assert response.status_code == 302
    assert changes(conversation) == []


@pytest.mark.parametrize(
    "value",
    ["broken", "a@b", "4111111111111111@example.net", "x" * 300 + "@example.net"],
)
def test_address_that_is_none_is_refused_beside_the_field(
    anna, visitor, conversation, value
):
    client = signed_in(anna)

    live = client.post(
        address("card_edit", conversation), {"email": value}, headers=HTMX
    )
    plain = client.post(address("card_edit", conversation), {"email": value})

    for response in (live, plain):
        assert response.status_code == 422
        assert "Please enter a complete e-mail address." in response.text
        assert f'value="{value}"' in response.text
        assert 'aria-describedby="visitor-email-error"' in response.text
    assert "<html" in plain.text
    assert contact(visitor)[1] == "k.vogt@example.net"
    assert changes(conversation) == []


@pytest.mark.parametrize("field", ["name", "phone"])
def test_value_past_all_measure_is_refused_beside_its_field(
    anna, visitor, conversation, field
):
    before = contact(visitor)

    response = signed_in(anna).post(
        address("card_edit", conversation), {field: "x" * 5000}, headers=HTMX
    )

    assert response.status_code == 422
    assert f'id="visitor-{field}-error"' in response.text
    assert contact(visitor) == before


def test_card_number_in_a_name_is_hidden(anna, visitor, conversation):
    signed_in(anna).post(
        address("card_edit", conversation), {"name": "Kat 4111 1111 1111 1111"}
    )

    assert contact(visitor)[0] == "Kat [card ····1111]"


def test_other_fields_of_the_visitor_cannot_be_set(anna, visitor, conversation):
    signed_in(anna).post(
        address("card_edit", conversation),
        {"name": "Kat", "language": "de", "account": "1", "public_id": "1"},
    )

    before = (visitor.language, visitor.account_id, visitor.public_id)
    visitor.refresh_from_db()
    assert (visitor.language, visitor.account_id, visitor.public_id) == before
