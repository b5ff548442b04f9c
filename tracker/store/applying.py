"""Writing what was decided: the steps of a batch, sorted by table, in an order in which nobody can deadlock."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, Table, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert_postgresql
from sqlalchemy.dialects.sqlite import insert as upsert_sqlite

from tracker.core.model import Event
from tracker.core.steps import (
    AddAlias,
    ContinueSession,
    CreateProfile,
    MergeProfiles,
    OpenSession,
    Quarantine,
    RepointSession,
    SpendPass,
    Step,
    StoreEvent,
    TouchProfile,
)
from tracker.store.engine import LostRace
from tracker.store.tables import (
    AliasRow,
    Base,
    EventRow,
    MergeRow,
    PassUseRow,
    ProfileRow,
    QuarantineRow,
    SessionRow,
)

StepType = TypeVar("StepType")
QUARANTINED_BYTES = 16 * 1024


def apply(conn: Connection, steps: Sequence[Step]) -> None:
    """Write the steps of a batch; LostRace where a profile they build on is no longer live."""
    by_kind: dict[type, list[Step]] = {}
    for step in steps:
        by_kind.setdefault(type(step), []).append(step)

    def of(kind: type[StepType]) -> list[StepType]:
        return by_kind.get(kind, [])  # type: ignore[return-value]  # sorted by exactly this type above

    created, merges = of(CreateProfile), of(MergeProfiles)
    _create_profiles(conn, created)
    _hold_profiles(conn, steps, {step.id for step in created}, merges)
    _touch_profiles(conn, of(TouchProfile), {step.loser for step in merges})
    _insert(conn, AliasRow, [{"id": s.id, "profile_id": s.profile_id, "given_to": s.profile_id} for s in of(AddAlias)])
    for merge in merges:
        _merge(conn, merge)
    _insert(
        conn, PassUseRow, [{"nonce": s.nonce, "source_id": s.source_id, "expires": s.expires} for s in of(SpendPass)]
    )
    _insert(conn, SessionRow, [_session_row(step) for step in of(OpenSession)])
    _repoint_sessions(conn, of(RepointSession))
    _continue_sessions(conn, of(ContinueSession))
    _insert(conn, EventRow, [_event_row(step) for step in of(StoreEvent)])
    _quarantine(conn, of(Quarantine))


def table(row: type[Base]) -> Table:
    """Return the Core table of a declarative class, for statements that go by the plain table."""
    found = row.__table__
    assert isinstance(found, Table)  # noqa: S101 - declarative classes without inheritance always map a Table
    return found


def _insert(conn: Connection, row: type[Base], rows: list[dict[str, Any]]) -> None:
    if rows:
        conn.execute(insert(table(row)), rows)


def _create_profiles(conn: Connection, created: list[CreateProfile]) -> None:
    _insert(
        conn,
        ProfileRow,
        [
            {
                "id": step.id,
                "created": step.created,
                "updated": step.updated,
                "traits": {},
                "consents": {},
                "identified": False,
                "merged_into": None,
            }
            for step in created
        ],
    )
    _insert(conn, AliasRow, [{"id": step.id, "profile_id": step.id, "given_to": step.id} for step in created])


def _hold_profiles(conn: Connection, steps: Iterable[Step], created: set[str], merges: list[MergeProfiles]) -> None:
    """Lock, in the order of their ids, the profiles that a merge joins or that no other statement would hold.

    Two merges that meet from both sides deadlock in any other order, and form a cycle without the locks (threats.md).
    """
    touched = {step.id for step in steps if isinstance(step, TouchProfile)}
    needed = {
        step.profile_id for step in steps if isinstance(step, (StoreEvent, OpenSession)) and step.profile_id is not None
    }
    needed -= touched
    if merges:
        needed |= touched | {merge.loser for merge in merges} | {merge.survivor for merge in merges}
    needed -= created
    if not needed:
        return
    lock = (
        select(ProfileRow.id)
        .where(ProfileRow.id.in_(sorted(needed)), ProfileRow.merged_into.is_(None))
        .order_by(ProfileRow.id)
        .with_for_update()
    )
    if len(conn.execute(lock).all()) != len(needed):
        raise LostRace


def _touch_profiles(conn: Connection, touched: list[TouchProfile], merged_away: set[str]) -> None:
    ids = {step.id for step in touched} - merged_away
    if not ids:
        return
    touch = (
        update(ProfileRow)
        .where(ProfileRow.id.in_(sorted(ids)), ProfileRow.merged_into.is_(None))
        .values(updated=max(step.at for step in touched))
    )
    if conn.execute(touch).rowcount != len(ids):
        raise LostRace


def _merge(conn: Connection, step: MergeProfiles) -> None:
    conn.execute(update(AliasRow).where(AliasRow.profile_id == step.loser).values(profile_id=step.survivor))
    conn.execute(update(ProfileRow).where(ProfileRow.id == step.loser).values(merged_into=step.survivor))
    row = {
        "id": step.id,
        "loser": step.loser,
        "survivor": step.survivor,
        "reason": step.reason,
        "referral": dict(step.referral),
        "at": step.at,
        "undone_at": None,
    }
    _insert(conn, MergeRow, [row])


def _session_row(step: OpenSession) -> dict[str, Any]:
    return {
        "id": step.id,
        "client_id": step.client_id,
        "profile_id": step.profile_id,
        "source_id": step.source_id,
        "created": step.created,
        "updated": step.updated,
        "context": dict(step.context),
        "properties": dict(step.properties),
        "touchpoint": dict(step.touchpoint),
        "device": dict(step.device),
    }


def _repoint_sessions(conn: Connection, steps: list[RepointSession]) -> None:
    if steps:
        sessions = table(SessionRow)
        repoint = update(sessions).where(sessions.c.id == bindparam("key")).values(profile_id=bindparam("to"))
        conn.execute(repoint, [{"key": step.id, "to": step.profile_id} for step in steps])


def _continue_sessions(conn: Connection, steps: list[ContinueSession]) -> None:
    """Move ``updated`` on; a context or properties that came along replace the stored ones."""
    sessions = table(SessionRow)
    groups: dict[tuple[bool, bool], list[dict[str, Any]]] = {}
    for step in sorted(steps, key=lambda step: step.id):
        row = {"key": step.id, "at": step.at, "new_context": dict(step.context), "new_props": dict(step.properties)}
        groups.setdefault((bool(step.context), bool(step.properties)), []).append(row)
    for (has_context, has_properties), rows in groups.items():
        values: dict[str, Any] = {"updated": bindparam("at")}
        if has_context:
            values["context"] = bindparam("new_context", type_=sessions.c.context.type)
        if has_properties:
            values["properties"] = bindparam("new_props", type_=sessions.c.properties.type)
        wanted = (
            {"key", "at"} | ({"new_context"} if has_context else set()) | ({"new_props"} if has_properties else set())
        )
        statement = update(sessions).where(sessions.c.id == bindparam("key")).values(values)
        conn.execute(statement, [{name: row[name] for name in wanted} for row in rows])


def _event_row(step: StoreEvent) -> dict[str, Any]:
    event = step.event
    return {
        "source_id": step.source_id,
        "id": step.id,
        "type": event.type,
        "profile_id": step.profile_id,
        "session_id": step.session_id,
        "properties": dict(event.properties),
        "context": dict(event.context),
        "tags": list(event.tags),
        "created": event.time.create or step.received_at,
        "inserted": event.time.insert or step.received_at,
        "updated": event.time.update,
        "received_at": step.received_at,
        "batch": step.batch,
        "position": step.position,
        "batch_size": step.batch_size,
    }


def _quarantine(conn: Connection, steps: list[Quarantine]) -> None:
    if not steps:
        return
    upsert = upsert_postgresql if conn.dialect.name == "postgresql" else upsert_sqlite
    rows = [
        {
            "source_id": step.source_id,
            "id": step.id,
            "profile_id": step.profile_id,
            "reason": step.reason,
            "received_at": step.received_at,
            "size": step.event.too_large or 0,
            "beginning": _beginning(step.event),
        }
        for step in steps
    ]
    # The same event sent again is already known by its id: the first row stays.
    conn.execute(upsert(table(QuarantineRow)).on_conflict_do_nothing(), rows)


def _beginning(event: Event) -> str:
    said = {"type": event.type, "id": event.id, "properties": event.properties, "context": event.context}
    return orjson.dumps(said)[:QUARANTINED_BYTES].decode(errors="ignore")
