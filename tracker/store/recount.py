"""Counting anew from the events themselves: a day at a time, while visitors click on."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, or_, select, update

from tracker.core.model import Micros
from tracker.core.tally import NEVER, Fact, HandOver, Tally, count, page_of
from tracker.core.times import DAY
from tracker.core.visit_names import Describe
from tracker.store import counts, folding, freezing, journal, summing
from tracker.store.engine import Engine, reading, snapshot, transaction
from tracker.store.journal import PAGE_VIEW
from tracker.store.tables import (
    EventRow,
    JournalRow,
    ReportNameRow,
    ReportReturnRow,
    ReportSeenRow,
    ReportTotalRow,
    ReportVisitRow,
    SessionRow,
)

HELD_FOR: Micros = 3600 * 1_000_000
"""How long a recount keeps the journal to itself at a time, also where it was killed."""
AT_ONCE = 2_000
"""Visitors a transaction: who clicks meanwhile waits no longer than one of these takes."""

Days = tuple[int, int]
"""The first and the last of some days that are counted together."""
Since = Mapping[str, int]
"""By scope the first day of which no event was forgotten; for a scope that is not there nothing was."""


def recount(engine: Engine, describe: Describe, clock: Callable[[], Micros]) -> Iterator[tuple[int, int]]:
    """Count every day anew of which all events are still stored; yields (day, its events) as it goes.

    Hand-overs are counted when they are decided and stay as they were, and so do the days of a source whose events
    may be gone. It may be stopped and run again; until it has come to its end, who was here before counts as new.
    """
    transaction(engine, lambda conn: folding.hold(conn, clock() + HELD_FOR))
    try:
        summing.forget_all(engine)
        while transaction(engine, lambda conn: folding.fold_some(conn, describe)).rows:
            pass
        oldest = transaction(reading(engine), lambda conn: conn.scalar(select(func.min(EventRow.received_at))))
        today = clock() // DAY
        first = today if oldest is None else oldest // DAY
        since = {scope: day + 1 for scope, day in transaction(reading(engine), freezing.frozen).items()}
        _forget_visitors(engine, since, first)
        # What comes in meanwhile is of these two days, waits in the journal, and is counted with them.
        for days in [*((day, day) for day in range(first, today - 1)), (max(first, today - 1), today)]:
            transaction(engine, lambda conn: folding.hold(conn, clock() + HELD_FOR))
            yield days[1], _recount(engine, days, since, describe, last=days[1] == today)
    finally:
        transaction(engine, lambda conn: folding.hold(conn, None))
    summing.sum_all(engine, clock)


def _recount(engine: Engine, days: Days, since: Since, describe: Describe, *, last: bool) -> int:
    """Replace the counts of some days; returns how many events they have."""

    def look(conn: Connection) -> tuple[Tally, list[str]]:
        waiting = conn.execute(select(JournalRow.id, JournalRow.facts)).all() if last else []
        flow: list[HandOver] = [one for row in waiting for one in journal.read_facts(row.facts)[1]]
        facts = list(_facts(conn, days))
        told = folding.told_of(conn, {fact.session for fact in facts}, describe)
        return count(facts, flow, {}, folding.seen_before(conn, facts), told, since), [row.id for row in waiting]

    # What waits in the journal must be just what was stored since.
    tally, waiting = transaction(snapshot(engine), look)
    for piece in _pieces(sorted(tally.moved_visitors), AT_ONCE):
        transaction(engine, partial(counts.write_seen, seen={key: tally.seen[key] for key in piece}))
    transaction(engine, partial(_replace, days=days, since=since, tally=tally, waiting=waiting))
    return sum(total[0] + total[3] for (scope, hours, _), total in tally.totals.items() if hours == 24 and not scope)


def _facts(conn: Connection, days: Days) -> Iterator[Fact]:
    """Yield what each request brought, as the journal told it when it came."""
    rows = conn.execute(
        select(
            EventRow.received_at,
            EventRow.source_id,
            EventRow.profile_id,
            EventRow.session_id,
            EventRow.batch,
            EventRow.type,
            EventRow.context,
        )
        .where(EventRow.received_at >= days[0] * DAY, EventRow.received_at < (days[1] + 1) * DAY)
        .order_by(EventRow.received_at, EventRow.batch)
        .execution_options(yield_per=1000)
    )
    for _, batch in groupby(rows, key=lambda row: (row.received_at, row.batch)):
        events = list(batch)
        one = events[0]
        told = [(row.type, page_of(row.context) if row.type == PAGE_VIEW else None) for row in events]
        if (PAGE_VIEW, None) in told:
            context = conn.scalar(select(SessionRow.context).where(SessionRow.id == one.session_id)) or {}
            told = [(kind, page or page_of(context)) if kind == PAGE_VIEW else (kind, page) for kind, page in told]
        yield Fact(one.received_at, one.source_id, one.profile_id, one.session_id, told)


def _forget_visitors(engine: Engine, since: Since, first: int) -> None:
    """Forget when visitors were here since the first day that is counted, piece by piece; who was not stays as known.

    Whose time before lies before that day was here then: of days whose events are gone nobody else could tell.
    """
    known = case(dict(since), value=ReportSeenRow.scope, else_=first) if since else first
    later, before = ReportSeenRow.hour >= known * 24, (ReportSeenRow.before > NEVER) & (ReportSeenRow.before < known)

    def work(conn: Connection) -> str | None:
        some = select(ReportSeenRow.profile_id).where(ReportSeenRow.profile_id > after)
        piece = some.order_by(ReportSeenRow.profile_id).limit(AT_ONCE).subquery()
        last: str | None = conn.scalar(select(func.max(piece.c.profile_id)))
        if last is not None:
            here = and_(ReportSeenRow.profile_id > after, ReportSeenRow.profile_id <= last, later)
            back = update(ReportSeenRow).where(here, before)
            conn.execute(back.values(hour=ReportSeenRow.before * 24, before=NEVER))
            conn.execute(delete(ReportSeenRow).where(here))
        return last

    after: str | None = ""
    while after is not None:
        after = transaction(engine, work)


def _replace(conn: Connection, days: Days, since: Since, tally: Tally, waiting: Sequence[str]) -> None:
    """Put what was counted in the place of what is there, but for days of which not all events are stored any more."""
    folding.wait_until_alone(conn)
    here = ReportTotalRow.at.between(*days) & (ReportTotalRow.hours == 24)
    kept = {
        (row.scope, row.at)
        for row in conn.execute(
            select(ReportTotalRow.scope, ReportTotalRow.at).where(here, ReportTotalRow.whole.is_(False))
        )
    }
    kept |= {(scope, day) for scope, first in since.items() for day in range(days[0], min(days[1] + 1, first))}
    _who_came_back(conn, days, since, tally)
    hours = ReportTotalRow.at.between(days[0] * 24, days[1] * 24 + 23) & (ReportTotalRow.hours == 1)
    day_of_hour = ReportTotalRow.at // 24
    conn.execute(delete(ReportTotalRow).where(here, _not_in(ReportTotalRow.scope, ReportTotalRow.at, kept)))
    conn.execute(delete(ReportTotalRow).where(hours, _not_in(ReportTotalRow.scope, day_of_hour, kept)))
    for table in (ReportReturnRow, ReportNameRow):
        conn.execute(delete(table).where(table.day.between(*days), _not_in(table.scope, table.day, kept)))
    # Here visits were counted from nothing; the journal goes on where that ended.
    conn.execute(delete(ReportVisitRow).where(ReportVisitRow.hour.between(days[0] * 24, days[1] * 24 + 23)))
    counts.write(conn, _without(tally, kept), visitors=False)
    if journal.drop(conn, waiting) != len(waiting):
        raise RuntimeError("somebody else has folded the journal during a recount; run it again")


def _who_came_back(conn: Connection, days: Days, since: Since, tally: Tally) -> None:
    """Take it from what is there how many were here the last time on a day whose events are gone since."""
    rows = select(ReportReturnRow.__table__).where(ReportReturnRow.day.between(*days), ReportReturnRow.before > NEVER)
    for scope, day, before, visitors in conn.execute(rows):
        if before < since.get(scope, 0) <= day:
            known, new = tally.returns[scope, day, before], tally.returns[scope, day, NEVER]
            again = max(0, min(visitors - known, new))
            tally.returns[scope, day, before] += again
            tally.returns[scope, day, NEVER] -= again


def _not_in(scope: Any, day: Any, kept: set[tuple[str, int]]) -> ColumnElement[bool]:
    return ~or_(False, *((scope == one) & (day == at) for one, at in sorted(kept)))


def _without(tally: Tally, kept: set[tuple[str, int]]) -> Tally:
    """Return the tally without the days that stay as they are."""
    return Tally(
        visits=tally.visits,
        moved_visits=tally.moved_visits,
        totals={key: total for key, total in tally.totals.items() if (key[0], key[2] * key[1] // 24) not in kept},
        returns=Counter({key: n for key, n in tally.returns.items() if (key[0], key[1]) not in kept}),
        names=Counter({key: n for key, n in tally.names.items() if (key[0], key[2]) not in kept}),
        flow=tally.flow,
    )


def _pieces(keys: Sequence[tuple[str, str]], size: int) -> Iterator[Sequence[tuple[str, str]]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
