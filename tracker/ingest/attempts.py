"""Writing down what is turned away, for who waits for it: throttled, so that a flood costs next to nothing."""

import threading
from contextlib import suppress

from tracker.core.attempts import LIKE_UNKNOWN, LONGEST, Attempt
from tracker.core.model import Micros, Source
from tracker.core.refusal import Unavailable
from tracker.core.silence import is_fault
from tracker.core.times import SECOND
from tracker.ingest.fresh import Clock, NewId
from tracker.store import attempts
from tracker.store.directory import Directory
from tracker.store.engine import Engine, Rejected, transaction

EVERY: Micros = SECOND
"""A process writes at most one fault and one other attempt in this time, whatever comes."""
SAME_AGAIN: Micros = 10 * SECOND
"""The same attempt is written again only after this time, so that a flood leaves room for another one."""
_REMEMBERED = 64


class Attempts:
    """What this process has turned away while somebody waited for it."""

    def __init__(self, engine: Engine, sources: Directory, clock: Clock, new_id: NewId) -> None:
        self._engine = engine
        self._sources = sources
        self._clock = clock
        self._new_id = new_id
        self._told: dict[tuple[str, str, str, str], Micros] = {}
        # A page loads the script and sends within a second: its refusal must find room beside the note of the script.
        self._last: dict[bool, Micros] = {}
        self._turn = threading.Lock()

    def known(self, source_id: str) -> Source | None:
        """Return the source of that id as the copy at hand knows it, or None."""
        with suppress(Unavailable):
            return self._sources.all().get(source_id)
        return None

    def note(self, source_id: str, reason: str, origin: str | None = None, detail: str = "") -> bool:
        """Store an attempt where somebody waits for it and the last one is long enough ago; returns whether it was."""
        now = self._clock()
        told = (source_id, reason, _fit(origin or ""), _fit(detail))
        if not self._is_watched(source_id, reason, now) or not self._may_tell(told, now):
            return False
        attempt = Attempt(self._new_id("request"), now, *told)
        try:
            transaction(self._engine, lambda conn: attempts.note(conn, attempt))
        except (Unavailable, Rejected):
            # Whoever was turned away is told so all the same; that is what matters.
            return False
        return True

    def _is_watched(self, source_id: str, reason: str, now: Micros) -> bool:
        try:
            sources = self._sources.all()
        except Unavailable:
            return False
        meant = sources.get(source_id)
        # A wrong id is for all who wait to look at. What else is answered like it takes as long as it: otherwise the
        # time of an answer would tell which ids there are.
        waiting = [meant] if meant and reason not in LIKE_UNKNOWN else sources.values()
        return any(source.watched_until > now for source in waiting)

    def _may_tell(self, told: tuple[str, str, str, str], now: Micros) -> bool:
        with self._turn:
            kind = is_fault(told[1])
            if (
                abs(now - self._last.get(kind, -EVERY)) < EVERY
                or abs(now - self._told.get(told, -SAME_AGAIN)) < SAME_AGAIN
            ):
                return False
            if len(self._told) >= _REMEMBERED:
                self._told.clear()
            self._last[kind] = self._told[told] = now
        return True


def _fit(text: str) -> str:
    """Return what any database keeps of a text that a client has chosen."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text[:LONGEST])
