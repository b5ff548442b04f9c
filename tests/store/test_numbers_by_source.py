"""The console's numbers after the events of one source were forgotten and those of others were not."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, text
from store.histories import history, rows, sums

from tracker.core.keeping import keeping
from tracker.core.times import DAY
from tracker.store import freezing, retention, sources
from tracker.store.engine import reading, transaction
from tracker.store.tables import (
    ReportFlowRow,
    ReportFrozenRow,
    ReportNameRow,
    ReportReturnRow,
    ReportSeenRow,
    ReportTotalRow,
)

COUNTS = (ReportTotalRow, ReportReturnRow, ReportNameRow, ReportFlowRow)
RECOUNTED = (ReportTotalRow, ReportReturnRow, ReportFlowRow, ReportSeenRow)
LONG_AGO = text(
    "SELECT s.profile_id, s.hour FROM report_seen s JOIN profile p ON p.id = s.profile_id"
    " WHERE s.scope = :source AND p.merged_into IS NULL ORDER BY s.hour"
)


@pytest.fixture(autouse=True)
def sites(make_source) -> None:
    for name, other, settings in (("shop", "blog", {}), ("blog", "shop", {"retentionDays": 3})):
        domains = (f"{name}.example",)
        make_source(name, domains=domains, links=(f"{other}.example",), referrals="plain", settings=settings)


@pytest.fixture
def forget(engine, clock, fold):
    def go(days: int | None = None) -> int:
        fold()
        kept = keeping(clock(), days, sources.all_sources(engine))
        return sum(gone.rows for gone in retention.forget(engine, kept) if gone.what == "events")

    return go


def without_whole(engine: Engine) -> list[tuple]:
    """Return the counts without the marks of what may be counted anew."""
    counted = rows(engine, *COUNTS)
    return [[row[:-1] for row in counted.pop("report_total")], counted]


def whole(engine: Engine, scope: str) -> set[int]:
    with reading(engine).connect() as conn:
        days = text("SELECT at FROM report_total WHERE hours = 24 AND whole AND scope = :scope")
        return set(conn.scalars(days, {"scope": scope}))


@pytest.mark.parametrize("days", [None, 6], ids=["others keep everything", "others keep six days"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_recount_comes_to_the_same_after_one_sources_events_are_gone(
    seed, days, record, clock, engine, fold, forget, recounted, broken
) -> None:
    history(record, clock, engine, fold, seed)
    fold()
    counted = without_whole(engine)
    assert forget(days) > 10
    assert without_whole(engine) == counted, "the counts stand"
    assert broken() == {}
    folded = rows(engine, *RECOUNTED), sums(engine)
    for _ in range(2):
        recounted()
        assert (rows(engine, *RECOUNTED), sums(engine)) == folded
        assert broken() == {}
    # Who comes back is counted as if there had been no recount.
    clock.forward(86_400)
    for source in ("shop", "blog"):
        with reading(engine).connect() as conn:
            person, hour = conn.execute(LONG_AGO, {"source": source}).first()
        record(f"again-{source}", source=source, session=f"again-{source}", profile=person)
        fold()
        assert (source, clock() // DAY, hour // 24, 1) in rows(engine, ReportReturnRow)["report_return"]
    assert broken() == {}


def test_the_days_of_the_others_are_counted_anew_and_those_of_all_together_are_not(
    record, clock, engine, fold, forget, recounted, broken
) -> None:
    for day in range(8):
        for source in ("shop", "blog"):
            record(f"{source}{day}", source=source, session=f"{source}{day}")
        clock.forward(86_400)
    forget()
    today = clock() // DAY
    assert whole(engine, "shop") == set(range(today - 8, today))
    assert whole(engine, "blog") == whole(engine, "") == {today - 2, today - 1}
    with engine.begin() as conn:
        conn.execute(text("UPDATE report_total SET events = 77, visitors = 77"))
    assert broken() != {}, "damage to a day of the others is found"
    recounted()
    assert broken() == {}
    totals = {row[:3]: row[3] for row in rows(engine, ReportTotalRow)["report_total"] if row[1] == 24}
    for at in range(today - 8, today):
        assert totals["shop", 24, at] == 1
        assert totals["blog", 24, at] == (1 if at >= today - 2 else 77)
        assert totals["", 24, at] == (2 if at >= today - 2 else 77)


def test_a_source_that_had_nothing_yet_lets_the_days_of_all_be_counted_anew(record, clock, engine, forget) -> None:
    record("e1", session="s1")
    clock.forward(8 * 86_400)
    assert forget() == 0
    assert whole(engine, "") == {clock() // DAY - 8}


def test_a_number_that_grows_leaves_what_was_forgotten_as_it_was_counted(
    record, clock, engine, forget, recounted, broken
) -> None:
    record("b1", source="blog", session="s1")
    clock.forward(8 * 86_400)
    forget()
    before = rows(engine, ReportFrozenRow)
    [blog] = [source for source in sources.all_sources(engine) if source.id == "blog"]
    sources.change(engine, replace(blog, settings={"retentionDays": 30}), clock())
    assert forget() == 0
    assert rows(engine, ReportFrozenRow) == before
    counted = without_whole(engine)
    recounted()
    assert without_whole(engine) == counted
    assert broken() == {}


def test_days_whose_events_are_brought_in_again_are_counted_anew(record, clock, engine, forget, make_source) -> None:
    make_source("wiki")
    for source in ("shop", "blog", "wiki"):
        record(source, source=source, session=source)
    clock.forward(40 * 86_400)
    forget(30)
    last = {"blog": clock() // DAY - 3, "shop": clock() // DAY - 30, "wiki": clock() // DAY - 30}
    assert transaction(engine, freezing.frozen) == {**last, "": clock() // DAY - 30}
    moment = clock() - 35 * DAY
    transaction(engine, lambda conn: freezing.thaw(conn, [("shop", moment), ("shop", moment + DAY), ("blog", clock())]))
    thawed = {"shop": moment // DAY - 1, "": moment // DAY - 1}
    assert transaction(engine, freezing.frozen) == last | thawed
