"""Telling whether a collector serves from an SQLite file: it holds a lock beside the file for as long as it runs."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracker.store.private import private


class Served(Exception):
    """A collector serves from this database."""


def hold(database: Path) -> int:
    """Return the descriptor of a lock that lasts until this process and all its children have ended."""
    descriptor = _opened(database)
    # Whoever puts another file in the database's place at this moment is waited for.
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


@contextmanager
def nobody_serves(database: Path) -> Iterator[None]:
    """Keep every collector from starting on this file while the block runs; Served where one runs already."""
    descriptor = _opened(database)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Served from error
    finally:
        os.close(descriptor)


def _opened(database: Path) -> int:
    # SQLite locks the database file itself in ways of its own, so this has a file to itself.
    return private(str(database.with_name(f"{database.name}.serving")), os.O_RDWR | os.O_CREAT)
