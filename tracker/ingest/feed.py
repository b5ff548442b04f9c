"""What happens at this moment, read for all who listen to this process together, and only while somebody does.

The database is asked about once a second, because events may be stored by any process on any host. An event may be
committed a while after it was received, so each look goes back a little, and who listens is told of nothing twice.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from tracker.core.account_rules import Role
from tracker.core.model import Micros
from tracker.core.refusal import Unavailable
from tracker.core.times import SECOND
from tracker.ingest.fresh import Clock
from tracker.ingest.listeners import (
    FULL,
    FURTHEST,
    LOGGED_OUT,
    MOST,
    MOST_OF_USER,
    OTHER_ROLE,
    OVERLAP,
    PLACE_TAKEN,
    Full,
    Listener,
    News,
    end_all,
)
from tracker.store import accounts, attempts
from tracker.store.accounts import Login
from tracker.store.engine import Connection, Engine, reading, transaction
from tracker.store.live import Wanted, news

WATCHED_FOR: Micros = 60 * SECOND


class Feed:
    """Those who listen to this process, and the one thread that reads for them."""

    def __init__(self, engine: Engine, clock: Clock, *, every: float = 1.0, heartbeat: float = 10.0) -> None:
        self._engine = engine
        self._clock = clock
        self._every = every
        self._heartbeat = heartbeat
        self._lock = threading.Lock()
        # In the order in which they came; a place is held from before the first look until the end.
        self._places: dict[Listener, None] = {}
        self._listeners: set[Listener] = set()
        self._reads = False
        self._watched: dict[str, Micros] = {}
        self._serves: Callable[[], bool] = lambda: True

    def ends_unless(self, serves: Callable[[], bool]) -> None:
        """Let everybody go once this says that the process is to stop."""
        self._serves = serves

    def join(self, wanted: Wanted, login: Login, since: Micros) -> Listener:
        """Return a new listener, which is told at once of what has happened since; it has to leave.

        Of one user's listeners the oldest ends where there are too many. Full where other users hold every place.
        """
        listener, now = Listener(wanted, login), self._clock()
        self._take_place(listener)
        try:
            since = max(since, now - FURTHEST) - OVERLAP
            self._watch({wanted.source_id} if wanted.attempts else set(), now)
            listener.tell(transaction(reading(self._engine), lambda conn: news(conn, wanted, since)), now)
        except BaseException:
            # Its place must not stay taken, whatever has failed.
            self.leave(listener)
            raise
        with self._lock:
            if listener not in self._places:
                # Newer pages of the same user have taken its place meanwhile.
                return listener
            self._listeners.add(listener)
            if not self._reads:
                self._reads = True
                threading.Thread(target=self._read, name="feed", daemon=True).start()
        return listener

    def _take_place(self, listener: Listener) -> None:
        with self._lock:
            mine = [one for one in self._places if one.login.user.id == listener.login.user.id]
            oldest = set(mine[: max(0, len(mine) - MOST_OF_USER + 1)])
            if not oldest and len(self._places) >= MOST:
                raise Full(FULL)
            self._drop(oldest)
            self._places[listener] = None
        end_all(oldest, PLACE_TAKEN)

    def _drop(self, leaving: set[Listener]) -> None:
        """Take listeners out, with the lock held."""
        self._listeners -= leaving
        for one in leaving:
            self._places.pop(one, None)

    def hear(self, listener: Listener) -> Iterator[News]:
        """Yield what happens, the newest first, and nothing at all now and then; ends with the login or the process."""
        while (found := self._next(listener)) is not None:
            yield found

    def leave(self, listener: Listener) -> None:
        """Let nothing be read for this listener any more."""
        with self._lock:
            self._drop({listener})

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
            end_all(leaving)
            raise

    def _goes_on(self) -> bool:
        """Return True as long as there is anybody to read for, and a process that serves."""
        with self._lock:
            needed = bool(self._listeners) and self._serves()
            leaving = set() if needed else self._emptied()
        end_all(leaving)
        return needed

    def _emptied(self) -> set[Listener]:
        """Return all who listened, with the lock held; the next who comes starts the reading anew."""
        leaving, self._reads = set(self._listeners), False
        self._drop(leaving)
        return leaving

    def _look(self) -> None:
        """Tell all what is new to them, and end those whose login is over or whose user has another role."""
        now, listeners = self._clock(), set(self._listeners)
        self._watch({one.wanted.source_id for one in listeners if one.wanted.attempts}, now)

        def work(conn: Connection) -> tuple[dict[str, Role], dict[Wanted, News]]:
            roles = accounts.roles_of(conn, {one.login.id for one in listeners}, now)
            return roles, {wanted: news(conn, wanted, now - OVERLAP) for wanted in {one.wanted for one in listeners}}

        roles, found = transaction(reading(self._engine), work)
        logged_out = {one for one in listeners if one.login.id not in roles}
        changed = {one for one in listeners - logged_out if roles[one.login.id] != one.login.user.role}
        for listener in listeners - logged_out - changed:
            listener.tell(found[listener.wanted], now)
        with self._lock:
            self._drop(logged_out | changed)
        end_all(logged_out, LOGGED_OUT)
        end_all(changed, OTHER_ROLE)

    def _watch(self, source_ids: set[str], now: Micros) -> None:
        """Note that somebody waits for these sources, again well before the last note runs out."""
        due = {one for one in source_ids if not 0 <= now - self._watched.get(one, -WATCHED_FOR) < WATCHED_FOR // 3}
        for source_id in due:
            transaction(self._engine, partial(attempts.watch, source_id=source_id, until=now + WATCHED_FOR))
            self._watched[source_id] = now
        self._watched = {one: at for one, at in self._watched.items() if one in source_ids | due}
