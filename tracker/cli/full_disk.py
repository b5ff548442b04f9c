"""Telling a full disk from whatever else may be wrong with an SQLite file."""

import errno
import sqlite3
from pathlib import Path

from tracker.store.disk_errors import disk_is_full

_REMEDY = "Free space there (logs, old copies), then run tracker db maintain, which gives back what has run out."


def full_disk(error: BaseException | None, database: Path | None) -> str | None:
    """Return a sentence that says that a disk is full and what to do, or None where the error means something else.

    ``database`` is the SQLite file of the settings; None on PostgreSQL, whose disk is not of this machine.
    """
    while error is not None:
        original = getattr(error, "orig", None) or error
        if isinstance(original, OSError) and original.errno == errno.ENOSPC:
            # The name of a file that is not whole yet is nothing that was asked for.
            file = str(original.filename or database or "the file that was written").removesuffix(".part")
            return f"The disk of {file} is full. {_REMEDY}"
        if isinstance(original, sqlite3.Error) and database is not None and disk_is_full(original, database):
            return f"The disk of {database}, or of the file that was written, is full. {_REMEDY}"
        error = error.__cause__
    return None
