"""One payload while it is being decided."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tracker.core.known import Known
from tracker.core.model import Fresh, Payload, Source
from tracker.core.person_limits import Weight, total
from tracker.core.steps import MergeProfiles, Step


@dataclass(slots=True)
class Case:
    """What was asked, what is known, and what was decided so far."""

    payload: Payload
    source: Source
    known: Known
    fresh: Fresh
    steps: list[Step] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    types_met: set[str] = field(default_factory=set)
    """Types of event of this payload that were looked at and may be stored."""
    new_types: int = 0
    """How many of them its source has not had."""
    giving_way: Iterator[str] | None = None
    """The types that give way to new ones, once that was asked for."""
    saves_profile: bool = field(init=False)
    saves_session: bool = field(init=False)

    def __post_init__(self) -> None:
        options = [event.options for event in self.payload.events]
        self.saves_profile = any(given.save_profile for given in options)
        self.saves_session = any(given.save_session for given in options)


def weight_now(case: Case, profile_id: str, *more: str) -> Weight:
    """Return what a live profile holds, with this payload's own merges, and with ``more`` profiles merged into it."""
    losers = [step.loser for step in case.steps if isinstance(step, MergeProfiles) and step.survivor == profile_id]
    return total(case.known.weight(one) for one in (profile_id, *losers, *more))


def live_now(case: Case, profile_id: str | None) -> str | None:
    """Return the live profile that an id names once this payload's own merges are taken into account."""
    live = case.known.live(profile_id)
    if live is None:
        return None
    name = live.id
    for step in case.steps:
        if isinstance(step, MergeProfiles) and step.loser == name:
            name = step.survivor
    return name
