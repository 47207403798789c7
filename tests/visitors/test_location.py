import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.utils.translation import override

from supportdesk.accounts.models import IpStorage
from supportdesk.operations.checks import check_places
from tests import factories
from tests.visitors.mmdb import write_mmdb
from visitors import location
from visitors.location import Place, locate
from visitors.services import Browser, SeenPage, record_pages

LEIPZIG = {
    "city": {"names": {"en": "Leipzig", "de": "Leipzig (Sachsen)"}},
    "country": {"iso_code": "DE", "names": {"en": "Germany"}},
}
FLAT = {"city": "Graz", "country_code": "AT", "state1": "Styria"}


@pytest.fixture(autouse=True)
def places(settings):
    """Each test reads the database that its setting names."""
    settings.GEOIP_DATABASE = ""
    location.forget()
    yield
    location.forget()


@pytest.fixture
def database(settings, tmp_path):
    def use(record, kind="DBIP-City-Lite"):
        path = tmp_path / "places.mmdb"
        path.write_bytes(write_mmdb(record, kind))
        settings.GEOIP_DATABASE = str(path)
        location.forget()
        return path

    return use


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("194.25.0.129", "DE"),
        ("194.25.0.0", "DE"),
        ("8.8.8.8", "US"),
        ("::ffff:8.8.8.8", "US"),
        ("2001:4860:4860::8888", "US"),
        ("2a02:2450:1000::", "DE"),
    ],
)
def test_country_is_known_without_any_database(address, country):
    assert locate(address) == Place(country)


@pytest.mark.parametrize(
    "address",
    [
        *("", "nonsense", "10.0.0.1", "192.168.1.7", "127.0.0.1", "169.254.1.1"),
        *("::1", "fe80::1", "fd00::1", "2001:db8::1", "203.0.113.7", "0.0.0.1"),
        *("::ffff:10.0.0.1", "1.2.3", "8.8.8.8; DROP TABLE", "8" * 5000),
    ],
)
def test_private_and_broken_addresses_are_nowhere(address, database):
    database(LEIPZIG)

    assert locate(address) == Place()


def test_own_database_comes_first_and_knows_the_city(database):
    database(LEIPZIG)

    assert locate("8.8.8.8") == Place("DE", "Leipzig")
    assert locate("8.8.8.8", "de") == Place("DE", "Leipzig (Sachsen)")
    assert locate("8.8.8.8", "fr") == Place("DE", "Leipzig")
    assert locate("2001:4860:4860::8888") == Place("DE", "Leipzig")


def test_flat_records_are_read_as_well(database):
    database(FLAT)

    assert locate("8.8.8.8") == Place("AT", "Graz")


@pytest.mark.parametrize(
    "record",
    [
        {"country": "Germany"},
        {"country": {"iso_code": 49}},
        {"city": ["Leipzig"], "country_code": "D€"},
        {"city": {"names": ["Leipzig"]}, "country": {"iso_code": "DE"}},
        {},
    ],
)
def test_odd_records_fall_back_to_the_country(database, record):
    database(record)

    assert locate("8.8.8.8") == Place("US")


def test_city_is_one_short_line(database):
    database({"city": "A\n" + "b" * 300, "country_code": "de"})

    assert locate("8.8.8.8") == Place("DE", ("A " + "b" * 300)[:100])


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "cut", "directory"])
def test_unreadable_database_breaks_nothing_and_is_reported(
    settings, database, tmp_path, damage
):
    path = database(LEIPZIG)
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "directory":
        settings.GEOIP_DATABASE = str(tmp_path)
    else:
        bad = {"empty": b"", "text": b"hello" * 100, "cut": content[:-60]}
        path.write_bytes(bad[damage])
    location.forget()

    assert locate("8.8.8.8") == Place("US")
    assert location.credit() is None
    [warning] = check_places(None)
    assert warning.id == "operations.W003"
    assert warning.msg.startswith("GEOIP_DATABASE cannot be read: ")


def test_data_that_points_nowhere_breaks_nothing(database):
    path = database(LEIPZIG)
    content = bytearray(path.read_bytes())
    # The record of the root node: far behind the end of the data.
    content[0:6] = b"\x7f\xff\xff\x7f\xff\xff"
    path.write_bytes(bytes(content))
    location.forget()

    assert locate("8.8.8.8") == Place("US")
    assert check_places(None) != []


def test_good_database_and_none_pass_the_check(database):
    assert check_places(None) == []

    database(LEIPZIG)

    assert check_places(None) == []
    call_command("check", "--tag", "files", "--fail-level", "WARNING")


def test_check_command_says_it_aloud(settings):
    settings.GEOIP_DATABASE = "/nowhere/places.mmdb"

    with pytest.raises(SystemCheckError, match="there is no such file"):
        call_command("check", "--tag", "files", "--fail-level", "WARNING")


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("DBIP-City-Lite (compat=City)", "https://db-ip.com"),
        ("GeoLite2-City", "https://www.maxmind.com"),
        ("ipinfo generic_free.mmdb", "https://ipinfo.io"),
        ("Our-own", None),
    ],
)
def test_makers_of_a_database_are_named(database, kind, url):
    database(LEIPZIG, kind)

    credit = location.credit()

    assert (credit and credit.url) == url


@pytest.mark.parametrize(
    ("language", "code", "name"),
    [
        ("en", "DE", "Germany"),
        ("de", "DE", "Deutschland"),
        ("de", "AT", "Österreich"),
        ("de", "CZ", "Tschechien"),
        ("de", "US", "Vereinigte Staaten"),
        ("de", "GB", "Vereinigtes Königreich"),
        ("en-gb", "CH", "Switzerland"),
        ("de", "QQ", "QQ"),
    ],
)
def test_countries_are_named_in_the_readers_language(language, code, name):
    with override(language):
        assert location.country_name(code) == name


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("storage", "asked"),
    [
        (IpStorage.FULL, "194.25.0.129"),
        (IpStorage.SHORT, "194.25.0.0"),
        (IpStorage.NONE, "194.25.0.0"),
    ],
)
def test_new_visit_is_located_by_no_more_than_is_kept(monkeypatch, storage, asked):
    account = factories.make_account(ip_storage=storage, language="de")
    visitor = factories.make_visitor(account)
    calls = []

    def note(ip, language):
        calls.append((ip, language))
        return Place("DE", "Leipzig")

    monkeypatch.setattr("visitors.services.visits.locate", note)
    page = SeenPage("https://shop.example.com/", "Home", visitor.created_at)
    browser = Browser(ip="194.25.0.129")

    for _ in range(3):
        visit = record_pages(visitor=visitor, pages=[page], browser=browser)

    assert calls == [(asked, "de")]
    assert (visit.country, visit.city) == ("DE", "Leipzig")
