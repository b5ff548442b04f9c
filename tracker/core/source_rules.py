"""What a source may hold: host names and settings, spelled the one way they are compared in."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from types import NoneType
from typing import Any
from urllib.parse import urlsplit

from tracker.core.ids import id_problem
from tracker.core.limits import Limits
from tracker.core.linking import host_of
from tracker.core.origins import DEFAULT_PORTS, with_port
from tracker.core.quota import read_quota
from tracker.core.scrub import read_names
from tracker.core.setting_rules import REQUIRE_REFERRER


def source_id(given: str) -> str:
    """Return the trimmed id of a source; ValueError where it cannot be one."""
    value = given.strip()
    if problem := id_problem(value, Limits().id_chars):
        raise ValueError(f"The source id {problem}.")
    return value


def api_url(given: str) -> str:
    """Return the address that pages reach a collector at, without a slash at its end; ValueError where it is none."""
    text = given.strip().rstrip("/")
    parts = urlsplit("")
    with suppress(ValueError):
        parts = with_port(text)[0]
    extras = (parts.query, parts.fragment, "@" in parts.netloc)
    if parts.scheme not in DEFAULT_PORTS or host_of(text) is None or not text.isprintable() or any(extras):
        raise ValueError(f"{given!r} is not the address of a collector; write it as https://collect.example.")
    return text


def host(given: str) -> str:
    """Return a host name, lower-cased, in its ASCII form, without a port; ValueError where it is none."""
    text = given.strip().strip(".")
    try:
        # The port tells "blog.example:8080" from "https:blog.example", whose host would be "https".
        with_port(f"//{text}")
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


def quota(settings: Mapping[str, Any]) -> None:
    """Raise a ValueError where the quota that a source has of its own is none."""
    said = settings.get("quota")
    if said is not None and not isinstance(said, str):
        raise ValueError('quota is a text: "100000/day", "2000000/month" or "off".')
    read_quota("off" if said is None else said)


def referrals(settings: Mapping[str, Any]) -> None:
    """Raise a ValueError that says what is wrong with the settings of links between domains."""
    if not isinstance(settings.get(REQUIRE_REFERRER), (bool, NoneType)):
        raise ValueError(f"{REQUIRE_REFERRER} is true or false.")


def privacy(settings: Mapping[str, Any]) -> None:
    """Raise a ValueError that says what is wrong with the settings by which a source guards its visitors' privacy."""
    if not isinstance(settings.get("requireConsent"), (bool, str, NoneType)):
        raise ValueError('requireConsent is true, false or the name of a consent, such as "analytics".')
    names = settings.get("scrubParameters")
    if names is None:
        return
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError('scrubParameters is a list of names: ["customer", "order_token"].')
    read_names(" ".join(names), standard=())
