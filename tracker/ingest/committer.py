"""Group commit: the payloads that wait together are decided and committed together, and only then answered."""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress

from tracker.core.event_types import Use
from tracker.core.model import Micros, Payload, Source
from tracker.core.refusal import Unavailable
from tracker.core.setting_aside import alone, bare
from tracker.core.steps import Resolution
from tracker.core.times import SECOND
from tracker.ingest.fresh import Clock, NewId, fresh_for
from tracker.store.applying import apply
from tracker.store.deciding import Asked, decide
from tracker.store.directory import Directory
from tracker.store.engine import Connection, Engine, Rejected, StatementFailed, transaction
from tracker.store.event_types import Types
from tracker.store.repository import Digest

LARGEST_BATCH = 128
MOST_EVENTS = 2_000
"""Events that several payloads bring into one batch: how long a statement takes must not follow what clients send."""
HALVED_FOR: Micros = 10 * SECOND
"""How long after its first failure a batch whose statements fail is halved; what is left then is to be sent again."""
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

    def dry_run(self, payload: Payload, source: Source) -> Resolution:
        """Return what would become of a payload at this moment; all its statements run, and are rolled back.

        Refused where the real one would be. SQLite's one writer is held for as long as the real one holds it, without
        the wait for the disk.
        """
        asked = (payload, fresh_for(payload, self._clock, self._new_id))
        sources = self._sources.all() | {source.id: source}

        def tried(batch: Sequence[Asked]) -> list[Resolution]:
            return commit(self._engine, batch, sources, self._digest, self._types, keep=False)[0]

        try:
            return tried([asked])[0]
        except Rejected:
            return self._set_aside(asked, tried)

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
                self._settle(self._next())
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

    def _next(self) -> list[_Waiting]:
        """Return those who waited longest: a batch of at most so many payloads, and so many events of several."""
        batch = [self._queue.popleft()]
        events = len(batch[0].asked[0].events)
        while self._queue and len(batch) < LARGEST_BATCH:
            events += len(self._queue[0].asked[0].events)
            if events > MOST_EVENTS:
                break
            batch.append(self._queue.popleft())
        return batch

    def _settle(self, batch: Sequence[_Waiting], ends: Micros | None = None) -> None:
        """Commit a batch and let everybody in it go, with a resolution or with what went wrong.

        A batch whose statement fails is halved until moment ``ends``, so that what fails costs no other payload.
        """
        sources = {waiting.source.id: waiting.source for waiting in batch}
        try:
            sources = self._sources.all() | sources
            resolutions = self._commit([waiting.asked for waiting in batch], sources)
        except Exception as failure:
            ends = self._clock() + HALVED_FOR if ends is None else ends
            if len(batch) > 1 and self._may_be_of_one(failure, ends):
                middle = len(batch) // 2
                self._settle(batch[:middle], ends)
                self._settle(batch[middle:], ends)
                return
            for waiting in batch:
                waiting.failure = failure
            if isinstance(failure, Rejected):
                self._try_apart(batch[0], sources)
        else:
            for waiting, resolution in zip(batch, resolutions, strict=True):
                waiting.resolution = resolution
        for waiting in batch:
            waiting.gate.release()

    def _may_be_of_one(self, failure: Exception, ends: Micros) -> bool:
        """Return whether a failure may come of one payload alone.

        A database that is away fails each half as it failed the whole, and each time after seconds. So may a statement
        that takes too long, which is why those are not halved for ever.
        """
        if isinstance(failure, StatementFailed):
            return self._clock() < ends
        return not isinstance(failure, Unavailable)

    def _try_apart(self, waiting: _Waiting, sources: dict[str, Source]) -> None:
        """Quarantine the events of the one payload whose content cannot be stored."""
        try:
            waiting.resolution = self._set_aside(waiting.asked, lambda batch: self._commit(batch, sources))
        except Exception as failure:
            waiting.failure = failure

    def _set_aside(self, asked: Asked, record: Callable[[Sequence[Asked]], list[Resolution]]) -> Resolution:
        """Return what became of a payload whose events are quarantined; its visitor is kept where that can be."""
        payload, fresh = asked
        try:
            return record([(bare(payload), fresh)])[0]
        except Rejected:
            # Not what the events say, then: what is written of the visitor contradicts what is stored.
            return record([(alone(payload), fresh)])[0]

    def _commit(self, batch: Sequence[Asked], sources: dict[str, Source]) -> list[Resolution]:
        resolutions, types = commit(self._engine, batch, sources, self._digest, self._types)
        self._types.update(types)
        return resolutions


def commit(
    engine: Engine,
    batch: Sequence[Asked],
    sources: dict[str, Source],
    digest: Digest,
    seen: Types,
    *,
    keep: bool = True,
) -> tuple[list[Resolution], Types]:
    """Decide and write a batch in one transaction; returns a Resolution for each payload in order, and the types seen.

    ``seen`` are the types of event that sources are known to have. After a lost race they are read anew: another
    process may have made room for others.
    Without ``keep`` it is written and rolled back.
    """
    believed = [seen]

    def work(conn: Connection) -> tuple[list[Resolution], Types]:
        decided = decide(conn, batch, sources, digest, believed.pop() if believed else {})
        apply(conn, decided.steps)
        return decided.resolutions, decided.types

    return transaction(engine, work, keep=keep)
