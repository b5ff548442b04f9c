"""Adding to the counts, and remembering which visits and visitors were counted."""

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, TextClause, bindparam, delete, func, select, text
from sqlalchemy.dialects import postgresql

from tracker.core.tally import Seen, Tally
from tracker.store import blocks
from tracker.store.jsons import written
from tracker.store.one_of import one_of
from tracker.store.prepared import Among, Prepared
from tracker.store.tables import Base, ReportNameRow

MOST_NAMES = 150
"""How many names of a kind are kept for a day and a source, for anybody may send any address; see ``OTHERS``."""
OTHERS = ""
"""The name under which all further ones are counted."""
Name = tuple[str, str, int, str]
"""(scope, what, day, name)."""
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
    """Add what was counted by name; where a day has as many names as are kept, the least counted give way."""
    if not names:
        return
    kept = _kept(conn, names)
    found: Counter[tuple[str, str, int, str]] = Counter()
    new = {key: times for key, times in names.items() if key not in kept}
    credit_of = _made_room(conn, new, kept, found)
    for key, times in names.items():
        found[key if key in kept or key in credit_of else (*key[:3], OTHERS)] += times
    _write(conn, "report_name", ((*key, times, credit_of.get(key, 0)) for key, times in found.items() if times))


def _made_room(conn: Connection, new: Mapping[Name, int], kept: Set[Name], others: Counter[Name]) -> dict[Name, int]:
    """Let the least counted names of a day give way to new ones, adding them to ``others``; returns the new ones.

    Each new one has the credit of what was counted of the one whose place it takes, so that a name which is counted
    often stays whenever it came (the Space-Saving algorithm of Metwally, Agrawal and El Abbadi).
    """
    credit_of: dict[Name, int] = {}
    groups: dict[tuple[str, str, int], list[Name]] = {}
    for key in sorted(new, key=lambda one: (-new[one], one)):
        groups.setdefault(key[:3], []).append(key)
    for (scope, what, day), keys in groups.items():
        mine = (ReportNameRow.scope == scope, ReportNameRow.what == what, ReportNameRow.day == day)
        rank = ReportNameRow.times + ReportNameRow.credit
        least = select(ReportNameRow.name, ReportNameRow.times, rank).where(*mine, ReportNameRow.name != OTHERS)
        # What is counted at this very moment is in use.
        least = least.where(~one_of(ReportNameRow.name, [key[3] for key in kept if key[:3] == (scope, what, day)]))
        victims = conn.execute(least.order_by(rank, ReportNameRow.name).limit(len(keys))).all()
        for key, (name, times, counted) in zip(keys, victims, strict=False):
            credit_of[key] = counted
            others[scope, what, day, OTHERS] += times
            conn.execute(delete(ReportNameRow).where(*mine, ReportNameRow.name == name))
    return credit_of


def _kept(conn: Connection, wanted: Mapping[tuple[str, str, int, str], int]) -> set[tuple[str, str, int, str]]:
    """Return those of the names that have a row already, and those for which there is room."""
    groups = Counter(key[:3] for key in wanted)
    room = dict.fromkeys(groups, MOST_NAMES)
    scopes, whats = {scope for scope, _, _ in groups}, {what for _, what, _ in groups}
    for day in {day for _, _, day in groups}:
        for scope, what, filled in FILLED.rows(conn, scopes=scopes, whats=whats, day=day):
            if (scope, what, day) in room:
                room[scope, what, day] -= filled
    kept = {key for key in wanted if groups[key[:3]] <= room[key[:3]]}
    # Only where there may be too many does it matter which of them are there already.
    if tight := wanted.keys() - kept:
        given = {"given": written(list(tight))}
        kept.update((*row,) for row in conn.execute(_known(conn.dialect.name), given))
    for key in sorted(wanted.keys() - kept, key=lambda one: (-wanted[one], one)):
        if room[key[:3]] > 0:
            room[key[:3]] -= 1
            kept.add(key)
    return kept


@cache
def _known(dialect: str) -> TextClause:
    """Return the statement that tells which of the names, given as one JSON document, have a row."""
    if dialect == "postgresql":
        given, day = "json_array_elements(CAST(:given AS json)) AS g(value)", "CAST(g.value ->> 2 AS INTEGER)"
    else:
        # Else SQLite may go through all names of all days, and look each of them up in the document.
        given, day = "json_each(:given) AS g", "g.value ->> 2"
    return text(
        f"SELECT n.scope, n.what, n.day, n.name FROM {given} CROSS JOIN report_name AS n"  # noqa: S608 - our own names
        f" WHERE n.scope = g.value ->> 0 AND n.what = g.value ->> 1 AND n.day = {day} AND n.name = g.value ->> 3"
    )


def _filled(among: Among) -> Select[str, str, int]:
    return (
        select(ReportNameRow.scope, ReportNameRow.what, func.count())
        .where(
            among(ReportNameRow.scope.expression, "scopes"),
            among(ReportNameRow.what.expression, "whats"),
            ReportNameRow.day == bindparam("day"),
        )
        .group_by(ReportNameRow.scope, ReportNameRow.what)
    )


FILLED = Prepared(_filled)


def _flat(counts: Mapping[tuple[Any, ...], int]) -> Iterable[tuple[Any, ...]]:
    return ((*key, count) for key, count in counts.items() if count)


def _write(conn: Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Add rows to a table of counts, or write them over those of the same key in a table of what was seen."""
    given = written(list(rows))
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
        if column not in key and column not in ("whole", "credit")
    )
    return text(
        f"INSERT INTO {name} ({', '.join(columns)}) SELECT {given} FROM {rows}"  # noqa: S608 - our own names
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {settled}"
    )
