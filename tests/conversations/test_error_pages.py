import pytest
from django.template.loader import render_to_string

from tests import factories
from tests.conversations.desk import signed_in


@pytest.mark.django_db
def test_page_that_is_none_says_so_and_leads_back():
    agent = factories.make_agent(factories.make_account())

    response = signed_in(agent).get("/no/such/page/")

    assert response.status_code == 404
    assert "This page does not exist" in response.text
    assert 'href="/">Back to the conversations' in response.text


@pytest.mark.parametrize("name", ["400.html", "403.html", "404.html", "500.html"])
def test_error_pages_need_neither_request_nor_database(name):
    assert "Back to the conversations" in render_to_string(name)
