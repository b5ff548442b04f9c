"""Who survives a merge, and what the survivor knows."""

from collections.abc import Iterable, Mapping
from typing import Any

from tracker.core.model import Micros, Profile

Trait = tuple[Any, Micros]


def may_merge(here: Profile, referred: Profile) -> bool:
    """Return False for two profiles identified as different people: a link never merges those (protocol §6)."""
    return not (here.identified and referred.identified)


def survivor(here: Profile, referred: Profile) -> Profile:
    """Return the profile that lives on: identified beats anonymous, else the referred one (protocol §6)."""
    return here if here.identified and not referred.identified else referred


def combined(knowledge: Iterable[Mapping[str, Trait]]) -> dict[str, Trait]:
    """Return the traits or consents of all the profiles that became one person: the newer write wins, field by field.

    Nothing is rewritten when profiles merge, so undoing a merge gives each side back just what it knew.
    """
    newest: dict[str, Trait] = {}
    for traits in knowledge:
        for name, (value, at) in traits.items():
            if name not in newest or newest[name][1] < at:
                newest[name] = (value, at)
    return newest


def with_traits(
    stored: Mapping[str, Trait], said: Mapping[str, Any], at: Micros, most: int | None = None
) -> dict[str, Trait]:
    """Return what a profile knows once something more was said of it; beyond ``most`` names no new one is taken."""
    known: dict[str, Trait] = dict(stored)
    for name, value in said.items():
        if most is None or name in known or len(known) < most:
            known[name] = (value, at)
    return known
