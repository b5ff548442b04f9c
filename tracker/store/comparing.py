"""Holding the counts to the events that they were made of: some days, each as a whole."""

from sqlalchemy import Connection, func, select

from tracker.core.tally import EVERYWHERE
from tracker.core.times import DAY
from tracker.store.tables import EventRow, JournalRow, ReportTotalRow, SourceRow


def differing(conn: Connection, most: int = 7) -> int:
    """Return how many counts of some days differ from the events: the latest three days, and others far apart."""
    pending = {fact[0] // DAY for row in conn.scalars(select(JournalRow.facts)) for fact in row["facts"]}
    # Where one source's events are gone, those of the others are there still.
    scopes = [EVERYWHERE, *conn.scalars(select(SourceRow.id))]
    whole = (ReportTotalRow.scope.in_(scopes), ReportTotalRow.hours == 24, ReportTotalRow.whole.is_(True))
    days = list(conn.scalars(select(ReportTotalRow.at).where(*whole).distinct().order_by(ReportTotalRow.at)))
    days = [day for day in days if day not in pending]
    older = days[:-3]
    step = max(1, len(older) // (most - 3))
    return sum(_differing(conn, day) for day in (*older[::step][: most - 3], *days[-3:]))


def _differing(conn: Connection, day: int) -> int:
    stored = {
        row.source_id: (row[1], row[2])
        for row in conn.execute(
            select(EventRow.source_id, func.count(), func.count(func.distinct(EventRow.profile_id)))
            .where(EventRow.received_at >= day * DAY, EventRow.received_at < (day + 1) * DAY)
            .group_by(EventRow.source_id)
        )
    }
    totals = conn.execute(
        select(ReportTotalRow.__table__).where(
            ReportTotalRow.hours == 24, ReportTotalRow.at == day, ReportTotalRow.scope != EVERYWHERE
        )
    ).all()
    wrong = len(stored.keys() - {row.scope for row in totals})
    for row in totals:
        events, visitors = stored.get(row.scope, (0, 0))
        # What robots are is not written at the events, so where there were some, people are at most as many.
        right = row.visitors == visitors if not row.bots else row.visitors <= visitors
        wrong += row.whole and not (row.events + row.bots == events and right)
    return wrong
