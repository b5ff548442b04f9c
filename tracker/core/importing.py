"""Bringing people in from elsewhere: what to write, so that doing it twice changes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.core.claims import named
from tracker.core.identity_keys import UNVERIFIED
from tracker.core.ids import names_nobody
from tracker.core.model import Micros
from tracker.core.person_limits import MOST_NAMES, MOST_TRAITS, Weight, fitting, with_name, with_said
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
    """What the store knows of the ids named: whom each names, what those hold, and which were erased."""

    aliases: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, Weight] = field(default_factory=dict)
    erased: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write, the ids of the profiles that are there afterwards, and what was left out and why."""

    steps: tuple[Step, ...]
    ids: tuple[str, ...]
    errors: tuple[str, ...]


@dataclass(slots=True)
class _Work:
    """A list of profiles while it is being planned: what is known so far, and what was decided."""

    aliases: dict[str, str]
    weights: dict[str, Weight]
    erased: frozenset[str]
    now: Micros
    ids: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def planned(given: Iterable[Imported], known: KnownPeople, now: Micros) -> Plan:
    """Return what comes of profiles that are brought in: the first owner of an id keeps it, the newer trait wins.

    A person holds no more ids and traits than by any other way; what does not fit is named in the errors.
    """
    work = _Work(dict(known.aliases), dict(known.weights), known.erased, now)
    steps = [step for number, profile in enumerate(given, 1) for step in _steps(profile, f"Profile {number}", work)]
    return Plan(tuple(steps), tuple(work.ids), tuple(work.errors))


def _steps(profile: Imported, which: str, work: _Work) -> list[Step]:
    """Return what to write of one profile, which the errors call ``which``."""
    if problem := _problem(profile.id, work.erased):
        work.errors.append(f"{which}: its id {problem}.")
        return []
    found = work.aliases.get(profile.id)
    own = work.aliases.setdefault(profile.id, profile.id)
    work.ids.append(own)
    more: list[Step] = [*_names(profile, own, which, work), *_traits(profile, own, which, work)]
    if found is None:
        return [CreateProfile(own, _first(profile.created, work.now), _first(profile.updated, work.now)), *more]
    return [*more, TouchProfile(own, work.now)] if more else []


def _names(profile: Imported, own: str, which: str, work: _Work) -> Iterable[Step]:
    """Yield the further ids that are free and that there is room for, noting whose they are from now on."""
    for extra in profile.ids:
        if problem := _problem(extra, work.erased):
            work.errors.append(f"{which}: one of its ids {problem}.")
        elif extra in work.aliases:
            if work.aliases[extra] != own:
                work.errors.append(f"{which}: one of its ids belongs to another profile.")
        elif (weight := work.weights.get(own, Weight())).names >= MOST_NAMES:
            work.errors.append(
                f"{which}: a person has at most {MOST_NAMES:,} ids; this one was not kept: {extra[:64]}."
            )
        else:
            work.aliases[extra] = own
            work.weights[own] = with_name(weight)
            yield AddAlias(extra, own)


def _problem(name: str, erased: frozenset[str]) -> str | None:
    if names_nobody(name):
        return "names nobody"
    return "was erased" if name in erased else None


def _traits(profile: Imported, own: str, which: str, work: _Work) -> list[Step]:
    """Return the step that writes the traits that are news and that there is room for, or none."""
    at = _first(profile.updated, profile.created, work.now)
    weight = work.weights.get(own, Weight())
    # What nobody has vouched for is noted by the server alone.
    reserved = sorted(name for name in profile.traits if name.partition(":")[0] == UNVERIFIED)
    if reserved:
        work.errors.append(f"{which}: the server keeps the names of these traits for itself: {named(reserved)}.")
    said = {
        name: value
        for name, value in profile.traits.items()
        if name not in reserved and _is_news(weight, name, value, at)
    }
    said, left = fitting(weight, said)
    if left:
        limits = f"a person holds at most {MOST_TRAITS} traits of 256 KB together"
        work.errors.append(f"{which}: {limits}; these were not kept: {named(left)}.")
    work.weights[own] = with_said(weight, said, at)
    return [SetTraits(own, said, at)] if said else []


def _is_news(weight: Weight, name: str, value: Any, at: Micros) -> bool:
    if name not in weight.traits:
        return True
    stored, stored_at = weight.traits[name]
    return stored != value and stored_at <= at


def _first(*moments: Micros | None) -> Micros:
    return next(moment for moment in moments if moment is not None)
