"""Group commit: the payloads that wait together are decided and committed together, and only then answered."""

import threading
import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

from tracker.core.event_types import Use
from tracker.core.model import Payload, Source
from tracker.core.refusal import Unavailable
from tracker.core.steps import Resolution
from tracker.ingest.fresh import Clock, NewId, fresh_for
from tracker.store.applying import apply
from tracker.store.deciding import Asked, decide
from tracker.store.directory import Directory
from tracker.store.engine import Connection, Engine, Rejected, reading, transaction
from tracker.store.event_types import Types
from tracker.store.repository import Digest

LARGEST_BATCH = 128
ONE_TURN = 1e-6
MOST_WAITING = 500
"""Above this the collector is slower than its visitors: who comes now is told at once to come again.

Well below the 1 000 connections that gunicorn gives a worker: where they all wait here, nobody is left to be told.
"""


class _Waiting:
    """One caller: what it asked for, the source that accepted it, what came of it, and the gate it waits at."""

    __slots__ = ("asked", "failure", "gate", "resolution", "source")

    def __init__(self, asked: Asked, source: Source) -> None:
        self.asked = asked
        self.source = source
        self.resolution: Resolution | None = None
        self.failure: BaseException | None = None
        # A bare lock is the cheapest thing one thread (or greenlet) can wait at until another lets it go.
        self.gate = threading.Lock()
        self.gate.acquire()

    def outcome(self) -> Resolution:
        self.gate.acquire()
        if self.resolution is None:
            raise self.failure or RuntimeError("a payload was let go without an outcome")
        return self.resolution


class Committer:
    """Records payloads; whoever gets a Resolution back may tell the client that it is stored.

    One writer thread a process, started with the first payload, takes all that wait at that moment. Nobody waits for
    a batch to fill: while one is being committed the next one gathers by itself.
    """

    def __init__(self, engine: Engine, sources: Directory, clock: Clock, new_id: NewId, digest: Digest) -> None:
        self._engine = engine
        self._sources = sources
        self._clock = clock
        self._new_id = new_id
        self._digest = digest
        self._types: dict[str, Mapping[str, Use]] = {}
        self._queue: deque[_Waiting] = deque()
        # The writer waits at it, and whoever comes to a writer that waits lets it go. A semaphore that counts them all
        # gave control away twice a request under gevent, whose locks let others go first when they are only asked.
        self._bell = threading.Lock()
        self._bell.acquire()
        self._starting = threading.Lock()
        self._writer: threading.Thread | None = None

    def record(self, payload: Payload, source: Source) -> Resolution:
        """Return what became of a payload once it is committed; Unavailable where it could not be stored."""
        if len(self._queue) >= MOST_WAITING:
            raise Unavailable("Too many events at once; send the same body again.")
        waiting = _Waiting((payload, fresh_for(payload, self._clock, self._new_id)), source)
        self._queue.append(waiting)
        self._ring()
        if self._writer is None:
            self._start()
        return waiting.outcome()

    def rehearse(self, payload: Payload, source: Source) -> Resolution:
        """Return what would become of a payload at this moment; nothing is written."""
        fresh = fresh_for(payload, self._clock, self._new_id)
        sources = self._sources.all() | {source.id: source}

        def work(conn: Connection) -> Resolution:
            return decide(conn, [(payload, fresh)], sources, self._digest, self._types).resolutions[0]

        return transaction(reading(self._engine), work)

    def types(self, source_id: str) -> Collection[str]:
        """Return the types of event that a source had when its last payload was recorded here; no database is asked."""
        return self._types.get(source_id, ())

    def _start(self) -> None:
        with self._starting:
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="committer", daemon=True)
                self._writer.start()

    def _ring(self) -> None:
        if self._bell.locked():
            # Another thread may have rung in between; that the writer looks once too often costs nothing.
            with suppress(RuntimeError):
                self._bell.release()

    def _write(self) -> None:
        while True:
            self._bell.acquire()
            self._gather()
            while self._queue:
                size = min(len(self._queue), LARGEST_BATCH)
                self._settle([self._queue.popleft() for _ in range(size)])
                self._gather()

    def _gather(self) -> None:
        """Let who is there already join the batch; this is no wait for requests yet to come.

        Under gevent the writer is woken before the loop has looked at the sockets again. The loop turns once more as
        long as each turn has brought somebody, for larger batches cost everybody in them less.
        """
        before = -1
        while before < (waiting := len(self._queue)) < LARGEST_BATCH:
            before = waiting
            time.sleep(ONE_TURN)

    def _settle(self, batch: Sequence[_Waiting]) -> None:
        """Commit a batch and let everybody in it go, with a resolution or with what went wrong."""
        sources = {waiting.source.id: waiting.source for waiting in batch}
        try:
            sources = self._sources.all() | sources
            resolutions = self._commit([waiting.asked for waiting in batch], sources)
        except Unavailable as unavailable:
            for waiting in batch:
                waiting.failure = unavailable
        except Exception as failure:
            if len(batch) > 1:
                # Something in the batch cannot be stored, and no retry mends that: the halves find out which it is.
                middle = len(batch) // 2
                self._settle(batch[:middle])
                self._settle(batch[middle:])
                return
            batch[0].failure = failure
            if isinstance(failure, Rejected):
                self._set_aside(batch[0], sources)
        else:
            for waiting, resolution in zip(batch, resolutions, strict=True):
                waiting.resolution = resolution
        for waiting in batch:
            waiting.gate.release()

    def _set_aside(self, waiting: _Waiting, sources: dict[str, Source]) -> None:
        """Quarantine the events of the one payload that cannot be stored; its visitor is kept all the same."""
        payload, fresh = waiting.asked
        events = tuple(event._replace(unstorable=True) for event in payload.events)
        bare = payload._replace(events=events, context={}, properties={}, device={})
        try:
            waiting.resolution = self._commit([(bare, fresh)], sources)[0]
        except (Rejected, Unavailable) as failure:
            waiting.failure = failure

    def _commit(self, batch: Sequence[Asked], sources: dict[str, Source]) -> list[Resolution]:
        resolutions, types = commit(self._engine, batch, sources, self._digest, self._types)
        self._types.update(types)
        return resolutions


def commit(
    engine: Engine, batch: Sequence[Asked], sources: dict[str, Source], digest: Digest, seen: Types
) -> tuple[list[Resolution], Types]:
    """Decide and write a batch in one transaction; returns a Resolution for each payload in order, and the types seen.

    ``seen`` are the types of event that sources are known to have. After a lost race they are read anew: another
    process may have made room for others.
    """
    believed = [seen]

    def work(conn: Connection) -> tuple[list[Resolution], Types]:
        decided = decide(conn, batch, sources, digest, believed.pop() if believed else {})
        apply(conn, decided.steps)
        return decided.resolutions, decided.types

    return transaction(engine, work)
