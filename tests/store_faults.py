"""Errors of a database that are raised where it would raise them: instead of one statement, of a named kind."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import Engine, event


def of_postgresql(state: str) -> psycopg.Error:
    """Return the error that psycopg raises for a SQLSTATE, also for one that it does not know."""
    try:
        return psycopg.errors.lookup(state)("injected")
    except KeyError:
        return type("Unknown", (psycopg.DatabaseError,), {"sqlstate": state})("injected")


def of_sqlite(code: int, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    """Return the error that Python raises for one of SQLite's codes; without a code for 0."""
    error = kind("injected")
    if code:
        error.sqlite_errorcode = code
    return error


@dataclass
class Faults:
    """Counts the statements of each transaction, and raises an error instead of the one at place ``at``."""

    error: Exception | None = None
    at: int = -1
    transactions: int = -1
    """How many transactions fail; all for -1."""
    only: str = ""
    """Fail only where the parameters hold this text."""
    statements: list[str] = field(default_factory=list)
    variables: list[int] = field(default_factory=list)
    longest: int = 0
    begins: int = 0

    def begun(self, _conn: Any) -> None:
        self.begins += 1
        self.statements.clear()

    def executed(self, _cursor: Any, statement: str, parameters: Any, _context: Any) -> None:
        place = len(self.statements)
        self.statements.append(statement)
        self.longest = max(self.longest, len(statement))
        each = parameters if isinstance(parameters, list) else [parameters]
        self.variables += [len(given) for given in each if given]
        wanted = self.only in repr(parameters) if self.only else place == self.at
        if self.error is not None and wanted and self.transactions:
            self.transactions -= 1
            raise self.error


@contextmanager
def faults_of(engine: Engine, **given: Any) -> Iterator[Faults]:
    """Inject faults into an engine until the block ends."""
    faults = Faults(**given)
    hooks = (("begin", faults.begun), ("do_execute", faults.executed), ("do_executemany", faults.executed))
    for name, hook in hooks:
        event.listen(engine, name, hook)
    yield faults
    for name, hook in hooks:
        event.remove(engine, name, hook)
