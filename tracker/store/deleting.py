"""Taking away single visits and events; a whole person is erased in people.py."""

from sqlalchemy import Connection, delete, insert, select, update

from tracker.core.model import Micros
from tracker.core.times import DAY
from tracker.store import event_types, folding
from tracker.store.freezing import mark
from tracker.store.repository import Digest
from tracker.store.tables import EventKeyRow, EventRow, SessionRow, TombstoneRow


def remove_session(conn: Connection, session_id: str) -> bool:
    """Delete what is noted of a visit, but none of its events; False where there is none of that id."""
    return conn.execute(delete(SessionRow).where(SessionRow.id == session_id)).rowcount == 1


def remove_event(conn: Connection, source_id: str, event_id: str, digest: Digest, now: Micros) -> bool:
    """Delete an event so that a late retry does not bring it back; False where there is none of that id."""
    mine = (EventKeyRow.source_id == source_id, EventKeyRow.id == event_id)
    folding.wait_until_alone(conn)
    at = conn.scalar(select(EventKeyRow.received_at).where(*mine).with_for_update())
    if at is None:
        return False
    row = (EventRow.received_at == at, EventRow.source_id == source_id, EventRow.id == event_id)
    told = select(EventRow.batch, EventRow.type).where(*row)
    batch, kind = next(iter(conn.execute(told)), (None, ""))
    conn.execute(delete(EventRow).where(*row))
    conn.execute(delete(EventKeyRow).where(*mine))
    event_types.forget_first(conn, [(source_id, kind, at)])
    # The counts of its day stand, and are held to the events that are left no more.
    mark(conn, [(source_id, at // DAY)])
    # The others of its batch are whole without it.
    rest = update(EventRow).where(EventRow.received_at == at, EventRow.batch == batch)
    conn.execute(rest.values(batch_size=EventRow.batch_size - 1))
    hashed = digest("event", f"{source_id}\n{event_id}")[0]
    if conn.scalar(select(TombstoneRow.hash).where(TombstoneRow.hash == hashed)) is None:
        conn.execute(insert(TombstoneRow).values(hash=hashed, erased_at=now))
    return True
