"""``tracker db copy``: everything arrives in the other kind of database, or nothing does."""

import os
from pathlib import Path

import pytest
from sqlalchemy import JSON, Text, cast, select

from tracker.core.model import Event
from tracker.store import copying, presence
from tracker.store.engine import connect, transaction
from tracker.store.tables import Base

ON_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def everything(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, JSON as its text."""
    engine = connect(url)

    def work(conn):
        return {
            table.name: sorted(
                map(
                    tuple,
                    conn.execute(
                        select(*(cast(one, Text) if isinstance(one.type, JSON) else one for one in table.columns))
                    ),
                ),
                key=str,
            )
            for table in Base.metadata.sorted_tables
        }

    found = transaction(engine, work)
    engine.dispose()
    return found


@pytest.fixture
def lived_in(make_source, record, clock, tracker) -> None:
    """Two sources with visitors, a repeat, a hand-over that merged two of them, a user, and something quarantined."""
    make_source("shop")
    make_source("blog", auto={"events": [["page-view", {"text": 'Läden 東京 \u2028 \\ \t "'}]]})
    record("e1", "e2", session="s1", properties={"n": 2**62, "x": 1e-9, "deep": [{"a": None}]})
    clock.forward(86_400 * 40)
    record("e1", "e3", session="s1")
    record("e4", session="s2", source="blog")
    record(events=(Event("large", "e5", too_large=70_000),), session="s2", source="blog")
    tracker("admin", "create", "--name", "anna", answer="correct horse battery\n")


@pytest.fixture
def elsewhere(backend, postgres, tmp_path):
    """An empty database of the other kind."""
    if backend == "postgresql":
        yield f"sqlite:///{tmp_path / 'elsewhere.db'}"
        return
    name = postgres.fresh()
    yield postgres.url_of(name)
    postgres.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.usefixtures("lived_in")
def test_all_that_was_there_is_there_and_the_new_one_goes_on(tracker, database_url, elsewhere) -> None:
    said = tracker("db", "copy", "--to", elsewhere)
    assert said.code == 0, said.err
    assert everything(elsewhere) == everything(database_url)
    assert tracker("db", "check", DATABASE_URL=elsewhere).code == 0
    assert tracker("event", "list", "--json", DATABASE_URL=elsewhere).out == tracker("event", "list", "--json").out
    again = tracker("db", "copy", "--to", elsewhere)
    assert (again.code, "The target is not empty" in again.err) == (1, True)


@pytest.mark.usefixtures("lived_in")
def test_a_copy_that_is_cut_off_leaves_the_target_empty_and_can_be_made_again(
    tracker, elsewhere, database_url, monkeypatch
) -> None:
    compare = copying._compare

    def cut_off(conn, counts):
        compare(conn, counts)
        raise KeyboardInterrupt

    with monkeypatch.context() as once:
        once.setattr(copying, "_compare", cut_off)
        assert tracker("db", "copy", "--to", elsewhere).code == 1
    assert not any(everything(elsewhere).values())
    assert tracker("db", "copy", "--to", elsewhere).code == 0
    assert everything(elsewhere) == everything(database_url)


@pytest.mark.usefixtures("lived_in")
def test_what_is_broken_is_not_carried_on(tracker, elsewhere, engine) -> None:
    with engine.begin() as conn:
        conn.exec_driver_sql("DELETE FROM event_key WHERE id = 'e3'")
    said = tracker("db", "copy", "--to", elsewhere)
    assert (said.code, "every stored event is known by its id" in said.err) == (1, True)
    assert not any(everything(elsewhere).values())


@ON_SQLITE
@pytest.mark.usefixtures("lived_in")
def test_while_the_collector_runs_there_is_only_a_rehearsal(tracker, elsewhere, engine) -> None:
    held = presence.hold(Path(str(engine.url.database)))
    said = tracker("db", "copy", "--to", elsewhere)
    assert (said.code, "The collector is running" in said.err) == (1, True)
    rehearsed = tracker("db", "copy", "--to", elsewhere, "--rehearse")
    os.close(held)
    assert rehearsed.code == 0, rehearsed.err
    assert "This was a rehearsal: nothing was written to" in rehearsed.out
    assert "DATABASE_URL" not in rehearsed.out
    assert not any(everything(elsewhere).values())
    # So the same place takes the real copy.
    assert "Set DATABASE_URL to the new database" in tracker("db", "copy", "--to", elsewhere).out


@ON_SQLITE
@pytest.mark.parametrize("url", ["mysql://there", "elsewhere.db", "sqlite://"])
def test_an_address_that_leads_nowhere_is_refused(tracker, url: str) -> None:
    said = tracker("db", "copy", "--to", url)
    assert (said.code, said.err.startswith("--to must")) == (1, True)
