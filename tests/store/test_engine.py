"""A transaction is done whole, started over after a lost race, or refused: never half, never with a foreign error."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import event, text

from tracker.core.refusal import Unavailable
from tracker.store.engine import ATTEMPTS, LostRace, Rejected, StatementFailed, connect, reading, transaction
from tracker.store.sources import can_write

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
POSTGRES = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


def no_pause(_seconds: float) -> None:
    pass


def add(conn, name: str) -> None:
    conn.execute(text("INSERT INTO tombstone (hash, erased_at) VALUES (:name, 0)"), {"name": name})


def kept(engine) -> list[str]:
    with engine.connect() as conn:
        return list(conn.scalars(text("SELECT hash FROM tombstone ORDER BY hash")))


def test_after_a_lost_race_the_work_starts_over_and_nothing_of_the_first_try_stays(engine) -> None:
    tries = []

    def work(conn) -> str:
        tries.append(1)
        add(conn, f"try-{len(tries)}")
        if len(tries) < 3:
            raise LostRace
        return "done"

    assert transaction(engine, work, pause=no_pause) == "done"
    assert kept(engine) == ["try-3"]


def test_a_key_that_somebody_else_took_is_a_lost_race(engine) -> None:
    with engine.begin() as conn:
        add(conn, "taken")
    wanted = iter(["taken", "taken", "free"])
    transaction(engine, lambda conn: add(conn, next(wanted)), pause=no_pause)
    assert kept(engine) == ["free", "taken"]


def test_who_loses_every_race_is_told_to_come_again(engine) -> None:
    tries, pauses = [], []

    def work(_conn) -> None:
        tries.append(1)
        raise LostRace

    with pytest.raises(Unavailable):
        transaction(engine, work, pause=pauses.append)
    assert len(tries) == ATTEMPTS
    assert len(pauses) == ATTEMPTS - 1
    assert sum(pauses) < 5


def test_a_bug_is_no_lost_race_and_leaves_nothing_behind(engine) -> None:
    tries = []

    def work(conn) -> None:
        tries.append(1)
        add(conn, "half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        transaction(engine, work)
    assert len(tries) == 1
    assert kept(engine) == []


def test_a_database_that_was_never_migrated_cannot_store_anything_now(empty_database_url) -> None:
    engine = connect(empty_database_url)
    with pytest.raises(Unavailable):
        transaction(engine, can_write)
    engine.dispose()


def test_no_update_is_lost_between_concurrent_transactions(engine, backend) -> None:
    with engine.begin() as conn:
        add(conn, "counter")
    # SQLite has one writer at a time, so that what was read is still true; PostgreSQL is told to keep it so.
    value = "SELECT erased_at FROM tombstone WHERE hash = 'counter'"
    seen_by_me = text(f"{value} FOR UPDATE" if backend == "postgresql" else value)

    def increment(_number: int) -> None:
        def work(conn) -> None:
            conn.execute(text("UPDATE tombstone SET erased_at = :next"), {"next": conn.scalar(seen_by_me) + 1})

        transaction(engine, work)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(increment, range(80)))
    with engine.connect() as conn:
        assert conn.scalar(text("SELECT erased_at FROM tombstone")) == 80


# SQLite ------------------------------------------------------------------------------------------------------------


@SQLITE
def test_sqlite_is_set_up_to_survive_a_power_cut_and_to_keep_its_references(engine) -> None:
    with engine.connect() as conn:
        pragmas = {
            name: conn.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@SQLITE
def test_who_reads_does_not_wait_for_who_writes(engine) -> None:
    with engine.begin() as writer:
        add(writer, "not committed yet")
        found = transaction(reading(engine), lambda conn: conn.scalar(text("SELECT count(*) FROM tombstone")))
    assert found == 0


@SQLITE
def test_a_file_that_another_process_keeps_locked_is_unavailable_for_now(engine, database_url) -> None:
    event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA busy_timeout=20"))
    other = sqlite3.connect(engine.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        transaction(engine, lambda conn: add(conn, "a"))
    other.execute("ROLLBACK")
    other.close()
    transaction(engine, lambda conn: add(conn, "b"))
    assert kept(engine) == ["b"]


@SQLITE
def test_a_full_disk_is_unavailable_and_what_was_there_is_still_there(engine) -> None:
    transaction(engine, lambda conn: add(conn, "before"))
    engine.dispose()
    event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA max_page_count=1"))

    def work(conn) -> None:
        for number in range(5000):
            add(conn, f"{number:064}")

    with pytest.raises(Unavailable):
        transaction(engine, work)
    assert kept(engine) == ["before"]


@SQLITE
def test_a_read_only_file_is_unavailable_for_writing_alone(engine) -> None:
    engine.dispose()
    only_read = connect(f"sqlite:///file:{engine.url.database}?mode=ro&uri=true")
    assert transaction(reading(only_read), lambda conn: conn.scalar(text("SELECT count(*) FROM tombstone"))) == 0
    with pytest.raises(Unavailable):
        transaction(only_read, can_write)
    only_read.dispose()


def test_a_folder_that_is_not_there_is_unavailable(tmp_path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/nowhere/handoff.db")
    with pytest.raises(Unavailable):
        transaction(engine, can_write)


# PostgreSQL --------------------------------------------------------------------------------------------------------


def test_a_server_that_is_not_there_is_unavailable() -> None:
    for url in (
        "postgresql://handoff@127.0.0.1:1/handoff",
        "postgres://handoff@/handoff?host=/nowhere",
        "postgresql+psycopg://handoff@host.invalid/handoff",
    ):
        engine = connect(url)
        with pytest.raises(Unavailable):
            transaction(engine, can_write)


@POSTGRES
def test_connections_that_the_server_closed_are_replaced_without_anybody_noticing(engine, postgres) -> None:
    transaction(engine, lambda conn: add(conn, "before"))
    postgres.hang_up_on(engine.url.database)
    transaction(engine, lambda conn: add(conn, "after"), pause=no_pause)
    assert kept(engine) == ["after", "before"]


@POSTGRES
def test_a_server_that_goes_away_half_way_has_stored_nothing(engine, postgres) -> None:
    def work(conn) -> None:
        add(conn, "half")
        postgres.hang_up_on(engine.url.database, let_back_in=False)
        add(conn, "other half")

    with pytest.raises(Unavailable):
        transaction(engine, work, pause=no_pause)
    postgres.hang_up_on(engine.url.database)
    assert kept(engine) == []


@POSTGRES
def test_a_server_that_only_takes_reads_is_unavailable_for_writing(engine, postgres) -> None:
    postgres.run(f"ALTER DATABASE {engine.url.database} SET default_transaction_read_only = on")
    with pytest.raises(Unavailable):
        transaction(engine, can_write)


@POSTGRES
def test_a_commit_whose_answer_was_lost_is_not_tried_again(engine, postgres) -> None:
    tries = []

    def work(conn) -> None:
        tries.append(1)
        add(conn, f"try-{len(tries)}")

    # The server is gone at the very moment that COMMIT is sent: whether it was stored cannot be known here.
    event.listen(engine, "commit", lambda conn: postgres.hang_up_on(conn.engine.url.database))
    with pytest.raises(Unavailable):
        transaction(engine, work, pause=no_pause)
    assert tries == [1]


@POSTGRES
def test_of_two_that_wait_for_each_other_both_get_done(engine) -> None:
    with engine.begin() as conn:
        add(conn, "a")
        add(conn, "b")
    holds = {"a": threading.Event(), "b": threading.Event()}

    def work(first: str, second: str):
        def locked(conn) -> None:
            conn.execute(text("SELECT 1 FROM tombstone WHERE hash = :name FOR UPDATE"), {"name": first})
            holds[first].set()
            assert holds[second].wait(10)
            conn.execute(text("UPDATE tombstone SET erased_at = erased_at + 1 WHERE hash = :name"), {"name": second})

        return locked

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(transaction, engine, work(*pair)) for pair in (("a", "b"), ("b", "a"))]:
            done.result(30)
    with engine.connect() as conn:
        assert list(conn.scalars(text("SELECT erased_at FROM tombstone"))) == [1, 1]


@POSTGRES
def test_a_pool_that_is_used_up_is_unavailable_and_not_a_bug(database_url) -> None:
    engine = connect(database_url, pool_size=1)
    engine.pool._timeout = 0.05
    with engine.connect(), pytest.raises(Unavailable):
        transaction(engine, can_write)
    engine.dispose()


@SQLITE
def test_a_conflict_and_then_a_busy_database_is_no_fault_of_what_is_written(engine, tmp_path) -> None:
    other = sqlite3.connect(engine.url.database, isolation_level=None)
    tries = []

    def work(conn) -> None:
        tries.append(1)
        other.execute("ROLLBACK") if other.in_transaction else None
        add(conn, "same")
        add(conn, "same")

    def lock(_seconds: float) -> None:
        if not other.in_transaction:
            other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unavailable):
        transaction(engine, work, pause=lock)
    other.close()
    assert len(tries) == 1


@SQLITE
def test_a_conflict_that_lasts_is_the_fault_of_what_is_written(engine) -> None:
    def work(conn) -> None:
        add(conn, "same")
        add(conn, "same")

    with pytest.raises(Rejected):
        transaction(engine, work, pause=no_pause)


def test_an_error_of_the_database_does_not_tell_what_it_was_about(engine) -> None:
    def work(conn) -> None:
        add(conn, "canary@example.org")
        add(conn, "canary@example.org")

    with pytest.raises(Rejected) as caught:
        transaction(engine, work, pause=no_pause)
    assert "canary" not in str(caught.value.__cause__).split("DETAIL")[0]


# What an error means -------------------------------------------------------------------------------------------------


@POSTGRES
def test_a_prepared_statement_that_the_server_has_lost_is_sent_again_on_a_new_connection(engine, record, make_source):
    make_source("shop")
    # The driver prepares what comes for the sixth time.
    for number in range(8):
        record(f"before-{number}", session="s")
    with engine.connect() as conn:
        conn.exec_driver_sql("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$")
        conn.commit()
    assert [fate for _, fate in record("after", session="s").fates] == ["stored"]


@POSTGRES
def test_a_plan_from_before_a_migration_is_made_anew(engine, record, make_source, postgres) -> None:
    make_source("shop")
    for number in range(8):
        record(f"before-{number}", session="s")
    with engine.connect() as conn:
        conn.exec_driver_sql("ALTER TABLE session ALTER COLUMN client_id TYPE varchar(200)")
        conn.commit()
    assert [fate for _, fate in record("after", session="s").fates] == ["stored"]


@POSTGRES
@pytest.mark.parametrize("right", ["SELECT", "INSERT", "UPDATE"])
def test_a_right_that_was_taken_away_is_unavailable(right: str, engine, record, make_source, postgres) -> None:
    make_source("shop")
    record("e1", session="s")
    postgres.run("DROP ROLE IF EXISTS visitor")
    with engine.begin() as conn:
        conn.exec_driver_sql("CREATE ROLE visitor LOGIN")
        conn.exec_driver_sql("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO visitor")
        conn.exec_driver_sql(f"REVOKE {right} ON profile FROM visitor")
    try:
        visitor = connect(engine.url.set(username="visitor").render_as_string(hide_password=False))
        with pytest.raises(StatementFailed):
            replace(record, engine=visitor)("e2", session="s" if right == "UPDATE" else "other")
        visitor.dispose()
    finally:
        with engine.begin() as conn:
            conn.exec_driver_sql("DROP OWNED BY visitor; DROP ROLE visitor")


def test_what_is_not_kept_is_tried_out_whole(engine) -> None:
    def work(conn) -> list[str]:
        add(conn, "tried")
        return list(conn.scalars(text("SELECT hash FROM tombstone")))

    assert transaction(engine, work, keep=False) == ["tried"]
    assert kept(engine) == []
    transaction(engine, work)
    with pytest.raises(Rejected):
        transaction(engine, work, keep=False, pause=no_pause)
