"""The room that a database takes on the disk: SQLite gives back what was forgotten, by and by or all at once."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import text

from tracker.store.backup import Unfit, closed, whole
from tracker.store.engine import Engine, reading, transaction
from tracker.store.presence import nobody_serves

PAGES_AT_ONCE = 250
"""Pages of 4 KiB that one transaction gives back: who clicks meanwhile waits no longer than one of these takes."""
_INCREMENTAL = 2


def size(engine: Engine) -> int:
    """Return how many bytes the database takes; on SQLite that is its file and the log beside it."""
    if engine.dialect.name == "postgresql":
        taken = text("SELECT pg_database_size(current_database())")
        return transaction(reading(engine), lambda conn: conn.scalar(taken)) or 0
    files = (Path(f"{engine.url.database}{ending}") for ending in ("", "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def unused(engine: Engine) -> int:
    """Return how many bytes of an SQLite file hold nothing; 0 on PostgreSQL, which looks after that itself."""
    if engine.dialect.name == "postgresql":
        return 0
    with closing(engine.raw_connection()) as raw:
        return _pragma(raw, "freelist_count") * _pragma(raw, "page_size")


def gives_back(engine: Engine) -> bool:
    """Whether this is an SQLite file that can give back what holds nothing while it is used."""
    if engine.dialect.name == "postgresql":
        return False
    with closing(engine.raw_connection()) as raw:
        return _pragma(raw, "auto_vacuum") == _INCREMENTAL


def give_back(engine: Engine) -> Iterator[int]:
    """Give back what holds nothing, piece by piece; yields after each how many bytes hold nothing still.

    It may be stopped at any time. Each piece is carried over into the file at once, so that the log does not grow on a
    disk that is nearly full.
    """
    with closing(engine.raw_connection()) as raw:
        left = _pragma(raw, "freelist_count")
        while left:
            cursor = raw.cursor()
            # A row a page: the work is done as they are read.
            cursor.execute(f"PRAGMA incremental_vacuum({PAGES_AT_ONCE})").fetchall()
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            before, left = left, _pragma(raw, "freelist_count")
            yield left * _pragma(raw, "page_size")
            if left >= before:
                # As much comes free as is given back.
                break
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@contextmanager
def undisturbed(database: Path) -> Iterator[None]:
    """Keep collectors from an SQLite file while the block runs, which may end in ``compact``.

    Raises Served where a collector runs on it, and InUse where another program has it open, before the block runs.
    """
    with nobody_serves(database):
        closed(database)
        yield


def compact(database: Path) -> None:
    """Write an SQLite file anew without what holds nothing, so that it gives that back by itself from now on.

    To be called in ``undisturbed``. Raises InUse where another program has opened it, Unfit where there is no room.
    """
    closed(database)
    with closing(sqlite3.connect(database, isolation_level=None)) as old:
        pages = _pragma(old, "page_count") - _pragma(old, "freelist_count")
        needed, disk = pages * _pragma(old, "page_size"), os.statvfs(database.parent)
        if needed > disk.f_bavail * disk.f_frsize:
            raise Unfit(f"This needs {needed / 2**20:,.0f} MiB beside {database}, and there is less room.")
        with whole(database) as draft:
            old.execute(f"PRAGMA auto_vacuum={_INCREMENTAL}")
            old.execute("VACUUM INTO ?", (str(draft),))


def _pragma(raw: object, name: str) -> int:
    cursor = raw.cursor()  # type: ignore[attr-defined]
    [value] = cursor.execute(f"PRAGMA {name}").fetchone()
    return int(value)
