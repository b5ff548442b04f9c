"""Merging two profiles by hand: which one stays, and what comes together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.core.identity_keys import shown_traits
from tracker.core.merging import Trait, combined, may_merge
from tracker.core.model import Profile

MANUAL = "manual"
"""The reason that the merge log gives for a merge by hand."""


class CannotMerge(ValueError):
    """These two profiles are not merged by hand; the text says why, for people."""


class DifferentPeople(CannotMerge):
    """Both profiles are identified, and the operator has not said that they are one person."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two profiles, together with all that were merged into it before."""

    id: str
    identified: bool = False
    ids: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    """Kinds of the identity keys that it has: ``user_id``, ``email``, ``phone``."""
    sessions: int = 0
    events: int = 0
    traits: Mapping[str, Trait] = field(default_factory=dict)
    consents: Mapping[str, Trait] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """A trait or consent that both sides have with different values: the newer one is shown after the merge."""

    name: str
    kept: Any
    hidden: Any
    kept_from: str
    """The id of the profile that the newer value comes from."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What comes together when ``loser`` is merged into ``survivor``."""

    survivor: Side
    loser: Side

    @property
    def different_people(self) -> bool:
        """Whether both are identified: such profiles are merged only where the operator says so explicitly."""
        return not may_merge(_profile(self.loser), _profile(self.survivor))

    @property
    def traits(self) -> dict[str, Any]:
        """The traits after the merge; those that are only claimed are under ``unverified``."""
        joined = combined((self.survivor.traits, self.loser.traits))
        return shown_traits((name, value) for name, (value, _) in joined.items())

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The traits and consents on which the two sides disagree, by name."""
        return (
            *_differences(self, self.survivor.traits, self.loser.traits),
            *_differences(self, self.survivor.consents, self.loser.consents),
        )


def planned(first: Side, second: Side) -> Preview:
    """Return what a merge would bring together: the first profile stays, unless only the second is identified.

    Raises CannotMerge where both ids name one profile.
    """
    if first.id == second.id:
        raise CannotMerge(f"Both ids name the profile {first.id!r} already.")
    if second.identified and not first.identified:
        first, second = second, first
    return Preview(survivor=first, loser=second)


def allowed(preview: Preview, *, different_people: bool) -> None:
    """Raise DifferentPeople where both profiles are identified and the operator has not said that this is meant."""
    if preview.different_people and not different_people:
        ids = f"{preview.survivor.id!r} and {preview.loser.id!r}"
        raise DifferentPeople(f"{ids} are identified as two different people; nothing was merged.")


def shown(preview: Preview) -> dict[str, Any]:
    """Return a preview as the command line and the API print it."""
    survivor, loser = preview.survivor, preview.loser
    return {
        "survivor": survivor.id,
        "loser": loser.id,
        "different_people": preview.different_people,
        "ids": [*survivor.ids, *loser.ids],
        "identities": {"survivor": list(survivor.kinds), "loser": list(loser.kinds)},
        "sessions": {"survivor": survivor.sessions, "loser": loser.sessions},
        "events": {"survivor": survivor.events, "loser": loser.events},
        "traits": preview.traits,
        "differences": [
            {"name": one.name, "kept": one.kept, "hidden": one.hidden, "kept_from": one.kept_from}
            for one in preview.differences
        ],
    }


def _profile(side: Side) -> Profile:
    return Profile(side.id, side.identified)


def _differences(preview: Preview, mine: Mapping[str, Trait], theirs: Mapping[str, Trait]) -> Iterator[Difference]:
    for name in sorted(mine.keys() & theirs.keys()):
        (value, at), (other, later) = mine[name], theirs[name]
        if value != other and later > at:
            yield Difference(name, other, value, preview.loser.id)
        elif value != other:
            yield Difference(name, value, other, preview.survivor.id)
