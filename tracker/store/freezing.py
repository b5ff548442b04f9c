"""What forgetting does to the counts: they stay, with nobody in them, and are compared with no events any more."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, select, text, update

from tracker.core.tally import EVERYWHERE
from tracker.core.times import DAY
from tracker.store import folding, journal
from tracker.store.tables import EventRow, ReportSeenRow, ReportTotalRow, ReportVisitRow, SessionRow

_NOT_WHOLE = text(
    "INSERT INTO report_total (scope, hours, at, events, visits, visitors, bots, whole)"
    " VALUES (:scope, 24, :at, 0, 0, 0, 0, :whole)"
    " ON CONFLICT (scope, hours, at) DO UPDATE SET whole = excluded.whole"
)


def freeze_until(conn: Connection, day: int) -> None:
    """Let the counts up to a day stand as they are from now on."""
    counted = (ReportTotalRow.hours == 24) & (ReportTotalRow.at <= day)
    conn.execute(update(ReportTotalRow).where(counted, ReportTotalRow.whole.is_(True)).values(whole=False))


def forget_person(conn: Connection, profiles: Sequence[str], events: ColumnElement[bool]) -> None:
    """Take a person out of all that is remembered for counting, before their events go; the counts stand."""
    folding.wait_until_alone(conn)
    journal.forget(conn, profiles)
    days = conn.execute(select(EventRow.source_id, EventRow.received_at // DAY).where(events).distinct()).all()
    marks = {(scope, day) for source_id, day in days for scope in (source_id, EVERYWHERE)}
    if marks:
        conn.execute(_NOT_WHOLE, [{"scope": scope, "at": day, "whole": False} for scope, day in sorted(marks)])
    visits = select(SessionRow.id).where(SessionRow.profile_id.in_(profiles))
    conn.execute(delete(ReportVisitRow).where(ReportVisitRow.session_id.in_(visits)))
    conn.execute(delete(ReportSeenRow).where(ReportSeenRow.profile_id.in_(profiles)))
