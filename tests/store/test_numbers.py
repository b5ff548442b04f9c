"""The console's numbers: folded once from the journal, equal to a recount, and right after forgetting."""

import uuid

import pytest
from sqlalchemy import Engine, insert, select, text
from store.histories import PAGES, describe, from_shop_to_blog, history, rows, sums

from tracker.core.keeping import Keeping
from tracker.core.model import Event
from tracker.core.times import DAY
from tracker.ingest.counting import fold_all
from tracker.store import counts, folding, people, recount, retention
from tracker.store.engine import LostRace, transaction
from tracker.store.tables import (
    Base,
    JournalRow,
    ReportFlowRow,
    ReportNameRow,
    ReportReturnRow,
    ReportSeenRow,
    ReportTotalRow,
)

COUNTS = (ReportTotalRow, ReportReturnRow, ReportNameRow, ReportFlowRow)


@pytest.fixture(autouse=True)
def sites(make_source) -> None:
    for name, other in (("shop", "blog"), ("blog", "shop")):
        make_source(name, domains=(f"{name}.example",), links=(f"{other}.example",), referrals="plain")


def total(engine: Engine, scope: str = "", day: int = 0, hours: int = 24) -> tuple | None:
    """Return events, visits, visitors and robots' events of the day that lies so many days back."""
    with engine.begin() as conn:
        found = conn.execute(
            select(ReportTotalRow.events, ReportTotalRow.visits, ReportTotalRow.visitors, ReportTotalRow.bots)
            .where(ReportTotalRow.scope == scope, ReportTotalRow.hours == hours)
            .order_by(ReportTotalRow.at.desc())
        ).all()
    return tuple(found[day]) if len(found) > day else None


def test_what_is_stored_is_counted_once_and_the_journal_is_empty_afterwards(record, fold, engine, broken) -> None:
    record("e1", "e2", session="s1")
    record("e2", session="s1")
    assert total(engine) is None
    assert fold() == 1
    assert fold() == 0
    assert total(engine) == total(engine, "shop") == (2, 1, 1, 0)
    assert rows(engine, JournalRow) == {"journal": []}
    assert broken() == {}


def test_a_fold_that_fails_before_its_commit_has_counted_nothing_and_the_next_one_counts_all(
    record, fold, engine
) -> None:
    record("e1", session="s1")

    class Killed(Exception):
        pass

    def dies(conn):
        assert folding.fold(conn, describe, 0).rows == 1
        raise Killed

    with pytest.raises(Killed):
        transaction(engine, dies)
    assert total(engine) is None
    assert fold() == 1
    assert total(engine) == (1, 1, 1, 0)


def test_many_batches_are_counted_in_steps_of_bounded_size(record, engine, clock, fold) -> None:
    for number in range(6):
        record(f"e{number}", session=f"s{number}")
    step = transaction(engine, lambda conn: folding.fold(conn, describe, clock(), 2))
    assert step == (2, True)
    assert step.rows + fold() == 6
    assert total(engine) == (6, 6, 6, 0)


def test_counting_goes_on_while_more_waits_and_ends_with_what_waited_when_it_looked(
    record, engine, clock, monkeypatch
) -> None:
    monkeypatch.setattr(folding, "FACTS_A_STEP", 2)
    for number in range(3):
        record(f"e{number}", session=f"s{number}")
    pauses: list[float] = []

    def comes_meanwhile(pause: float) -> None:
        pauses.append(pause)
        record(f"later-{len(pauses)}", session="s9")

    assert fold_all(engine, clock, comes_meanwhile) == 4
    assert len(pauses) == 1
    assert total(engine) == (4, 4, 4, 0)


def test_hand_overs_that_came_without_an_event_to_store_do_not_end_the_counting(
    record, engine, clock, monkeypatch
) -> None:
    monkeypatch.setattr(folding, "FACTS_A_STEP", 2)
    handed = {"facts": [], "flow": [[clock(), "shop", "blog", "adopted"]]}
    with engine.begin() as conn:
        conn.execute(insert(JournalRow), [{"id": f"{number}", "facts": handed} for number in range(3)])
    record("e1", session="s1")
    assert fold_all(engine, clock, lambda _: None) == 4
    assert rows(engine, JournalRow) == {"journal": []}


def test_robots_are_counted_apart(record, fold, engine, broken) -> None:
    record("e1", session="s1", device={"user_agent": "a bot"})
    record("e2", session="s2", context={"browser": {"webdriver": True}})
    record("e3", session="s3")
    fold()
    assert total(engine) == (1, 1, 1, 2)
    assert broken() == {}


def test_what_a_backend_sends_for_its_visitors_is_no_robots(record, make_source, fold, engine) -> None:
    make_source("crm", kind="server")
    record("e1", session="s1", source="crm", device={"user_agent": "a bot"})
    fold()
    assert total(engine, "crm") == (1, 1, 1, 0)


def test_what_became_of_a_link_is_counted_once_by_its_reason(record, fold, engine) -> None:
    there = record("e1", session="s1").profile_id
    record("e2", source="blog", referral=from_shop_to_blog(there), session="s2")
    record("e2", source="blog", referral=from_shop_to_blog(there), session="s2")
    record("e3", source="blog", referral=from_shop_to_blog("nobody"), session="s3")
    fold()
    outcomes = [(row[1], row[2], row[3], row[4]) for row in rows(engine, ReportFlowRow)["report_flow"]]
    assert outcomes == [
        ("shop", "blog", "The referred profile does not exist.", 1),
        ("shop", "blog", "adopted", 1),
    ]


def test_of_more_names_than_are_kept_the_rest_is_counted_together(record, fold, engine, monkeypatch) -> None:
    monkeypatch.setattr(counts, "MOST_NAMES", 2)
    for number in (0, 0, 1, 2, 3, 3, 3):
        record(events=(Event("page-view", context=PAGES[number]),), session="s1")
    fold()
    names = {row[3]: row[4] for row in rows(engine, ReportNameRow)["report_name"] if row[:2] == ("shop", "page")}
    assert names == {"shop.example/0": 2, "shop.example/3": 3, "": 2}


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_two_processes_do_not_count_at_once(record, engine, clock) -> None:
    record("e1", session="s1")
    with engine.begin() as first:
        assert folding.fold(first, describe, clock()) == (1, False)
        assert transaction(engine, lambda conn: folding.fold(conn, describe, clock())) == folding.NOTHING


def test_while_somebody_counts_anew_the_journal_waits_and_a_hold_that_was_left_ends_by_itself(
    record, fold, engine, clock
) -> None:
    record("e1", session="s1")
    transaction(engine, lambda conn: folding.hold(conn, clock() + recount.HELD_FOR))
    assert fold() == 0
    clock.forward(3601)
    assert fold() == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_the_numbers_equal_a_recount_after_any_history(seed, record, clock, engine, fold, recounted, broken) -> None:
    history(record, clock, engine, fold, seed)
    fold()
    assert broken() == {}
    # Of a visit that goes on without naming its page, only the page it named last is known; so pages are compared by
    # their sum.
    tables = (ReportTotalRow, ReportReturnRow, ReportFlowRow, ReportSeenRow)
    folded = rows(engine, *tables), sums(engine)
    for table in (ReportTotalRow, ReportReturnRow, ReportNameRow):
        with engine.begin() as conn:
            conn.execute(text(f"DELETE FROM {table.__tablename__}"))  # noqa: S608
    recounted()
    assert (rows(engine, *tables), sums(engine)) == folded
    assert broken() == {}


def test_a_recount_takes_in_what_waits_and_nothing_twice(record, engine, fold, recounted, clock, broken) -> None:
    record("e1", session="s1")
    fold()
    record("e2", session="s1")
    assert sum(events for _, events in recounted()) == 2
    record("e3", session="s1")
    fold()
    assert total(engine) == (3, 1, 1, 0)
    assert broken() == {}


def test_who_is_erased_is_in_no_table_and_still_in_the_counts(record, engine, fold, clock, digest, broken) -> None:
    gone, other = record("e1", session="s1").profile_id, record("e2", session="s2").profile_id
    fold()
    record("e3", session="s1", profile=gone)
    transaction(engine, lambda conn: people.erase(conn, gone, clock(), digest))
    fold()
    assert total(engine) == (3, 3, 2, 0)
    everything = str(rows(engine, *(mapper.class_ for mapper in Base.registry.mappers)))
    assert gone not in everything
    assert "'s1'" not in everything
    assert other in everything
    assert broken() == {}


def test_after_forgetting_the_counts_stand_and_a_recount_leaves_them(
    record, engine, fold, clock, recounted, broken
) -> None:
    record("old", session="s1")
    fold()
    clock.forward(40 * 86_400)
    record("new", session="s2")
    fold()
    list(retention.forget(engine, Keeping(clock() - 30 * DAY)))
    assert broken() == {}
    recounted()
    assert [total(engine, day=day) for day in (0, 1)] == [(1, 1, 1, 0), (1, 1, 1, 0)]
    assert rows(engine, ReportSeenRow)["report_seen"][0][0] == "profile-2"


def test_a_recount_that_finds_its_journal_folded_by_somebody_else_stops(record, engine, fold, monkeypatch) -> None:
    record("e1", session="s1")
    with pytest.raises((RuntimeError, LostRace)):
        transaction(
            engine,
            lambda conn: recount._replace(conn, (0, 0), {}, recount.Tally(), ["nobody has this one"]),
        )


def test_an_event_of_the_id_of_a_uuid_is_counted_by_its_own_day(record, engine, fold, clock) -> None:
    name = str(uuid.uuid4())
    record(name, session="s1")
    clock.forward(86_400)
    record(name, session="s1")
    record("later", session="s1")
    fold()
    assert [total(engine, day=day) for day in (0, 1)] == [(1, 1, 1, 0), (1, 1, 1, 0)]
