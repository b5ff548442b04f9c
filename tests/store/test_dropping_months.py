"""Whole months that are forgotten while events of the past come in: no key is left without its event."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, text
from sqlalchemy import event as sqlalchemy_event
from store.test_interleavings import DEADLINE, waiting, while_open

from tracker.core.history import resolve_past
from tracker.core.keeping import Keeping
from tracker.core.limits import Limits
from tracker.core.times import DAY, iso
from tracker.ingest.fresh import fresh_for
from tracker.ingest.identities import IdentityOffice
from tracker.ingest.lines import Reader
from tracker.store import folding, months, retention, sources
from tracker.store.deciding import decide
from tracker.store.engine import connect, transaction
from tracker.store.history import apply_history
from tracker.store.tables import EventRow

POSTGRES = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def shop(make_source, engine, clock) -> None:
    make_source("shop")
    months.make_ahead(engine, clock())


@pytest.fixture
def importing(engine, clock, new_id, digest):
    """Return what writes an event of so many days ago, as an import does, in an open transaction."""

    def of(event_id: str, days_ago: int):
        reader = Reader(clock(), Limits(), IdentityOffice(("a key that only tests sign with",)), "shop")
        line = {"id": event_id, "type": "x", "received_at": iso(clock() - days_ago * DAY)}
        past = reader.event(json.dumps(line).encode())
        known = {source.id: source for source in sources.all_sources(engine)}

        def work(conn) -> None:
            asked = [(past.payload, fresh_for(past.payload, past.clock, new_id))]
            apply_history(conn, decide(conn, asked, known, digest, {}, resolve_past).steps)

        return work

    return of


def keys_and_events(engine) -> tuple[int, int]:
    with engine.connect() as conn:
        return tuple(conn.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("event_key", "event"))  # noqa: S608


@POSTGRES
def test_an_import_that_commits_between_the_keys_and_the_table_of_a_month_leaves_no_key(
    engine, record, clock, importing, broken
) -> None:
    record("e1", "e2", session="s1")
    month = months.month_of(clock())
    clock.forward(100 * 86_400)
    gone = while_open(engine, importing("late", 100), lambda: months.drop(engine, month))
    # Its transaction started over, and found what the import had committed.
    assert gone == {"shop": 3}
    assert keys_and_events(engine) == (0, 0)
    assert month not in months.kept(engine)
    assert "every known event id has its event" not in broken()


@POSTGRES
def test_an_import_that_begins_and_ends_while_a_month_goes_leaves_no_key(
    engine, record, clock, importing, broken
) -> None:
    record("e1", session="s1")
    month = months.month_of(clock())
    clock.forward(100 * 86_400)
    with ThreadPoolExecutor(1) as pool, engine.begin() as counting:
        # Who counts is waited for after the keys were deleted and before the table goes.
        folding.wait_until_alone(counting)
        dropping = pool.submit(months.drop, engine, month)
        deadline = time.monotonic() + DEADLINE
        while not waiting(engine):
            assert not dropping.done()
            assert time.monotonic() < deadline
        transaction(engine, importing("late", 100))
        counting.rollback()
        assert dropping.result(DEADLINE) == {"shop": 2}
    assert keys_and_events(engine) == (0, 0)
    transaction(engine, importing("later", 100))
    assert keys_and_events(engine) == (1, 1), "it lies where events without a month lie"
    assert "every known event id has its event" not in broken()


@POSTGRES
def test_events_that_come_in_while_others_of_their_time_are_forgotten_keep_their_keys(
    engine, record, clock, importing, broken, database_url
) -> None:
    record("e1", session="s1")
    clock.forward(100 * 86_400)
    deletions, other = [], connect(database_url)

    def between(_conn, _cursor, statement: str, *_: object) -> None:
        """Commit an import between the deletion of events and that of their keys, whichever comes first."""
        if statement.startswith(("DELETE FROM event ", "DELETE FROM event_key")):
            deletions.append(statement)
            if len(deletions) == 2:
                transaction(other, importing("late", 100))

    sqlalchemy_event.listen(engine, "before_cursor_execute", between)
    # A number of its own keeps the month from going as a whole.
    kept = Keeping(clock() - 30 * DAY, {"blog": clock() - 1000 * DAY})
    list(retention.forget(engine, kept))
    other.dispose()
    assert len(deletions) == 2
    assert keys_and_events(engine) == (1, 1)
    assert broken() == {}


def test_the_check_finds_a_key_without_its_event(engine, record, broken) -> None:
    record("e1", session="s1")
    with engine.begin() as conn:
        conn.execute(delete(EventRow))
    assert broken()["every known event id has its event"] == 1
