"""How a page is named where pages are counted: host and path, in one spelling, without query and fragment."""

import re
import unicodedata
from urllib.parse import quote, unquote_to_bytes

_ENCODED = re.compile(r"((?:%[0-9A-Fa-f]{2})+)")
_PLAIN = re.compile(r"[!-$&-~]*")
_DEFAULT_PORT = {"http": ":80", "https": ":443"}
# Decoded, one of these would start another segment, a query, a fragment or an escape, and so name another page.
_MEANS_ANOTHER = frozenset("/?#%\\")
_BYTES = range(0xDC80, 0xDD00)
"""What Python decodes a byte to that is no UTF-8."""


def page_name(url: str) -> str:
    """Return the host and path of a page as a person would read them, the same for every spelling of one page.

    ``%C3%A9``, ``%c3%a9`` and ``é`` are one, and so are ``/cart/`` and ``/cart``, ``Shop.example:443`` and
    ``shop.example``. The name is not cut.
    """
    before, found, after = url.partition("://")
    rest = (after if found else before).partition("?")[0].partition("#")[0]
    host, _, path = rest.partition("/")
    if found:
        host = host.lower().removesuffix(_DEFAULT_PORT.get(before.lower(), "/"))
    elif "/" not in rest:
        return readable(rest)
    return f"{host}/{readable(path).rstrip('/')}"


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
