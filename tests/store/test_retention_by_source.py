"""Forgetting where sources keep what they have for different times."""

from collections import Counter
from collections.abc import Iterable

import pytest
from sqlalchemy import Connection, Engine, Executable, delete, select, text

from tracker.core.importing import Imported
from tracker.core.keeping import Keeping, keeping
from tracker.core.model import Event, Options
from tracker.store import months, reports, retention, sources
from tracker.store.ages import idle_profiles, idle_sessions
from tracker.store.engine import reading, transaction
from tracker.store.importing import bring_in
from tracker.store.tables import Base, EventRow, QuarantineRow

A_DAY = 86_400


@pytest.fixture(autouse=True)
def three(make_source, engine, clock) -> None:
    """One source keeps a week, one ten years, and one what the installation says."""
    make_source("week", settings={"retentionDays": 7})
    make_source("decade", settings={"retentionDays": 3650})
    make_source("plain")
    months.make_ahead(engine, clock())


@pytest.fixture
def forget(engine, clock, fold):
    """Forget what is older than its source keeps it; returns how many of each, by source."""

    def go(days: int | None = 30) -> dict[tuple[str, str], int]:
        fold()
        kept = keeping(clock(), days, sources.all_sources(engine))
        would = summed(transaction(reading(engine), lambda conn: list(retention.would_forget(conn, kept))))
        done = summed(retention.forget(engine, kept))
        assert done == would, "a dry run says the same"
        return done

    return go


def summed(gone: Iterable[retention.Gone]) -> dict[tuple[str, str], int]:
    found: Counter[tuple[str, str]] = Counter()
    for what, source, rows in gone:
        found[what, source] += rows
    return +found


def ids(engine: Engine, table: str, column: str = "id") -> list[str]:
    found = Base.metadata.tables[table].c[column]
    with reading(engine).connect() as conn:
        return list(conn.scalars(select(found).order_by(found)))


def at_all_three(record, day: str = "") -> None:
    for source in ("week", "decade", "plain"):
        record(f"{source}{day}", source=source, session=f"s-{source}{day}")


@pytest.mark.parametrize("apart", [8, 40, 70], ids=["a week", "over a month", "a whole month of PostgreSQL"])
def test_each_source_forgets_by_its_own_number_and_the_others_by_that_of_all(
    apart, record, clock, forget, engine, broken
) -> None:
    at_all_three(record)
    clock.forward(apart * A_DAY)
    gone = ["week", "plain"] if apart > 30 else ["week"]
    expected = {(what, name): 1 for what in ("events", "visits") for name in gone}
    assert forget() == expected | {("people", ""): len(gone)}
    stay = sorted({"week", "plain", "decade"} - {*gone})
    assert ids(engine, "event") == ids(engine, "event_key") == stay
    assert ids(engine, "session", "client_id") == [f"s-{name}" for name in stay]
    assert len(ids(engine, "profile")) == len(ids(engine, "alias")) == len(stay)
    assert broken() == {}
    assert forget() == {}


def test_what_all_sources_have_kept_long_enough_goes_a_month_at_a_time(record, clock, forget, engine, broken) -> None:
    at_all_three(record)
    clock.forward(3700 * A_DAY)
    forget()
    assert ids(engine, "event") == ids(engine, "event_key") == []
    assert all(month.end > clock() - 3650 * A_DAY * 1_000_000 for month in months.kept(engine))
    assert broken() == {}


def test_without_a_number_for_all_the_others_keep_everything(record, clock, forget, engine, broken) -> None:
    at_all_three(record)
    clock.forward(3600 * A_DAY)
    assert forget(None) == {("events", "week"): 1, ("visits", "week"): 1, ("people", ""): 1}
    assert ids(engine, "event") == ["decade", "plain"]
    assert broken() == {}


def test_whoever_was_seen_where_more_is_kept_stays_and_the_rest_of_them_goes(
    record, clock, forget, read, broken
) -> None:
    person = record("w", source="week", session="s1").profile_id
    record("d", source="decade", session="s2", profile=person)
    clock.forward(40 * A_DAY)
    assert forget() == {("events", "week"): 1, ("visits", "week"): 1}
    found = read(reports.profile, person)
    assert (found["events"], found["sessions"]) == (1, ["s2"])
    assert broken() == {}


def test_a_visit_that_began_where_less_is_kept_stays_for_its_events_elsewhere(record, clock, forget, read) -> None:
    person = record("w", source="week", session="s1").profile_id
    record("d", source="decade", session="s1", profile=person)
    clock.forward(40 * A_DAY)
    assert forget() == {("events", "week"): 1}
    assert read(reports.session, "s1")["source"] == "week"


def test_who_was_brought_in_from_elsewhere_goes_by_the_number_of_all(engine, digest, clock, forget, broken) -> None:
    transaction(engine, lambda conn: bring_in(conn, [Imported("imported")], digest, clock()))
    clock.forward(20 * A_DAY)
    assert forget() == forget(None) == {}
    clock.forward(20 * A_DAY)
    assert forget() == {("people", ""): 1}
    assert broken() == {}


def test_who_was_touched_after_their_last_visit_goes_by_the_number_of_where_that_was(
    record, engine, clock, forget
) -> None:
    person = record("w", source="week", session="s1").profile_id
    clock.forward(5 * A_DAY)
    # As somebody does who takes a consent back, of which nothing is stored but that.
    touch = text("UPDATE profile SET updated = :now WHERE id = :id")
    transaction(engine, lambda conn: conn.execute(touch, {"now": clock(), "id": person}))
    clock.forward(3 * A_DAY)
    assert forget() == {("events", "week"): 1, ("visits", "week"): 1}
    clock.forward(3 * A_DAY)
    assert forget() == {}
    clock.forward(2 * A_DAY)
    assert forget(None) == {("people", ""): 1}


def test_a_robot_of_which_nothing_is_counted_goes_with_its_visit(record, clock, forget, engine) -> None:
    record("w", source="week", session="s1", device={"user_agent": "a bot"})
    clock.forward(8 * A_DAY)
    assert forget(None) == {("events", "week"): 1, ("visits", "week"): 1, ("people", ""): 1}
    assert ids(engine, "profile") == []


def test_a_visit_of_nobody_goes_by_its_own_source(record, clock, forget, engine) -> None:
    for source in ("week", "decade"):
        nameless = Event("page-view", source, options=Options(save_profile=False))
        record(events=(nameless,), source=source, session=f"s-{source}")
    clock.forward(8 * A_DAY)
    assert forget() == {("events", "week"): 1, ("visits", "week"): 1}
    assert ids(engine, "session", "client_id") == ["s-decade"]


def test_what_was_kept_out_goes_by_its_source_too(record, clock, forget, engine) -> None:
    for source in ("week", "decade"):
        record(events=(Event("page-view", source, too_large=70_000),), source=source, session=f"s-{source}")
    clock.forward(40 * A_DAY)
    assert forget()["quarantined events", "week"] == 1
    assert ids(engine, "quarantine") == ["decade"]


def test_what_a_source_has_left_behind_goes_by_the_number_of_all_once_it_is_deleted(
    record, clock, forget, engine
) -> None:
    record("d", source="decade", session="s1")
    sources.remove(engine, "decade")
    clock.forward(40 * A_DAY)
    assert forget(None) == {}
    assert forget() == {("events", "decade"): 1, ("visits", "decade"): 1, ("people", ""): 1}


def test_what_is_interrupted_anywhere_is_whole_and_goes_on_the_next_time(
    record, clock, fold, engine, monkeypatch, broken
) -> None:
    for size in ("AT_ONCE", "PEOPLE_AT_ONCE"):
        monkeypatch.setattr(retention, size, 3)
    for day in range(6):
        at_all_three(record, str(day))
        record(f"a{day}", f"b{day}", f"c{day}", f"d{day}", source="week", session=f"t{day}")
        clock.forward(A_DAY)
    clock.forward(10 * A_DAY)
    fold()
    kept, pieces = keeping(clock(), 12, sources.all_sources(engine)), 0
    while next(retention.forget(engine, kept), None):
        pieces += 1
        assert broken() == {}
    assert pieces > 10
    left = [f"{name}{day}" for name in ("decade", "plain") for day in range(6) if name == "decade" or day > 3]
    assert ids(engine, "event") == left
    assert ids(engine, "session", "client_id") == sorted(f"s-{name}" for name in left)
    assert len(ids(engine, "profile")) == len(left)


def test_who_comes_back_while_the_past_is_forgotten_stays(record, clock, fold, engine, read, broken) -> None:
    person = record("w", source="week", session="s1").profile_id
    clock.forward(8 * A_DAY)
    fold()
    going = retention.forget(engine, keeping(clock(), None, sources.all_sources(engine)))
    assert next(going).what == "events"
    record("again", source="week", session="s1", profile=person)
    assert summed(going) == {}
    assert read(reports.profile, person)["events"] == 1
    assert broken() == {}


def test_a_walk_past_what_is_kept_reads_each_part_of_the_index_once(engine, record, clock) -> None:
    for day in range(40):
        at_all_three(record, str(day))
        clock.forward(A_DAY)
    kept = Keeping(None, {"week": clock() - 7 * A_DAY * 1_000_000})
    with engine.begin() as conn:
        if engine.dialect.name == "postgresql":
            # Of a table this small PostgreSQL would rather read everything.
            conn.execute(text("SET LOCAL enable_seqscan = off"))
            conn.execute(text("SET LOCAL enable_bitmapscan = off"))
        for rows, index in ((EventRow, "event"), (QuarantineRow, "ix_quarantine_received_at")):
            piece = retention._piece(kept, rows, clock() - 30 * A_DAY * 1_000_000, clock())
            for statement in (select(rows.id).where(piece), delete(rows).where(piece)):
                plan = explained(conn, statement)
                assert "Seq Scan" not in plan, plan
                assert "SCAN" not in plan, plan
                assert "received_at >" in plan or "received_at>" in plan, plan
                assert index in plan, plan


def test_no_person_is_compared_with_the_visits_and_events_of_all_others(engine, clock) -> None:
    before = clock() - 7 * A_DAY * 1_000_000
    with engine.begin() as conn:
        for kept in (Keeping(before), Keeping(None, {"week": before})):
            for idle in (idle_profiles(kept), idle_sessions(kept)):
                plan = explained(conn, idle)
                # So PostgreSQL says that it goes through all pairs, and SQLite that it goes through a whole table.
                assert "Join Filter: (ANY" not in plan, plan
                assert plan.count("SCAN") <= 1, plan


def explained(conn: Connection, statement: Executable) -> str:
    """Return how the database goes about a statement."""
    written = str(statement.compile(conn, compile_kwargs={"literal_binds": True}))
    said = "EXPLAIN " if conn.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    return "\n".join(str(row[-1]) for row in conn.exec_driver_sql(said + written))
