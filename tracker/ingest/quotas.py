"""The quota of each source: counted in memory, or in a Redis that all processes share."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker.core.model import Micros, Source
from tracker.core.quota import Quota, Window, read_quota, window
from tracker.core.steps import Resolution
from tracker.core.times import DAY, SECOND
from tracker.ingest.fresh import Clock
from tracker.ingest.limiter import TRIED_AGAIN_AFTER

if TYPE_CHECKING:
    from redis import Redis

SHARED_EVERY: Micros = SECOND
"""How long a process counts for itself before it tells the others: so much of a second's events may be too many."""
LONGEST_WAIT: Micros = 3600 * SECOND
"""Nobody is told to stay away for a month: the quota may be raised meanwhile."""
_KEPT_FOR = 40 * 86_400


@dataclass(slots=True)
class _Tally:
    """What one source has had stored in one window: what all had when they were last asked, and what came since."""

    window: Window
    total: int = 0
    own: int = 0
    next_exchange: Micros = 0
    stored: int = 0
    """How many were stored when the database was read last."""
    since: int = 0
    """How many this process has had stored since then."""

    @property
    def used(self) -> int:
        return max(self.total + self.own, self.stored + self.since)


class Quotas:
    """Counts what is stored for sources that have a quota; the others pay a look at their settings."""

    def __init__(
        self, standard: Quota | None, redis: "Redis | None", clock: Clock, tell: Callable[[str], None]
    ) -> None:
        self._standard = standard
        self._redis = redis
        self._clock = clock
        self._tell = tell
        self._away = False
        self._tallies: dict[str, _Tally] = {}
        self._changing = threading.Lock()

    def wait(self, source: Source) -> Micros:
        """Return 0 where the source may have events stored, else how long to stay away."""
        quota = self._quota_of(source)
        if quota is None:
            return 0
        now = self._clock()
        tally = self._tally(source, quota, now)
        return min(tally.window.end - now, LONGEST_WAIT) if tally.used >= quota.events else 0

    def count(self, source: Source, resolution: Resolution) -> None:
        """Note the events of the source that are stored now."""
        quota = self._quota_of(source)
        if quota is None:
            return
        events = sum(fate == "stored" for _, fate in resolution.fates)
        tally = self._tally(source, quota, self._clock())
        with self._changing:
            tally.own += events
            tally.since += events

    def read(self, sources: Iterable[Source], counted: Counter[tuple[str, int]], before: Mapping[str, int]) -> None:
        """Take over what the database holds; ``before`` is what ``marks`` returned when the reading began.

        What was stored while it was read may count twice until the next reading, so that a quota is never exceeded.
        """
        now = self._clock()
        for source in sources:
            quota = self._quota_of(source)
            if quota is not None:
                tally = self._tally(source, quota, now)
                days = range(tally.window.start // DAY, tally.window.end // DAY)
                with self._changing:
                    tally.stored = sum(counted[source.id, day] for day in days)
                    tally.since = max(tally.since - before.get(source.id, 0), 0)

    def marks(self) -> dict[str, int]:
        """Return by source how many events this process has had stored since the last reading."""
        with self._changing:
            return {source_id: tally.since for source_id, tally in self._tallies.items()}

    def limits(self, sources: Iterable[Source]) -> bool:
        """Whether any of the sources has a quota."""
        return any(self._quota_of(source) for source in sources)

    def _quota_of(self, source: Source) -> Quota | None:
        said = source.settings.get("quota")
        return read_quota(said) if isinstance(said, str) else self._standard

    def _tally(self, source: Source, quota: Quota, now: Micros) -> _Tally:
        """Return the tally of this window, exchanged with the other processes where it is time for that."""
        current = window(quota, now)
        with self._changing:
            tally = self._tallies.get(source.id)
            if tally is None or tally.window != current:
                tally = self._tallies[source.id] = _Tally(current)
            due = self._redis is not None and now >= tally.next_exchange
            if due:
                # Whoever comes while this one is on the way goes on with what is known.
                tally.next_exchange = now + SHARED_EVERY
                own, tally.own, tally.total = tally.own, 0, tally.total + tally.own
        if due:
            self._exchange(f"handoff:quota:{current.name}:{source.id}", tally, own, now)
        return tally

    def _exchange(self, key: str, tally: _Tally, own: int, now: Micros) -> None:
        """Add what this process has counted to what all have; while Redis is away it keeps it, and counts alone."""
        try:
            pipeline = self._redis.pipeline()  # type: ignore[union-attr]
            pipeline.incrby(key, own)
            pipeline.expire(key, _KEPT_FOR)
            total = int(pipeline.execute()[0])
        except Exception:
            # Whatever is wrong with the Redis: no event is refused for it, and none is forgotten.
            with self._changing:
                tally.own, tally.total = tally.own + own, tally.total - own
                tally.next_exchange = now + TRIED_AGAIN_AFTER
            self._note("quota-redis-away", away=True)
            return
        tally.total = total
        self._note("quota-redis-back", away=False)

    def _note(self, change: str, *, away: bool) -> None:
        if self._away != away:
            self._away = away
            self._tell(change)
