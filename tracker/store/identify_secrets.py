"""Changing the identify secret of one source: which generations of it are believed."""

from sqlalchemy import Connection, Update, func, select, update

from tracker.core.model import Micros
from tracker.store.tables import SourceRow

_GENERATION = func.coalesce(SourceRow.identify_generation, 0)


def rotate(conn: Connection, source_id: str, now: Micros) -> int | None:
    """Begin a new generation of a source's identify secret; returns its number, or None for an unknown source.

    Signatures of the older generations are believed until ``retire``. Workers see the change within 5 seconds.
    """
    return _changed(conn, source_id, update(SourceRow).values(identify_generation=_GENERATION + 1, updated=now))


def retire(conn: Connection, source_id: str, now: Micros) -> int | None:
    """Believe only the present generation from now on; returns its number, or None for an unknown source."""
    return _changed(conn, source_id, update(SourceRow).values(identify_oldest=_GENERATION, updated=now))


def _changed(conn: Connection, source_id: str, change: Update) -> int | None:
    conn.execute(change.where(SourceRow.id == source_id))
    return conn.scalar(select(_GENERATION).where(SourceRow.id == source_id))
