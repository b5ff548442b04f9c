"""A database that is there and takes no writes: locked, full, read-only. Not one 2xx, and 503 with Retry-After."""

import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from faults.waiting import here, until

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
POSTGRES = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
LOCK = """
import sqlite3, sys
conn = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
conn.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
conn.execute("ROLLBACK")
"""
LARGE = {"text": "x" * 12_000}
"""More than fits into what is free on the pages that a file has already."""


@contextmanager
def locked_by_another_process(file):
    """Keep the file's write lock while the block runs."""
    command = [sys.executable, "-c", LOCK, file]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "locked\n"
        yield
        other.communicate("go\n", timeout=30)


def large(ledger):
    body = ledger.body(8)
    for event in body["events"]:
        event["properties"] = LARGE
    return body


def test_the_ledger_s_bodies_are_taken_as_long_as_nothing_is_wrong(house, ledger):
    assert ledger.send(large(ledger)) == 200


@SQLITE
@pytest.mark.parametrize("seconds", [4, pytest.param(30, marks=pytest.mark.chaos)])
def test_a_file_that_another_process_locks_is_503_meanwhile_and_everybody_else_is_answered(seconds, house, ledger):
    with locked_by_another_process(house.database):
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            started = time.monotonic()
            statuses = ledger.send_all([ledger.body() for _ in range(8)])
            assert set(statuses) == {503}
            assert time.monotonic() - started < here(8)
            assert house.server.get("/healthz", timeout=here(1)) == 200
    assert ledger.settle() < here(10)


@SQLITE
def test_health_is_answered_while_writers_wait_for_the_lock(house, ledger):
    with ledger.visitors(2), locked_by_another_process(house.database):
        slowest = 0.0
        for _ in range(30):
            started = time.monotonic()
            assert house.server.get("/healthz") == 200
            slowest = max(slowest, time.monotonic() - started)
    assert slowest < here(1)


@SQLITE
def test_a_full_disk_takes_nothing_and_what_was_taken_is_still_there(house, ledger):
    assert ledger.send(large(ledger)) == 200
    house.server.order(most_pages=1)
    assert ledger.send_all([large(ledger) for _ in range(6)]) == [503] * 6
    assert house.server.get("/healthz") == 200
    house.server.order()
    ledger.settle()


@SQLITE
def test_a_disk_that_fills_up_under_load_stores_each_batch_whole_or_not_at_all(house, ledger):
    with ledger.visitors():
        for _ in range(3):
            before = ledger.acknowledged()
            until(lambda before=before: ledger.acknowledged() >= before + 5, "answers")
            house.server.order(most_pages=1)
            assert ledger.send(large(ledger)) == 503
            house.server.order()


@SQLITE
def test_a_file_that_is_opened_read_only_takes_nothing(house, ledger):
    before = house.server.env["DATABASE_URL"]
    house.server.stop()
    house.server.env["DATABASE_URL"] = f"sqlite:///file:{house.database}?mode=ro&uri=true"
    try:
        house.server.start(wait=False)
        until(lambda: house.server.get("/healthz") == 200, "a server that is alive")
        assert ledger.send_all([ledger.body() for _ in range(6)]) == [503] * 6
        assert house.server.get("/readyz") == 503
    finally:
        house.server.stop()
        house.server.env["DATABASE_URL"] = before


@POSTGRES
def test_a_database_that_is_set_read_only_takes_nothing_until_it_is_set_back(house, ledger):
    assert ledger.send(ledger.body()) == 200
    house.postgres.run(f"ALTER DATABASE {house.database} SET default_transaction_read_only = on")
    house.postgres.hang_up_on(house.database)
    try:
        assert ledger.send_all([ledger.body() for _ in range(6)]) == [503] * 6
        assert house.server.get("/readyz") == 503
        assert house.server.get("/healthz") == 200
    finally:
        house.postgres.run(f"ALTER DATABASE {house.database} RESET default_transaction_read_only")
    house.postgres.hang_up_on(house.database)
    ledger.settle()
