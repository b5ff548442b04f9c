"""How a page is named where pages are counted: host and path, in one spelling, without query and fragment."""

import re
import unicodedata
from urllib.parse import quote, unquote_to_bytes

from tracker.core.urls import ascii_host

# An address without a scheme that begins with two slashes names a host all the same.
_SCHEME = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?//")
_ENCODED = re.compile(r"((?:%[0-9A-Fa-f]{2})+)")
_PLAIN = re.compile(r"[!-$&-~]*")
_DEFAULT_PORT = {"http": "80", "https": "443"}
# Decoded, one of these would start another segment, a query, a fragment or an escape, and so name another page.
_MEANS_ANOTHER = frozenset("/?#%\\")
_BYTES = range(0xDC80, 0xDD00)
"""What Python decodes a byte to that is no UTF-8."""


def page_name(url: str) -> str:
    """Return the host and path of a page as a person would read them, the same for every spelling of one page.

    ``%C3%A9``, ``%c3%a9`` and ``é`` are one, and so are ``/cart/``, ``//cart`` and ``/shop/../cart``,
    ``Shop.example.:443`` and ``shop.example``. A host is spelled as browsers send it. The name is not
    cut, and it is for counting alone: no decision about a host may go by it.
    """
    rest = url.partition("?")[0].partition("#")[0]
    found = _SCHEME.match(rest)
    host, slash, path = rest[found.end() if found else 0 :].partition("/")
    if found:
        host = _host(host, (found[1] or "").lower())
    elif not slash:
        return readable(host)
    return f"{host}/{'/'.join(_segments(readable(path)))}"


def _host(given: str, scheme: str) -> str:
    """Return a host with its port where that is not the usual one; whoever signs in by the address is left out."""
    host = given.rpartition("@")[2]
    name, colon, port = host.rpartition(":")
    if not colon or port.strip("0123456789"):
        name, port = host, ""
    try:
        name = ascii_host(name)
    except UnicodeError:
        name = name.lower()
    name = name.removesuffix(".")
    return name if port in ("", _DEFAULT_PORT.get(scheme)) else f"{name}:{port}"


def _segments(path: str) -> list[str]:
    """Return the segments of a path that say something: no empty ones, and none that lead to where they are or back."""
    found: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del found[-1:]
        elif segment not in ("", "."):
            found.append(segment)
    return found


def readable(path: str) -> str:
    """Return a path with its percent-encoding decoded.

    A character stays encoded, or becomes so, where decoding it would change what the path means, where it is no UTF-8,
    and where a person could not see it.
    """
    if _PLAIN.fullmatch(path):
        return path
    parts = enumerate(_ENCODED.split(path))
    # Every second part is a run of escapes.
    text = "".join(_decoded(part) if place % 2 else _seen(part, " %") for place, part in parts)
    return unicodedata.normalize("NFC", text)


def _decoded(escapes: str) -> str:
    return _seen(unquote_to_bytes(escapes).decode("utf-8", "surrogateescape"), _MEANS_ANOTHER | {" "})


def _seen(text: str, encoded: str | frozenset[str]) -> str:
    return "".join(_escape(char) if char in encoded or not char.isprintable() else char for char in text)


def _escape(char: str) -> str:
    return f"%{ord(char) - 0xDC00:02X}" if ord(char) in _BYTES else quote(char, safe="", errors="replace")
