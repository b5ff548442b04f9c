"""Kill -9 of a worker at each of the four points around COMMIT: the client repeats its body, and it is stored once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import func, select

from faults.waiting import until
from tracker.store import journal
from tracker.store.engine import reading
from tracker.store.tables import EventRow, ReportTotalRow

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
POSTGRES = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
STOPS_BETWEEN_TABLES = (
    "CREATE FUNCTION stop_here() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$",
    "CREATE TRIGGER stop_here BEFORE INSERT ON event FOR EACH STATEMENT EXECUTE FUNCTION stop_here()",
)
STOPPED = """
    SELECT client_port FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = 'advisory'
"""


def killed_at(point, house, ledger):
    """Send a body to a worker that dies at that point, and return it; the client gets no answer."""
    house.server.order(kill=point)
    body = ledger.body(5)
    assert ledger.send(body) is None
    assert house.server.carried_out(), "no worker came to that point"
    return body


@contextmanager
def stopped_between_tables(postgres, database):
    """Let every transaction stop before its first event is written, with profile and session written already."""
    with psycopg.connect(postgres.url(database), autocommit=True) as conn:
        for statement in STOPS_BETWEEN_TABLES:
            conn.execute(statement)
        conn.execute("SELECT pg_advisory_lock(1)")
        yield lambda: bool(conn.execute(STOPPED).fetchall())
        conn.execute("SELECT pg_advisory_unlock(1)")
        conn.execute("DROP TRIGGER stop_here ON event")
        conn.execute("DROP FUNCTION stop_here")


@pytest.mark.parametrize("point", ["before-insert", "before-commit"])
def test_a_worker_killed_before_its_commit_has_stored_nothing_and_the_repeat_is_stored_once(point, house, ledger):
    body = killed_at(point, house, ledger)
    assert ledger.stored(ledger.of(body).event_ids) == set()
    ledger.settle()


@SQLITE
def test_a_worker_killed_between_two_tables_has_stored_nothing_and_the_repeat_is_stored_once(house, ledger):
    body = killed_at("between-tables", house, ledger)
    assert ledger.stored(ledger.of(body).event_ids) == set()
    ledger.settle()


@POSTGRES
def test_workers_killed_between_two_tables_have_stored_nothing_and_the_repeat_is_stored_once(house, ledger):
    body = ledger.body(5)
    with (
        stopped_between_tables(house.postgres, house.database) as somebody_stopped,
        ThreadPoolExecutor(1) as pool,
    ):
        sent = pool.submit(ledger.send, body)
        until(somebody_stopped, "a transaction between two tables")
        for worker in house.server.workers():
            worker.kill()
        assert sent.result(10) is None
    assert ledger.stored(ledger.of(body).event_ids) == set()
    ledger.settle()


def test_a_worker_killed_after_its_commit_has_stored_the_batch_and_the_repeat_adds_nothing(house, ledger):
    body = killed_at("after-commit", house, ledger)
    assert ledger.stored(ledger.of(body).event_ids) == set(ledger.of(body).event_ids)
    ledger.settle()
    assert ledger.of(body).answer()["session"]["id"] == body["session"]["id"], "nobody heard of it"


@pytest.mark.parametrize("point", ["before-insert", "before-commit", "after-commit"])
def test_visitors_who_click_on_while_a_worker_dies_lose_nothing(point, house, ledger):
    with ledger.visitors():
        until(lambda: ledger.acknowledged() >= 10, "a first few answers")
        house.server.order(kill=point)
        until(house.server.carried_out, "a worker's death")
        before = ledger.acknowledged()
        until(lambda: ledger.acknowledged() >= before + 20, "answers after it")


def counted_and_stored(house):
    """Return how many events the console has counted and how many are stored; None while some are still to count."""
    with reading(house.engine).begin() as conn:
        if journal.waiting(conn):
            return None
        totals = select(func.sum(ReportTotalRow.events + ReportTotalRow.bots))
        counted = conn.scalar(totals.where(ReportTotalRow.scope == "", ReportTotalRow.hours == 24))
        return int(counted or 0), conn.scalar(select(func.count()).select_from(EventRow))


def test_a_worker_killed_while_it_counts_leaves_every_event_to_be_counted_once(house, ledger):
    house.server.order(kill="counting")
    for _ in range(3):
        ledger.send(ledger.body(3))
    until(house.server.carried_out, "a worker's death with the counts written and not committed")
    ledger.settle()
    counted, stored = until(lambda: counted_and_stored(house), "the journal's end")
    assert counted == stored >= 9
