"""How rows get into the tables: SQLite takes one statement a table, PostgreSQL one statement for all of them."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import JSON, BigInteger, Boolean, Connection, SmallInteger, Table

from tracker.store.engine import LostRace, Rejected
from tracker.store.jsons import written
from tracker.store.prepared import array
from tracker.store.tables import (
    AliasRow,
    Base,
    EventRow,
    IdentityRow,
    JournalRow,
    MergeRow,
    PassUseRow,
    ProfileRow,
    QuarantineRow,
    RepeatedRow,
    SessionRow,
)

Row = dict[str, Any]
Rows = Mapping[str, Sequence[Row]]
"""Table name → rows to insert; ``CONTINUED`` → sessions that go on, each once, with None for what stays as it is;
``TOUCHED`` → live profiles that were seen again."""

CONTINUED = "continued"
TOUCHED = "touched"
# A row that is there already means a lost race, and the transaction starts over; but a quarantined event that comes
# again is nothing new, and counts add up.
_SETTLED = {
    "quarantine": " ON CONFLICT DO NOTHING",
    "repeated": " ON CONFLICT (source_id) DO UPDATE SET events = repeated.events + excluded.events",
}
_KEY = ("source_id", "id", "profile_id", "session_id", "received_at")
"""What of an event is kept apart, so that it is stored once and a repeat finds its visitor."""
_TABLES: dict[str, Table] = {
    row.__tablename__: Base.metadata.tables[row.__tablename__]
    for row in (
        ProfileRow,
        AliasRow,
        IdentityRow,
        MergeRow,
        PassUseRow,
        SessionRow,
        EventRow,
        QuarantineRow,
        RepeatedRow,
        JournalRow,
    )
}


def write(conn: Connection, rows: Rows) -> None:
    """Insert and update all rows; LostRace where a touched profile is no longer live. An empty table costs nothing."""
    filled = {name: rows[name] for name in (TOUCHED, *_TABLES, CONTINUED) if rows.get(name)}
    if not filled:
        return
    touched = _on_postgresql(conn, filled) if conn.dialect.name == "postgresql" else _on_sqlite(conn, filled)
    if touched != len(filled.get(TOUCHED, ())):
        raise LostRace


def _on_postgresql(conn: Connection, filled: Rows) -> int:
    """Send one statement fed with one JSON document a table; returns how many profiles were touched."""
    given: dict[str, Any] = {name: _encode(entries) for name, entries in filled.items()}
    for name in (TOUCHED, CONTINUED):
        if name in filled:
            given[f"{name}_ids"] = array([entry["id"] for entry in filled[name]])
    return int(conn.exec_driver_sql(_postgresql(tuple(filled)), given).scalar_one())


def _on_sqlite(conn: Connection, filled: Rows) -> int:
    touched = 0
    for name, entries in filled.items():
        text, blobs = _sqlite(name)
        for entry in entries:
            for column in blobs:
                if entry[column] is not None:
                    entry[column] = _encode(entry[column])
        changed = conn.exec_driver_sql(text, [*entries]).rowcount
        if name == "event":
            conn.exec_driver_sql(_sqlite_keys(), [*entries])
        elif name == TOUCHED:
            touched = changed
    return touched


def _encode(value: Any) -> str:
    try:
        return written(value)
    except orjson.JSONEncodeError as error:
        raise Rejected from error


@cache
def _sqlite(name: str) -> tuple[str, tuple[str, ...]]:
    """Return the statement for one table, and which of its columns hold JSON."""
    if name == CONTINUED:
        text = (
            "UPDATE session SET updated = :updated, context = COALESCE(:context, context),"
            " properties = COALESCE(:properties, properties) WHERE id = :id"
        )
        return text, ("context", "properties")
    if name == TOUCHED:
        return "UPDATE profile SET updated = :updated WHERE id = :id AND merged_into IS NULL", ()
    columns = _TABLES[name].columns
    names = ", ".join(column.name for column in columns)
    places = ", ".join(f":{column.name}" for column in columns)
    text = f'INSERT INTO "{name}" ({names}) VALUES ({places}){_SETTLED.get(name, "")}'  # noqa: S608
    return text, tuple(column.name for column in columns if isinstance(column.type, JSON))


@cache
def _sqlite_keys() -> str:
    return f"INSERT INTO event_key ({', '.join(_KEY)}) VALUES ({', '.join(f':{name}' for name in _KEY)})"  # noqa: S608


@cache
def _postgresql(names: tuple[str, ...]) -> str:
    """Return one statement that fills the named tables, each from a JSON parameter of its own name."""
    parts = ", ".join(
        f"w{place} AS ({_part(name)} RETURNING {', '.join(_KEY) if name == 'event' else '1'})"
        for place, name in enumerate(names)
    )
    if "event" in names:
        keys = ", ".join(_KEY)
        parts += f", keys AS (INSERT INTO event_key ({keys}) SELECT {keys} FROM w{names.index('event')})"  # noqa: S608
    touched = f"(SELECT count(*) FROM w{names.index(TOUCHED)})" if TOUCHED in names else "0"  # noqa: S608
    return f"WITH {parts} SELECT {touched}"


def _part(name: str) -> str:
    table = _TABLES[{CONTINUED: "session", TOUCHED: "profile"}.get(name, name)]
    typed = ", ".join(f"{column.name} {_type(column.type)}" for column in table.columns)
    given = f"json_to_recordset(CAST(%({name})s AS json)) AS given({typed})"
    if name == CONTINUED:
        return (
            "UPDATE session SET updated = given.updated, context = COALESCE(given.context, session.context),"  # noqa: S608
            f" properties = COALESCE(given.properties, session.properties) FROM {given} WHERE session.id = given.id"
            f" AND session.id = ANY(CAST(%({name}_ids)s AS text[]))"
        )
    if name == TOUCHED:
        # An update alone locks its rows in the order in which they lie, which need not be the order of the ids.
        return (
            f"UPDATE profile SET updated = held.now FROM (SELECT profile.id, given.updated AS now FROM {given}"  # noqa: S608
            f" JOIN profile ON profile.id = given.id WHERE profile.id = ANY(CAST(%({name}_ids)s AS text[]))"
            " AND profile.merged_into IS NULL ORDER BY profile.id"
            " FOR UPDATE OF profile) AS held WHERE profile.id = held.id"
        )
    columns = ", ".join(column.name for column in table.columns)
    return f'INSERT INTO "{name}" ({columns}) SELECT {columns} FROM {given}{_SETTLED.get(name, "")}'  # noqa: S608


def _type(column_type: object) -> str:
    for kind, name in ((JSON, "json"), (Boolean, "boolean"), (SmallInteger, "smallint"), (BigInteger, "bigint")):
        if isinstance(column_type, kind):
            return name
    return "text"
