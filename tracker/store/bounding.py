"""The quarantine is bounded: of each source and reason the newest events are kept, whatever is sent."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select, tuple_

from tracker.core.steps import Quarantine
from tracker.store.tables import QuarantineRow

KEPT = 2_000
"""Quarantined events of a source and a reason; at 16 KiB each that is 32 MiB."""
_KEY = (QuarantineRow.source_id, QuarantineRow.id)


def bound_quarantine(conn: Connection, added: Iterable[Quarantine]) -> None:
    """Delete the oldest of what is over the bound, for the sources and reasons of what was just added."""
    for source_id, reason in sorted({(step.source_id, step.reason) for step in added}):
        mine = (QuarantineRow.source_id == source_id, QuarantineRow.reason == reason)
        # What one request brought has one moment, and goes as a whole.
        newest = select(QuarantineRow.received_at).where(*mine).order_by(QuarantineRow.received_at.desc())
        oldest = conn.scalar(newest.offset(KEPT).limit(1))
        if oldest is not None:
            over = select(*_KEY).where(*mine, QuarantineRow.received_at <= oldest)
            # Another process that makes room at this moment does it for both.
            free = conn.execute(over.order_by(QuarantineRow.id).with_for_update(skip_locked=True)).all()
            for start in range(0, len(free), 500):
                some = [tuple(row) for row in free[start : start + 500]]
                conn.execute(delete(QuarantineRow).where(tuple_(*_KEY).in_(some)))
