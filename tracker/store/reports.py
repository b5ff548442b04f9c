"""What the command line and the console read: people, sessions, events, quarantine."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select, tuple_

from tracker.core.identity_keys import shown_traits
from tracker.core.merging import combined
from tracker.core.model import Micros
from tracker.core.times import iso
from tracker.store import personal
from tracker.store.engine import Engine, reading, transaction
from tracker.store.one_of import one_of
from tracker.store.tables import (
    AliasRow,
    EventKeyRow,
    EventRow,
    MergeRow,
    ProfileRow,
    QuarantineRow,
    RepeatedRow,
    SessionRow,
)


def live_id(conn: Connection, alias: str) -> str | None:
    """Return the id of the live profile that an id names, or None."""
    return conn.scalar(select(AliasRow.profile_id).where(AliasRow.id == alias))


def ids_of(profile_id: str) -> Select[str]:
    """Select all ids of a live profile."""
    return select(AliasRow.id).where(AliasRow.profile_id == profile_id)


def of_person(profile_ids: Sequence[str] | Select[str]) -> ColumnElement[bool]:
    """Return the condition for the events of the person who has these profiles.

    A session may have had events before it had a profile (``saveProfile: false``); they are its owner's too.
    """
    sessions = select(SessionRow.id).where(one_of(SessionRow.profile_id, profile_ids))
    without = and_(EventRow.profile_id.is_(None), EventRow.session_id.in_(sessions))
    return or_(one_of(EventRow.profile_id, profile_ids), without)


def profile(conn: Connection, alias: str) -> dict[str, Any] | None:
    """Return one person as ``tracker profile show`` prints it, or None for an id that names nobody."""
    profile_id = live_id(conn, alias)
    if profile_id is None:
        return None
    ids = list(conn.scalars(ids_of(profile_id).order_by(AliasRow.id != profile_id, AliasRow.id)))
    # The rows that were merged into this one keep what they knew; a person is all of them together.
    rows = conn.execute(select(ProfileRow.__table__).where(one_of(ProfileRow.id, ids))).all()
    mine = next(row for row in rows if row.id == profile_id)
    sessions = list(
        conn.scalars(
            select(SessionRow.id).where(one_of(SessionRow.profile_id, ids)).order_by(SessionRow.created, SessionRow.id)
        )
    )
    return {
        "id": profile_id,
        "ids": ids,
        "visits": len(sessions),
        "sessions": sessions,
        "events": conn.scalar(select(func.count()).select_from(EventRow).where(of_person(ids))),
        "traits": shown_traits((name, value) for name, (value, _) in combined(row.traits for row in rows).items()),
        "consents": {name: value for name, (value, _) in combined(row.consents for row in rows).items()},
        "created": iso(mine.created),
        "updated": iso(mine.updated),
        "merged_into": profile_id if any(row.id == alias and row.merged_into for row in rows) else None,
    }


def merges(conn: Connection, alias: str) -> list[dict[str, Any]]:
    """Return the merge history of one person, the oldest first, undone merges included."""
    ids = ids_of(live_id(conn, alias) or "")
    log = select(MergeRow.__table__).where(one_of(MergeRow.loser, ids) | one_of(MergeRow.survivor, ids))
    return [
        {
            "id": row.id,
            "loser": row.loser,
            "survivor": row.survivor,
            "reason": row.reason,
            "referral": row.referral,
            "at": iso(row.at),
            "undone_at": iso(row.undone_at) if row.undone_at else None,
        }
        for row in conn.execute(log.order_by(MergeRow.at, MergeRow.id))
    ]


def session(conn: Connection, session_id: str) -> dict[str, Any] | None:
    """Return one session as ``tracker session show`` prints it, or None; ``profile`` is the live one."""
    row = conn.execute(
        select(SessionRow.__table__, AliasRow.profile_id.label("live"))
        .outerjoin(AliasRow, AliasRow.id == SessionRow.profile_id)
        .where(SessionRow.id == session_id)
    ).first()
    return None if row is None else session_of(row)


def sessions_of(conn: Connection, alias: str) -> list[dict[str, Any]]:
    """Return all sessions of one person, the oldest first."""
    rows = conn.execute(
        select(SessionRow.__table__, AliasRow.profile_id.label("live"))
        .join(AliasRow, AliasRow.id == SessionRow.profile_id)
        .where(AliasRow.profile_id == (live_id(conn, alias) or ""))
        .order_by(SessionRow.created, SessionRow.id)
    )
    return [session_of(row) for row in rows]


def session_of(row: Row[Any]) -> dict[str, Any]:
    """Return a session as it is printed; the row has a ``live`` profile besides its own columns."""
    return {
        "id": row.id,
        "client_id": row.client_id,
        "profile": row.live,
        "source": row.source_id,
        "context": row.context,
        "properties": row.properties,
        "touchpoint": row.touchpoint,
        "device": row.device,
        "created": iso(row.created),
        "updated": iso(row.updated),
    }


def events(conn: Connection, **filters: str | None) -> Iterator[dict[str, Any]]:
    """Yield events, the oldest first, as ``tracker event list`` prints them; for the filters see ``event_query``."""
    for row in conn.execute(event_query(conn, **filters).execution_options(yield_per=500)):
        yield event_of(row)


def every_event(engine: Engine, page: int = 2_000, /, **filters: str | None) -> Iterator[dict[str, Any]]:
    """Yield the same, each page read in a transaction of its own, for as long as it takes.

    While one transaction reads, SQLite keeps all that is written meanwhile in its log, whose size nothing bounds.
    """
    order = tuple_(EventRow.received_at, EventRow.batch, EventRow.position)
    last: tuple[Micros, str, int] | None = None

    def read(conn: Connection) -> Sequence[Row[Any]]:
        query = event_query(conn, **filters).limit(page)
        if last is not None:
            # The first of the two is what an index can be entered by.
            query = query.where(EventRow.received_at >= last[0], order > last)
        return conn.execute(query).all()

    while rows := transaction(reading(engine), read):
        yield from map(event_of, rows)
        last = rows[-1].received_at, rows[-1].batch, rows[-1].position


def event_query(
    conn: Connection,
    *,
    profile_id: str | None = None,
    session_id: str | None = None,
    source_id: str | None = None,
    event_type: str | None = None,
) -> Select[Any]:
    """Return the query for events, the oldest first, with their ``live`` profiles; ``profile_id`` may be any alias."""
    query = (
        select(EventRow.__table__, AliasRow.profile_id.label("live"))
        .outerjoin(AliasRow, AliasRow.id == EventRow.profile_id)
        .order_by(EventRow.received_at, EventRow.batch, EventRow.position)
    )
    if profile_id is not None:
        query = query.where(of_person(ids_of(live_id(conn, profile_id) or "")))
    if session_id is not None:
        query = query.where(EventRow.session_id == session_id)
    if source_id is not None:
        query = query.where(EventRow.source_id == source_id)
    if event_type is not None:
        query = query.where(EventRow.type == event_type)
    return query


def event_of(row: Row[Any]) -> dict[str, Any]:
    """Return an event as it is printed; the row has a ``live`` profile besides its own columns."""
    return {
        "id": row.id,
        "type": row.type,
        "source": row.source_id,
        "profile": row.live,
        "session": row.session_id,
        "properties": row.properties,
        "context": row.context,
        "tags": row.tags,
        "time": {
            "create": iso(row.created),
            "insert": iso(row.inserted),
            "update": iso(row.updated) if row.updated else None,
        },
        "received_at": iso(row.received_at),
    }


def heard_from(conn: Connection, source_ids: Sequence[str]) -> set[str]:
    """Return those of the sources that have events; each costs one look into the key."""
    found = (
        conn.scalar(select(EventKeyRow.source_id).where(EventKeyRow.source_id == one).limit(1)) for one in source_ids
    )
    return {source_id for source_id in found if source_id is not None}


def repeated(conn: Connection) -> int:
    """Return how many events came again and were not stored twice."""
    return int(conn.scalar(select(func.sum(RepeatedRow.events))) or 0)


def quarantine(conn: Connection, *, profile_id: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield quarantined events, the oldest first; ``profile_id`` may be any alias."""
    query = select(QuarantineRow.__table__).order_by(QuarantineRow.received_at, QuarantineRow.id)
    if profile_id is not None:
        mine = ids_of(live_id(conn, profile_id) or "")
        of_visits = tuple_(QuarantineRow.source_id, QuarantineRow.id).in_(personal.kept_out_of_visits(conn, mine))
        query = query.where(or_(QuarantineRow.profile_id.in_(mine), of_visits))
    for row in conn.execute(query):
        yield {
            "id": row.id,
            "source": row.source_id,
            "reason": row.reason,
            "size": row.size,
            "received_at": iso(row.received_at),
            "beginning": row.beginning,
        }
