"""The database stops, refuses, dawdles, swallows, hangs up after COMMIT: 503 meanwhile, all as ever afterwards."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from faults.waiting import here, until

pytestmark = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


def refusals(ledger, number: int, **options) -> None:
    """Send fresh bodies, none of which can be stored: each is answered 503."""
    assert ledger.send_all([ledger.body() for _ in range(number)], **options) == [503] * number


@contextmanager
def table_locked(postgres, database, table):
    """Keep everybody else from a table while the block runs."""
    with psycopg.connect(postgres.url(database)) as conn:
        conn.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        yield
        conn.rollback()


def test_a_database_that_crashes_and_comes_back_has_all_that_was_acknowledged(house, ledger):
    with ledger.visitors():
        until(lambda: ledger.acknowledged() >= 10, "a first few answers")
        house.postgres.stop("immediate")
        try:
            refusals(ledger, 4)
            assert house.server.get("/healthz") == 200
            assert house.server.get("/readyz") == 503
        finally:
            house.postgres.start()
        before = ledger.acknowledged()
        until(lambda: ledger.acknowledged() >= before + 20, "answers after it", within=10)


def test_a_worker_that_dies_while_the_database_is_away_is_replaced_all_the_same(house, ledger):
    house.postgres.stop("fast")
    try:
        old = {worker.pid for worker in house.server.workers()}
        for worker in house.server.workers():
            worker.kill()
        until(lambda: house.server.get("/healthz") == 200, "a new worker")
        assert not {worker.pid for worker in house.server.workers()} & old
        refusals(ledger, 4)
    finally:
        house.postgres.start()


def test_a_database_that_cannot_be_reached_is_503_at_once(house, ledger):
    house.proxy.way = "refuse"
    started = time.monotonic()
    refusals(ledger, 8)
    assert time.monotonic() - started < here(5)
    assert house.server.get("/healthz") == 200
    house.proxy.way = "pass"
    assert ledger.settle() < here(5)


def test_connections_that_break_under_load_cost_nobody_an_event(house, ledger):
    with ledger.visitors():
        for _ in range(5):
            before = ledger.acknowledged()
            until(lambda before=before: ledger.acknowledged() >= before + 10, "answers")
            house.proxy.cut()


def test_a_slow_database_is_slow_and_nothing_else(house, ledger):
    house.proxy.delay = 0.05
    assert set(ledger.send_all([ledger.body() for _ in range(24)])) == {200}


def test_a_connection_that_is_cut_right_after_commit_was_sent_stores_the_batch_once(house, ledger):
    body = ledger.body(5)
    house.proxy.cut_after_commit_of = body["events"][0]["id"].encode()
    assert ledger.send(body) == 503, "whether it is stored cannot be known, so it is not acknowledged"
    assert house.proxy.cuts >= 1
    ids = ledger.of(body).event_ids
    until(lambda: ledger.stored(ids) == set(ids), "PostgreSQL to carry the COMMIT out")
    house.proxy.cut_after_commit_of = None
    ledger.settle()
    assert ledger.of(body).answer()["session"]["id"] == body["session"]["id"]


@pytest.mark.parametrize("seconds", [1, pytest.param(40, marks=pytest.mark.chaos)])
def test_a_network_that_swallows_everything_is_over_ten_seconds_after_its_end(seconds, house, ledger):
    assert ledger.send(ledger.body()) == 200
    house.proxy.way = "swallow"
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(ledger.send, ledger.body(), timeout=seconds + 30) for _ in range(8)]
        ends = time.monotonic() + seconds
        until(lambda: house.server.get("/healthz") != 200 or time.monotonic() > ends, "the swallowing", within=60)
        assert house.server.get("/healthz") == 200
        house.proxy.way = "pass"
        ended = time.monotonic()
        assert {future.result() for future in sent} <= {200, 503}
        assert ledger.send(ledger.body()) == 200
        assert time.monotonic() - ended < here(10)


def test_with_the_connections_taken_events_are_stored_or_503_and_health_is_still_answered(house, ledger):
    with table_locked(house.postgres, house.database, "quarantine"), ThreadPoolExecutor(40) as pool:
        # Each of these holds a connection while its probe waits for the table; there are ten a worker.
        waiting = [pool.submit(house.server.get, "/readyz", timeout=60) for _ in range(40)]
        until(lambda: house.postgres.run(WAITING)[0][0] >= 15, "most connections to wait for the table")
        statuses = ledger.send_all([ledger.body() for _ in range(8)], timeout=60)
        # Whether a connection comes free before an event has waited too long is a matter of milliseconds.
        assert set(statuses) <= {200, 503}
        assert house.server.get("/healthz") == 200
    assert {answer.result() for answer in waiting} <= {200, 503}
