"""From which network a request comes: never an address, which is more than anybody here needs to know."""

import ipaddress
from collections.abc import Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_PREFIX = {4: 24, 6: 48}


def network_of(peer: str | None, forwarded: str, trusted: Sequence[Network]) -> str:
    """Return the client's /24 or /48, walking ``X-Forwarded-For`` from the right as far as the proxies are ours."""
    address = _address(peer or "")
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    while address is not None and hops and any(address in network for network in trusted):
        nearer = _address(hops.pop())
        if nearer is None:
            break
        address = nearer
    if address is None:
        return "unknown"
    return str(ipaddress.ip_network(f"{address}/{_PREFIX[address.version]}", strict=False))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found
