"""``make bench-pages``: how long the console's pages take with ten million events stored and every list full."""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from growth import grown
from servers import prepared

from app import create_app
from tracker.core.tally import NAMES, NEVER, Tally
from tracker.core.times import DAY
from tracker.ingest import passwords
from tracker.ingest.fresh import system_clock
from tracker.settings import Settings
from tracker.store import accounts, counts, summing
from tracker.store.accounts import User
from tracker.store.engine import connect, transaction

DAYS = 2 * 365
SCOPES = ("", "bench", "other")
PASSWORD = "a password that only benches use"  # noqa: S105
OVERVIEW = (
    "/?span=today",
    "/?span=30d",
    "/?span=90d",
    "/?span=365d",
    "/?span=365d&source=bench",
    "/overview.csv?what=line",
)
# What grown() stores: the person p5 with ten page views of one visit, and nobody whose traits could be found.
STORED = (
    "/live",
    "/live?source=bench&type=page-view",
    "/live?profile=p5",
    "/people",
    "/people?q=p5",
    "/people?q=nobody@example.com",
    "/person?id=p5",
    "/quarantine",
    "/sources",
    "/source?id=bench",
)


def fill_counts(url: str) -> None:
    """Write two years of counts: days as full of names as they may be, and visitors who were here on any day before."""
    engine, today = connect(url, for_requests=False), system_clock() // DAY
    for day in range(today - DAYS, today + 1):
        tally = Tally()
        for scope in SCOPES:
            tally.total(scope, 24, day)[:] = [27_000, 9_000, 6_000, 300]
            for hour in range(24):
                tally.total(scope, 1, day * 24 + hour)[:] = [1_100, 400, 300, 10]
            tally.returns.update({(scope, day, before): 15 for before in (NEVER, *range(max(0, day - 365), day))})
            for what in NAMES:
                many = counts.MOST_NAMES if what in ("page", "referrer", "campaign") else 40
                tally.names.update({(scope, what, day, f"{what}.example/{n}"): 1 + n for n in range(many)})
        tally.flow.update({(day, "bench", "other", f"Reason number {n}."): 3 for n in range(12)})
        transaction(engine, lambda conn, tally=tally: counts.write(conn, tally))  # type: ignore[misc]
    summing.sum_all(engine, system_clock)
    user = User("bench", "bench", "owner", system_clock())
    transaction(engine, lambda conn: accounts.add(conn, user, passwords.hashed(PASSWORD)))
    with engine.connect() as conn:
        conn.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    engine.dispose()


def measure(env: dict[str, str], times: int, pages: Sequence[str]) -> Iterator[tuple[str, float, float]]:
    """Yield (page, median, 95th of a hundred) in milliseconds, asked for as a browser does."""
    client = create_app(Settings.from_env(env)).test_client()
    door = client.get("/login").text
    csrf = door.split('name="csrf" value="')[1].split('"')[0]
    assert client.post("/login", data={"csrf": csrf, "name": "bench", "password": PASSWORD}).status_code == 303  # noqa: S101
    for path in pages:
        taken = []
        for _ in range(times):
            started = time.perf_counter()
            assert client.get(path).status_code == 200  # noqa: S101
            taken.append((time.perf_counter() - started) * 1000)
        yield path, statistics.median(taken), statistics.quantiles(taken, n=20)[18]


def main() -> None:
    """Fill, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    given = parser.parse_args()
    print(f"| {given.events:,} events stored | median ms | p95 ms |\n|---|---|---|")  # noqa: T201
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as folder, ExitStack() as stack:
        for database in given.database or ["sqlite", "postgresql"]:
            env = prepared(stack, database, Path(folder) / database)
            if given.events:
                grown(env, given.events)
            fill_counts(env["DATABASE_URL"])
            for path, median, slow in measure(env, given.times, OVERVIEW + (STORED if given.events else ())):
                print(f"| {database} `{path}` | {median:.0f} | {slow:.0f} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
