"""How much one person may hold, so that no request pays for what somebody has piled up on a profile."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tracker.core.merging import Trait
from tracker.core.model import Micros

MOST_NAMES = 1_000
"""Ids that name one person: a merge and every question about a person cost as much as there are."""
MOST_TRAITS = 200
MOST_TRAIT_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Weight:
    """What a live profile holds: ids that name it, its own traits, and bytes of traits of profiles merged into it."""

    names: int = 1
    traits: Mapping[str, Trait] = field(default_factory=dict)
    elsewhere: int = 0

    @property
    def bytes(self) -> int:
        return self.elsewhere + sum(_size(name, value) for name, (value, _) in self.traits.items())


def joined(survivor: Weight, loser: Weight) -> Weight:
    """Return what the survivor of a merge holds."""
    elsewhere = survivor.elsewhere + loser.bytes
    return replace(survivor, names=survivor.names + loser.names, elsewhere=elsewhere)


def fits(weight: Weight) -> bool:
    """Return whether one person may hold so much."""
    return weight.names <= MOST_NAMES and weight.bytes <= MOST_TRAIT_BYTES


def fitting(weight: Weight, said: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the traits of those said that there is room for, and the names of the others."""
    held = {name: _size(name, value) for name, (value, _) in weight.traits.items()}
    total = weight.elsewhere + sum(held.values())
    kept: dict[str, Any] = {}
    left: list[str] = []
    for name, value in said.items():
        before, size = held.get(name, 0), _size(name, value)
        grows = size > before
        if (name not in held and len(held) >= MOST_TRAITS) or (grows and total + size - before > MOST_TRAIT_BYTES):
            left.append(name)
            continue
        held[name], total = size, total + size - before
        kept[name] = value
    return kept, left


def with_name(weight: Weight) -> Weight:
    """Return what a profile holds once one more id names it."""
    return replace(weight, names=weight.names + 1)


def with_said(weight: Weight, said: Mapping[str, Any], at: Micros) -> Weight:
    """Return what a profile holds once these traits are written."""
    return replace(weight, traits={**weight.traits, **{name: (value, at) for name, value in said.items()}})


def total(weights: Iterable[Weight]) -> Weight:
    """Return what the first of some profiles holds once all others are merged into it."""
    first, *others = weights
    for other in others:
        first = joined(first, other)
    return first


def _size(name: str, value: Any) -> int:
    """Return about how many bytes a trait takes, with the moment that stands beside it."""
    return len(json.dumps([name, value], ensure_ascii=False).encode(errors="replace")) + 20
