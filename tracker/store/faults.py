"""What an error of the database means (design.md): the content's fault, a lost race, the statement's, or its own."""

import re
import sqlite3
from typing import Literal

import orjson
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

from tracker.core.refusal import Unavailable

Meaning = Literal["content", "conflict", "race", "connection", "statement", "database"]

_PRIMARY = 0xFF
"""SQLite's extended codes are kinds of the code in their lowest byte."""
_SQLITE_CONTENT = {sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG}
# What may come of one statement alone. All other codes say that the file is away, locked, full, read-only or damaged.
_SQLITE_STATEMENT = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_MISUSE}

_CONTENT = ("22", "23")  # data exceptions, integrity constraint violations
_RACE = ("40001", "40P01")  # serialization_failure, deadlock_detected: PostgreSQL asks for another try.
# A prepared statement that another server behind the pooler, or the one after a migration, does not know or plans in
# another way. A new connection has none.
_CONNECTION = ("0A000", "26", "42P05")
# Connection, read-only or broken transaction, disk and connections used up, lock not available, shutdown, system error.
_DATABASE = ("08", "25", "53100", "53300", "53400", "55", "57P", "58")


class Rejected(Exception):
    """The content of what was to be written is at fault: no retry mends it, and the database is well."""


class LostRace(Exception):
    """Something that a decision was built on has changed in the meantime: read again, decide again."""


class StatementFailed(Unavailable):
    """The database answers, and did not take a statement: of a batch, one half may still be stored."""


class CannotServe(Unavailable):
    """A database that can be reached and will never do; ``why`` says what to do about it, for operators."""

    def __init__(self, why: str) -> None:
        super().__init__("The database cannot be used as it is; see the log of the collector.")
        self.why = why


def meaning(error: DBAPIError) -> Meaning:
    """Return what an error means.

    ``content``: no retry mends it. ``conflict``: content as well, unless another transaction was quicker. ``race`` and
    ``connection``: worth another try, the latter on a new connection. ``statement`` and ``database``: nothing was
    stored, and the first may come of what else is in the batch. What is not known is ``statement``.
    """
    if error.connection_invalidated:
        return "database"
    if isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(error)
    state: str | None = getattr(error.orig, "sqlstate", None)
    if state is None:
        # The driver's own: it writes no NUL, and says so before it sends anything. Else it has not reached a server.
        return "content" if isinstance(error, DataError) else "database"
    if state.startswith(_CONTENT):
        return "conflict" if isinstance(error, IntegrityError) else "content"
    kinds: tuple[tuple[tuple[str, ...], Meaning], ...]
    kinds = ((_RACE, "race"), (_CONNECTION, "connection"), (_DATABASE, "database"))
    return next((kind for states, kind in kinds if state.startswith(states)), "statement")


def _of_sqlite(error: DBAPIError) -> Meaning:
    # What Python's module says by itself has no code of SQLite's: a closed database, a value of no known type.
    code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & _PRIMARY
    if code in _SQLITE_CONTENT:
        return "conflict" if isinstance(error, IntegrityError) else "content"
    if code == sqlite3.SQLITE_BUSY:
        # Also where it could not recover, or read a snapshot that is too old: another process holds the lock.
        return "race"
    return "statement" if code in _SQLITE_STATEMENT else "database"


def may_be_sent_again(error: DBAPIError) -> bool:
    """Return whether a connection that was closed cannot have committed what was sent over it.

    Where COMMIT itself was cut off the outcome is unknown, so the client must repeat; event ids make that harmless.
    """
    sent = bool(error.statement) and not re.match(r"\s*COMMIT", error.statement or "", re.IGNORECASE)
    return error.connection_invalidated and sent


def is_unwritable(error: StatementError) -> bool:
    """Return whether a value could not be written down as JSON, before the database was asked at all."""
    return isinstance(error.orig, orjson.JSONEncodeError)
