"""Keeping the console's numbers up to date: a thread in each worker folds the journal, a little at a time."""

import threading
import time
from collections.abc import Callable
from itertools import count

from tracker.core.pace import next_size
from tracker.core.refusal import Unavailable
from tracker.core.server_settings import Pooler
from tracker.ingest.agents import agent_reader, describe
from tracker.ingest.fresh import Clock, system_clock
from tracker.store import folding, summing
from tracker.store.engine import Connection, Engine, Rejected, connect, transaction

EVERY = 2.0
"""Seconds between two looks into the journal."""
BLOCKS_EVERY = 150
"""Looks into the journal between two looks for blocks of days that are over."""
LONGEST = {"sqlite": 0.02, "postgresql": 0.1}
"""Seconds that a step may take before its commit. For so long does nobody else write to SQLite; on PostgreSQL nobody
waits for it, and a fact costs half as much in a step of a thousand as in one of a hundred."""
LEAST, MOST = 50, 5_000
"""Facts of a step."""
BREATH = 0.005
"""Seconds between two steps, so that requests come in between."""


def fold_all(engine: Engine, clock: Clock, pause: Callable[[float], object] = time.sleep) -> int:
    """Count everything that waits in the journal by now; returns how many transactions that were.

    What comes in meanwhile is the next one's: whoever goes on for as long as something comes counts a few rows at a
    time, and ten facts cost as much as a thousand.
    """
    counted, most = 0, folding.FACTS_A_STEP

    def step(conn: Connection) -> tuple[folding.Folded, float]:
        # Waiting for others' transactions is no reason to do less, so it is not measured.
        started = time.perf_counter()
        return folding.fold(conn, describe, clock(), most), time.perf_counter() - started

    while True:
        (done, more), took = transaction(engine, step)
        counted += done
        if not more:
            return counted
        most = next_size(most, took, longest=LONGEST[engine.dialect.name], least=LEAST, most=MOST)
        pause(BREATH)


def keep_counting(database_url: str, pooler: Pooler = "auto") -> None:
    """Start the thread that counts for as long as this process lives; what fails now is tried again later."""
    threading.Thread(target=_keep_counting, args=(database_url, pooler), name="counting", daemon=True).start()


def _keep_counting(database_url: str, pooler: Pooler) -> None:
    engine = connect(database_url, pool_size=1, pooler=pooler)
    # Loaded before there is anything to count, so that no request waits for it later.
    agent_reader()
    for turn in count():
        time.sleep(EVERY)
        try:
            fold_all(engine, system_clock)
            if turn % BLOCKS_EVERY == 0:
                summing.sum_all(engine, system_clock, lambda: time.sleep(BREATH))
        except (Unavailable, Rejected):
            # The events are stored, and the journal waits as long as it takes.
            continue
