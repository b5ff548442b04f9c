"""Taking away single visits and events; a whole person is erased in people.py."""

from sqlalchemy import Connection, delete, exists, insert, select, update

from tracker.core.model import Micros
from tracker.core.times import DAY
from tracker.store import event_types, folding, journal
from tracker.store.freezing import mark
from tracker.store.one_of import one_of
from tracker.store.reports import ids_of, live_id
from tracker.store.repository import Digest
from tracker.store.tables import EventKeyRow, EventRow, ReportVisitRow, SessionRow, TombstoneRow


def remove_session(conn: Connection, session_id: str) -> bool:
    """Delete what is noted of a visit, but none of its events; False where there is none of that id."""
    folding.wait_until_alone(conn)
    gone = conn.execute(delete(SessionRow).where(SessionRow.id == session_id).returning(SessionRow.profile_id)).first()
    if gone is None:
        return False
    if gone.profile_id is not None:
        _adopt(conn, session_id, gone.profile_id)
    _forget_visit(conn, gone.profile_id, session_id)
    return True


def _adopt(conn: Connection, session_id: str, profile_id: str) -> None:
    """Give the events that came without a profile to the visit's person: nothing else says any more whose they are."""
    of_visit = (EventRow.session_id == session_id, EventRow.profile_id.is_(None))
    theirs = update(EventRow).where(*of_visit).values(profile_id=profile_id)
    events = conn.execute(theirs.returning(EventRow.source_id, EventRow.id, EventRow.received_at)).all()
    for row in events:
        key = (EventKeyRow.source_id == row.source_id, EventKeyRow.id == row.id)
        conn.execute(update(EventKeyRow).where(*key).values(profile_id=profile_id))
    # They were counted as what nobody did.
    mark(conn, [(row.source_id, row.received_at // DAY) for row in events])


def _forget_visit(conn: Connection, profile_id: str | None, session_id: str) -> None:
    """Forget that a visit of a person was counted, once neither it nor one of its events is stored."""
    family = list(conn.scalars(ids_of(live_id(conn, profile_id) or ""))) if profile_id else []
    of_visit = select(EventRow.id).where(EventRow.session_id == session_id)
    left = (
        select(SessionRow.id).where(SessionRow.id == session_id),
        of_visit.where(EventRow.profile_id.is_(None)),
        of_visit.where(one_of(EventRow.profile_id, family)),
    )
    if not any(conn.scalar(select(exists(found))) for found in left):
        journal.forget(conn, (), [(one, session_id) for one in (None, *family)])
        conn.execute(delete(ReportVisitRow).where(ReportVisitRow.session_id == session_id))


def remove_event(conn: Connection, source_id: str, event_id: str, digest: Digest, now: Micros) -> bool:
    """Delete an event so that a late retry does not bring it back; False where there is none of that id."""
    mine = (EventKeyRow.source_id == source_id, EventKeyRow.id == event_id)
    folding.wait_until_alone(conn)
    at = conn.scalar(select(EventKeyRow.received_at).where(*mine).with_for_update())
    if at is None:
        return False
    row = (EventRow.received_at == at, EventRow.source_id == source_id, EventRow.id == event_id)
    told = (EventRow.batch, EventRow.type, EventRow.profile_id, EventRow.session_id)
    gone = conn.execute(delete(EventRow).where(*row).returning(*told)).first()
    conn.execute(delete(EventKeyRow).where(*mine))
    # The counts of its day stand, and are held to the events that are left no more.
    mark(conn, [(source_id, at // DAY)])
    if gone is not None:
        event_types.forget_first(conn, [(source_id, gone.type, at)])
        # The others of its batch are whole without it.
        rest = update(EventRow).where(EventRow.received_at == at, EventRow.batch == gone.batch)
        conn.execute(rest.values(batch_size=EventRow.batch_size - 1))
        _forget_visit(conn, gone.profile_id, gone.session_id)
    hashed = digest("event", f"{source_id}\n{event_id}")[0]
    if conn.scalar(select(TombstoneRow.hash).where(TombstoneRow.hash == hashed)) is None:
        conn.execute(insert(TombstoneRow).values(hash=hashed, erased_at=now))
    return True
