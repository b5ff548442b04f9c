"""Which errors of SQLite mean that a disk is full."""

import os
import sqlite3
from pathlib import Path

_TOO_LITTLE = 2**20
"""Bytes: SQLite calls it an I/O error where the little that is left does not hold the index of its log (32 KiB)."""


def disk_is_full(error: sqlite3.Error, file: Path) -> bool:
    """Whether an error of SQLite means a full disk: SQLite says so, or ``file`` lies on a disk with no room left."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF
    if code not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return code == sqlite3.SQLITE_FULL
    try:
        disk = os.statvfs(file.absolute().parent)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _TOO_LITTLE
