import uuid

import pytest
from django.urls import reverse

from conversations import services
from supportdesk.accounts.models import Role, User
from tests import factories
from tests.conversations.desk import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(account):
    return factories.make_group(account)


@pytest.fixture
def attachment(account, group, upload):
    conversation = factories.make_conversation(account, group=group)
    message = factories.visitor_writes(
        conversation, "", uploads=[upload("Trichter ü.png")]
    )
    return message.attachments.get()


def file_address(attachment):
    return reverse("conversations:attachment", args=[attachment.public_id])


def status(client, attachment):
    response = client.get(file_address(attachment))
    response.getvalue()  # reads, and so closes, the file
    return response.status_code


def test_file_comes_as_a_download_that_can_do_nothing(account, attachment, picture):
    anna = factories.make_agent(account, "Anna", Role.FULL)

    response = signed_in(anna).get(file_address(attachment))

    assert response.getvalue() == picture
    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"] == (
        "attachment; filename*=utf-8''Trichter%20%C3%BC.png"
    )
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Cache-Control"] == "private, no-store"


def test_file_is_for_those_who_see_the_conversation(account, group, attachment):
    other = factories.make_group(account, "Sales")
    allowed = factories.make_agent(account, "Mira", groups=(group,))
    foreign = factories.make_agent(account, "Piet", groups=(other,))
    stranger = factories.make_agent(factories.make_account("Other"), role=Role.OWNER)

    assert status(signed_in(allowed), attachment) == 200
    assert status(signed_in(foreign), attachment) == 404
    assert status(signed_in(stranger), attachment) == 404


def test_file_is_gone_when_access_is(account, attachment):
    other = factories.make_group(account, "Sales")
    agent = factories.make_agent(account, "Mira", groups=(other,))
    conversation = attachment.message.conversation
    services.assign_conversation(
        conversation_id=conversation.pk, agent=agent, by=factories.owner_of(account)
    )
    client = signed_in(agent)
    assert status(client, attachment) == 200

    services.unassign_conversation(
        conversation_id=conversation.pk, agent=agent, by=agent
    )

    assert status(client, attachment) == 404


def test_file_needs_a_login_and_a_get(client, account, attachment):
    anna = factories.make_agent(account, "Anna", Role.FULL)

    assert client.get(file_address(attachment)).status_code == 302
    assert signed_in(anna).post(file_address(attachment)).status_code == 405


def test_platform_operator_gets_no_file(attachment):
    operator = User.objects.create_superuser("root@example.com", "x", name="Root")

    response = signed_in(operator).get(file_address(attachment))

    assert response["Location"] == reverse("admin:index")


def test_unknown_and_lost_files_are_not_there(account, attachment):
    anna = factories.make_agent(account, "Anna", Role.FULL)
    attachment.file.storage.delete(attachment.file.name)
    unknown = reverse("conversations:attachment", args=[uuid.uuid4()])

    assert signed_in(anna).get(unknown).status_code == 404
    assert status(signed_in(anna), attachment) == 404
