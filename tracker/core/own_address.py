"""The collector's own address: what ``PUBLIC_URL`` and ``HOST`` may be, and which ``Host`` headers name this server."""

import re
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

OWN_PATHS = frozenset(
    (
        *("account", "api", "console-assets", "docs", "event", "event-source", "event-sources", "events", "healthz"),
        *("live", "login", "logout", "metrics", "openapi.json", "overview.csv", "pass", "people", "person"),
        *("profile", "profiles", "quarantine", "readyz", "resource", "resources", "session", "sessions", "setup"),
        *("source", "sources", "token", "track", "tracker", "user"),
    )
)
"""First segments of the collector's own routes. A public path that begins with one of them would be ambiguous: behind a
proxy that strips the prefix nothing tells ``/tracker`` the prefix from ``/tracker`` the script."""

_LIKE = "must be like https://collect.example or https://example.com/handoff"
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*", re.ASCII)
_USUAL_PORTS = {"http": 80, "https": 443}


def read_public_url(given: str) -> str:
    """Return the address as browsers write it: lower-case name, no usual port, no slash at the end.

    ValueError says in a sentence what is wrong; it never repeats a user name or a password.
    """
    if not given.isascii():
        raise ValueError(f"{_LIKE}; write a name with other letters as browsers send it (xn--…).")
    parts = parts_of(given)
    if parts is not None and "@" in parts.netloc:
        raise ValueError(f"{_LIKE}, without a user name or a password.")
    if parts is None or not _is_bare(given) or parts.scheme not in _USUAL_PORTS or parts.port == 0:
        raise ValueError(f"{_LIKE}, not {given!r}.")
    host = (parts.hostname or "").removesuffix(".")
    # Older versions of Python take any text between brackets for a host.
    if not (_is_address(host) or ("[" not in parts.netloc and _NAME.fullmatch(host))):
        raise ValueError(f"{_LIKE}, not {given!r}.")
    path = parts.path.rstrip("/")
    if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise ValueError(f"{_LIKE}; its path may hold letters, digits and . _ ~ - alone, not {given!r}.")
    if path and path.split("/")[1] in OWN_PATHS:
        raise ValueError(f"cannot have the path {path!r}: the collector has pages of that name; choose another one.")
    port = None if parts.port == _USUAL_PORTS[parts.scheme] else parts.port
    return f"{parts.scheme}://{authority(host, port)}{path}"


def read_listen_host(given: str) -> str:
    """Return an address or a name to listen on, without brackets; ValueError says in a sentence what is wrong."""
    bare = given[1:-1] if given.startswith("[") and given.endswith("]") else given
    try:
        address = ip_address(bare)
    except ValueError:
        if not _NAME.fullmatch(bare.lower()) or bare != given:
            raise ValueError(
                "must be an address or a name alone, such as 127.0.0.1, 0.0.0.0, ::1 or [::]; the port is PORT."
            ) from None
        return bare.lower()
    if isinstance(address, IPv6Address) and address.scope_id:
        raise ValueError("cannot be an address with a zone (%…); listen on :: or on an address without one.")
    return str(address)


def authority(host: str, port: int | None = None) -> str:
    """Return host and port as a URL has them: an IPv6 address stands in brackets."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


def public_host(public_url: str) -> str:
    """Return the host of an address that ``read_public_url`` has returned."""
    return urlsplit(public_url).hostname or ""


def public_path(public_url: str) -> str:
    """Return the path of such an address, ``/handoff``, or an empty text where it has none."""
    return urlsplit(public_url).path


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, which browsers trust as they trust TLS."""
    return _is_loopback_name(host) or (_is_address(host) and ip_address(host).is_loopback)


def has_host_to_itself(public_url: str) -> bool:
    """Whether such an address is a whole site over TLS: what holds for its host then holds for the collector alone.

    A browser keeps Strict-Transport-Security for the host, whatever path or port it came from, so an address below
    somebody's path, on a port of its own, or of the machine itself must not send it.
    """
    parts = urlsplit(public_url)
    is_whole = parts.scheme == "https" and parts.port is None and not parts.path
    return is_whole and not (_is_loopback_name(parts.hostname or "") or _is_address(parts.hostname or ""))


def names_this_server(host_header: str, own_host: str) -> bool:
    """Whether a ``Host`` header is the public host, a loopback name, an address as numbers, or absent.

    A page that points a name of its own at this machine (DNS rebinding) sends that name, and a browser always sends
    one: numbers and loopback names are nobody's to point elsewhere.
    """
    host = _host_of(host_header)
    return host in ("", own_host) or _is_loopback_name(host) or _is_address(host)


def _host_of(header: str) -> str:
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].removesuffix(".")


def _is_loopback_name(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_bare(url: str) -> bool:
    """Whether a URL has nothing but what an address needs; urlsplit itself drops line breaks and empty queries."""
    return not re.search(r"[\s?#\\\x00-\x1f\x7f]", url)


def parts_of(url: str) -> SplitResult | None:
    """Return the parts of a URL, or None where it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts
