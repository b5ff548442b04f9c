"""``make bench-growth``: what a request costs with ten million events stored, beside the same on an empty database."""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
from load import burst, meet_visitors
from servers import Server, prepared, running
from sqlalchemy import Connection

from tracker.ingest.fresh import system_clock
from tracker.store import months
from tracker.store.engine import connect

VISITORS = 2_000
DAY = 86_400 * 1_000_000
A_YEAR = 365 * DAY
PIECE = 500_000

# Ids lie anywhere in their index, as those of browsers do.
SERIES = {
    "postgresql": ("generate_series(CAST({} AS bigint), {}) AS series(n)", "md5(CAST(n AS text))"),
    "sqlite": (
        "(WITH RECURSIVE s(n) AS (SELECT {} UNION ALL SELECT n + 1 FROM s WHERE n < {}) SELECT n FROM s)",
        "lower(hex(randomblob(16)))",
    ),
}
PEOPLE = (
    "INSERT INTO profile SELECT 'p' || n, 1, 1, '{{}}', '{{}}', FALSE, NULL FROM {people}",
    "INSERT INTO alias SELECT 'p' || n, 'p' || n, 'p' || n FROM {people}",
    "INSERT INTO session SELECT 's' || n, 's' || n, 'p' || n, 'bench', 1, 1, '{{}}', '{{}}', '{{}}', '{{}}'"
    " FROM {people}",
)
EVENTS = """
    INSERT INTO event (source_id, id, type, profile_id, session_id, properties, context, tags,
                       created, inserted, updated, received_at, batch, position, batch_size)
    SELECT 'bench', substr({hash}, 1, 24) || n, 'page-view', 'p' || (n / 10), 's' || (n / 10),
           '{{"category": "laptops"}}', '{{"page": {{"url": "https://shop.example/laptops/1", "title": "Laptops"}}}}',
           '[]', {time}, {time}, NULL, {time}, 'b' || n, 0, 1
      FROM {events}"""
KEYS = """
    INSERT INTO event_key SELECT source_id, id, profile_id, session_id, received_at FROM event
     WHERE received_at BETWEEN {low} AND {high}"""


def fill(conn: Connection, first: int, last: int, step: int, now: int) -> None:
    """Store the events of these numbers, their keys, and the people and visits they belong to; ten events a person."""
    series, hashed = SERIES[conn.dialect.name]
    start = now - A_YEAR
    given = {
        "people": series.format(first // 10, (last - 9) // 10),
        "events": series.format(first, last),
        "hash": hashed,
        "time": f"({start} + n * {step})",
        "low": start + first * step,
        "high": start + last * step,
    }
    for statement in (*PEOPLE, EVENTS, KEYS):
        conn.exec_driver_sql(statement.format(**given))


def grown(env: dict[str, str], events: int) -> None:
    """Fill a migrated database with that many events over the last year; says how far it is."""
    engine = connect(env["DATABASE_URL"], for_requests=False)
    now, started = system_clock(), time.monotonic()
    for month in range(13):
        months.make_ahead(engine, now - month * 30 * DAY)
    for first in range(0, events, PIECE):
        with engine.begin() as conn:
            fill(conn, first, min(first + PIECE, events) - 1, A_YEAR // events, now)
        sys.stderr.write(f"\r{first + PIECE:,} events, {time.monotonic() - started:.0f} s ")
    sys.stderr.write("\n")
    with engine.connect() as conn:
        conn.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    engine.dispose()


def measure(database: str, folder: Path, events: int, rounds: int, seconds: int) -> Iterator[str]:
    """Yield the rows for one database: a full one beside an empty one, in rounds that take turns."""
    with ExitStack() as stack:
        servers: list[Server] = []
        for place, name in enumerate(("empty", "full")):
            env = prepared(stack, database, folder / f"{database}-{name}")
            if name == "full":
                grown(env, events)
            servers.append(stack.enter_context(running(name, "app:create_app()", 8811 + place, folder, env)))
        empty, full = servers
        for server in servers:
            meet_visitors(server, VISITORS, folder / f"{database}-{server.name}.visitors")
        for what in ("returning", "new"):
            ratios = []
            for _ in range(rounds):
                before, mine, after = (
                    burst(
                        server,
                        connections=32,
                        seconds=seconds,
                        visitors=folder / f"{database}-{server.name}.visitors" if what == "returning" else None,
                    )
                    for server in (empty, full, empty)
                )
                ratios.append(mine.rate / ((before.rate + after.rate) / 2))
            yield f"| {database}, {what} visitors | {statistics.median(ratios):.2f} × the empty database |"


def flat_memory(folder: Path, requests: int) -> str:
    """Return the row for a worker's memory over many requests: after the first tenth and at the end."""
    with ExitStack() as stack:
        env = prepared(stack, "sqlite", folder / "memory") | {"GUNICORN_CMD_ARGS": "--max-requests 0"}
        server = stack.enter_context(running("memory", "app:create_app()", 8813, folder, env))
        [worker] = psutil.Process(server.pid).children()
        sizes, sent = [], 0
        while sent < requests:
            sent += burst(server, connections=64, seconds=10, visitors=None).requests
            sizes.append((sent, worker.memory_info().rss / 2**20))
            sys.stderr.write(f"\r{sent:,} requests, {sizes[-1][1]:.0f} MiB ")
    early = next(size for count, size in sizes if count >= requests / 10)
    late = sizes[-1][1]
    return f"| memory of a worker, {sent:,} requests | {early:.0f} MiB after a tenth, {late:.0f} MiB at the end |"


def main() -> None:
    """Measure, and print the table that docs/scaling.md quotes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    given = parser.parse_args()
    print(f"| {given.events:,} events stored | |\n|---|---|")  # noqa: T201
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as folder:
        for database in given.database or ["sqlite", "postgresql"]:
            for line in measure(database, Path(folder), given.events, given.rounds, given.seconds):
                print(line, flush=True)  # noqa: T201
        if given.requests:
            print(flat_memory(Path(folder), given.requests))  # noqa: T201


if __name__ == "__main__":
    main()
