"""How long events are kept: as the installation says, and as a source says for itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.core.model import Micros, Source
from tracker.core.times import DAY

SETTING = "retentionDays"
MOST_DAYS = 36_500
QUARANTINE_DAYS = 90
"""How long quarantined events are kept where nothing else says so, or says longer."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """From which moment on events are kept: those of a source that says it for itself, and all others.

    ``others`` is None where they are kept whatever their age.
    """

    others: Micros | None = None
    own: Mapping[str, Micros] = field(default_factory=dict)

    @property
    def everything(self) -> bool:
        """True where nothing is ever too old."""
        return self.others is None and not self.own

    @property
    def earliest(self) -> Micros:
        """The moment before which no source keeps anything."""
        return min(self.others or 0, *self.own.values()) if self.own else self.others or 0

    @property
    def latest(self) -> Micros:
        """The moment from which on every source keeps everything."""
        return max(self.others or 0, *self.own.values()) if self.own else self.others or 0


def own_days(settings: Mapping[str, Any]) -> int | None:
    """Return how many days a source keeps its events, None where it leaves that to the installation.

    ValueError where it says something that is no whole number of days.
    """
    said = settings.get(SETTING)
    if said is not None and not (type(said) is int and 1 <= said <= MOST_DAYS):
        raise ValueError(f"{SETTING} is a whole number of days from 1 to {MOST_DAYS}; without it RETENTION_DAYS holds.")
    return said


def keeping(now: Micros, days: int | None, sources: Iterable[Source]) -> Keeping:
    """Return what is kept now, where sources that say nothing keep so many days; a ValueError names a source."""
    own = {}
    for source in sources:
        try:
            kept = own_days(source.settings)
        except ValueError as error:
            raise ValueError(f"The source {source.id!r}: {error}") from error
        if kept is not None:
            own[source.id] = now - kept * DAY
    return Keeping(None if days is None else now - days * DAY, own)
