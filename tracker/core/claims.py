"""What an identify event says of its visitor, and which text a signature over all of it covers (protocol §6)."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.core.identity_keys import UNVERIFIED, normalised
from tracker.core.model import IdentityKind

KINDS: tuple[IdentityKind, ...] = ("user_id", "email", "phone")
SIGNED = ("email", "phone", "traits", "user_id")
"""The properties that a signature over the whole covers, as far as they are there."""
PERSONAL = frozenset({"user_id", "userid", "email", "e-mail", "mail", "phone", "traits", "user"})
"""Names, in lower case, by which other trackers' clients say who a visitor is, in places where nothing reads that."""
_NAMED = 5
_WITH_THE_EVENT = (
    "These properties of an identify event are stored with the event alone;"
    " who the visitor is goes into user_id, email, phone and traits: {}."
)
_OF_PROFILE = frozenset({"id", "ids", "metadata"})
_READ = frozenset({*KINDS, "traits", "signature"})
_NOT_READ = "These say nothing about the visitor here and were not kept; send an identify event: {}."


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
    if beside := sorted(name for name, value in properties.items() if _says(value) and name not in _READ):
        problems.append(_WITH_THE_EVENT.format(named(beside)))
    others = {name: value for name, value in traits.items() if name not in KINDS}
    return Said(values, given, others, tuple(problems))


def _named(properties: Mapping[str, Any], traits: Mapping[str, Any]) -> Iterator[tuple[IdentityKind, str, Any]]:
    """Yield (kind, where it stands, value) for each identity, those in the properties themselves first.

    An empty property is one that is absent. Of the traits all are kept, so that an empty one is looked at, too.
    """
    for kind in KINDS:
        if _says(properties.get(kind)):
            yield kind, kind, properties[kind]
    for kind in KINDS:
        if kind in traits:
            yield kind, f"traits.{kind}", traits[kind]


def _says(value: Any) -> bool:
    return value is not None and value != ""


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


def beside_identify(payload: Mapping[str, Any], is_identify: Collection[int]) -> str | None:
    """Return a sentence that names what a payload says about its visitor where nothing reads it; None for nothing.

    ``payload`` is as it was sent, in a shape that was checked; ``is_identify`` holds the places of its identify events.
    """
    profile = payload.get("profile") or {}
    found = [name for name in payload if name.lower() in PERSONAL]
    found += [f"profile.{name}" for name, value in profile.items() if _says(value) and name not in _OF_PROFILE]
    for place in is_identify:
        found += [f"events.{place}.{name}" for name in payload["events"][place] if name.lower() in PERSONAL]
    return _NOT_READ.format(named(sorted(found))) if found else None


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
