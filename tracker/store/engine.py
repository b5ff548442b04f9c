"""Connecting to either database, and running work in a transaction that starts over after a lost race."""

import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tracker.core.refusal import Unavailable
from tracker.core.server_settings import Pooler
from tracker.store.faults import LostRace, Rejected, StatementFailed, is_unwritable, may_be_sent_again, meaning
from tracker.store.jsons import written
from tracker.store.private import make_first

__all__ = ["Connection", "Engine", "LostRace", "Rejected", "StatementFailed", "connect", "reading", "transaction"]

Result = TypeVar("Result")
ATTEMPTS = 12
LONGEST_PAUSE = 0.5
LARGEST_LOG = 64 * 1024 * 1024
"""Bytes of SQLite's write-ahead log that stay on the disk."""
PAGES_IN_LOG = 8_000
"""Pages of 4 KiB after which the log is carried over into the database."""


def connect(url: str, *, pool_size: int = 10, for_requests: bool = True, pooler: Pooler = "auto") -> Engine:
    """Return an engine for ``sqlite:///…`` or ``postgresql://…`` (psycopg 3), set up as the promises need it.

    Requests give up early; migrations and what an operator asks for take the time they take. ``pooler`` says whether
    PostgreSQL is reached through one that gives each transaction another connection.
    """
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    # An error's text goes to the log, and must not take along what it was about.
    options: dict[str, Any] = {"json_serializer": written, "json_deserializer": orjson.loads, "hide_parameters": True}
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, **options)
        event.listen(engine, "do_connect", make_first)
        event.listen(engine, "connect", partial(_prepare_sqlite, 100 if for_requests else 60_000))
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    # Loading the driver takes a sixth of a command's start, and SQLite has no use for it.
    from tracker.store.postgresql import listen

    pool = {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": 5} if for_requests else {}
    engine = create_engine(parsed, connect_args={"connect_timeout": 5}, **pool, **options)
    listen(engine, parsed, pooler, for_requests=for_requests)
    return engine


def role_of(url: str) -> str | None:
    """Return the role that a database's URL names, or None."""
    return make_url(url).username


def transaction(
    engine: Engine,
    work: Callable[[Connection], Result],
    *,
    pause: Callable[[float], object] = time.sleep,
    keep: bool = True,
) -> Result:
    """Return what ``work`` returned once its transaction is committed; Unavailable or Rejected where it could not be.

    ``work`` is run again after a lost race, so it must read all it builds on through its connection. Without ``keep``
    all its statements run, and are rolled back.
    """
    conflict: DBAPIError | None = None
    for attempt in range(ATTEMPTS):
        if attempt:
            pause(random.uniform(0, min(0.002 * 2**attempt, LONGEST_PAUSE)))  # noqa: S311 - jitter, not a secret
        try:
            with engine.begin() as conn:
                result = _worked(conn, work)
                if not keep:
                    conn.rollback()
                return result
        except LostRace:
            conflict = None
        except PoolTimeout as error:
            raise Unavailable("The database is busy; send the same body again.") from error
        except StatementError as error:
            conflict = _conflict(error, attempt)
    if conflict is not None:
        # The same conflict every time is no race that another transaction has won: what is written contradicts itself.
        raise Rejected from conflict
    raise Unavailable("The database is too busy; send the same body again.")


def _worked(conn: Connection, work: Callable[[Connection], Result]) -> Result:
    """Return what ``work`` returns; a connection that is at fault itself is not used again."""
    try:
        return work(conn)
    except DBAPIError as error:
        if meaning(error) == "connection":
            conn.invalidate(error)
        raise


def _conflict(error: StatementError, attempt: int) -> DBAPIError | None:
    """Return the error of a conflict, or None where another try is worth it anyway; else raise what the error means."""
    if not isinstance(error, DBAPIError):
        if is_unwritable(error):
            raise Rejected from error
        raise error
    found = meaning(error)
    if found == "conflict":
        return error
    if found == "race" or may_be_sent_again(error) or (found == "connection" and not attempt):
        return None
    if found == "content":
        raise Rejected from error
    kind = Unavailable if found == "database" else StatementFailed
    raise kind("The database cannot store this now; send the same body again.") from error


def reading(engine: Engine) -> Engine:
    """Return the same engine for work that only reads: on SQLite it does not wait for the writer.

    On PostgreSQL it may read as much as it has to, where what is written goes by keys.
    """
    return engine.execution_options(read_only=True)


def snapshot(engine: Engine) -> Engine:
    """Return the same engine for work that only reads, and reads everything as of one moment."""
    as_of_one_moment = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    return reading(engine).execution_options(**as_of_one_moment)


def _prepare_sqlite(busy_ms: int, dbapi_connection: Any, _record: Any) -> None:
    # The driver's own idea of when a transaction starts loses updates silently; BEGIN is said below instead. SQLite
    # waits for a lock by sleeping, which stops every greenlet of the process: where requests are served it gives up
    # soon, and ``transaction`` waits on in a way that lets the others go on.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    if cursor.execute("PRAGMA page_count").fetchone() == (0,):
        # A new file can give back what is forgotten while it is used; it has to be told before anything is in it.
        cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")
    # What is erased or forgotten is overwritten where it lay, instead of staying in the file until the place is needed.
    pragmas = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", f"busy_timeout={busy_ms}")
    # The log grows while somebody reads for long; once it can be begun anew it gives back what is over this. Carrying
    # it over every 4 MiB, which is the usual, wrote the same pages again and again, and cost a batch as much as COMMIT.
    for pragma in (*pragmas, f"journal_size_limit={LARGEST_LOG}", f"wal_autocheckpoint={PAGES_IN_LOG}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(conn: Connection) -> None:
    conn.exec_driver_sql("BEGIN" if _only_reads(conn) else "BEGIN IMMEDIATE")


def _only_reads(conn: Connection) -> bool:
    return bool(conn.get_execution_options().get("read_only", False))
