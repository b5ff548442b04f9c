"""Which types of event a source has: those that are used stay, whatever came first."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tracker.core.model import Micros
from tracker.core.steps import NoteType, UseType
from tracker.core.times import DAY, SECOND

MOST_TYPES = 2_000
"""Every report lists a source's types of event; a mistake that makes one of each order must not drown the others."""
HOUR: Micros = 3600 * SECOND
ESTABLISHED = 24
"""A type that was used in so many different hours gives way to no new one."""
UNUSED_AFTER: Micros = 30 * DAY
"""Unless it was not used for so long."""


class Use(NamedTuple):
    """How much a type is used: in how many different hours, and when in the last of them it was used first."""

    first_seen: Micros
    last_used: Micros
    hours: int


Types = Mapping[str, Use]
"""The types of event of one source."""


def hour_start(moment: Micros) -> Micros:
    """Return the first moment of the hour that a moment lies in."""
    return moment - moment % HOUR


def giving_way(types: Types, now: Micros) -> Iterator[str]:
    """Yield the types that may give way to new ones: the least used first, of these the one used longest ago."""

    def by_use(name: str) -> tuple[bool, int, Micros, Micros, str]:
        use = types[name]
        # What is not used any more goes before what is new, however much it was used once.
        return now - use.last_used < UNUSED_AFTER, use.hours, use.last_used, use.first_seen, name

    for name in sorted(types, key=by_use):
        use = types[name]
        if use.hours < ESTABLISHED or now - use.last_used >= UNUSED_AFTER:
            yield name


def noted(types: Types, step: NoteType | UseType) -> Types:
    """Return the types of a source once a step was taken."""
    if isinstance(step, UseType):
        use = types[step.type]
        return {**types, step.type: Use(use.first_seen, step.at, use.hours + 1)}
    return {name: use for name, use in types.items() if name != step.instead_of} | {step.type: Use(step.at, step.at, 1)}
