"""How many new types of event one network may bring to a source in a day: those who invent types must not drown others.

Counted in each process for itself, and from the beginning when it starts: the limit is on how fast types come in, while
which of them stay is decided by their use (core/event_types.py). A new type that is refused, because all others are in
use, counts too: to find that out, all types of the source were read.
"""

import threading
from collections.abc import Callable

from tracker.core.event_fates import TOO_MANY_TYPES
from tracker.core.model import Payload, Source
from tracker.core.steps import NoteType, Quarantine, Resolution
from tracker.core.times import DAY
from tracker.ingest.committer import Committer
from tracker.ingest.fresh import Clock
from tracker.ingest.limiter import MOST_BUCKETS, Key

A_DAY = 200


def _brought(resolution: Resolution) -> int:
    """Return how many new types a payload has brought, whether they were noted or refused."""
    noted = sum(isinstance(step, NoteType) for step in resolution.steps)
    refused = {
        step.event.type for step in resolution.steps if isinstance(step, Quarantine) and step.reason == TOO_MANY_TYPES
    }
    return noted + len(refused)


class NewTypes:
    """What each (network, source) has brought today; at most ``MOST_BUCKETS`` of them are remembered."""

    def __init__(self, committer: Committer, clock: Clock) -> None:
        self._committer = committer
        self._clock = clock
        self._day = 0
        self._taken: dict[Key, int] = {}
        self._changing = threading.Lock()

    def record(self, payload: Payload, source: Source, network: Callable[[], str]) -> Resolution:
        """Record a payload, with as many new types as its network may bring; a backend may bring any number.

        ``network`` is asked only where a type comes that this process has not met.
        """
        return self._limited(payload, source, network, self._committer.record)

    def dry_run(self, payload: Payload, source: Source, network: Callable[[], str]) -> Resolution:
        """Return what ``record`` would return; nothing is written, and no new type counts."""
        return self._limited(payload, source, network, self._committer.dry_run, counts=False)

    def _limited(
        self,
        payload: Payload,
        source: Source,
        network: Callable[[], str],
        record: Callable[[Payload, Source], Resolution],
        *,
        counts: bool = True,
    ) -> Resolution:
        met = self._committer.types(source.id)
        if source.trusted or all(event.type in met for event in payload.events):
            return record(payload, source)
        key = (network(), source.id)
        granted = self._reserve(key, len({event.type for event in payload.events}.difference(met)))
        used = 0
        try:
            resolution = record(payload._replace(new_types=granted), source)
            used = min(granted, _brought(resolution)) if counts else 0
        finally:
            self._give_back(key, granted - used)
        return resolution

    def _reserve(self, key: Key, types: int) -> int:
        """Return how many of so many new types may be brought now: taken ahead, as many requests may come at once."""
        with self._changing:
            day = self._clock() // DAY
            if day != self._day or len(self._taken) >= MOST_BUCKETS:
                self._day, self._taken = day, {}
            taken = self._taken.get(key, 0)
            granted = min(types, max(A_DAY - taken, 0))
            self._taken[key] = taken + granted
            return granted

    def _give_back(self, key: Key, types: int) -> None:
        """Give back what another process had noted already, or what was not taken."""
        with self._changing:
            self._taken[key] = max(self._taken.get(key, 0) - types, 0)
