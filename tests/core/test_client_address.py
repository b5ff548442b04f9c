"""Whose address counts: what trusted proxies saw, and nothing that a client wrote itself."""

from ipaddress import ip_network

import pytest

from tracker.core.client_address import MOST_HOPS, NOWHERE, client_address, client_network

NONE = ()
LOCAL = ("127.0.0.0/8",)
CHAIN = ("127.0.0.0/8", "10.0.0.0/8", "2001:db8:ffff::/48")

CASES = [
    # peer, X-Forwarded-For, trusted proxies, client
    ("203.0.113.9", "198.51.100.1", NONE, "203.0.113.9"),
    ("203.0.113.9", "198.51.100.1", LOCAL, "203.0.113.9"),
    ("127.0.0.1", "198.51.100.1", LOCAL, "198.51.100.1"),
    ("127.0.0.1", "8.8.8.8, 198.51.100.1", LOCAL, "198.51.100.1"),
    ("127.0.0.1", "8.8.8.8,198.51.100.1,10.1.2.3", CHAIN, "198.51.100.1"),
    ("127.0.0.1", "8.8.8.8,198.51.100.1,10.1.2.3", LOCAL, "10.1.2.3"),
    ("127.0.0.1", "127.0.0.1, 10.0.0.1, 198.51.100.1, 10.0.0.2", CHAIN, "198.51.100.1"),
    ("127.0.0.1", "10.9.9.9, 10.1.1.1", CHAIN, "10.9.9.9"),
    ("127.0.0.1", "", LOCAL, "127.0.0.1"),
    ("127.0.0.1", " , ,", LOCAL, "127.0.0.1"),
    ("127.0.0.1", "198.51.100.1:51234", LOCAL, "198.51.100.1"),
    ("127.0.0.1", "198.51.100.1:port", LOCAL, "127.0.0.1"),
    ("127.0.0.1", "2001:db8:1:2::7", LOCAL, "2001:db8:1:2::7"),
    ("127.0.0.1", "[2001:db8:1:2::7]:443", LOCAL, "2001:db8:1:2::7"),
    ("127.0.0.1", "[2001:db8:1:2::7]", LOCAL, "2001:db8:1:2::7"),
    ("127.0.0.1", "[2001:db8:1:2::7]443", LOCAL, "127.0.0.1"),
    ("127.0.0.1", "fe80::1%eth0", LOCAL, "fe80::1"),
    ("::ffff:127.0.0.1", "::ffff:198.51.100.1", LOCAL, "198.51.100.1"),
    ("2001:db8:ffff::1", "2001:db8:1:2::7, 10.0.0.1", CHAIN, "2001:db8:1:2::7"),
    ("127.0.0.1", "198.51.100.1, unknown", LOCAL, "127.0.0.1"),
    ("127.0.0.1", "198.51.100.1, _hidden, 10.0.0.1", CHAIN, "10.0.0.1"),
    ("127.0.0.1", "198.51.100.1, 10.0.0.1'; DROP TABLE event; --", CHAIN, "127.0.0.1"),
    ("127.0.0.1", "0x7f.1, 256.1.1.1", LOCAL, "127.0.0.1"),
    ("127.0.0.1", "198.51.100.1, 010.0.0.1", CHAIN, "127.0.0.1"),
    ("127.0.0.1", "198.51.100.1, 10.0.0.1:١٢", CHAIN, "127.0.0.1"),
    ("127.0.0.1", "198.51.100.1" + " " * 100, LOCAL, "127.0.0.1"),
    ("", "198.51.100.1", LOCAL, None),
]


@pytest.mark.parametrize(("peer", "forwarded", "trusted", "client"), CASES)
def test_the_client_is_who_the_outermost_trusted_proxy_saw(peer, forwarded, trusted, client) -> None:
    networks = [ip_network(network) for network in trusted]

    found = client_address(peer, forwarded, networks)

    assert (found and str(found)) == client


def test_a_header_of_any_length_is_looked_at_from_the_right_for_a_few_hops_only() -> None:
    trusted = [ip_network("10.0.0.0/8")]
    chain = ",".join(f"10.0.{number // 256}.{number % 256}" for number in range(50_000))

    found = client_address("10.9.9.9", f"198.51.100.1,{chain}", trusted)

    assert str(found) == f"10.0.195.{50_000 % 256 - MOST_HOPS}"


@pytest.mark.parametrize(
    ("peer", "forwarded", "network"),
    [
        ("203.0.113.9", None, "203.0.113.0/24"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.0/24"),
        ("127.0.0.1", "198.51.100.250", "198.51.100.0/24"),
        ("127.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("::ffff:203.0.113.9", None, "203.0.113.0/24"),
        ("", None, NOWHERE),
        (None, None, NOWHERE),
        (None, "198.51.100.1", NOWHERE),
        ("a socket", "198.51.100.1", NOWHERE),
    ],
)
def test_addresses_of_one_network_count_as_one(peer, forwarded, network) -> None:
    assert client_network(peer, forwarded, [ip_network("127.0.0.0/8")]) == network


def test_without_trusted_proxies_the_header_is_not_read() -> None:
    assert client_network("203.0.113.9", "198.51.100.1", ()) == "203.0.113.0/24"


FORGED = [
    "10.0.0.9",
    "127.0.0.1",
    "::1",
    "8.8.8.8",
    "8.8.8.8, 10.0.0.9",
    "10.0.0.9, 127.0.0.1",
    "unknown",
    "_hidden",
    "",
    " , ",
    ",,,,",
    "not an address",
    "0x7f.0.0.1",
    "127.1",
    "2130706433",
    "[::1]:80",
    "8.8.8.8:80",
    "for=8.8.8.8",
    "8.8.8.8\t",
    "a" * 5_000,
    "8.8.8.8, " * 500,
]
PROXIES = [
    # networks that are trusted, and the addresses of the proxies a request went through, the nearest one last
    (NONE, []),
    (LOCAL, ["127.0.0.1"]),
    (CHAIN, ["10.0.0.2", "127.0.0.1"]),
    (CHAIN, ["2001:db8:ffff::2", "10.0.0.2", "127.0.0.1"]),
]


@pytest.mark.parametrize(("trusted", "path"), PROXIES)
@pytest.mark.parametrize("forged", FORGED, ids=lambda text: ascii(text)[:30])
def test_whatever_a_client_writes_it_is_who_the_proxies_saw(forged, trusted, path) -> None:
    visitor = "198.51.100.1"
    # Each proxy adds whom it saw to what it was given.
    seen = [forged, *([visitor, *path][: len(path)])]

    found = client_address([visitor, *path][-1], ", ".join(seen), [ip_network(network) for network in trusted])

    assert str(found) == visitor
