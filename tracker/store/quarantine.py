"""Events that their own content kept out: shown, and stored after all once nothing stands against it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, tuple_

from tracker.core.model import Fresh, Micros, Payload, Source
from tracker.core.replaying import CannotReplay, Kept, read_kept, resolve_kept
from tracker.store.applying import apply
from tracker.store.deciding import Asked, decide
from tracker.store.live import said_type
from tracker.store.reports import live_id
from tracker.store.repository import Digest
from tracker.store.rows import QUARANTINED_BYTES
from tracker.store.tables import QuarantineRow, SessionRow

Place = tuple[Micros, str, str]
"""When it came, its source and its id: where a page of the list begins."""


class NotInQuarantine(LookupError):
    """There is no such event in quarantine, any more or at all."""


@dataclass(frozen=True, slots=True)
class KeptOut:
    """A quarantined event as people look at it."""

    source_id: str
    id: str
    profile_id: str | None
    reason: str
    received_at: Micros
    size: int
    beginning: str

    @property
    def type(self) -> str:
        return said_type(self.beginning)

    @property
    def place(self) -> Place:
        return self.received_at, self.source_id, self.id

    @property
    def is_whole(self) -> bool:
        """True where nothing of it was cut off, so that it can be replayed."""
        try:
            return bool(read_kept(self.beginning))
        except CannotReplay:
            return False


def listed(conn: Connection, before: Place | None, most: int) -> list[KeptOut]:
    """Return quarantined events, the newest first, those older than a place."""
    key = (QuarantineRow.received_at, QuarantineRow.source_id, QuarantineRow.id)
    query = select(QuarantineRow.__table__).order_by(*(column.desc() for column in key)).limit(most)
    if before is not None:
        # The first column alone is what the index finds the place by.
        query = query.where(QuarantineRow.received_at <= before[0], tuple_(*key) < tuple_(*before))
    return [KeptOut(**row._mapping) for row in conn.execute(query)]


def one(conn: Connection, source_id: str, event_id: str) -> KeptOut | None:
    """Return one quarantined event, or None."""
    query = select(QuarantineRow.__table__).where(QuarantineRow.source_id == source_id, QuarantineRow.id == event_id)
    row = conn.execute(query).first()
    return None if row is None else KeptOut(**row._mapping)


def whole(conn: Connection, most: int) -> Sequence[tuple[str, str]]:
    """Return (source id, event id) of the oldest quarantined events of which nothing was cut off."""
    query = select(QuarantineRow.source_id, QuarantineRow.id)
    uncut = query.where(func.length(QuarantineRow.beginning) < QUARANTINED_BYTES)
    rows = conn.execute(uncut.order_by(QuarantineRow.received_at, QuarantineRow.id).limit(most))
    return [(source_id, event_id) for source_id, event_id in rows]


def keys(conn: Connection, event_id: str | None = None, source_id: str | None = None) -> Sequence[tuple[str, str]]:
    """Return (source id, event id) of quarantined events, the oldest first: all, or those of an id or a source."""
    query = select(QuarantineRow.source_id, QuarantineRow.id)
    if event_id is not None:
        query = query.where(QuarantineRow.id == event_id)
    if source_id is not None:
        query = query.where(QuarantineRow.source_id == source_id)
    rows = conn.execute(query.order_by(QuarantineRow.received_at, QuarantineRow.source_id, QuarantineRow.id))
    return [(found_source, found_id) for found_source, found_id in rows]


def replay(conn: Connection, source_id: str, event_id: str, task: str, digest: Digest) -> str:
    """Store a quarantined event under its own id, with its own times, and take it out of quarantine.

    Returns ``stored``, or ``duplicate`` where an event of that id is stored already; CannotReplay where it stays.
    """
    mine = (QuarantineRow.source_id == source_id, QuarantineRow.id == event_id)
    row = conn.execute(select(QuarantineRow.__table__).where(*mine).with_for_update()).first()
    if row is None:
        raise NotInQuarantine(f"There is no event {event_id!r} of {source_id!r} in quarantine.")
    payload, fresh = _asked(conn, KeptOut(**row._mapping), task)
    # What is kept of a source that is gone is still stored under its name.
    sources = {source_id: Source(source_id, source_id)}
    decided = decide(conn, [(payload, fresh)], sources, digest, {}, resolve_kept)
    apply(conn, decided.steps)
    conn.execute(delete(QuarantineRow).where(*mine))
    [[(_, fate)]] = (one.fates for one in decided.resolutions)
    return fate


def _asked(conn: Connection, found: KeptOut, task: str) -> Asked:
    """Return a quarantined event as a payload of its own, at the time at which it came."""
    kept = read_kept(found.beginning)
    profile_id = live_id(conn, found.profile_id) if found.profile_id else None
    if found.profile_id and profile_id is None:
        raise CannotReplay("The person it belongs to was forgotten or erased.")
    session_id = kept.session_id or _session(conn, found, kept)
    event = kept.event._replace(id=found.id)
    payload = Payload(found.source_id, (event,), session_id=session_id, profile_id=profile_id)
    return payload, Fresh(found.received_at, task, "", "", "", (found.id,))


def _session(conn: Connection, found: KeptOut, kept: Kept) -> str:
    """Return the visit that an event belongs to whose session was not noted: its person's last one before it came."""
    query = select(SessionRow.id).where(SessionRow.profile_id == found.profile_id)
    query = query.where(SessionRow.created <= found.received_at).order_by(SessionRow.created.desc()).limit(1)
    session_id = conn.scalar(query)
    if session_id is None:
        raise CannotReplay(f"The visit that this {kept.event.type} belongs to is not known.")
    return session_id
