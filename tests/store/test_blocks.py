"""Blocks of days, added up beforehand: the same numbers as from the days, whatever changes."""

import pytest
from sqlalchemy import func, select, text

from tracker.core.blocks import SIZES, Block
from tracker.core.model import Event
from tracker.core.span import Span
from tracker.core.tally import NAMES, Tally
from tracker.core.times import DAY
from tracker.core.visit_names import Agent
from tracker.store import blocks, counts, overview, recount, summing
from tracker.store.engine import transaction
from tracker.store.tables import ReportBlockRow

SPANS = [Span(0, 199), Span(64, 127), Span(3, 150), Span(60, 61), Span(120, 199)]


@pytest.fixture(autouse=True)
def shop(make_source) -> None:
    make_source("shop")


@pytest.fixture
def days(engine) -> None:
    """Two hundred days of names, some of them new every day."""

    def write(conn) -> None:
        for day in range(200):
            tally = Tally()
            for scope in ("shop", ""):
                tally.total(scope, 24, day)[:] = [1, 1, 1, 0]
                tally.names.update({(scope, "page", day, name): 1 + day for name in ("a", "b", f"of {day}")})
            tally.names["shop", "browser", day, ""] = 2
            counts.write(conn, tally)

    transaction(engine, write)


@pytest.fixture
def summed(engine):
    return lambda day=200: summing.sum_all(engine, lambda: day * DAY)


def stored(engine) -> int:
    with engine.begin() as conn:
        return conn.scalar(select(func.count()).select_from(ReportBlockRow)) or 0


def unlike_days(engine) -> list:
    """Return what is counted otherwise with blocks than without."""
    with engine.begin() as conn:
        return [
            (scope, what, span)
            for span in SPANS
            for scope in ("shop", "")
            for what in ("page", "browser")
            if blocks.counted(conn, scope, what, span) != blocks.by_days(conn, scope, what, span)
        ]


@pytest.mark.usefixtures("days")
def test_a_span_has_the_same_names_from_blocks_as_from_days(engine, summed) -> None:
    with engine.begin() as conn:
        before = overview.names(conn, "shop", "page", SPANS[0], 10)
    assert summed() == 2 * (24 + 3)
    assert stored(engine) == 2 * (24 + 3) * len(NAMES)
    assert summed() == 0
    assert unlike_days(engine) == []
    with engine.begin() as conn:
        assert overview.names(conn, "shop", "page", SPANS[0], 10) == before
        assert summing.differing(conn) == 0


@pytest.mark.usefixtures("days")
def test_what_is_told_of_a_day_late_is_in_its_blocks_after_the_next_look(engine, summed) -> None:
    summed()
    late = Tally()
    late.names["shop", "page", 70, "late"] = 5
    transaction(engine, lambda conn: counts.write(conn, late))
    assert unlike_days(engine) == []
    assert summed() == len(SIZES)
    assert unlike_days(engine) == []
    with engine.begin() as conn:
        assert blocks.counted(conn, "shop", "page", Span(0, 199))["late"] == 5
        assert {Block(8, 64), Block(64, 64)} <= blocks.there(conn, "shop", "page", Span(64, 71))


@pytest.mark.usefixtures("days")
def test_a_block_that_is_not_the_sum_of_its_days_is_found(engine, summed, broken) -> None:
    summed()
    name = "the blocks of the console's numbers are the sums of their days"
    assert name not in broken()
    with engine.begin() as conn:
        conn.execute(text("UPDATE report_name SET times = times + 1 WHERE scope = '' AND name = 'a'"))
    assert broken()[name] >= len(SIZES)


def test_a_recount_leaves_the_blocks_of_what_it_has_counted(engine, record, clock, summed, broken) -> None:
    page = {"page": {"url": "https://shop.example/1"}}
    record(events=(Event("page-view", "e1", context=page),), session="s1")
    first = clock() // DAY
    clock.forward(100 * 86_400)
    list(recount.recount(engine, lambda header: Agent(False, header, header), clock))
    whole = Span(first, first + 100)
    with engine.begin() as conn:
        assert blocks.there(conn, "shop", "page", Span(first - 64, first + 100))
        assert blocks.counted(conn, "shop", "page", whole) == {"shop.example/1": 1}
    assert summed(first + 100) == 0
    assert broken() == {}
