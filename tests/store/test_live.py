"""What happens at this moment, for who watches, and what was turned away meanwhile."""

import pytest

from tracker.core.attempts import Attempt
from tracker.core.model import Event
from tracker.core.times import SECOND
from tracker.store import attempts, live, sources
from tracker.store.engine import transaction
from tracker.store.live import TEST_TAG, Wanted


@pytest.fixture
def happened(make_source, record, clock, engine):
    """Let things happen to two sources; returns the profile of the first visitor."""
    make_source("shop")
    make_source("blog")
    first = record(events=(Event("page-view", "e1"), Event("order", "big", too_large=9)), session="s1").profile_id
    clock.forward(1)
    record(events=(Event("page-view", "e2", tags=(TEST_TAG,)),), source="blog", session="s2")
    refused = Attempt("a1", clock(), "shop", "wrong-origin", "https://evil.example", "")
    unknown = Attempt("a2", clock(), "shap", "unknown-source", "", "")
    for one in (refused, unknown):
        transaction(engine, lambda conn, one=one: attempts.note(conn, one))
    return first


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), ["e2", "e1", "big"]),
        (Wanted(source_id="shop"), ["e1", "big"]),
        (Wanted(event_type="order"), ["big"]),
        (Wanted(event_type="page-view"), ["e2", "e1"]),
        (Wanted(profile_id="nobody"), []),
        (Wanted(source_id="blog", attempts=True), ["e2", "a2"]),
        (Wanted(source_id="shop", attempts=True), ["a2", "a1", "e1", "big"]),
    ],
)
@pytest.mark.usefixtures("happened")
def test_who_watches_is_told_of_what_fits_the_newest_first(read, wanted: Wanted, found: list[str]) -> None:
    assert [one.id for one in sorted(read(live.news, wanted, 0), key=lambda one: -one.at)] == found


def test_one_persons_events_are_found_by_any_id(read, happened, clock) -> None:
    found = {one.id: one for one in read(live.news, Wanted(profile_id=happened), 0)}
    assert found.keys() == {"e1", "big"}
    assert (found["big"].fate, found["big"].type, found["big"].reason) == ("quarantined", "order", "event-too-large")
    assert [one.is_test for one in read(live.news, Wanted(source_id="blog"), 0)] == [True]
    assert read(live.news, Wanted(), clock()) == []


def test_one_event_is_found_with_all_that_is_stored_of_it(read, happened) -> None:
    found = read(live.event, "shop", "e1")
    assert (found["type"], found["profile_id"], found["session_id"]) == ("page-view", happened, "s1")
    assert read(live.event, "blog", "e1") is None


def test_a_visitor_who_has_other_events_than_tests_is_no_test_visitor(read, record, happened) -> None:
    tester = record(events=(Event("x", "t1", tags=(TEST_TAG,)),), session="s3").profile_id
    assert read(live.is_only_tests, tester)
    record("e9", session="s3")
    assert not read(live.is_only_tests, tester)
    assert not read(live.is_only_tests, happened)
    assert not read(live.is_only_tests, "nobody")


def test_only_some_attempts_are_kept_and_none_for_long(engine, clock, read) -> None:
    def note(number: int) -> None:
        one = Attempt(f"a{number}", clock(), "shop", "malformed")
        transaction(engine, lambda conn: attempts.note(conn, one))

    for number in range(attempts.MOST + 5):
        note(number)
        clock.forward(1)
    kept = [one.id for one in read(attempts.since, 0)]
    assert (len(kept), kept[0]) == (attempts.MOST, f"a{attempts.MOST + 4}")
    clock.forward(attempts.KEPT / SECOND - 10)
    note(1)
    assert 1 < len(read(attempts.since, 0)) < 20
    clock.forward(attempts.KEPT / SECOND + 1)
    assert attempts.purge(engine, clock()) > 1
    assert read(attempts.since, 0) == []


def test_a_source_that_somebody_waits_for_is_the_same_source(engine, make_source, clock) -> None:
    made = make_source("shop")
    transaction(engine, lambda conn: attempts.watch(conn, "shop", clock() + 5))
    [found] = sources.all_sources(engine)
    assert found == made
    assert found.watched_until == clock() + 5
    sources.change(engine, made, clock())
    assert sources.all_sources(engine)[0].watched_until == clock() + 5
