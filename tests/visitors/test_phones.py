import pytest

from supportdesk.accounts.models import Account
from tests import factories
from visitors import phones
from visitors.exceptions import InvalidContact
from visitors.models import Source, Visit
from visitors.services import update_contact


@pytest.mark.parametrize(
    ("zone", "language", "region"),
    [
        ("Europe/Berlin", "en", "DE"),
        ("Europe/Vienna", "de", "AT"),
        ("America/New_York", "de", "US"),
        ("UTC", "de", "DE"),
        ("UTC", "en", "GB"),
    ],
)
def test_region_is_that_of_the_accounts_clock(zone, language, region):
    assert phones.region_of(Account(time_zone=zone, language=language)) == region


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("0341 555 0148", "+493415550148"),
        ("+49 341 555 0148", "+493415550148"),
        ("0049341/5550148", "+493415550148"),
        ("+41 41 555 01 77", "+41415550177"),
        (
            "\u0660\u0663\u0664\u0661\u0665\u0665\u0665\u0660\u0661\u0664\u0668",
            "+493415550148",
        ),
        # An extension has no place in the normal form.
        ("+49 341 5550148 ext. 12", "+49 341 5550148 ext. 12"),
        # Perhaps a number that is newer than our list.
        ("+49 341", "+49 341"),
        ("1", None),
        ("hello", None),
        ("9" * 40, None),
        ("<b>", None),
    ],
)
def test_numbers_are_stored_with_their_country(typed, stored):
    assert phones.normalise(typed, ["DE"]) == stored


def test_first_region_that_fits_counts():
    assert phones.normalise("0664 1234567", ["AT", "DE"]) == "+436641234567"


@pytest.mark.parametrize(
    ("stored", "shown", "link"),
    [
        ("+493415550148", "+49 341 5550148", "tel:+49-341-5550148"),
        ("0341 5550148", "+49 341 5550148", "tel:+49-341-5550148"),
        ("call me", "call me", ""),
        ("", "", ""),
        ("javascript:alert(1)", "javascript:alert(1)", ""),
    ],
)
def test_numbers_are_shown_grouped_and_linked(stored, shown, link):
    assert phones.display(stored, "DE") == shown
    assert phones.link(stored, "DE") == link


@pytest.mark.django_db
def test_what_an_agent_enters_must_be_a_number_and_what_others_say_need_not():
    visitor = factories.make_visitor(factories.make_account())

    with pytest.raises(InvalidContact) as refused:
        update_contact(visitor=visitor, source=Source.AGENT, phone="hello")
    typed = update_contact(visitor=visitor, source=Source.FORM, phone="ring twice")

    assert refused.value.field == "phone"
    assert typed.phone == "ring twice"


@pytest.mark.django_db
def test_visitors_own_country_comes_first():
    visitor = factories.make_visitor(factories.make_account())
    now = visitor.created_at
    Visit.objects.create(
        visitor=visitor, started_at=now, last_seen_at=now, country="AT"
    )

    stored = update_contact(visitor=visitor, source=Source.AGENT, phone="0664 1234567")

    assert stored.phone == "+436641234567"
