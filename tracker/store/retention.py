"""Forgetting what is older than its owner wants to keep it: events, then visits, then people nobody has seen since."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, func, select, tuple_
from sqlalchemy.orm import aliased

from tracker.core.model import Micros
from tracker.core.times import DAY
from tracker.store import months
from tracker.store.engine import Engine, reading, transaction
from tracker.store.freezing import freeze_until
from tracker.store.tables import (
    AliasRow,
    EventKeyRow,
    EventRow,
    IdentityRow,
    MergeRow,
    PassUseRow,
    ProfileRow,
    QuarantineRow,
    ReportSeenRow,
    SessionRow,
    TraitRow,
)

AT_ONCE = 5_000
"""Rows a transaction: visitors who click meanwhile wait no longer than one of these takes."""

Done = tuple[str, int]
"""What was forgotten, and how many of them; the same noun may come several times."""


def would_forget(conn: Connection, before: Micros) -> dict[str, int]:
    """Return how many rows of each kind ``forget`` would delete."""
    old = {
        "events": select(EventRow.id).where(EventRow.received_at < before),
        "visits": _idle_sessions(before),
        "people": _idle_profiles(before),
        "quarantined events": select(QuarantineRow.id).where(QuarantineRow.received_at < before),
    }
    return {what: conn.scalar(select(func.count()).select_from(rows.subquery())) or 0 for what, rows in old.items()}


def forget(engine: Engine, before: Micros) -> Iterator[Done]:
    """Delete what was received before that moment, piece by piece; yields what is gone as it goes.

    It may be stopped at any time and run again. A person who comes back later is a new one.
    """
    transaction(engine, lambda conn: freeze_until(conn, before // DAY))
    for month in months.kept(engine):
        if month.end <= before:
            yield "events", months.drop(engine, month)
    while count := transaction(engine, lambda conn: _oldest_events(conn, before)):
        yield "events", count
    yield from _piecewise(engine, "visits", _idle_sessions(before), partial(_forget_sessions, before))
    yield from _piecewise(engine, "people", _idle_profiles(before), partial(_forget_people, before))
    kept_out = delete(QuarantineRow).where(QuarantineRow.received_at < before)
    yield "quarantined events", transaction(engine, lambda conn: conn.execute(kept_out).rowcount)


def purge_passes(engine: Engine, now: Micros) -> int:
    """Delete the link passes that were spent and have run out; returns how many."""
    return transaction(engine, lambda conn: conn.execute(delete(PassUseRow).where(PassUseRow.expires < now)).rowcount)


def _oldest_events(conn: Connection, before: Micros) -> int:
    oldest = select(EventRow.received_at).where(EventRow.received_at < before).order_by(EventRow.received_at)
    edge = conn.scalar(select(func.max(oldest.limit(AT_ONCE).subquery().c.received_at)))
    if edge is None:
        return 0
    # A batch has one moment, so it goes whole.
    keys = select(EventRow.source_id, EventRow.id).where(EventRow.received_at <= edge)
    conn.execute(delete(EventKeyRow).where(tuple_(EventKeyRow.source_id, EventKeyRow.id).in_(keys)))
    return conn.execute(delete(EventRow).where(EventRow.received_at <= edge)).rowcount


def _piecewise(
    engine: Engine, what: str, ids: Select[str], work: Callable[[list[str], Connection], int]
) -> Iterator[Done]:
    found = iter(transaction(reading(engine), lambda conn: list(conn.scalars(ids))))
    while piece := list(islice(found, AT_ONCE)):
        yield what, transaction(engine, partial(work, piece))


def _newer_event(before: Micros, of: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(EventRow.id).where(of, EventRow.received_at >= before))


def _idle_sessions(before: Micros) -> Select[str]:
    """Select the visits that ended before; what a client says of its times does not count against its events."""
    own, other = aliased(AliasRow), aliased(AliasRow)
    same_person = (
        select(other.id)
        .join(own, own.profile_id == other.profile_id)
        .where(own.id == SessionRow.profile_id)
        .correlate(SessionRow)
    )
    of_visit = EventRow.profile_id.in_(same_person) & (EventRow.session_id == SessionRow.id)
    without = EventRow.profile_id.is_(None) & (EventRow.session_id == SessionRow.id)
    return select(SessionRow.id).where(
        SessionRow.updated < before, ~_newer_event(before, of_visit), ~_newer_event(before, without)
    )


def _idle_profiles(before: Micros) -> Select[str]:
    """Select the live profiles of people who were not seen since."""
    ids = select(AliasRow.id).where(AliasRow.profile_id == ProfileRow.id).correlate(ProfileRow)
    later = select(SessionRow.id).where(SessionRow.profile_id.in_(ids), SessionRow.updated >= before)
    return select(ProfileRow.id).where(
        ProfileRow.merged_into.is_(None),
        ProfileRow.updated < before,
        ~exists(later),
        ~_newer_event(before, EventRow.profile_id.in_(ids)),
    )


def _forget_sessions(before: Micros, ids: list[str], conn: Connection) -> int:
    # Somebody may have come back since the list was made.
    return conn.execute(delete(SessionRow).where(SessionRow.id.in_(_still(ids, _idle_sessions(before), conn)))).rowcount


def _forget_people(before: Micros, ids: list[str], conn: Connection) -> int:
    conn.execute(select(ProfileRow.id).where(ProfileRow.id.in_(ids)).order_by(ProfileRow.id).with_for_update())
    gone = _still(ids, _idle_profiles(before), conn)
    # Ids of theirs that a merge brought in belong to profiles of their own, which go with them.
    family = list(conn.scalars(select(AliasRow.id).where(AliasRow.profile_id.in_(gone))))
    conn.execute(delete(AliasRow).where(AliasRow.profile_id.in_(gone)))
    conn.execute(delete(IdentityRow).where(IdentityRow.profile_id.in_(family)))
    conn.execute(delete(TraitRow).where(TraitRow.profile_id.in_(family)))
    conn.execute(delete(MergeRow).where(MergeRow.loser.in_(family) | MergeRow.survivor.in_(family)))
    conn.execute(delete(SessionRow).where(SessionRow.profile_id.in_(family)))
    conn.execute(delete(ReportSeenRow).where(ReportSeenRow.profile_id.in_(family)))
    conn.execute(delete(ProfileRow).where(ProfileRow.id.in_(family)))
    return len(gone)


def _still(ids: Iterable[str], idle: Select[str], conn: Connection) -> list[str]:
    [column] = idle.selected_columns
    return list(conn.scalars(idle.where(column.in_(list(ids)))))
