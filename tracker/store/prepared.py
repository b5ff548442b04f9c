"""Statements written with SQLAlchemy's Core and compiled once: on the hot path their text is all that is needed.

Compiling, key lookups and row objects cost more than the queries themselves when thousands of small batches a minute
ask the same four questions (docs/decisions/0008-group-commit.md).
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Protocol

import orjson
from sqlalchemy import (
    ARRAY,
    ClauseElement,
    ColumnElement,
    Connection,
    Dialect,
    String,
    Subquery,
    any_,
    bindparam,
    column,
    func,
    select,
)


class Pairs(list[tuple[str, str]]):
    """Pairs that a statement reads by ``Among.pairs``, in their order."""


Given = Collection[str] | Pairs | int


class Among(Protocol):
    """How a statement reads the lists that it is given, in the words of one database."""

    def __call__(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """Return the condition that the column's value is in the list of that name."""

    def pairs(self, name: str) -> Subquery:
        """Return the pairs of the list of that name as rows of ``first`` and ``second``, to look each up by a key.

        A list for each of two columns is looked up by the first one alone where PostgreSQL before 17 knows too little.
        """


class Prepared:
    """One statement, whose parameters are collections of strings of any length, lists of pairs, and numbers."""

    def __init__(self, build: Callable[[Among], ClauseElement]) -> None:
        self._build = build
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None, dict[str, Any]]] = {}

    def rows(self, conn: Connection, **given: Given) -> list[tuple[Any, ...]]:
        """Return all rows of a select as plain tuples, in the order of its columns."""
        return list(self._run(conn, given).cursor.fetchall())

    def each(self, conn: Connection, **given: Given) -> Iterator[tuple[Any, ...]]:
        """Yield the same rows; on SQLite those that nobody asks for are not read."""
        yield from self._run(conn, given).cursor

    def run(self, conn: Connection, **given: Given) -> int:
        """Return how many rows a statement that asks for none has changed."""
        return int(self._run(conn, given).rowcount)

    def _run(self, conn: Connection, given: Mapping[str, Given]) -> Any:
        text, positions, constants = self._text(conn.dialect)
        if positions is None:
            return conn.exec_driver_sql(text, _arrays(constants | dict(given)))
        plain = {name: _json_list(value) for name, value in (constants | dict(given)).items()}
        return conn.exec_driver_sql(text, tuple(plain[name] for name in positions))

    def _text(self, dialect: Dialect) -> tuple[str, tuple[str, ...] | None, dict[str, Any]]:
        known = self._compiled.get(dialect.name)
        if known is None:
            statement = self._build(_InArray() if dialect.name == "postgresql" else _InJson())
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


def _arrays(given: Mapping[str, Given]) -> dict[str, Any]:
    """Return what PostgreSQL is given: a list as an array, pairs as an array of each side."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, int):
            found[name] = value
        elif isinstance(value, Pairs):
            found[f"{name}_first"] = array([first for first, _ in value])
            found[f"{name}_second"] = array([second for _, second in value])
        else:
            found[name] = array(sorted(value))
    return found


def _json_list(value: Given) -> str | int:
    if isinstance(value, int):
        return value
    return orjson.dumps(value if isinstance(value, Pairs) else sorted(value)).decode()


class _InArray:
    """PostgreSQL."""

    def __call__(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        return column == any_(bindparam(name, type_=ARRAY(String)))

    def pairs(self, name: str) -> Subquery:
        sides = (bindparam(f"{name}_{side}", type_=ARRAY(String)) for side in ("first", "second"))
        rows = func.unnest(*sides).table_valued(column("first", String), column("second", String), name=f"of_{name}")
        return select(*rows.render_derived().c).subquery()


class _InJson:
    """SQLite."""

    def __call__(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        values = func.json_each(bindparam(name)).table_valued("value")
        return column.in_(select(values.c.value))

    def pairs(self, name: str) -> Subquery:
        value = func.json_each(bindparam(name)).table_valued("value").c.value
        return select(value.op("->>")(0).label("first"), value.op("->>")(1).label("second")).subquery()
