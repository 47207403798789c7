"""Other profiles of a person are found without reading everybody's."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.profiles import likely_same, search_profiles
from supportdesk.accounts.models import Role
from tests.factories import make_agent, make_visitor
from visitors.models import Visitor

pytestmark = pytest.mark.django_db

NAME, WORD = "visitor_account_name", "visitor_account_last_word"
EMAIL, PHONE = "visitor_account_email", "visitor_account_phone"


@pytest.fixture
def lena(account):
    return make_visitor(
        account, name="Lena Hofmann", email="Lena@example.com", phone="+49 30 12345"
    )


def crowd(account):
    """So many that no reader of statistics would look through them all."""
    Visitor.objects.bulk_create(
        Visitor(
            account=account,
            name=f"Name{number} Family{number}",
            email=f"mail{number}@example.com",
            phone=f"+49 40 {number:05d}0",
            user_id=f"c-{number}",
        )
        for number in range(4000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE visitors_visitor")


def plans(function):
    """How the database looks for each of what the function asks of visitors."""
    with CaptureQueriesContext(connection) as queries:
        function()
    asked = [
        each["sql"] for each in queries if 'FROM "visitors_visitor"' in each["sql"]
    ]
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for sql in asked:
            cursor.execute(f"EXPLAIN {sql}")
            found.append("\n".join(row for (row,) in cursor.fetchall()))
    return found


@pytest.fixture
def anna(account):
    return make_agent(account, role=Role.FULL)


def test_likely_profiles_are_found_by_indexes(account, anna, lena):
    crowd(account)
    make_visitor(
        account, name="lena hofmann", email="lena@example.com", phone="+49 3012345"
    )

    *found, _rows = plans(lambda: likely_same(anna, lena))

    for index, plan in zip([EMAIL, NAME, PHONE], found, strict=True):
        assert index in plan
        assert "Seq Scan on visitors_visitor" not in plan


def test_typed_words_are_found_by_indexes(account, anna, lena):
    crowd(account)
    make_visitor(account, name="12345 678")

    *found, _rows = plans(lambda: search_profiles(anna, lena, "12345 67"))

    names = [NAME, WORD, EMAIL, "visitor_user_id_once", PHONE]
    for index, plan in zip(names, found, strict=True):
        assert index in plan
        assert "Seq Scan on visitors_visitor" not in plan


def found_of(function, *given):
    return [visitor.name for visitor in function(*given)]


def test_same_number_in_another_spelling_is_likely(account, anna, lena):
    make_visitor(account, name="Same", phone="+49 (30) 123-45")
    make_visitor(account, name="Longer", phone="+49 30 123456")

    assert found_of(likely_same, anna, lena) == ["Same"]


@pytest.mark.parametrize("phone", ["", "ring twice", "1234"])
def test_numbers_that_are_none_are_nobody_s(account, anna, phone):
    visitor = make_visitor(account, name="Lena", phone=phone)
    make_visitor(account, name="Other", phone=phone or "none")

    assert found_of(likely_same, anna, visitor) == []


def test_each_is_found_once_the_latest_first(account, anna, lena):
    make_visitor(account, name="Lena Hofmann", email="lena@example.com")
    make_visitor(account, name="lena hofmann")

    names = ["lena hofmann", "Lena Hofmann"]
    assert found_of(likely_same, anna, lena) == names
    assert found_of(search_profiles, anna, lena, "Lena") == names


@pytest.mark.parametrize("text", ["ena", "ofmann", "example", "c-1", "C-17"])
def test_what_stands_in_the_middle_is_not_searched(account, anna, lena, text):
    Visitor.objects.filter(pk=lena.pk).update(user_id="c-17")

    assert found_of(search_profiles, anna, make_visitor(account), text) == []


@pytest.mark.parametrize("text", ["%ena", "_ena", "L%", "\\L"])
def test_signs_of_patterns_are_letters(account, anna, lena, text):
    assert found_of(search_profiles, anna, make_visitor(account), text) == []
