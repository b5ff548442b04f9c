"""Which country a visit comes from, where the operator has named a database.

``cases/countries.mmdb`` was made with mmdb_writer: 192.0.2.0/24 is DE, 2001:db8::/32 is FR, and 198.51.100.0/24 is
somewhere on a continent.
"""

import ipaddress
from pathlib import Path

import pytest

from tracker.ingest.countries import country_reader
from tracker.settings import BadSettings, Settings
from tracker.store import reports

COUNTRIES = Path(__file__).parents[1] / "cases" / "countries.mmdb"
ADDRESSES = [
    ("192.0.2.7", "DE"),
    ("2001:db8::7", "FR"),
    ("198.51.100.7", None),
    ("203.0.113.7", None),
    ("no address", None),
]


@pytest.mark.parametrize(("address", "country"), ADDRESSES)
def test_an_address_has_the_country_of_its_network_or_none(address, country) -> None:
    read = country_reader(COUNTRIES)
    assert read is not None
    assert read(address) == country


def test_without_a_database_nothing_is_read() -> None:
    assert country_reader(None) is None


@pytest.mark.parametrize("content", [b"", b"no database", COUNTRIES.read_bytes()[:-40]])
def test_a_file_that_is_no_database_is_told_with_all_else_that_is_wrong(content, tmp_path) -> None:
    (tmp_path / "x.mmdb").write_bytes(content)
    env = {"DATA_DIR": str(tmp_path), "GEOIP_DB": str(tmp_path / "x.mmdb"), "PORT": "none"}
    with pytest.raises(BadSettings) as told:
        Settings.from_env(env)
    about_port, about_file = told.value.problems
    assert about_port.startswith("PORT must be")
    assert about_file.startswith("GEOIP_DB: ")
    assert "MaxMind" in about_file


def test_a_damaged_place_in_the_database_names_no_country(tmp_path) -> None:
    whole = COUNTRIES.read_bytes()
    data = whole.index(b"iso_code") - 40
    (tmp_path / "x.mmdb").write_bytes(whole[:data] + b"\xff" * 80 + whole[data + 80 :])
    read = country_reader(tmp_path / "x.mmdb")
    assert read is not None
    assert {read(address) for address, _ in ADDRESSES} == {None}


def test_a_database_that_is_absent_is_told_at_the_start(tmp_path) -> None:
    env = {"DATA_DIR": str(tmp_path), "GEOIP_DB": str(tmp_path / "absent.mmdb")}
    with pytest.raises(BadSettings, match="GEOIP_DB: cannot read"):
        Settings.from_env(env)
    assert Settings.from_env(env | {"GEOIP_DB": str(COUNTRIES)}).geoip_db == COUNTRIES


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_visit_keeps_its_country_and_no_address(another, make_source, payload, read) -> None:
    make_source("shop")
    client = another(geoip_db=COUNTRIES, trusted_proxies=(ipaddress.ip_network("127.0.0.1"),))
    body = payload("e1", session="s1")
    client.post("/track", json=body, headers={"X-Forwarded-For": "192.0.2.7", "User-Agent": "Firefox"})
    client.post("/track", json=payload("e2", session="s2"), headers={"X-Forwarded-For": "203.0.113.7"})
    assert read(reports.session, "s1")["device"] == {"user_agent": "Firefox", "country": "DE"}
    assert "country" not in read(reports.session, "s2")["device"]
    assert "192.0.2" not in str(read(reports.session, "s1"))
