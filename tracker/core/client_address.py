"""Who is asking: the client's address behind proxies that are trusted, and the network it counts as."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MOST_HOPS = 32
"""More proxies than this stand in front of nobody; what a client wrote further left is not even looked at."""
LONGEST_ENTRY = 64
NOWHERE = "unknown"
"""The network of who came without an address that could be read, such as through a unix socket."""


def client_network(peer: str | None, forwarded: str | None, trusted: Sequence[Network]) -> str:
    """Return the network (/24, /48 for IPv6) of the client: what is limited together, and as near as logs may come.

    ``peer`` is who opened the connection, ``forwarded`` its X-Forwarded-For with all its lines joined by commas.
    """
    if not forwarded or not trusted:
        return _network_of(_read(peer or ""))
    return _network_of(client_address(peer or "", forwarded, trusted))


def client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> Address | None:
    """Return the address that the outermost trusted proxy saw, walking X-Forwarded-For from the right.

    Whatever stands further left was written by the client. An entry that is no address ends the walk too: the client
    is then whoever the last proxy that spoke clearly is, and never what somebody made up.
    """
    client = _read(peer)
    hops = forwarded.rsplit(",", MOST_HOPS)[-MOST_HOPS:]
    while hops and client is not None and any(client in network for network in trusted):
        before = _read(hops.pop())
        if before is None:
            break
        client = before
    return client


@lru_cache(maxsize=8192)
def _network_of(address: Address | None) -> str:
    if address is None:
        return NOWHERE
    length = 24 if address.version == 4 else 48
    shift = address.max_prefixlen - length
    return f"{type(address)(int(address) >> shift << shift)}/{length}"


def _read(entry: str) -> Address | None:
    """Return the address that an entry says; one too long to say one is not worth remembering."""
    return _parsed(entry) if len(entry) <= LONGEST_ENTRY else None


@lru_cache(maxsize=8192)
def _parsed(entry: str) -> Address | None:
    """Return the address in ``192.0.2.7``, ``192.0.2.7:443``, ``2001:db8::7`` or ``[2001:db8::7]:443``, else None."""
    text = entry.strip()
    if text.startswith("["):
        text, _, rest = text[1:].partition("]")
        if rest and not _is_port(rest):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not _is_port(f":{port}"):
            return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A socket that takes both kinds shows IPv4 clients as ::ffff:192.0.2.7, and a zone says which cable it was.
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(int(address))
    return address


def _is_port(text: str) -> bool:
    return text[0] == ":" and text[1:].isascii() and text[1:].isdigit()
