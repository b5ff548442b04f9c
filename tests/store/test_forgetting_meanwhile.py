"""Events of the past that are brought in while the past is forgotten: the counts are not held to what is gone."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from store.histories import describe

from tracker.core.keeping import keeping
from tracker.core.limits import Limits
from tracker.core.times import DAY, iso
from tracker.ingest.identities import IdentityOffice
from tracker.ingest.importing import Importer
from tracker.ingest.lines import Reader
from tracker.store import months, recount, retention, sources
from tracker.store.engine import reading
from tracker.store.tables import EventRow, ReportTotalRow

A_DAY = 86_400


@pytest.fixture
def bring_in(engine, clock, new_id, digest, tmp_path) -> Callable[[int], None]:
    """Bring in an event that happened so many days ago."""

    def go(days_ago: int) -> None:
        file = Path(tmp_path, f"{days_ago}.jsonl")
        file.write_text(json.dumps({"id": "past", "type": "x", "received_at": iso(clock() - days_ago * DAY)}))
        known = {source.id: source for source in sources.all_sources(engine)}
        reader = Reader(clock(), Limits(), IdentityOffice(("a key that only tests sign with",)), "shop")
        list(Importer(engine, known, reader, new_id, digest).run(file))

    return go


@pytest.mark.parametrize(("apart", "later", "days"), [(4, 8, 3), (40, 100, 30)], ids=["of a month", "whole months"])
@pytest.mark.parametrize("is_counted", [True, False], ids=["counted before it goes", "counted after it is gone"])
def test_a_day_that_an_import_has_begun_anew_is_not_held_to_events_that_are_forgotten(
    apart, later, days, is_counted, make_source, record, clock, fold, engine, bring_in, monkeypatch, broken
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 1)
    make_source("shop")
    for number in range(2):
        months.make_ahead(engine, clock())
        record(f"e{number}", session=f"s{number}")
        clock.forward(apart * A_DAY)
    clock.forward(later * A_DAY)
    fold()
    going = retention.forget(engine, keeping(clock(), days, sources.all_sources(engine)))
    assert next(going).rows == 1
    # The walk has not come to the second event yet, and this one is a little older.
    past = later + apart + 1
    bring_in(past)
    if is_counted:
        fold()
    assert sum(gone.rows for gone in going if gone.what == "events") == 2
    fold()
    assert broken() == {}
    list(recount.recount(engine, describe, clock))
    day = (clock() - past * DAY) // DAY
    with reading(engine).connect() as conn:
        assert conn.scalars(select(EventRow.id)).all() == []
        counted = select(ReportTotalRow.scope, ReportTotalRow.events, ReportTotalRow.whole)
        found = conn.execute(counted.where(ReportTotalRow.hours == 24, ReportTotalRow.at == day)).all()
    assert sorted(map(tuple, found)) == [("", 1, False), ("shop", 1, False)]
