"""Events by month on PostgreSQL; one table for all on SQLite."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from faults.waiting import until
from sqlalchemy import Engine, text

from tracker.core.times import DAY, EPOCH, SECOND
from tracker.store import folding, months, reports
from tracker.store.engine import connect
from tracker.store.months import Month

POSTGRES = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def shop(make_source) -> None:
    make_source("shop")


def table_of(engine: Engine, event_id: str) -> str:
    with engine.begin() as conn:
        found = text("SELECT CAST(CAST(tableoid AS regclass) AS text) FROM event WHERE id = :id")
        return str(conn.scalar(found, {"id": event_id}))


def micros(*date: int) -> int:
    return int((datetime(*date, tzinfo=UTC) - EPOCH).total_seconds()) * SECOND


@pytest.mark.parametrize(
    ("moment", "month", "following"),
    [
        (micros(2025, 6, 1), Month(2025, 6), Month(2025, 7)),
        (micros(2025, 6, 30, 23, 59, 59), Month(2025, 6), Month(2025, 7)),
        (micros(2025, 12, 31, 23), Month(2025, 12), Month(2026, 1)),
        (micros(2026, 1, 1) - 1, Month(2025, 12), Month(2026, 1)),
        (micros(2024, 2, 29), Month(2024, 2), Month(2024, 3)),
    ],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_moment_lies_in_one_month(moment: int, month: Month, following: Month) -> None:
    assert months.month_of(moment) == month
    assert month.start <= moment < month.end == following.start
    assert month.next == following


@POSTGRES
def test_this_month_and_the_next_three_are_made_once(engine, clock) -> None:
    expected = [Month(2025, 6), Month(2025, 7), Month(2025, 8), Month(2025, 9)]
    assert months.make_ahead(engine, clock()) == expected
    assert months.make_ahead(engine, clock()) == []
    assert months.kept(engine) == expected


@POSTGRES
def test_events_lie_in_the_table_of_their_month(engine, clock, record, broken) -> None:
    months.make_ahead(engine, clock())
    record("june", session="s1")
    clock.forward(40 * 86_400)
    record("july", session="s1")
    assert table_of(engine, "june") == "event_2025_06"
    assert table_of(engine, "july") == "event_2025_07"
    assert broken() == {}


@POSTGRES
def test_what_came_before_its_month_was_made_is_kept_and_moves(engine, clock, record, read, broken) -> None:
    record("e1", "e2", session="s1")
    clock.forward(200 * 86_400)
    record("e3", session="s1")
    assert {table_of(engine, name) for name in ("e1", "e2", "e3")} == {"event_rest"}
    made = months.make_ahead(engine, clock())
    assert {Month(2025, 6), Month(2025, 12)} <= set(made)
    assert [table_of(engine, name) for name in ("e1", "e2", "e3")] == [
        "event_2025_06",
        "event_2025_06",
        "event_2025_12",
    ]
    assert [event["id"] for event in read(reports.events)] == ["e1", "e2", "e3"]
    assert broken() == {}


@POSTGRES
def test_a_repeat_in_another_month_is_still_the_same_event(engine, clock, record, read) -> None:
    months.make_ahead(engine, clock())
    first = record("e1", session="s1")
    clock.forward(40 * 86_400)
    again = record("e1", session="s1")
    assert again.profile_id == first.profile_id
    assert [event["id"] for event in read(reports.events)] == ["e1"]


@POSTGRES
def test_a_month_is_dropped_whole_with_the_ids_of_its_events(engine, clock, record, read, broken) -> None:
    months.make_ahead(engine, clock())
    record("june-1", "june-2", session="s1")
    clock.forward(40 * 86_400)
    record("july", session="s1")
    assert months.drop(engine, Month(2025, 6)) == {"shop": 2}
    assert Month(2025, 6) not in months.kept(engine)
    assert [event["id"] for event in read(reports.events)] == ["july"]
    assert broken() == {}


@POSTGRES
def test_processes_that_make_the_same_months_at_once_do_not_disturb_each_other(engine, clock, record) -> None:
    record("e1", session="s1")
    engines = [connect(engine.url.render_as_string(hide_password=False)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda mine: months.make_ahead(mine, clock()), engines))
    for mine in engines:
        mine.dispose()
    assert sorted(month.number for some in made for month in some) == [6, 7, 8, 9]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_sqlite_keeps_all_months_in_one_table(engine, clock) -> None:
    assert months.make_ahead(engine, clock() + 400 * DAY) == []
    assert months.kept(engine) == []


@POSTGRES
def test_a_month_is_forgotten_however_long_somebody_counts(engine, clock, record, monkeypatch) -> None:
    monkeypatch.setattr(months, "_IMPATIENT", "SET LOCAL lock_timeout = '20ms'")
    months.make_ahead(engine, clock())
    record("june", session="s1")
    patient = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()"
        " AND clock_timestamp() - query_start > interval '200 ms'"
    )

    def has_waited() -> bool:
        with engine.begin() as conn:
            return bool(conn.scalar(patient))

    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as counting:
            folding.wait_until_alone(counting)
            dropping = pool.submit(months.drop, engine, Month(2025, 6))
            until(lambda: dropping.done() or has_waited(), "the month waits for who counts")
        assert dropping.result() == {"shop": 1}
