"""Moving everything from one database to another of either kind: all of it in one transaction, or nothing."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Select, Table, Text, cast, func, select

from tracker.core.plurals import counted
from tracker.store import check, migrations, months
from tracker.store.engine import Engine, reading, transaction
from tracker.store.tables import Base, EventRow

Tell = Callable[[int, int], object]
"""Called on the way with how many rows are copied and how many there are."""

_AT_ONCE = 5_000


class NotEmpty(Exception):
    """There is something in the database that was to be filled."""


class Differs(Exception):
    """What arrived is not what was there; nothing of it was kept."""


class _Rehearsed(Exception):
    """Everything was done but to keep it."""


def copy(source: Engine, target: Engine, tell: Tell, *, keep: bool = True) -> dict[str, int]:
    """Fill an empty database with all that another one holds at this moment; returns the number of rows by table.

    The rows are counted and every invariant is asked for before the one COMMIT, so that the target is empty or whole
    whenever this is stopped; without ``keep`` it is empty again at the end. NotEmpty and Differs say what stands in
    the way.
    """
    migrations.upgrade(target)
    tables = Base.metadata.sorted_tables
    with _snapshot(source) as old:
        counts = {table.name: _count(old, table) for table in tables}
        oldest, newest = old.execute(select(func.min(EventRow.received_at), func.max(EventRow.received_at))).one()
        if oldest is not None:
            months.make_for(target, oldest, newest)

        def work(new: Connection) -> None:
            full = [table.name for table in tables if new.execute(select(table).limit(1)).first()]
            if full:
                raise NotEmpty(f"The target is not empty: it has rows in {', '.join(full)}.")
            done, rows = 0, sum(counts.values())
            for table in tables:
                for number in _copied(old, new, table):
                    done += number
                    tell(done, rows)
            _compare(new, counts)
            if not keep:
                raise _Rehearsed

        with suppress(_Rehearsed):
            transaction(target, work)
    return counts


def _snapshot(source: Engine) -> Connection:
    """Return a connection that sees the database as it is now, whatever comes in meanwhile."""
    if source.dialect.name == "postgresql":
        return source.connect().execution_options(isolation_level="REPEATABLE READ")
    return reading(source).connect()


def _count(conn: Connection, table: Table) -> int:
    return conn.scalar(select(func.count()).select_from(table)) or 0


def _copied(old: Connection, new: Connection, table: Table) -> Iterable[int]:
    """Copy a table piece by piece; yields how many rows each piece had."""
    write = _write_postgresql if new.dialect.name == "postgresql" else _write_sqlite
    for piece in old.execute(_rows(table), execution_options={"yield_per": _AT_ONCE}).partitions():
        write(new, table, [tuple(row) for row in piece])
        yield len(piece)


def _rows(table: Table) -> Select[Any]:
    # JSON travels as the text that it is, so that no reader and writer can change a letter of it.
    columns: list[ColumnElement[Any]] = [
        cast(column, Text) if isinstance(column.type, JSON) else column for column in table.columns
    ]
    return select(*columns)


def _write_postgresql(conn: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    names = ", ".join(column.name for column in table.columns)
    driver: Any = conn.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as stream:
        for row in rows:
            stream.write_row(row)


def _write_sqlite(conn: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    names = ", ".join(column.name for column in table.columns)
    places = ", ".join("?" * len(table.columns))
    conn.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({places})', rows)  # noqa: S608 - our own names


def _compare(conn: Connection, counts: dict[str, int]) -> None:
    for table in Base.metadata.sorted_tables:
        if (arrived := _count(conn, table)) != counts[table.name]:
            raise Differs(f"{arrived} of {counted(counts[table.name], 'row')} of {table.name} arrived.")
    for finding in check.check(conn):
        if finding.broken:
            raise Differs(
                f"It is BROKEN already where it comes from: {finding.invariant} ({counted(finding.broken, 'row')})."
            )
