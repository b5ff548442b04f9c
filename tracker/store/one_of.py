"""A column whose value is in a list of any length: one bound variable, however long the list is.

``IN`` with a variable for each value is refused once there are too many: 65 535 on PostgreSQL, 32 766 on SQLite.
"""

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import Boolean, ColumnElement, Select, String, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _OneOf(FunctionElement[bool]):
    """(column, JSON list of texts)."""

    name = "one_of"
    type = Boolean()
    inherit_cache = True


def one_of(column: Any, values: Iterable[str] | Select[str]) -> ColumnElement[bool]:
    """Return the condition that a text column's value is one of these."""
    if isinstance(values, Select):
        found: ColumnElement[bool] = column.in_(values)
        return found
    return _OneOf(column, bindparam(None, orjson.dumps(list(values)).decode(), type_=String, unique=True))


@compiles(_OneOf, "postgresql")
def _on_postgresql(element: _OneOf, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    # An array is looked up by the key of the column; a join with a set of unknown size may read the whole table.
    return f"{column} = ANY(ARRAY(SELECT json_array_elements_text(CAST({values} AS json))))"


@compiles(_OneOf, "sqlite")
def _on_sqlite(element: _OneOf, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608
