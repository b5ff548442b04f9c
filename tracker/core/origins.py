"""Origins that a source may name: of web pages, of apps and extensions, and what pages without one send."""

import re
from collections.abc import Iterable
from urllib.parse import SplitResult

from tracker.core.linking import host_of
from tracker.core.urls import split_url

DEFAULT_PORTS = {"http": 80, "https": 443}
NULL, FILE = "null", "file://"

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_HAS_NO_ORIGIN = frozenset(
    {"about", "blob", "data", "file", "filesystem", "ftp", "javascript", "mailto", "view-source", "ws", "wss"}
)
"""Schemes whose documents have no origin of their own: a browser sends ``null`` for them, or nothing."""
_FAMILIAR = frozenset(
    {"app", "capacitor", "chrome-extension", "ionic", "moz-extension", "ms-browser-extension", "tauri"}
    | {"safari-web-extension"}
)
_NULL_WARNING = (
    "null is no proof of anything: every sandboxed frame and every file that is opened from a disk sends it, so any "
    "site can send events for this source."
)
_FILE_WARNING = (
    "file:// is sent by every file that some apps open from a disk, and by no site of yours alone; most browsers send "
    "null for a file."
)


def origin(given: str) -> str:
    """Return an origin as a browser sends it in ``Origin``; ValueError where it is none.

    Web pages: ``scheme://host[:port]``. Apps and extensions have a scheme of their own, such as
    ``capacitor://localhost`` and ``chrome-extension://ID``. ``null`` and ``file://`` stand for pages without an origin.
    """
    text = given.strip()
    if text.lower() == NULL:
        return NULL
    if re.fullmatch("file:///?", text.lower()):
        return FILE
    try:
        parts, port = with_port(text)
    except ValueError:
        parts, port = with_port("")
    name = host_of(text)
    extras = (parts.path.strip("/"), parts.query, parts.fragment, "@" in parts.netloc)
    if not _may_send(parts.scheme) or name is None or any(extras):
        raise ValueError(f"{given!r} is not an origin; write it as https://shop.example or http://localhost:3000.")
    shown = f":{port}" if port not in (None, DEFAULT_PORTS.get(parts.scheme)) else ""
    return f"{parts.scheme}://{name}{shown}"


def origin_warnings(origins: Iterable[str]) -> tuple[str, ...]:
    """Return what an owner should know of the origins that a source names, a sentence each."""
    return tuple(filter(None, map(_warning, origins)))


def with_port(url: str) -> tuple[SplitResult, int | None]:
    """Return the parts of a URL and its port; ValueError where that is no number from 0 to 65535."""
    parts = split_url(url)
    return parts, parts.port


def _may_send(scheme: str) -> bool:
    # A slip such as "htps" is far more likely than an app with such a scheme.
    slip = scheme not in DEFAULT_PORTS and set(scheme) <= set("https")
    return bool(_SCHEME.fullmatch(scheme)) and scheme not in _HAS_NO_ORIGIN and not slip


def _warning(origin: str) -> str:
    if origin == NULL:
        return _NULL_WARNING
    if origin == FILE:
        return _FILE_WARNING
    scheme = origin.partition("://")[0]
    if scheme in DEFAULT_PORTS or scheme in _FAMILIAR:
        return ""
    return f"{scheme}:// is not a scheme of browsers or of the usual app shells; check how your app writes its origin."
