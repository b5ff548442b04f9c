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


def somebody_waits(engine: Engine) -> bool:
    """Return True where a PostgreSQL transaction waits for a row that another one holds."""
    with engine.connect() as conn:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(conn.scalar(text(waiting)))


def while_open(engine: Engine, first: Callable[[Connection], Any], second: Callable[[], Any]) -> Any:
    """Do ``first``, start ``second`` elsewhere, commit the first once the second waits; return the second's result."""
    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as conn:
            first(conn)
            result = pool.submit(second)
            # On SQLite the second cannot even begin: one writer at a time.
            if engine.dialect.name == "postgresql":
                deadline = time.monotonic() + DEADLINE
                while not somebody_waits(engine):
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
