"""What an operator does to a person while a visitor's request is half-way: the two must not miss each other.

One transaction is held open where the other one has to wait for it, so that the order is certain and nothing sleeps.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from tracker.core.steps import MergeProfiles
from tracker.store import people, reports
from tracker.store.applying import apply
from tracker.store.engine import transaction

DEADLINE = 20


@pytest.fixture(autouse=True)
def shop(make_source) -> None:
    make_source("shop")


@pytest.fixture
def erase(engine, clock, digest):
    return lambda alias: lambda conn: people.erase(conn, alias, clock(), digest)


@pytest.fixture
def unmerge(engine, clock):
    return lambda profile_id: lambda conn: people.unmerge(conn, profile_id, clock())


def merging(loser: str, survivor: str) -> Callable[[Connection], Any]:
    step = MergeProfiles(f"merge-of-{loser}", loser, survivor, "referral", 1, {})
    return lambda conn: apply(conn, [step])


def waiting(engine: Engine) -> int:
    """Return how many PostgreSQL transactions wait for what another one holds."""
    with engine.connect() as conn:
        asleep = conn.scalars(text("SELECT wait_event_type FROM pg_stat_activity WHERE datname = current_database()"))
        return list(asleep).count("Lock")


def while_open(engine: Engine, first: Callable[[Connection], Any], second: Callable[[], Any]) -> Any:
    """Do ``first``, start ``second`` elsewhere, commit the first once the second waits; return the second's result."""
    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as conn:
            first(conn)
            result = pool.submit(second)
            # On SQLite the second cannot even begin: one writer at a time.
            if engine.dialect.name == "postgresql":
                deadline = time.monotonic() + DEADLINE
                while not waiting(engine):
                    assert not result.done(), f"the second did not wait for the first: {result.exception()}"
                    assert time.monotonic() < deadline
        return result.result(DEADLINE)


def test_erasing_the_loser_during_a_merge_takes_both_sides(engine, record, read, erase, broken) -> None:
    record("e1", session="s1")
    record("e2", session="s2")
    counts = while_open(engine, merging("profile-1", "profile-2"), lambda: transaction(engine, erase("profile-1")))
    assert counts == {"events": 2, "sessions": 2, "ids": 2, "profiles": 2}
    assert read(reports.live_id, "profile-1") is None
    assert read(reports.live_id, "profile-2") is None
    assert read(reports.events) == []
    assert broken() == {}


def test_erasing_the_survivor_during_a_merge_takes_both_sides(engine, record, read, erase, broken) -> None:
    record("e1", session="s1")
    record("e2", session="s2")
    counts = while_open(engine, merging("profile-1", "profile-2"), lambda: transaction(engine, erase("profile-2")))
    assert counts == {"events": 2, "sessions": 2, "ids": 2, "profiles": 2}
    assert read(reports.events) == []
    assert broken() == {}


def test_a_merge_with_somebody_just_erased_is_decided_anew(engine, record, read, erase, broken) -> None:
    record("e1", session="s1")
    record("e2", session="s2")
    found = []

    def merge(conn: Connection) -> None:
        found.append(reports.live_id(conn, "profile-1"))
        if found[-1]:
            merging("profile-1", "profile-2")(conn)

    while_open(engine, erase("profile-1"), lambda: transaction(engine, merge))
    assert found[-1] is None, "the last look is at the store without the erased profile"
    assert read(reports.profile, "profile-2")["events"] == 1
    assert read(reports.merges, "profile-2") == []
    assert broken() == {}


def test_events_for_somebody_just_erased_go_to_a_new_profile(engine, record, read, erase, broken) -> None:
    record("e1", session="s1")
    answer = while_open(engine, erase("profile-1"), lambda: record("e2", session="s1", profile="profile-1"))
    assert answer.profile_id != "profile-1"
    [event] = read(reports.events)
    assert (event["id"], event["profile"]) == ("e2", answer.profile_id)
    assert broken() == {}


def test_events_during_a_merge_belong_to_whoever_lives_on(engine, record, read, broken) -> None:
    record("e1", session="s1")
    record("e2", session="s2")
    answer = while_open(
        engine, merging("profile-1", "profile-2"), lambda: record("e3", session="s1", profile="profile-1")
    )
    assert answer.profile_id == "profile-2"
    assert answer.session_id == "s1"
    assert read(reports.profile, "profile-2")["events"] == 3
    assert broken() == {}


def test_undoing_a_merge_twice_at_once_undoes_it_once(engine, record, read, unmerge, broken) -> None:
    record("e1", session="s1")
    record("e2", session="s2")
    transaction(engine, merging("profile-1", "profile-2"))
    with pytest.raises(people.NothingToUndo):
        while_open(engine, unmerge("profile-1"), lambda: transaction(engine, unmerge("profile-1")))
    assert read(reports.profile, "profile-1")["events"] == 1
    assert broken() == {}


def test_undoing_a_merge_during_the_survivors_own_brings_back_just_one(engine, record, read, unmerge, broken) -> None:
    for number in "123":
        record(f"e{number}", session=f"s{number}")
    transaction(engine, merging("profile-1", "profile-2"))
    while_open(engine, merging("profile-2", "profile-3"), lambda: transaction(engine, unmerge("profile-1")))
    assert read(reports.profile, "profile-1")["events"] == 1
    assert read(reports.profile, "profile-2")["id"] == "profile-3"
    assert read(reports.profile, "profile-3")["events"] == 2
    assert broken() == {}


def test_erasing_during_an_undoing_takes_the_side_that_is_left(engine, record, read, erase, unmerge, broken) -> None:
    record("e1", session="s1")
    record("e2", session="s2")
    transaction(engine, merging("profile-1", "profile-2"))
    counts = while_open(engine, unmerge("profile-1"), lambda: transaction(engine, erase("profile-2")))
    assert counts == {"events": 1, "sessions": 1, "ids": 1, "profiles": 1}
    assert read(reports.profile, "profile-1")["events"] == 1
    assert broken() == {}


def test_undoing_a_merge_during_an_erasure_finds_nothing_to_undo(engine, record, read, erase, unmerge, broken) -> None:
    record("e1", session="s1")
    record("e2", session="s2")
    transaction(engine, merging("profile-1", "profile-2"))
    with pytest.raises(people.NothingToUndo):
        while_open(engine, erase("profile-2"), lambda: transaction(engine, unmerge("profile-1")))
    assert read(reports.live_id, "profile-1") is None
    assert broken() == {}


# Orders ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_deadlocks(engine, postgres):
    """Watch that the server does not have to break a deadlock, which takes it a second and one of the two a retry."""
    engine.dispose()
    before = postgres.deadlocks(engine.url.database)
    yield
    engine.dispose()
    assert postgres.deadlocks(engine.url.database) == before


def both_while_open(engine: Engine, first: Callable[[Connection], Any], *others: Callable[[], Any]) -> None:
    """Do ``first``, start the others one after the other, each until it waits, and only then undo the first."""
    with ThreadPoolExecutor(len(others)) as pool:
        with engine.connect() as conn:
            first(conn)
            results = []
            deadline = time.monotonic() + DEADLINE
            for count, other in enumerate(others, 1):
                results.append(pool.submit(other))
                while waiting(engine) < count:
                    assert not results[-1].done(), f"it did not wait: {results[-1].exception()}"
                    assert time.monotonic() < deadline
            conn.rollback()
        for result in results:
            result.result(DEADLINE)


POSTGRES = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
UUIDS = [f"6ba7b810-9dad-41d1-80b4-{number:012}" for number in (1, 2, 3)]
IN_THE_WAY = {
    "alias": "INSERT INTO alias VALUES ('6ba7b810-9dad-41d1-80b4-000000000002', 'profile-1', 'profile-1')",
    "session": "INSERT INTO session VALUES ('new-2', 'new-2', NULL, 'shop', 1, 1, '{}', '{}', '{}', '{}')",
    "event": "INSERT INTO event_key VALUES ('shop', 'e2', NULL, 's', 1)",
}


@POSTGRES
@pytest.mark.usefixtures("no_deadlocks")
@pytest.mark.parametrize("table", IN_THE_WAY)
def test_batches_with_the_same_new_ids_in_opposite_orders_do_not_deadlock(table, engine, record, read, broken) -> None:
    record("e0", session="s0")
    bring = {
        "alias": lambda n: record.payload(f"{n}", profile=UUIDS[n - 1]),
        "session": lambda n: record.payload(f"{n}", session=f"new-{n}"),
        "event": lambda n: record.payload(f"e{n}"),
    }[table]
    batch = [bring(n) for n in (1, 2, 3)]
    both_while_open(
        engine,
        lambda conn: conn.execute(text(IN_THE_WAY[table])),
        lambda: record.batch(*batch),
        lambda: record.batch(*batch[::-1]),
    )
    assert len(read(reports.events)) == 4
    assert broken() == {}


@POSTGRES
@pytest.mark.usefixtures("no_deadlocks")
def test_visitors_who_come_back_while_others_are_merged_do_not_deadlock_with_them(engine, record, broken) -> None:
    # In the table 2 lies before 10, in the order of their ids 10 comes before 2.
    for number in range(1, 13):
        record(f"e{number}", session=f"s{number}")
    in_order = "SELECT id FROM profile WHERE id = 'profile-11' FOR UPDATE"

    def merge(conn: Connection) -> None:
        steps = [
            MergeProfiles(f"merge-{loser}", f"profile-{loser}", f"profile-{survivor}", "referral", 1, {})
            for loser, survivor in ((11, 10), (12, 2))
        ]
        apply(conn, steps)

    both_while_open(
        engine,
        lambda conn: conn.execute(text(in_order)),
        lambda: transaction(engine, merge),
        lambda: record.batch(record.payload("a", profile="profile-2"), record.payload("b", profile="profile-10")),
    )
    assert broken() == {}
