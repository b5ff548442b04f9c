"""Requests that were not taken: written only while somebody waits for their source, few, and gone after an hour."""

from sqlalchemy import Connection, delete, insert, select, update

from tracker.core.attempts import Attempt
from tracker.core.model import Micros
from tracker.core.times import SECOND
from tracker.store.engine import Engine, transaction
from tracker.store.tables import AttemptRow, SourceRow

KEPT: Micros = 3600 * SECOND
MOST = 200


def watch(conn: Connection, source_id: str, until: Micros) -> None:
    """Note that somebody waits for a source, so that every process writes down what it turns away."""
    conn.execute(update(SourceRow).where(SourceRow.id == source_id).values(watched_until=until))


def note(conn: Connection, attempt: Attempt) -> None:
    """Store an attempt; of more than a few hundred the oldest go, and so do those that are an hour old."""
    row = {name: getattr(attempt, name) for name in ("id", "at", "source_id", "reason", "origin", "detail")}
    conn.execute(insert(AttemptRow).values(**row))
    oldest_kept = select(AttemptRow.at).order_by(AttemptRow.at.desc()).offset(MOST - 1).limit(1).scalar_subquery()
    conn.execute(delete(AttemptRow).where((AttemptRow.at < attempt.at - KEPT) | (AttemptRow.at < oldest_kept)))


def since(conn: Connection, moment: Micros) -> list[Attempt]:
    """Return the attempts after a moment, the newest first."""
    rows = select(AttemptRow.__table__).where(AttemptRow.at > moment).order_by(AttemptRow.at.desc()).limit(MOST)
    return [Attempt(**row._mapping) for row in conn.execute(rows)]


def purge(engine: Engine, now: Micros) -> int:
    """Delete the attempts that are an hour old; returns how many."""
    old = delete(AttemptRow).where(AttemptRow.at < now - KEPT)
    return transaction(engine, lambda conn: conn.execute(old).rowcount)
