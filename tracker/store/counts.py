"""Adding to the counts, and remembering which visits and visitors were counted."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Connection, Select, TextClause, bindparam, func, select, text
from sqlalchemy.dialects import postgresql

from tracker.core.tally import Seen, Tally
from tracker.store import blocks
from tracker.store.prepared import Among, Prepared
from tracker.store.tables import Base, ReportNameRow

MOST_NAMES = 150
"""How many names of a kind are kept for a day and a source, for anybody may send any address; see ``OTHERS``."""
OTHERS = ""
"""The name under which all further ones are counted."""
_ADDED = frozenset({"events", "visits", "visitors", "bots", "times"})


def write(conn: Connection, tally: Tally, *, visitors: bool = True) -> None:
    """Add a tally to the counts, and write down which visits and visitors it has counted.

    Where ``visitors`` were written down before, they are left out.
    """
    _write(conn, "report_total", ((*key, *counts, True) for key, counts in tally.totals.items()))
    _write(conn, "report_flow", _flat(tally.flow))
    write_names(conn, tally.names)
    blocks.forget(conn, {scope for scope, *_ in tally.names}, {day for _, _, day, _ in tally.names})
    _write(conn, "report_return", _flat(tally.returns))
    if visitors:
        write_seen(conn, {key: tally.seen[key] for key in tally.moved_visitors})
    _write(conn, "report_visit", ((*key, *tally.visits[key]) for key in tally.moved_visits))


def write_seen(conn: Connection, seen: Mapping[tuple[str, str], Seen]) -> None:
    """Write down when visitors were here the last time."""
    _write(conn, "report_seen", ((*key, *last) for key, last in seen.items()))


def write_names(conn: Connection, names: Mapping[tuple[str, str, int, str], int]) -> None:
    """Add what was counted by name; where a day has as many names as are kept, new ones add to the others."""
    found: Counter[tuple[str, str, int, str]] = Counter()
    groups: dict[tuple[str, int], dict[tuple[str, str], int]] = defaultdict(dict)
    for (scope, what, day, name), times in names.items():
        groups[what, day][scope, name] = times
    kept: set[tuple[str, str, int, str]] = set()
    for (what, day), wanted in groups.items():
        kept |= _kept(conn, what, day, wanted)
    for (scope, what, day, name), times in names.items():
        found[scope, what, day, name if (scope, what, day, name) in kept else OTHERS] += times
    _write(conn, "report_name", _flat(found))


def _kept(
    conn: Connection, what: str, day: int, wanted: Mapping[tuple[str, str], int]
) -> set[tuple[str, str, int, str]]:
    """Return those of the names that have a row already, and those for which there is room."""
    scopes, names = {scope for scope, _ in wanted}, {name for _, name in wanted}
    there = set(KNOWN.rows(conn, scopes=scopes, whats=[what], day=day, names=names)) & wanted.keys()
    if missing := wanted.keys() - there:
        room = Counter(dict.fromkeys(scopes, MOST_NAMES))
        room.subtract(dict(FILLED.rows(conn, scopes=scopes, whats=[what], day=day)))
        for scope, name in sorted(missing, key=lambda one: (-wanted[one], one)):
            if room[scope] > 0:
                room[scope] -= 1
                there.add((scope, name))
    return {(scope, what, day, name) for scope, name in there}


def _known(among: Among) -> Select[str, str]:
    return select(ReportNameRow.scope, ReportNameRow.name).where(
        among(ReportNameRow.scope.expression, "scopes"),
        among(ReportNameRow.what.expression, "whats"),
        ReportNameRow.day == bindparam("day"),
        among(ReportNameRow.name.expression, "names"),
    )


def _filled(among: Among) -> Select[str, int]:
    return (
        select(ReportNameRow.scope, func.count())
        .where(
            among(ReportNameRow.scope.expression, "scopes"),
            among(ReportNameRow.what.expression, "whats"),
            ReportNameRow.day == bindparam("day"),
        )
        .group_by(ReportNameRow.scope)
    )


KNOWN, FILLED = Prepared(_known), Prepared(_filled)


def _flat(counts: Mapping[tuple[Any, ...], int]) -> Iterable[tuple[Any, ...]]:
    return ((*key, count) for key, count in counts.items() if count)


def _write(conn: Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Add rows to a table of counts, or write them over those of the same key in a table of what was seen."""
    given = orjson.dumps(list(rows)).decode()
    if given != "[]":
        conn.execute(_statement(table, conn.dialect.name), {"given": given})


@cache
def _statement(name: str, dialect: str) -> TextClause:
    """Return the statement that takes all rows as one JSON document, each an array in the order of the columns."""
    table = Base.metadata.tables[name]
    columns = [column.name for column in table.columns]
    key = [column.name for column in table.primary_key]
    if dialect == "postgresql":
        types = [column.type.compile(postgresql.dialect()) for column in table.columns]  # type: ignore[no-untyped-call]
        given = ", ".join(f"CAST(g.value ->> {place} AS {kind})" for place, kind in enumerate(types))
        rows = "json_array_elements(CAST(:given AS json)) AS g(value)"
    else:
        given = ", ".join(f"g.value ->> {place}" for place in range(len(columns)))
        # SQLite would take ON CONFLICT for the beginning of a join's condition.
        rows = "json_each(:given) AS g WHERE true"
    settled = ", ".join(
        f"{column} = {f'{name}.{column} + ' if column in _ADDED else ''}excluded.{column}"
        for column in columns
        if column not in key and column != "whole"
    )
    return text(
        f"INSERT INTO {name} ({', '.join(columns)}) SELECT {given} FROM {rows}"  # noqa: S608 - our own names
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {settled}"
    )
