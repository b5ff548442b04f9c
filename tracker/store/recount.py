"""Counting anew from the events themselves: a day at a time, while visitors click on."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, tuple_

from tracker.core.model import Micros
from tracker.core.tally import Fact, HandOver, Tally, count, page_of
from tracker.core.times import DAY
from tracker.core.visit_names import Describe
from tracker.store import counts, folding, journal, summing
from tracker.store.engine import Engine, reading, transaction
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


def recount(engine: Engine, describe: Describe, clock: Callable[[], Micros]) -> Iterator[tuple[int, int]]:
    """Count every day anew of which all events are still stored; yields (day, its events) as it goes.

    Hand-overs are counted when they are decided and stay as they were. It may be stopped and run again; until it has
    come to its end, who was here before counts as new.
    """
    transaction(engine, lambda conn: folding.hold(conn, clock() + HELD_FOR))
    try:
        summing.forget_all(engine)
        while transaction(engine, lambda conn: folding.fold_some(conn, describe)):
            pass
        oldest = transaction(reading(engine), lambda conn: conn.scalar(select(func.min(EventRow.received_at))))
        today = clock() // DAY
        first = today if oldest is None else oldest // DAY
        _forget_visitors(engine, first)
        # What comes in meanwhile is of these two days, waits in the journal, and is counted with them.
        for days in [*((day, day) for day in range(first, today - 1)), (max(first, today - 1), today)]:
            transaction(engine, lambda conn: folding.hold(conn, clock() + HELD_FOR))
            yield days[1], _recount(engine, days, describe, last=days[1] == today)
    finally:
        transaction(engine, lambda conn: folding.hold(conn, None))
    summing.sum_all(engine, clock)


def _recount(engine: Engine, days: Days, describe: Describe, *, last: bool) -> int:
    """Replace the counts of some days; returns how many events they have."""
    snapshot = reading(engine)
    if engine.dialect.name == "postgresql":
        # What waits in the journal must be just what was stored since: both are read as of one moment.
        snapshot = snapshot.execution_options(isolation_level="REPEATABLE READ")

    def look(conn: Connection) -> tuple[Tally, list[str]]:
        waiting = conn.execute(select(JournalRow.id, JournalRow.facts)).all() if last else []
        flow: list[HandOver] = [one for row in waiting for one in journal.read_facts(row.facts)[1]]
        facts = list(_facts(conn, days))
        told = folding.told_of(conn, {fact.session for fact in facts}, describe)
        return count(facts, flow, {}, folding.seen_before(conn, facts), told), [row.id for row in waiting]

    tally, waiting = transaction(snapshot, look)
    for piece in _pieces(sorted(tally.moved_visitors), AT_ONCE):
        transaction(engine, partial(counts.write_seen, seen={key: tally.seen[key] for key in piece}))
    transaction(engine, partial(_replace, days=days, tally=tally, waiting=waiting))
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


def _forget_visitors(engine: Engine, first: int) -> None:
    """Forget when visitors were here since that day, piece by piece; who was not has been here before all the same."""

    def work(conn: Connection) -> int:
        key = tuple_(ReportSeenRow.profile_id, ReportSeenRow.scope)
        since = select(ReportSeenRow.profile_id, ReportSeenRow.scope).where(ReportSeenRow.hour >= first * 24)
        return conn.execute(delete(ReportSeenRow).where(key.in_(since.limit(AT_ONCE)))).rowcount

    while transaction(engine, work):
        pass


def _replace(conn: Connection, days: Days, tally: Tally, waiting: Sequence[str]) -> None:
    """Put what was counted in the place of what is there, but for days of which not all events are stored any more."""
    folding.wait_until_alone(conn)
    here = ReportTotalRow.at.between(*days) & (ReportTotalRow.hours == 24)
    kept = {
        (row.scope, row.at)
        for row in conn.execute(
            select(ReportTotalRow.scope, ReportTotalRow.at).where(here, ReportTotalRow.whole.is_(False))
        )
    }
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


def _not_in(scope: Any, day: Any, kept: set[tuple[str, int]]) -> ColumnElement[bool]:
    return ~or_(False, *((scope == one) & (day == at) for one, at in sorted(kept)))


def _without(tally: Tally, kept: set[tuple[str, int]]) -> Tally:
    """Return the tally without the days that stay as they are."""
    return Tally(
        visits=tally.visits,
        moved_visits=tally.moved_visits,
        totals={key: total for key, total in tally.totals.items() if (key[0], key[2] * key[1] // 24) not in kept},
        returns=type(tally.returns)({key: n for key, n in tally.returns.items() if (key[0], key[1]) not in kept}),
        names=type(tally.names)({key: n for key, n in tally.names.items() if (key[0], key[2]) not in kept}),
        flow=tally.flow,
    )


def _pieces(keys: Sequence[tuple[str, str]], size: int) -> Iterator[Sequence[tuple[str, str]]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def differing(conn: Connection, most: int = 7) -> int:
    """Return how many counts of some days differ from the events: the latest three days, and others far apart."""
    pending = {fact[0] // DAY for row in conn.scalars(select(JournalRow.facts)) for fact in row["facts"]}
    days = list(
        conn.scalars(
            select(ReportTotalRow.at)
            .where(ReportTotalRow.scope == "", ReportTotalRow.hours == 24, ReportTotalRow.whole.is_(True))
            .order_by(ReportTotalRow.at)
        )
    )
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
            ReportTotalRow.hours == 24, ReportTotalRow.at == day, ReportTotalRow.scope != ""
        )
    ).all()
    wrong = len(stored.keys() - {row.scope for row in totals})
    for row in totals:
        events, visitors = stored.get(row.scope, (0, 0))
        # What robots are is not written at the events, so where there were some, people are at most as many.
        right = row.visitors == visitors if not row.bots else row.visitors <= visitors
        wrong += row.whole and not (row.events + row.bots == events and right)
    return wrong
