"""What a source may hold: origins and host names, spelled the one way they are compared in."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from tracker.core.ids import id_problem
from tracker.core.limits import Limits
from tracker.core.linking import host_of

_DEFAULT_PORTS = {"http": 80, "https": 443}


def source_id(given: str) -> str:
    """Return the trimmed id of a source; ValueError where it cannot be one."""
    value = given.strip()
    if problem := id_problem(value, Limits().id_chars):
        raise ValueError(f"The source id {problem}.")
    return value


def origin(given: str) -> str:
    """Return ``scheme://host[:port]`` as a browser sends it in ``Origin``; ValueError where it is not an origin."""
    text = given.strip()
    try:
        parts, port = _with_port(text)
    except ValueError:
        parts, port = _with_port("")
    name = host_of(text)
    extras = (parts.path.strip("/"), parts.query, parts.fragment, "@" in parts.netloc)
    if parts.scheme not in _DEFAULT_PORTS or name is None or any(extras):
        raise ValueError(f"{given!r} is not an origin; write it as https://shop.example or http://localhost:3000.")
    shown = f":{port}" if port not in (None, _DEFAULT_PORTS[parts.scheme]) else ""
    return f"{parts.scheme}://{name}{shown}"


def api_url(given: str) -> str:
    """Return the address that pages reach a collector at, without a slash at its end; ValueError where it is none."""
    text = given.strip().rstrip("/")
    parts = urlsplit("")
    with suppress(ValueError):
        parts = _with_port(text)[0]
    extras = (parts.query, parts.fragment, "@" in parts.netloc)
    if parts.scheme not in _DEFAULT_PORTS or host_of(text) is None or not text.isprintable() or any(extras):
        raise ValueError(f"{given!r} is not the address of a collector; write it as https://collect.example.")
    return text


def host(given: str) -> str:
    """Return a host name, lower-cased, in its ASCII form, without a port; ValueError where it is none."""
    text = given.strip().strip(".")
    try:
        # The port tells "blog.example:8080" from "https:blog.example", whose host would be "https".
        _with_port(f"//{text}")
        found = host_of(f"//{text}")
    except ValueError:
        found = None
    if found is None or any(mark in text for mark in "/@?#"):
        raise ValueError(f"{given!r} is not a host name; write it as blog.example, without https:// or a path.")
    return found


def linked_domains(given: Iterable[str], is_public_suffix: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the domains that links are decorated for, without the empty ones; ValueError for a public suffix.

    A link to every site below ``com`` or ``co.uk`` would carry the visitor's id to strangers (protocol §5).
    """
    found = tuple(dict.fromkeys(host(entry) for entry in given if entry.strip()))
    for entry in found:
        if is_public_suffix(entry):
            raise ValueError(f"{entry!r} is a public suffix that anybody can register below; name your own domain.")
    return found


def _with_port(url: str) -> tuple[SplitResult, int | None]:
    """Return the parts of a URL and its port; ValueError where that is no number from 0 to 65535."""
    parts = urlsplit(url)
    return parts, parts.port
