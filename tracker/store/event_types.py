"""Which types of event each source has, and how much each of them is used."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, update

from tracker.core.event_types import MOST_TYPES, Use, hour_start
from tracker.core.model import Event, Micros, Payload
from tracker.core.steps import NoteType, UseType
from tracker.store.engine import LostRace
from tracker.store.one_of import one_of
from tracker.store.tables import EventTypeRow, SourceRow

Types = Mapping[str, Mapping[str, Use]]
"""Source → the types of event that it has."""
_AT_ONCE = 500
"""Types that one statement is asked for."""


class KnownType(NamedTuple):
    """A type of event that a source has; ``hours`` is in how many different hours it was used."""

    type: str
    first_seen: Micros
    last_used: Micros
    hours: int


def types_of(conn: Connection, payloads: Iterable[Payload], seen: Types) -> dict[str, Mapping[str, Use]]:
    """Return the types that the payloads' sources have: those seen before, where these bring no other one.

    Where all that bring others may bring no new type, the others alone are looked up, by their key: reading the 2 000
    types of a source costs more than all else that is done with a payload, and those who invent types would have it
    done each time.
    """
    found: dict[str, Mapping[str, Use]] = {}
    whole: set[str] = set()
    unmet: dict[str, set[str]] = {}
    for payload in payloads:
        source_id = payload.source_id
        had = found.get(source_id)
        if had is None:
            found[source_id] = had = seen.get(source_id, {})
        others = {event.type for event in payload.events if event.type not in had and _is_to_be_stored(event)}
        if others and payload.new_types == 0:
            unmet.setdefault(source_id, set()).update(others)
        elif others:
            whole.add(source_id)
    for source_id in unmet.keys() - whole:
        if there := _named(conn, source_id, unmet[source_id]):
            found[source_id] = {**found[source_id], **there}
            if len(found[source_id]) > MOST_TYPES:
                # Some of those seen before have given way in another process.
                whole.add(source_id)
    for source_id in whole:
        found[source_id] = {one.type: Use(*one[1:]) for one in listed(conn, source_id)}
    return found


def _is_to_be_stored(event: Event) -> bool:
    return event.fault is None and event.options.save_event


def _named(conn: Connection, source_id: str, names: Collection[str]) -> dict[str, Use]:
    """Return the types of these names that a source has."""
    columns = (EventTypeRow.type, EventTypeRow.first_seen, EventTypeRow.last_used, EventTypeRow.hours)
    query = select(*columns).where(EventTypeRow.source_id == source_id, one_of(EventTypeRow.type, sorted(names)))
    return {name: Use(first_seen, last_used, hours) for name, first_seen, last_used, hours in conn.execute(query)}


def listed(conn: Connection, source_id: str) -> list[KnownType]:
    """Return the types that a source has, the most used first."""
    columns = (EventTypeRow.type, EventTypeRow.first_seen, EventTypeRow.last_used, EventTypeRow.hours)
    query = select(*columns).where(EventTypeRow.source_id == source_id)
    ordered = query.order_by(EventTypeRow.hours.desc(), EventTypeRow.last_used.desc(), EventTypeRow.type)
    return [KnownType(*row) for row in conn.execute(ordered)]


def forget(conn: Connection, source_id: str, types: Collection[str]) -> int:
    """Make room for others by forgetting types; returns how many there were. A type that comes again is noted again."""
    names = sorted(set(types))
    return sum(
        conn.execute(
            delete(EventTypeRow).where(
                EventTypeRow.source_id == source_id, EventTypeRow.type.in_(names[start : start + _AT_ONCE])
            )
        ).rowcount
        for start in range(0, len(names), _AT_ONCE)
    )


def forget_first(conn: Connection, events: Collection[tuple[str, str, Micros]]) -> None:
    """Forget the types that one of these events, by (source id, type, when it came), was the first of."""
    by_source: dict[str, set[tuple[str, Micros]]] = {}
    for source_id, event_type, first_seen in events:
        by_source.setdefault(source_id, set()).add((event_type, first_seen))
    for source_id, firsts in sorted(by_source.items()):
        of_source = EventTypeRow.source_id == source_id
        types = sorted({event_type for event_type, _ in firsts})
        noted = select(EventTypeRow.type, EventTypeRow.first_seen).where(of_source, one_of(EventTypeRow.type, types))
        if first := [row.type for row in conn.execute(noted) if (row.type, row.first_seen) in firsts]:
            conn.execute(delete(EventTypeRow).where(of_source, one_of(EventTypeRow.type, first)))


def note_types(conn: Connection, noted: Sequence[NoteType]) -> None:
    """Write new types down, in the order of the steps, and take out those that give way to them.

    LostRace where their source has others than when this was decided.
    """
    held: dict[str, int] = {}
    for step in noted:
        held[step.source_id] = min(step.held, held.get(step.source_id, step.held))
    _hold(conn, held)
    counted = (
        select(EventTypeRow.source_id, func.count().label("held"))
        .where(one_of(EventTypeRow.source_id, held))
        .group_by(EventTypeRow.source_id)
    )
    present = {row.source_id: row.held for row in conn.execute(counted)}
    if any(present.get(source_id, 0) != count for source_id, count in held.items()):
        raise LostRace
    made: dict[tuple[str, str], NoteType] = {}
    gone: dict[str, list[str]] = {}
    for step in noted:
        # What is new in this batch may give way to what is newer still.
        if step.instead_of is not None and made.pop((step.source_id, step.instead_of), None) is None:
            gone.setdefault(step.source_id, []).append(step.instead_of)
        made[step.source_id, step.type] = step
    if any(forget(conn, source_id, names) != len(set(names)) for source_id, names in gone.items()):
        raise LostRace
    rows = [
        {"source_id": one.source_id, "type": one.type, "first_seen": one.at, "last_used": one.at, "hours": 1}
        for one in made.values()
    ]
    conn.execute(insert(EventTypeRow), rows)


def use_types(conn: Connection, used: Sequence[UseType], noted: Sequence[NoteType]) -> None:
    """Count the first use of types in an hour, once however many processes see it.

    LostRace where one of them is not there any more, because it gave way or an owner has forgotten it.
    """
    latest = {(step.source_id, step.type): step for step in used}
    for step in noted:
        # What has given way in this very batch is not counted any more.
        latest.pop((step.source_id, step.instead_of or ""), None)
    keys = sorted(latest)
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        these = or_(*(and_(EventTypeRow.source_id == source, EventTypeRow.type == name) for source, name in some))
        last_uses = select(EventTypeRow.source_id, EventTypeRow.type, EventTypeRow.last_used).where(these)
        there = {(source, name): last_used for source, name, last_used in conn.execute(last_uses)}
        if len(there) != len(some):
            raise LostRace
        # Another process that counts the same use at this moment does it for both; nobody waits for it.
        free = select(EventTypeRow.source_id, EventTypeRow.type).where(these).with_for_update(skip_locked=True)
        mine = [latest[source, name] for source, name in conn.execute(free)]
        _count(conn, [step for step in mine if there[step.source_id, step.type] < hour_start(step.at)])


def _count(conn: Connection, steps: Sequence[UseType]) -> None:
    if steps:
        counted = update(EventTypeRow).where(
            EventTypeRow.source_id == bindparam("of"),
            EventTypeRow.type == bindparam("name"),
            EventTypeRow.last_used < bindparam("hour"),
        )
        values = counted.values(hours=EventTypeRow.hours + 1, last_used=bindparam("at"))
        given = [{"of": one.source_id, "name": one.type, "hour": hour_start(one.at), "at": one.at} for one in steps]
        conn.execute(values, given)


def _hold(conn: Connection, source_ids: Collection[str]) -> None:
    """Let nobody else note a type for these sources before this transaction ends."""
    conn.execute(
        select(SourceRow.id).where(one_of(SourceRow.id, source_ids)).order_by(SourceRow.id).with_for_update()
    ).all()
