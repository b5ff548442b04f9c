"""From which network somebody comes, whatever the headers say."""

import ipaddress

import pytest

from tracker.web.network import network_of

OURS = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "network"),
    [
        ("192.0.2.7", "", "192.0.2.0/24"),
        ("192.0.2.7", "198.51.100.1", "192.0.2.0/24"),
        ("10.1.1.1", "198.51.100.1", "198.51.100.0/24"),
        ("10.1.1.1", "203.0.113.9, 198.51.100.1", "198.51.100.0/24"),
        ("10.1.1.1", "203.0.113.9, 198.51.100.1, 10.2.2.2", "198.51.100.0/24"),
        ("10.1.1.1", "198.51.100.1, nonsense", "10.1.1.0/24"),
        ("10.1.1.1", "", "10.1.1.0/24"),
        ("2001:db8:1:2:3::4", "", "2001:db8:1::/48"),
        ("::ffff:192.0.2.7", "", "192.0.2.0/24"),
        ("fd00::1", "[2001:db8:1::9]", "2001:db8:1::/48"),
        (None, "198.51.100.1", "unknown"),
        ("a unix socket", "", "unknown"),
    ],
)
def test_only_our_own_proxies_are_believed(peer: str | None, forwarded: str, network: str) -> None:
    assert network_of(peer, forwarded, OURS) == network
