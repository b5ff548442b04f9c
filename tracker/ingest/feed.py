"""What happens at this moment, read for all who listen to this process together, and only while somebody does.

The database is asked about once a second, because events may be stored by any process on any host. An event may be
committed a while after it was received, so each look goes back a little, and who listens is told of nothing twice.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from tracker.core.model import Micros
from tracker.core.refusal import Unavailable
from tracker.core.times import SECOND
from tracker.ingest.fresh import Clock
from tracker.store import accounts, attempts
from tracker.store.engine import Connection, Engine, reading, transaction
from tracker.store.live import Happening, Wanted, news

OVERLAP: Micros = 15 * SECOND
"""How long after it was received an event may be committed and still be told of."""
FURTHEST: Micros = 300 * SECOND
"""How far back somebody is told who comes back after having been cut off."""
WATCHED_FOR: Micros = 60 * SECOND
MOST = 50
_BEHIND = 16

News = list[Happening]


@dataclass(slots=True, eq=False)
class Listener:
    """Somebody who watches: what, by which login, what was told already, and what is still to be told."""

    wanted: Wanted
    login_id: str
    waiting: "queue.Queue[News | None]" = field(default_factory=lambda: queue.Queue(_BEHIND))
    told: dict[str, Micros] = field(default_factory=dict)

    def tell(self, found: News, now: Micros) -> None:
        """Pass on what was not told yet; who does not listen for long misses some of it."""
        fresh = [one for one in found if one.key not in self.told]
        self.told = {key: at for key, at in self.told.items() if at > now - FURTHEST - OVERLAP}
        self.told |= {one.key: one.at for one in fresh}
        if fresh:
            with suppress(queue.Full):
                self.waiting.put_nowait(fresh)

    def end(self) -> None:
        """Let this be the last that it hears."""
        with suppress(queue.Full):
            self.waiting.put_nowait(None)


class Feed:
    """Those who listen to this process, and the one thread that reads for them."""

    def __init__(self, engine: Engine, clock: Clock, *, every: float = 1.0, heartbeat: float = 10.0) -> None:
        self._engine = engine
        self._clock = clock
        self._every = every
        self._heartbeat = heartbeat
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._reads = False
        self._watched: dict[str, Micros] = {}
        self._serves: Callable[[], bool] = lambda: True

    def ends_unless(self, serves: Callable[[], bool]) -> None:
        """Let everybody go once this says that the process is to stop."""
        self._serves = serves

    def is_full(self) -> bool:
        """Return True where this process has as many listeners as it can read for."""
        return len(self._listeners) >= MOST

    def join(self, wanted: Wanted, login_id: str, since: Micros) -> Listener:
        """Return a new listener, who is told at once of what has happened since; whoever joins has to leave."""
        listener, now = Listener(wanted, login_id), self._clock()
        since = max(since, now - FURTHEST) - OVERLAP
        self._watch({wanted.source_id} if wanted.attempts else set(), now)
        listener.tell(transaction(reading(self._engine), lambda conn: news(conn, wanted, since)), now)
        with self._lock:
            self._listeners.add(listener)
            if not self._reads:
                self._reads = True
                threading.Thread(target=self._read, name="feed", daemon=True).start()
        return listener

    def hear(self, listener: Listener) -> Iterator[News]:
        """Yield what happens, the newest first, and nothing at all now and then; ends with the login or the process."""
        while (found := self._next(listener)) is not None:
            yield found

    def leave(self, listener: Listener) -> None:
        """Let nothing be read for this listener any more."""
        with self._lock:
            self._listeners.discard(listener)

    def _next(self, listener: Listener) -> News | None:
        try:
            return listener.waiting.get(timeout=self._heartbeat)
        except queue.Empty:
            return [] if listener in self._listeners else None

    def _read(self) -> None:
        try:
            while self._goes_on():
                with suppress(Unavailable):
                    self._look()
                time.sleep(self._every)
        except BaseException:
            # Nobody is left to wait for nothing: browsers come back by themselves.
            with self._lock:
                leaving = self._emptied()
            _end(leaving)
            raise

    def _goes_on(self) -> bool:
        """Return True as long as there is anybody to read for, and a process that serves."""
        with self._lock:
            needed = bool(self._listeners) and self._serves()
            leaving = set() if needed else self._emptied()
        _end(leaving)
        return needed

    def _emptied(self) -> set[Listener]:
        """Return all who listened, with the lock held; the next who comes starts the reading anew."""
        leaving, self._listeners, self._reads = self._listeners, set(), False
        return leaving

    def _look(self) -> None:
        """Tell everybody what is new to them, and let those go whose login is over."""
        now, listeners = self._clock(), set(self._listeners)
        self._watch({one.wanted.source_id for one in listeners if one.wanted.attempts}, now)

        def work(conn: Connection) -> tuple[set[str], dict[Wanted, News]]:
            valid = accounts.still_logged_in(conn, {one.login_id for one in listeners}, now)
            return valid, {wanted: news(conn, wanted, now - OVERLAP) for wanted in {one.wanted for one in listeners}}

        valid, found = transaction(reading(self._engine), work)
        for listener in listeners:
            if listener.login_id in valid:
                listener.tell(found[listener.wanted], now)
        gone = {one for one in listeners if one.login_id not in valid}
        with self._lock:
            self._listeners -= gone
        _end(gone)

    def _watch(self, source_ids: set[str], now: Micros) -> None:
        """Note that somebody waits for these sources, again well before the last note runs out."""
        due = {one for one in source_ids if not 0 <= now - self._watched.get(one, -WATCHED_FOR) < WATCHED_FOR // 3}
        for source_id in due:
            transaction(self._engine, partial(attempts.watch, source_id=source_id, until=now + WATCHED_FOR))
            self._watched[source_id] = now
        self._watched = {one: at for one, at in self._watched.items() if one in source_ids | due}


def _end(listeners: set[Listener]) -> None:
    for listener in listeners:
        listener.end()
