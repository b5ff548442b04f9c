"""The room on the disk: an SQLite file gives back what was forgotten, while visitors click."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tracker.core.keeping import Keeping
from tracker.core.model import Event
from tracker.core.times import DAY
from tracker.store import backup, reports, retention, space
from tracker.store.engine import connect
from tracker.store.presence import Served, hold

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def filled(make_source, record, clock) -> None:
    """Much that is old, and one event that is not."""
    make_source("shop")
    for number in range(10):
        events = (Event("x", f"e{number}-{n}", {"text": "x" * 2_000}) for n in range(200))
        record(events=tuple(events), session=f"s{number}")
    clock.forward(100 * 86_400)
    record("young", session="young")


@pytest.fixture
def forget(engine, clock):
    return lambda: list(retention.forget(engine, Keeping(clock() - 30 * DAY)))


def test_a_file_gives_back_what_was_forgotten_while_events_come_in(engine, filled, forget, record, read) -> None:
    before = space.size(engine)
    forget()
    assert space.gives_back(engine)
    free = space.unused(engine)
    assert free > before // 2
    waits = []
    for number, left in enumerate(space.give_back(engine)):
        assert left < free
        started = time.monotonic()
        record(f"meanwhile-{number}", session="young")
        waits.append(time.monotonic() - started)
    assert waits
    assert space.size(engine) < before // 2
    assert space.unused(engine) == 0
    assert len(read(reports.events)) == 1 + len(waits)


def test_a_file_of_an_older_version_is_written_anew_while_nobody_uses_it(engine, filled, forget, broken) -> None:
    database = Path(str(engine.url.database))
    forget()
    engine.dispose()
    with closing(sqlite3.connect(database)) as raw:
        raw.execute("PRAGMA journal_mode=DELETE")
        raw.execute("PRAGMA auto_vacuum=NONE")
        raw.execute("VACUUM")
    again = connect(f"sqlite:///{database}")
    assert not space.gives_back(again)
    with again.connect() as conn:
        conn.exec_driver_sql("SELECT count(*) FROM event")
    with pytest.raises(backup.InUse):
        space.compact(database)
    again.dispose()
    serving = hold(database)
    with pytest.raises(Served), space.undisturbed(database):
        raise AssertionError("it was served")
    os.close(serving)
    with space.undisturbed(database):
        space.compact(database)
    again = connect(f"sqlite:///{database}")
    assert space.gives_back(again)
    again.dispose()
    assert broken() == {}


def test_a_new_file_gives_back_by_itself_also_where_it_is_a_copy(engine, tmp_path) -> None:
    backup.save(Path(str(engine.url.database)), tmp_path / "copy.db", lambda *_: None)
    copy = connect(f"sqlite:///{tmp_path / 'copy.db'}")
    assert space.gives_back(copy)
    copy.dispose()
