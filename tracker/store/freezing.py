"""What forgetting does to the counts: they stay, with nobody in them, and are compared with no events any more."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, case, delete, func, select, text, update

from tracker.core.keeping import Keeping
from tracker.core.model import Micros
from tracker.core.tally import EVERYWHERE, HOUR, NEVER
from tracker.core.times import DAY
from tracker.store import folding, journal
from tracker.store.one_of import one_of
from tracker.store.tables import (
    EventRow,
    ReportFrozenRow,
    ReportTotalRow,
    ReportVisitRow,
    SessionRow,
    SourceRow,
)

_NOT_WHOLE = text(
    "INSERT INTO report_total (scope, hours, at, events, visits, visitors, bots, whole)"
    " VALUES (:scope, 24, :at, 0, 0, 0, 0, :whole)"
    " ON CONFLICT (scope, hours, at) DO UPDATE SET whole = excluded.whole"
)
_FROZEN = text(
    "INSERT INTO report_frozen (scope, day) VALUES (:scope, :day)"
    " ON CONFLICT (scope) DO UPDATE SET day = excluded.day WHERE report_frozen.day < excluded.day"
)


def freeze(conn: Connection, kept: Keeping) -> None:
    """Let the counts of days that are kept no longer stand as they are from now on.

    Those of all sources together stand as soon as one source's events are gone: they could not be counted anew.
    """
    days = {source: moment // DAY for source, moment in kept.own.items()}
    others = NEVER if kept.others is None else kept.others // DAY
    days[EVERYWHERE] = max(others, *(_last_counted(conn, source, day) for source, day in days.items()), NEVER)
    last = case(days, value=ReportTotalRow.scope, else_=others)
    counted = (ReportTotalRow.hours == 24) & (ReportTotalRow.at <= last)
    conn.execute(update(ReportTotalRow).where(counted, ReportTotalRow.whole.is_(True)).values(whole=False))
    marks = dict.fromkeys(conn.scalars(select(SourceRow.id)), others) | days
    if rows := [{"scope": scope, "day": day} for scope, day in sorted(marks.items()) if day > NEVER]:
        conn.execute(_FROZEN, rows)


def forgotten(conn: Connection, days: Iterable[tuple[str, int]]) -> None:
    """Let the counts of some days stand, by source and day, of which events were forgotten in this transaction.

    They may have been thawed since all this began, by an import of events that were gone again a moment later.
    """
    marks = mark(conn, days)
    last = dict(sorted(marks))
    if last:
        conn.execute(_FROZEN, [{"scope": scope, "day": day} for scope, day in last.items()])


def frozen(conn: Connection) -> dict[str, int]:
    """Return by scope the last day of which events may be gone."""
    return {row.scope: row.day for row in conn.execute(select(ReportFrozenRow.scope, ReportFrozenRow.day))}


def thaw(conn: Connection, stored: Iterable[tuple[str, Micros]]) -> None:
    """Let the days be counted anew from which on events are brought in, by source and moment, after they were gone."""
    first: dict[str, int] = {}
    for source, at in stored:
        for scope in (source, EVERYWHERE):
            first[scope] = min(first.get(scope, at // DAY), at // DAY)
    for scope, day in sorted(first.items()):
        later = (ReportFrozenRow.scope == scope) & (ReportFrozenRow.day >= day)
        conn.execute(update(ReportFrozenRow).where(later).values(day=day - 1))


def _last_counted(conn: Connection, source_id: str, until: int) -> int:
    of = (ReportTotalRow.scope == source_id, ReportTotalRow.hours == 24, ReportTotalRow.at <= until)
    last = conn.scalar(select(func.max(ReportTotalRow.at)).where(*of))
    return NEVER if last is None else last


def forget_person(conn: Connection, profiles: Sequence[str], events: ColumnElement[bool]) -> None:
    """Take a person out of all that is remembered for counting, before their events go; the counts stand."""
    of = (EventRow.session_id, EventRow.source_id)
    visits = conn.execute(select(*of, func.max(EventRow.received_at)).where(events).group_by(*of)).all()
    forget_counting(conn, profiles)
    forget_visits(conn, {(session_id, source_id): last for session_id, source_id, last in visits})
    days = conn.execute(select(EventRow.source_id, EventRow.received_at // DAY).where(events).distinct()).all()
    mark(conn, [(source_id, day) for source_id, day in days])


def forget_counting(conn: Connection, profiles: Sequence[str]) -> None:
    """Take people out of what is still to be counted, and forget which of their visits were; their sessions go next."""
    folding.wait_until_alone(conn)
    visits = list(conn.scalars(select(SessionRow.id).where(one_of(SessionRow.profile_id, profiles))))
    # What came without a profile in a session of theirs is theirs, too.
    journal.forget(conn, profiles, [(None, session_id) for session_id in visits])
    conn.execute(delete(ReportVisitRow).where(one_of(ReportVisitRow.session_id, visits)))


def forget_visits(conn: Connection, last: Mapping[tuple[str, str], Micros]) -> None:
    """Forget that visits were counted whose session need not be stored (``saveSession: false``).

    ``last`` is the moment of the last event that goes, by session id and source. Two people may have sent one session
    id: a visit that was counted after that moment is of somebody else, and would be counted twice without its row.
    """
    until: dict[tuple[str, str], Micros] = {}
    for (session_id, source_id), at in last.items():
        for scope in (source_id, EVERYWHERE):
            until[session_id, scope] = max(at, until.get((session_id, scope), at))
    key = (ReportVisitRow.session_id, ReportVisitRow.scope)
    rows = conn.execute(select(*key, ReportVisitRow.hour).where(one_of(key[0], {visit for visit, _ in until}))).all()
    for session_id, scope, hour in rows:
        if hour <= until.get((session_id, scope), NEVER) // HOUR:
            conn.execute(delete(ReportVisitRow).where(key[0] == session_id, key[1] == scope))


def mark(conn: Connection, days: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
    """Note that not all events of some days are stored; returns the marks, by scope and day."""
    marks = {(scope, day) for source_id, day in days for scope in (source_id, EVERYWHERE)}
    if marks:
        conn.execute(_NOT_WHOLE, [{"scope": scope, "at": day, "whole": False} for scope, day in sorted(marks)])
    return marks
