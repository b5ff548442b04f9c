"""A URL that a stranger wrote, taken apart in bounded time."""

import re
import unicodedata
from urllib.parse import SplitResult, urlsplit

_LONG_AUTHORITY = re.compile(r"[^/?#]*/[\t\r\n]*/[^/?#]{513}")

_DEVIATES = re.compile("[ßς\u200c\u200d]")
_LONGEST_NAME = 253  # characters, RFC 1035


def split_url(url: str) -> SplitResult:
    """Return the parts of a URL; ValueError where it is none, or has more than 512 characters before its path.

    ``urlsplit`` normalises a host that is not ASCII in time that grows with the square of its length: 16 000 combining
    characters took half a second.
    """
    if not url.isascii() and _LONG_AUTHORITY.match(url):
        raise ValueError("The host of a URL is too long.")
    return urlsplit(url)


def ascii_host(host: str) -> str:
    """Return a host in lower case as a browser sends it; UnicodeError where Python and browsers differ on that."""
    lowered = host.lower()
    if lowered.isascii():
        return lowered
    if _DEVIATES.search(lowered):
        # Python follows IDNA 2003, which makes "strasse" of "straße"; to a browser those are two owners' domains.
        raise UnicodeError
    # The codec looks at every character in Python before it looks at the length, and one character may become eighteen.
    if len(lowered) > 2 * _LONGEST_NAME or len(unicodedata.normalize("NFKC", lowered)) > _LONGEST_NAME:
        raise UnicodeError
    return lowered.encode("idna").decode()


def shown_host(host: str) -> str:
    """Return a host in its own letters, the same for every spelling; one that cannot be read so in lower case."""
    try:
        plain = ascii_host(host)
        return plain.encode().decode("idna") if "xn--" in plain else plain
    except UnicodeError:
        return host.lower()
