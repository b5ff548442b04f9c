"""Reading what is stored of each source, in each worker: quotas outlive a restart, and what other workers store counts.

Everything that is older than ``SETTLED`` is counted once a process; what is younger is counted at each reading.
"""

import threading
import time
from collections import Counter
from contextlib import suppress

from tracker.core.model import Micros
from tracker.core.quota import Quota, window
from tracker.core.refusal import Unavailable
from tracker.core.times import SECOND
from tracker.ingest.fresh import Clock
from tracker.ingest.quotas import Quotas
from tracker.store.directory import Directory
from tracker.store.engine import Engine, Rejected, reading, transaction
from tracker.store.usage import stored

EVERY = 10.0
"""Seconds between two readings: so much of what other workers store may be over a quota."""
SETTLED: Micros = 60 * SECOND
"""No transaction that commits now has events that came earlier than this."""
_MONTH = Quota(1, "month")


class Usage:
    """What the database holds of this month's events; read by one thread."""

    def __init__(self, quotas: Quotas, engine: Engine, sources: Directory, clock: Clock) -> None:
        self._quotas = quotas
        self._engine = engine
        self._sources = sources
        self._clock = clock
        self._month = ""
        self._settled: Counter[tuple[str, int]] = Counter()
        self._until: Micros = 0

    def read(self) -> None:
        """Tell the quotas what is stored, unless no source has one."""
        sources = list(self._sources.all().values())
        if not self._quotas.limits(sources):
            return
        now, before = self._clock(), self._quotas.marks()
        month = window(_MONTH, now)
        if month.name != self._month:
            self._month, self._settled, self._until = month.name, Counter(), month.start
        settled = max(now - SETTLED, self._until)
        found = transaction(reading(self._engine), lambda conn: stored(conn, self._until, settled))
        self._settled += found
        self._until = settled
        recent = transaction(reading(self._engine), lambda conn: stored(conn, settled, month.end))
        self._quotas.read(sources, self._settled + recent, before)

    def keep_reading(self) -> None:
        """Read once, and then now and again in a thread for as long as this process lives."""
        self._try_to_read()
        threading.Thread(target=self._keep_reading, name="usage", daemon=True).start()

    def _keep_reading(self) -> None:
        while True:
            time.sleep(EVERY)
            self._try_to_read()

    def _try_to_read(self) -> None:
        # What this process has counted itself still holds; the next reading may find the database back.
        with suppress(Unavailable, Rejected):
            self.read()
