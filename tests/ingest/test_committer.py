"""Payloads that wait together are committed together, and nobody is answered before that."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from tracker.core.model import Event, Source
from tracker.core.refusal import Unavailable
from tracker.ingest.committer import Committer
from tracker.store import reports
from tracker.store.directory import Directory
from tracker.store.engine import connect

DEADLINE = 20


@pytest.fixture
def shop(make_source) -> Source:
    return make_source("shop")


@pytest.fixture
def committer(engine, clock, new_id, digest) -> Committer:
    return Committer(engine, Directory(engine, clock), clock, new_id, digest)


@contextmanager
def writers_wait(engine, backend: str) -> Iterator[None]:
    """Keep everybody else from writing until the block ends."""
    other = connect(engine.url.render_as_string(hide_password=False))
    with other.begin() as conn:
        if backend == "postgresql":
            conn.execute(text("LOCK TABLE profile IN ACCESS EXCLUSIVE MODE"))
        yield
    other.dispose()


@pytest.fixture
def together(committer, engine, backend, new_id, shop):
    """Record payloads while the database is held up, so that they meet in the queue; returns a future for each."""

    def go(payloads: list[Any]) -> list[Future[Any]]:
        pool = ThreadPoolExecutor(len(payloads))
        with writers_wait(engine, backend):
            futures = [pool.submit(committer.record, payload, shop) for payload in payloads]
            deadline = time.monotonic() + DEADLINE
            # Each takes the ids it may need before it queues.
            while new_id.given["request"] < len(payloads):
                assert time.monotonic() < deadline
            assert not any(future.done() for future in futures), "nobody is answered before the commit"
        pool.shutdown()
        return futures

    return go


def test_who_waits_together_is_committed_together(together, record, engine, read, broken) -> None:
    commits: list[object] = []
    event.listen(engine, "commit", commits.append)
    futures = together([record.payload(f"e{n}", session=f"s{n % 8}") for n in range(40)])
    answers = [future.result(DEADLINE) for future in futures]
    assert len(commits) < 10, "forty payloads, a few transactions"
    assert len({answer.profile_id for answer in answers}) == 8
    assert [answer.fates for answer in answers] == [((f"e{n}", "stored"),) for n in range(40)]
    assert len(read(reports.events)) == 40
    assert broken() == {}


def test_a_payload_that_no_database_takes_is_quarantined_and_its_neighbours_are_stored(
    together, record, read, broken
) -> None:
    payloads = [record.payload(f"e{n}", session=f"s{n}") for n in range(12)]
    for culprit in (3, 7):
        payloads[culprit] = record.payload(events=(Event("a", f"e{culprit}", {"p": object()}),), session=f"s{culprit}")
    fates = [future.result(DEADLINE).fates for future in together(payloads)]
    assert [n for n, [(_, fate)] in enumerate(fates) if fate == "quarantined"] == [3, 7]
    assert {event["id"] for event in read(reports.events)} == {f"e{n}" for n in range(12)} - {"e3", "e7"}
    assert {(event["id"], event["reason"]) for event in read(reports.quarantine)} == {
        ("e3", "not-storable"),
        ("e7", "not-storable"),
    }
    assert broken() == {}


@pytest.fixture
def digest(digest):
    """The usual digest, but for one event that breaks it: what a bug met by one payload alone looks like."""

    def breaks(kind: str, name: str) -> list[str]:
        if name == "shop\nbroken":
            raise ZeroDivisionError
        return digest(kind, name)

    return breaks


def test_a_bug_that_one_payload_meets_fails_that_one_alone(together, record, read, broken) -> None:
    payloads = [record.payload("broken" if n == 5 else f"e{n}", session=f"s{n}") for n in range(12)]
    futures = together(payloads)
    failed = [(n, type(error)) for n, future in enumerate(futures) if (error := future.exception(DEADLINE))]
    assert failed == [(5, ZeroDivisionError)]
    assert len(read(reports.events)) == 11
    assert broken() == {}


def test_after_a_failure_the_next_payload_is_recorded_as_ever(committer, record, shop, read) -> None:
    with pytest.raises(ZeroDivisionError):
        committer.record(record.payload("broken"), shop)
    assert committer.record(record.payload("e2"), shop).fates == (("e2", "stored"),)
    assert [event["id"] for event in read(reports.events)] == ["e2"]


def test_what_is_answered_is_committed(committer, record, shop, engine) -> None:
    other = connect(engine.url.render_as_string(hide_password=False))
    for n in range(20):
        committer.record(record.payload(f"e{n}"), shop)
        with other.connect() as conn:
            assert conn.scalar(text("SELECT count(*) FROM event")) == n + 1
    other.dispose()


def test_payloads_of_many_sources_may_meet(committer, record, make_source, read) -> None:
    made = [make_source(f"source-{n}") for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda s: committer.record(record.payload("e1", source=s.id), s), made))
    assert [answer.fates for answer in answers] == [(("e1", "stored"),)] * 8
    assert len(read(reports.events)) == 8


def test_with_the_database_gone_everybody_is_told_to_come_again(record, clock, new_id, digest) -> None:
    engine = connect("postgresql://handoff@127.0.0.1:1/handoff")
    committer = Committer(engine, Directory(engine, clock), clock, new_id, digest)
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(committer.record, record.payload(f"e{n}"), Source("shop", "Shop")) for n in range(8)]
        assert {type(future.exception(DEADLINE)) for future in futures} == {Unavailable}


def test_the_same_batch_many_times_in_one_transaction_is_stored_once(together, record, read, broken) -> None:
    futures = together([record.payload("e1", "e2", session="s1")] * 20)
    fates = [future.result(DEADLINE).fates for future in futures]
    assert fates.count((("e1", "stored"), ("e2", "stored"))) == 1
    assert fates.count((("e1", "duplicate"), ("e2", "duplicate"))) == 19
    assert [event["id"] for event in read(reports.events)] == ["e1", "e2"]
    assert broken() == {}
