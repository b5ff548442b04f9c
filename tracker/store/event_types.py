"""Which types of event each source has had."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection, func, insert, select

from tracker.core.model import Payload
from tracker.core.steps import NoteType
from tracker.store.engine import LostRace
from tracker.store.tables import EventTypeRow, SourceRow

Types = Mapping[str, frozenset[str]]
"""Source → the types of event that it has had."""


def types_of(conn: Connection, payloads: Iterable[Payload], seen: Types) -> dict[str, frozenset[str]]:
    """Return the types that the payloads' sources have had: those seen before, where these bring no other one."""
    found: dict[str, frozenset[str]] = {}
    for payload in payloads:
        source_id = payload.source_id
        had = found.get(source_id)
        if had is None:
            found[source_id] = had = seen.get(source_id, frozenset())
        for event in payload.events:
            if event.type not in had:
                found[source_id] = _types(conn, source_id)
                break
    return found


def _types(conn: Connection, source_id: str) -> frozenset[str]:
    return frozenset(conn.scalars(select(EventTypeRow.type).where(EventTypeRow.source_id == source_id)))


def note_types(conn: Connection, noted: Sequence[NoteType]) -> None:
    """Write new types down; LostRace where their source has others than when this was decided."""
    held: dict[str, int] = {}
    for step in noted:
        held[step.source_id] = min(step.held, held.get(step.source_id, step.held))
    _hold(conn, held)
    counted = (
        select(EventTypeRow.source_id, func.count().label("held"))
        .where(EventTypeRow.source_id.in_(held))
        .group_by(EventTypeRow.source_id)
    )
    present = {row.source_id: row.held for row in conn.execute(counted)}
    if any(present.get(source_id, 0) != count for source_id, count in held.items()):
        raise LostRace
    conn.execute(
        insert(EventTypeRow),
        [{"source_id": step.source_id, "type": step.type, "first_seen": step.at} for step in noted],
    )


def _hold(conn: Connection, source_ids: Collection[str]) -> None:
    """Let nobody else note a type for these sources before this transaction ends."""
    conn.execute(
        select(SourceRow.id).where(SourceRow.id.in_(source_ids)).order_by(SourceRow.id).with_for_update()
    ).all()
