"""Statements written with SQLAlchemy's Core and compiled once: on the hot path their text is all that is needed.

Compiling, key lookups and row objects cost more than the queries themselves when thousands of small batches a minute
ask the same four questions (docs/decisions/0008-group-commit.md).
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import orjson
from sqlalchemy import ARRAY, ClauseElement, ColumnElement, Connection, Dialect, String, any_, bindparam, func, select

Among = Callable[[ColumnElement[Any], str], ColumnElement[bool]]
"""(column, parameter) → the column's value is in the list that is given as that parameter."""


class Prepared:
    """One statement, whose list parameters are lists of strings of any length."""

    def __init__(self, build: Callable[[Among], ClauseElement]) -> None:
        self._build = build
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None, dict[str, Any]]] = {}

    def rows(self, conn: Connection, **given: Collection[str] | int) -> list[tuple[Any, ...]]:
        """Return all rows of a select as plain tuples, in the order of its columns."""
        return list(self._run(conn, given).cursor.fetchall())

    def each(self, conn: Connection, **given: Collection[str] | int) -> Iterator[tuple[Any, ...]]:
        """Yield the same rows; on SQLite those that nobody asks for are not read."""
        yield from self._run(conn, given).cursor

    def run(self, conn: Connection, **given: Collection[str] | int) -> int:
        """Return how many rows a statement that asks for none has changed."""
        return int(self._run(conn, given).rowcount)

    def _run(self, conn: Connection, given: Mapping[str, Collection[str] | int]) -> Any:
        text, positions, constants = self._text(conn.dialect)
        values = constants | {name: value if isinstance(value, int) else sorted(value) for name, value in given.items()}
        if positions is None:
            arrays = {name: value if isinstance(value, int) else array(value) for name, value in values.items()}
            return conn.exec_driver_sql(text, arrays)
        plain = {name: _json_list(value) for name, value in values.items()}
        return conn.exec_driver_sql(text, tuple(plain[name] for name in positions))

    def _text(self, dialect: Dialect) -> tuple[str, tuple[str, ...] | None, dict[str, Any]]:
        known = self._compiled.get(dialect.name)
        if known is None:
            statement = self._build(_in_array if dialect.name == "postgresql" else _in_json)
            compiled = statement.compile(dialect=dialect)
            positions = getattr(compiled, "positiontup", None)
            constants = {name: value for name, value in compiled.params.items() if value is not None}
            known = (str(compiled), tuple(positions) if positions is not None else None, constants)
            self._compiled[dialect.name] = known
        return known


def array(value: list[str]) -> str | list[str]:
    """Return a list as PostgreSQL writes an array, for which the driver takes forty times as long."""
    written = orjson.dumps(value)
    # Quotes and commas mean the same in both notations, and nothing else does that JSON escapes.
    return value if b"\\" in written else "{" + written[1:-1].decode() + "}"


def _json_list(value: list[str] | int) -> str | int:
    return value if isinstance(value, int) else orjson.dumps(value).decode()


def _in_array(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return column == any_(bindparam(name, type_=ARRAY(String)))


def _in_json(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    values = func.json_each(bindparam(name)).table_valued("value")
    return column.in_(select(values.c.value))
