"""Lists that are read a page at a time, each page by an index and in bounded time."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, tuple_

from tracker.core.identity_keys import shown_traits
from tracker.core.merging import combined
from tracker.core.model import Micros
from tracker.core.times import iso
from tracker.store.one_of import one_of
from tracker.store.reports import event_of, live_id, session_of
from tracker.store.tables import AliasRow, EventKeyRow, EventRow, ProfileRow, QuarantineRow, SessionRow, SourceRow

SCANNED = 5_000
"""How many events one page looks through for those of a source or type; a page may so be short, or empty."""

_KEY = (EventRow.received_at, EventRow.source_id, EventRow.id)
Place = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A page: its entries, and where the next one begins (None at the end)."""

    items: tuple[dict[str, Any], ...]
    further: Place | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: whose, of which visit, source and type, received from a moment on and before another."""

    profile: str | None = None
    session: str | None = None
    source: str | None = None
    type: str | None = None
    since: Micros | None = None
    until: Micros | None = None


def profiles(conn: Connection, after: str, most: int) -> Listed:
    """Return live profiles by their ids, each with the traits of all that became one with it."""
    # Those that were merged are left out afterwards: asked to do it, SQLite would read all that were not.
    window = select(ProfileRow.id, ProfileRow.merged_into).where(ProfileRow.id > after).order_by(ProfileRow.id)
    looked_at = conn.execute(window.limit(most + 1)).all()
    ids = [row.id for row in looked_at[:most] if row.merged_into is None]
    rows = conn.execute(
        select(ProfileRow.__table__, AliasRow.profile_id.label("live"))
        .join(ProfileRow, ProfileRow.id == AliasRow.id)
        .where(one_of(AliasRow.profile_id, ids))
    ).all()
    of: dict[str, list[Any]] = {}
    for row in rows:
        of.setdefault(row.live, []).append(row)
    items = tuple(_profile(profile_id, of[profile_id]) for profile_id in ids)
    return Listed(items, (looked_at[most - 1].id,) if len(looked_at) > most else None)


def _profile(profile_id: str, rows: Sequence[Any]) -> dict[str, Any]:
    own = next(row for row in rows if row.id == profile_id)
    traits = combined(row.traits for row in rows)
    return {
        "id": profile_id,
        "identified": own.identified,
        "traits": shown_traits((name, value) for name, (value, _) in traits.items()),
        "created": iso(own.created),
        "updated": iso(own.updated),
    }


def sessions(conn: Connection, after: str, most: int, profile: str | None = None) -> Listed:
    """Return visits by their ids, all of them or those of one person."""
    query = (
        select(SessionRow.__table__, AliasRow.profile_id.label("live"))
        .outerjoin(AliasRow, AliasRow.id == SessionRow.profile_id)
        .where(SessionRow.id > after)
        .order_by(SessionRow.id)
    )
    if profile is not None:
        query = query.where(one_of(SessionRow.profile_id, _family(conn, profile)))
    rows = conn.execute(query.limit(most + 1)).all()
    return Listed(tuple(session_of(row) for row in rows[:most]), (rows[most - 1].id,) if len(rows) > most else None)


def quarantined(conn: Connection, after: Place | None, most: int) -> Listed:
    """Return events that their own content kept out, the oldest first."""
    key = (QuarantineRow.received_at, QuarantineRow.source_id, QuarantineRow.id)
    query = select(QuarantineRow.__table__).order_by(*key)
    if after is not None:
        query = query.where(tuple_(*key) > after)
    rows = conn.execute(query.limit(most + 1)).all()
    items = tuple(
        {"id": row.id, "source": row.source_id, "reason": row.reason, "size": row.size, "beginning": row.beginning}
        | {"received_at": iso(row.received_at)}
        for row in rows[:most]
    )
    last = rows[most - 1] if len(rows) > most else None
    return Listed(items, (last.received_at, last.source_id, last.id) if last else None)


def events(conn: Connection, wanted: Wanted, after: Place | None, most: int) -> Listed:
    """Return events, the oldest first."""
    if wanted.profile is None and wanted.session is None:
        keys, further = _of_everybody(conn, wanted, after, most)
    else:
        found = heapq.nsmallest(most + 1, _of_somebody(conn, wanted, after, most + 1))
        keys, further = found[:most], found[most - 1] if len(found) > most else None
    return Listed(_whole(conn, keys), further)


def _whole(conn: Connection, keys: Sequence[Place]) -> tuple[dict[str, Any], ...]:
    """Return the events of these keys, in their order."""
    rows = conn.execute(
        select(EventRow.__table__, AliasRow.profile_id.label("live"))
        .outerjoin(AliasRow, AliasRow.id == EventRow.profile_id)
        # SQLite finds a list of whole keys by reading everything; moments and ids by themselves it looks up.
        .where(EventRow.received_at.in_([key[0] for key in keys]), EventRow.id.in_([key[2] for key in keys]))
    )
    found = {(row.received_at, row.source_id, row.id): row for row in rows} if keys else {}
    return tuple(event_of(found[key]) for key in keys if key in found)


def event(conn: Connection, event_id: str, source: str | None = None) -> dict[str, Any] | None:
    """Return the event of that id, the latest where several sources have one of that id; None where there is none."""
    mine = select(EventKeyRow.received_at, EventKeyRow.source_id, EventKeyRow.id).where(EventKeyRow.id == event_id)
    # The key begins with the source, so that it serves one source after the other.
    of = EventKeyRow.source_id.in_(select(SourceRow.id)) if source is None else EventKeyRow.source_id == source
    if not (keys := sorted(tuple(row) for row in conn.execute(mine.where(of)))):
        return None
    row = conn.execute(
        select(EventRow.__table__, AliasRow.profile_id.label("live"))
        .outerjoin(AliasRow, AliasRow.id == EventRow.profile_id)
        .where(*(column == value for column, value in zip(_KEY, keys[-1], strict=True)))
    ).first()
    return None if row is None else event_of(row)


def _of_everybody(conn: Connection, wanted: Wanted, after: Place | None, most: int) -> tuple[list[Place], Place | None]:
    """Return the keys of a page, and where the next one begins, from a bounded number of events in their order."""
    any_will_do = wanted.source is None and wanted.type is None
    scanned = most + 1 if any_will_do else SCANNED
    rows = conn.execute(_in_order(select(*_KEY, EventRow.type), wanted, after).limit(scanned)).all()
    fitting = [
        tuple(row)[:3] for row in rows if wanted.source in (None, row.source_id) and wanted.type in (None, row.type)
    ]
    if len(fitting) > most:
        return fitting[:most], fitting[most - 1]
    return fitting, tuple(rows[-1])[:3] if len(rows) == scanned and not any_will_do else None


def _of_somebody(conn: Connection, wanted: Wanted, after: Place | None, most: int) -> Iterator[Place]:
    """Yield the keys of one person's events: the index serves one profile at a time, in order."""
    owner = wanted.profile
    if owner is None:
        owner = conn.scalar(select(SessionRow.profile_id).where(SessionRow.id == wanted.session))
    family = _family(conn, owner or "")
    query = _in_order(select(*_KEY), wanted, after).limit(most)
    for column, value in ((EventRow.session_id, wanted.session), (EventRow.source_id, wanted.source)):
        query = query if value is None else query.where(column == value)
    query = query if wanted.type is None else query.where(EventRow.type == wanted.type)
    for profile_id in family:
        yield from map(tuple, conn.execute(query.where(EventRow.profile_id == profile_id)))
    # A session may have had events before it had a profile; they are its owner's too.
    visits = select(SessionRow.id).where(one_of(SessionRow.profile_id, family))
    of_visits = EventRow.session_id == wanted.session if wanted.profile is None else EventRow.session_id.in_(visits)
    yield from map(tuple, conn.execute(query.where(EventRow.profile_id.is_(None), of_visits)))


def _in_order(query: Any, wanted: Wanted, after: Place | None) -> Any:
    if after is not None:
        query = query.where(tuple_(*_KEY) > after)
    if wanted.since is not None:
        query = query.where(EventRow.received_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(EventRow.received_at < wanted.until)
    return query.order_by(*_KEY)


def _family(conn: Connection, alias: str) -> list[str]:
    """Return all profiles that a person is made of."""
    mine = select(ProfileRow.id).join(AliasRow, AliasRow.id == ProfileRow.id)
    return list(conn.scalars(mine.where(AliasRow.profile_id == (live_id(conn, alias) or ""))))
