"""Bringing people in from elsewhere: what to write, so that doing it twice changes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.core.identity_keys import UNVERIFIED
from tracker.core.ids import names_nobody
from tracker.core.merging import Trait
from tracker.core.model import Micros
from tracker.core.steps import AddAlias, CreateProfile, SetTraits, Step, TouchProfile


@dataclass(frozen=True, slots=True)
class Imported:
    """One profile as it is brought in."""

    id: str
    ids: tuple[str, ...] = ()
    traits: Mapping[str, Any] = field(default_factory=dict)
    created: Micros | None = None
    updated: Micros | None = None


@dataclass(frozen=True, slots=True)
class KnownPeople:
    """What the store knows of the ids named: whom each names, what is known of those, and which were erased."""

    aliases: Mapping[str, str] = field(default_factory=dict)
    traits: Mapping[str, Mapping[str, Trait]] = field(default_factory=dict)
    erased: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write, the ids of the profiles that are there afterwards, and what was left out and why."""

    steps: tuple[Step, ...]
    ids: tuple[str, ...]
    errors: tuple[str, ...]


def planned(given: Iterable[Imported], known: KnownPeople, now: Micros) -> Plan:
    """Return what comes of profiles that are brought in: the first owner of an id keeps it, the newer trait wins."""
    aliases = dict(known.aliases)
    steps: list[Step] = []
    ids: list[str] = []
    errors: list[str] = []
    for number, profile in enumerate(given, 1):
        if problem := _problem(profile.id, known):
            errors.append(f"Profile {number}: its id {problem}.")
            continue
        found = aliases.get(profile.id)
        own = aliases.setdefault(profile.id, profile.id)
        if found is None:
            steps.append(CreateProfile(own, _first(profile.created, now), _first(profile.updated, now)))
        more: list[Step] = [*_names(profile, own, known, aliases, errors, number), *_traits(profile, own, known, now)]
        if found is not None and more:
            more.append(TouchProfile(own, now))
        steps += more
        ids.append(own)
    return Plan(tuple(steps), tuple(ids), tuple(errors))


def _names(
    profile: Imported, own: str, known: KnownPeople, aliases: dict[str, str], errors: list[str], number: int
) -> Iterable[Step]:
    """Yield the further ids that nobody has yet, noting whose they are from now on."""
    for extra in profile.ids:
        if problem := _problem(extra, known):
            errors.append(f"Profile {number}: one of its ids {problem}.")
        elif extra not in aliases:
            aliases[extra] = own
            yield AddAlias(extra, own)
        elif aliases[extra] != own:
            errors.append(f"Profile {number}: one of its ids belongs to another profile.")


def _problem(name: str, known: KnownPeople) -> str | None:
    if names_nobody(name):
        return "names nobody"
    return "was erased" if name in known.erased else None


def _traits(profile: Imported, own: str, known: KnownPeople, now: Micros) -> list[Step]:
    at = _first(profile.updated, profile.created, now)
    stored = known.traits.get(own, {})
    said = {
        name: value
        for name, value in profile.traits.items()
        # What nobody has vouched for is noted by the server alone.
        if name.partition(":")[0] != UNVERIFIED
        and (name not in stored or (stored[name][0] != value and stored[name][1] <= at))
    }
    return [SetTraits(own, said, at)] if said else []


def _first(*moments: Micros | None) -> Micros:
    return next(moment for moment in moments if moment is not None)
