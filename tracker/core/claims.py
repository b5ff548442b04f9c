"""What an identify event says of its visitor, and which text a signature over all of it covers (protocol §6)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.core.identity_keys import UNVERIFIED, normalised
from tracker.core.model import IdentityKind

KINDS: tuple[IdentityKind, ...] = ("user_id", "email", "phone")
SIGNED = ("email", "phone", "traits", "user_id")
"""The properties that a signature over the whole covers, as far as they are there."""
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Said:
    """The user id, address and number of an identify event in their one spelling, its traits, and what is wrong."""

    values: Mapping[IdentityKind, str]
    given: Mapping[IdentityKind, Any]
    """The same as they were sent."""
    traits: Mapping[str, Any]
    problems: tuple[str, ...]
    """A sentence for each part that is not kept."""


def said_in(properties: Mapping[str, Any]) -> Said:
    """Return what the properties of an identify event say; what stands in ``traits`` counts as well.

    Where both name an address (or number, or user id), the one in the properties themselves counts.
    """
    problems: list[str] = []
    traits = _traits(properties.get("traits"), problems)
    values: dict[IdentityKind, str] = {}
    given: dict[IdentityKind, Any] = {}
    for kind, where, value in _named(properties, traits):
        spelled = normalised(kind, value)
        if spelled is None:
            problems.append(f"{where} of an identify event names nobody or cannot be read; it was ignored.")
        elif kind not in values:
            values[kind], given[kind] = spelled, value
        elif values[kind] != spelled:
            problems.append(f"{where} of an identify event differs from {kind}; it was ignored.")
    others = {name: value for name, value in traits.items() if name not in KINDS}
    return Said(values, given, others, tuple(problems))


def _named(properties: Mapping[str, Any], traits: Mapping[str, Any]) -> Iterator[tuple[IdentityKind, str, Any]]:
    """Yield (kind, where it stands, value) for each identity, those in the properties themselves first."""
    for prefix, place in (("", properties), ("traits.", traits)):
        for kind in KINDS:
            if place.get(kind) not in (None, ""):
                yield kind, f"{prefix}{kind}", place[kind]


def _traits(given: Any, problems: list[str]) -> Mapping[str, Any]:
    """Return the traits, without the names by which the server marks what is unverified."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        problems.append("traits of an identify event are no object; they were ignored.")
        return {}
    reserved = sorted(name for name in given if name.partition(":")[0] == UNVERIFIED)
    if reserved:
        problems.append(
            f"These traits have names that the server keeps for itself, and were ignored: {named(reserved)}."
        )
    return {name: value for name, value in given.items() if name not in reserved}


def named(names: Sequence[str]) -> str:
    """Return the first few of some names, each cut to 64 characters, for a warning."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(name[:64] for name in names[:_NAMED]) + more


def signed_text(properties: Mapping[str, Any]) -> str | None:
    """Return the text that a signature over everything is made of, or None where it cannot be written in one way.

    It is canonical JSON of those of ``SIGNED`` that are there: names sorted, no spaces, nothing escaped but what JSON
    must. Numbers are whole, because languages write decimals in different ways.
    """
    covered = {name: properties[name] for name in SIGNED if name in properties}
    if not covered or _has_decimals(covered):
        return None
    return json.dumps(covered, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _has_decimals(given: Any) -> bool:
    # The decoder has bounded the depth.
    if isinstance(given, Mapping):
        return any(map(_has_decimals, given.values()))
    if isinstance(given, list):
        return any(map(_has_decimals, given))
    return isinstance(given, float)
