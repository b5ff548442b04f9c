"""``make bench``: what the write path costs, as ratios to bare Flask measured side by side in one run."""

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import around
from load import Burst, burst, meet_visitors
from servers import Server, prepared, running
from sqlalchemy import func, select

from tracker.store.engine import connect, reading, transaction
from tracker.store.tables import EventRow

VISITORS = 2_000
LAYOUTS = (("sqlite", None), ("postgresql", None), ("postgresql", 1))
"""(database, workers); None is as many as the collector starts by itself: on PostgreSQL one a core, so that it and the
database share all of them. With one, PostgreSQL has a core that no worker takes from it, as on a machine of its own."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table: medians over the rounds."""

    what: str
    connections: int
    ratio: float
    to_orm: float
    p50_ms: float
    p99_ms: float
    lost: int


@contextmanager
def trio(database: str, workers: int | None, folder: Path) -> Iterator[tuple[Server, Server, Server, dict[str, str]]]:
    """Run bare Flask, the collector and the ORM yardstick, the last two on databases of their own."""
    with ExitStack() as stack:
        as_many = {"WORKERS": str(workers)} if workers else {}
        ours, orm = (prepared(stack, database, folder / name) | as_many for name in ("ours", "orm"))
        yield (
            stack.enter_context(running("bare", "bare:create_app()", 8801, folder, ours)),
            stack.enter_context(running("ours", "app:create_app()", 8802, folder, ours)),
            stack.enter_context(running("orm", "orm:create_app()", 8803, folder, orm)),
            ours,
        )


def measure(database: str, workers: int | None, folder: Path, rounds: int, seconds: int) -> Iterator[Line | str]:
    """Yield the rows for one layout: returning and new visitors, 32 and 64 connections, rounds interleaved.

    Rows of the second table, about what surrounds the write path, come as text.
    """
    layout = f"{database}, one worker" if workers else database
    with trio(database, workers, folder) as (bare, ours, orm, env):
        visitors = folder / "visitors"
        meet_visitors(ours, VISITORS, visitors)
        sent = VISITORS
        for connections in (32, 64):
            for what, known in (("returning", visitors), ("new", None)):
                found: list[tuple[Burst, Burst, Burst, Burst]] = []
                for _ in range(rounds):
                    before = burst(bare, connections=connections, seconds=seconds, visitors=known)
                    mine = burst(ours, connections=connections, seconds=seconds, visitors=known)
                    after = burst(bare, connections=connections, seconds=seconds, visitors=known)
                    yardstick = burst(orm, connections=connections, seconds=seconds, visitors=known)
                    found.append((before, mine, after, yardstick))
                    sent += 2 * mine.requests
                    beside = f"{before.rate:.0f} and {after.rate:.0f}"
                    say(f"{layout} {what} {connections}: {mine.rate:.0f}/s beside bare Flask's {beside}")
                lost = max(sent - stored(env), 0)
                yield summary(f"{layout}, {what} visitors", connections, found, lost)
        if workers:
            return
        if database == "sqlite":
            yield from around.script(bare, ours, rounds, seconds)
        yield from around.half_sent(database, ours, visitors, rounds, seconds)
    yield from around.refusing(database, folder)


def summary(what: str, connections: int, found: Sequence[tuple[Burst, Burst, Burst, Burst]], lost: int) -> Line:
    """Return the medians of what the rounds came to; a ratio is taken within its own round only."""
    return Line(
        what,
        connections,
        statistics.median(mine.rate / ((before.rate + after.rate) / 2) for before, mine, after, _ in found),
        statistics.median(mine.rate / yardstick.rate for _, mine, _, yardstick in found),
        statistics.median(mine.p50_ms for _, mine, _, _ in found),
        statistics.median(mine.p99_ms for _, mine, _, _ in found),
        lost + sum(mine.not_200 + mine.broken for _, mine, _, _ in found),
    )


def stored(env: dict[str, str]) -> int:
    """Return how many events are in the database."""
    engine = connect(env["DATABASE_URL"], for_requests=False)
    try:
        return transaction(reading(engine), lambda conn: conn.scalar(select(func.count()).select_from(EventRow)) or 0)
    finally:
        engine.dispose()


def say(text: str) -> None:
    """Tell whoever waits how far it is."""
    sys.stderr.write(text + "\n")


def main() -> None:
    """Measure, and print the table that the README quotes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("The bench sends its load with wrk; install it (Debian: apt install wrk).")
    print("| write path | connections | × bare Flask | × ORM a request | p50 ms | p99 ms | lost or not 200 |")  # noqa: T201
    print("|---|---|---|---|---|---|---|")  # noqa: T201
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as folder:
        surroundings = []
        for place, (database, workers) in enumerate(LAYOUTS):
            if given.database and database not in given.database:
                continue
            own = Path(folder) / str(place)
            own.mkdir()
            for line in measure(database, workers, own, given.rounds, given.seconds):
                if isinstance(line, str):
                    surroundings.append(line)
                    continue
                print(  # noqa: T201
                    f"| {line.what} | {line.connections} | {line.ratio:.2f} | {line.to_orm:.1f} |"
                    f" {line.p50_ms:.1f} | {line.p99_ms:.1f} | {line.lost} |",
                    flush=True,
                )
        print("\n| around it | |\n|---|---|", *surroundings, sep="\n")  # noqa: T201


if __name__ == "__main__":
    main()
