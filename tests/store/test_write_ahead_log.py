"""SQLite's write-ahead log stays small beside our own readers, and shrinks again after anybody else's."""

from pathlib import Path

import pytest
from sqlalchemy import text

from tracker.store import reports
from tracker.store.engine import LARGEST_LOG, Engine, connect, transaction

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
MIB = 1024 * 1024


@pytest.fixture
def log(engine: Engine) -> Path:
    return Path(f"{engine.url.database}-wal")


def write(engine: Engine, key: str, size: int = MIB) -> None:
    row = text(
        "INSERT INTO quarantine (source_id, id, reason, received_at, size, beginning) VALUES ('s', :key, '', 0, 0, :b)"
    )
    transaction(engine, lambda conn: conn.execute(row, {"key": key, "b": "x" * size}))


def test_listing_all_events_keeps_nobody_from_beginning_the_log_anew(engine, make_source, record, log) -> None:
    make_source("shop")
    record(*(f"e{number}" for number in range(40)), session="s")
    listed = reports.every_event(engine, 2)
    for number, _ in enumerate(listed):
        # Much more in all than the log holds before it is carried over into the database.
        write(engine, f"k{number}", size=3 * MIB)
    assert number == 39
    assert log.stat().st_size <= LARGEST_LOG


def test_the_log_shrinks_once_a_reader_of_somebody_elses_has_gone(engine, log) -> None:
    other = connect(str(engine.url), for_requests=False)
    with other.connect() as reader:
        reader.execution_options(read_only=True).execute(text("SELECT count(*) FROM quarantine"))
        for number in range(80):
            write(engine, f"k{number}")
        assert log.stat().st_size > LARGEST_LOG
    other.dispose()
    for key in ("carries over", "begins anew"):
        write(engine, key, size=8 * MIB)
    assert log.stat().st_size <= LARGEST_LOG


def test_every_event_comes_once_and_in_order_however_small_the_pages(engine, make_source, record, read) -> None:
    make_source("shop")
    for visit in range(3):
        record(*(f"e{visit}{number}" for number in range(5)), session=f"s{visit}")
    whole = read(lambda conn: list(reports.events(conn)))
    assert len(whole) == 15
    for page in (1, 2, 4, 15, 16):
        assert list(reports.every_event(engine, page)) == whole
    assert [event["id"] for event in reports.every_event(engine, 2, session_id="s1")] == [
        f"e1{number}" for number in range(5)
    ]
