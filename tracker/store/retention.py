"""Forgetting what is older than its owner wants to keep it: events, then people nobody has seen since, then visits."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, func, select

from tracker.core.keeping import QUARANTINE_DAYS, Keeping
from tracker.core.model import Micros
from tracker.core.tally import HOUR
from tracker.core.times import DAY
from tracker.store import folding, months, personal
from tracker.store.ages import Received, idle_profiles, idle_sessions, too_old, without_events
from tracker.store.engine import Engine, reading, transaction
from tracker.store.freezing import forget_counting, forgotten, freeze
from tracker.store.one_of import one_of
from tracker.store.tables import (
    AliasRow,
    EventRow,
    PassUseRow,
    ProfileRow,
    QuarantineRow,
    ReportVisitRow,
    SessionRow,
)

AT_ONCE = 5_000
"""Events a transaction: visitors who click meanwhile wait no longer than one of these takes."""
PEOPLE_AT_ONCE = 500
"""People or visits a transaction: each is looked for in more places than an event."""


class Gone(NamedTuple):
    """How many of what were forgotten, and of which source; a person is nobody's. The same may come several times."""

    what: str
    source: str
    rows: int


def would_forget(conn: Connection, kept: Keeping) -> Iterator[Gone]:
    """Yield how many rows of each kind and source ``forget`` would delete."""
    visits, people = idle_sessions(kept), select(func.count()).select_from(idle_profiles(kept).subquery())
    yield from _by_source(conn, "events", EventRow.source_id, too_old(kept, EventRow))
    yield from _by_source(conn, "visits", SessionRow.source_id, SessionRow.id.in_(visits))
    yield Gone("people", "", conn.scalar(people) or 0)
    yield from _by_source(conn, "quarantined events", QuarantineRow.source_id, too_old(kept, QuarantineRow))


def forget(engine: Engine, kept: Keeping) -> Iterator[Gone]:
    """Delete what is kept no longer, piece by piece; yields what is gone as it goes.

    It may be stopped at any time and run again. A person who comes back later is a new one.
    """
    transaction(engine, lambda conn: freeze(conn, kept))
    for month in months.kept(engine):
        if month.end <= kept.earliest:
            yield from (Gone("events", *of) for of in months.drop(engine, month).items())
    yield from _by_age(engine, kept, EventRow, "events")
    # Where people were seen is told by their visits, so these go after them.
    yield from _piecewise(engine, idle_profiles(kept), partial(_forget_people, kept))
    yield from _piecewise(engine, idle_sessions(kept), partial(_forget_sessions, kept))
    yield from _by_age(engine, kept, QuarantineRow, "quarantined events")
    purge_visits(engine, kept.latest)


def purge_visits(engine: Engine, before: Micros) -> None:
    """Forget which visits were counted before a moment that is a day ago: on another day they are counted anew."""
    old = delete(ReportVisitRow).where(ReportVisitRow.hour < -(-before // HOUR))
    transaction(engine, lambda conn: conn.execute(old))


def purge_quarantine(engine: Engine, now: Micros) -> int:
    """Delete quarantined events that are older than any is kept; returns how many."""
    old = Keeping(now - QUARANTINE_DAYS * DAY)
    return sum(gone.rows for gone in _by_age(engine, old, QuarantineRow, "quarantined events"))


def purge_passes(engine: Engine, now: Micros) -> int:
    """Delete the link passes that were spent and have run out; returns how many."""
    return transaction(engine, lambda conn: conn.execute(delete(PassUseRow).where(PassUseRow.expires < now)).rowcount)


def _by_age(engine: Engine, kept: Keeping, rows: Received, what: str) -> Iterator[Gone]:
    """Go once through all that was received, the oldest first, past what one source keeps for longer than another."""
    after: Micros = -1
    while True:
        until, found = transaction(reading(engine), partial(_look, kept, rows, after))
        if until is None:
            return
        if found:
            yield from transaction(engine, partial(_forget_received, what, rows, _piece(kept, rows, after, until)))
        after = until


def _look(kept: Keeping, rows: Received, after: Micros, conn: Connection) -> tuple[Micros | None, bool]:
    """Return where the next piece ends, None where there is none, and whether anything of it is to go."""
    some = select(rows.received_at).where(rows.received_at > after, rows.received_at < kept.latest)
    ordered = some.order_by(rows.received_at).limit(AT_ONCE).subquery()
    until = conn.scalar(select(func.max(ordered.c.received_at)))
    if until is None:
        return None, False
    return until, bool(conn.scalar(select(exists(select(rows.id).where(_piece(kept, rows, after, until))))))


def _piece(kept: Keeping, rows: Received, after: Micros, until: Micros) -> ColumnElement[bool]:
    # A batch has one moment, so it goes whole.
    return (rows.received_at > after) & (rows.received_at <= until) & too_old(kept, rows)


def _forget_received(what: str, rows: Received, which: ColumnElement[bool], conn: Connection) -> list[Gone]:
    if rows is EventRow:
        # Whoever counts anew must not write over the marks that this leaves.
        folding.wait_until_alone(conn)
    deleted = conn.execute(delete(rows).where(which).returning(rows.source_id, rows.id, rows.received_at)).all()
    if rows is EventRow:
        # The keys of just these: an import may have committed others of that time a moment ago.
        for keys in personal.keys_of([(source_id, event_id) for source_id, event_id, _ in deleted]):
            conn.execute(keys)
        forgotten(conn, {(source_id, at // DAY) for source_id, _, at in deleted})
    return [Gone(what, source, number) for source, number in Counter(row[0] for row in deleted).items()]


def _by_source(conn: Connection, what: str, source_id: Any, which: ColumnElement[bool]) -> list[Gone]:
    found = conn.execute(select(source_id, func.count()).where(which).group_by(source_id))
    return [Gone(what, source, rows) for source, rows in found]


def _piecewise(engine: Engine, ids: Select[str], work: Callable[[list[str], Connection], list[Gone]]) -> Iterator[Gone]:
    found = iter(transaction(reading(engine), lambda conn: list(conn.scalars(ids))))
    while piece := list(islice(found, PEOPLE_AT_ONCE)):
        yield from transaction(engine, partial(work, piece))


def _forget_sessions(kept: Keeping, ids: list[str], conn: Connection) -> list[Gone]:
    # Somebody may have come back since the list was made.
    return _delete_sessions(conn, one_of(SessionRow.id, _still(ids, idle_sessions(kept), conn)))


def _delete_sessions(conn: Connection, which: ColumnElement[bool]) -> list[Gone]:
    of = Counter(conn.scalars(delete(SessionRow).where(which).returning(SessionRow.source_id)))
    return [Gone("visits", source, rows) for source, rows in of.items()]


def _forget_people(kept: Keeping, ids: list[str], conn: Connection) -> list[Gone]:
    conn.execute(select(ProfileRow.id).where(one_of(ProfileRow.id, ids)).order_by(ProfileRow.id).with_for_update())
    # Whose events of the past were imported since the others of that time were forgotten stays until these are.
    gone = _still(ids, idle_profiles(kept).where(without_events()), conn)
    # Ids of theirs that a merge brought in belong to profiles of their own, which go with them.
    family = list(conn.scalars(select(AliasRow.id).where(one_of(AliasRow.profile_id, gone))))
    forget_counting(conn, family)
    personal.adopt_kept_out(conn, family)
    visits = _delete_sessions(conn, one_of(SessionRow.profile_id, family))
    kept_out = delete(QuarantineRow).where(one_of(QuarantineRow.profile_id, family)).returning(QuarantineRow.source_id)
    quarantined = Counter(conn.scalars(kept_out))
    personal.delete_rows(conn, family)
    also = [Gone("quarantined events", source, rows) for source, rows in quarantined.items()]
    return [*visits, *also, Gone("people", "", len(gone))]


def _still(ids: Iterable[str], idle: Select[str], conn: Connection) -> list[str]:
    [column] = idle.selected_columns
    return list(conn.scalars(idle.where(one_of(column, ids))))
