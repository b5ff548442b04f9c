"""What the console's overview shows, from the counts alone: a question costs as many rows as days, not as events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, or_, select

from tracker.core.span import Span
from tracker.core.tally import NEVER
from tracker.store import blocks
from tracker.store.counts import OTHERS
from tracker.store.tables import ReportFlowRow, ReportReturnRow, ReportTotalRow

ACCEPTED = ("adopted", "merged", "recognised")


@dataclass(frozen=True, slots=True)
class Headline:
    """The numbers of a span; ``new`` are the visitors who had never been here before."""

    events: int = 0
    visits: int = 0
    visitors: int = 0
    new: int = 0
    robots: int = 0


@dataclass(frozen=True, slots=True)
class Point:
    """The numbers of an hour or a day; ``at`` counts hours or days since 1970."""

    at: int
    events: int = 0
    visits: int = 0
    visitors: int = 0


@dataclass(frozen=True, slots=True)
class Names:
    """What came most often, how often all of them came together, and how many were counted without their name."""

    top: Sequence[tuple[str, int]] = ()
    total: int = 0
    others: int = 0


@dataclass(frozen=True, slots=True)
class Flow:
    """How often visitors came from one source to another, and what became of them."""

    origin: str
    landing: str
    outcome: str
    times: int

    @property
    def accepted(self) -> bool:
        return self.outcome in ACCEPTED


def anything(conn: Connection) -> bool:
    """Return True once anything was counted."""
    return conn.scalar(select(ReportTotalRow.scope).limit(1)) is not None


def headline(conn: Connection, scope: str, span: Span) -> Headline:
    """Return the numbers of a span; every visitor counts once, on however many days they came."""
    days = (ReportTotalRow.scope == scope, ReportTotalRow.hours == 24, ReportTotalRow.at.between(span.first, span.last))
    sums = (func.sum(ReportTotalRow.events), func.sum(ReportTotalRow.visits), func.sum(ReportTotalRow.bots))
    events, visits, robots = conn.execute(select(*sums).where(*days)).one()
    # A year has a row for each pair of its days, so they are gone through once.
    visitors, new = conn.execute(
        select(
            func.sum(case((ReportReturnRow.before < span.first, ReportReturnRow.visitors), else_=0)),
            func.sum(case((ReportReturnRow.before == NEVER, ReportReturnRow.visitors), else_=0)),
        ).where(ReportReturnRow.scope == scope, ReportReturnRow.day.between(span.first, span.last))
    ).one()
    # PostgreSQL adds up to a decimal.
    return Headline(*(int(number or 0) for number in (events, visits, visitors, new, robots)))


def line(conn: Connection, scope: str, span: Span) -> list[Point]:
    """Return a point for every hour or day of a span, those without a visitor too."""
    size = 24 if span.unit == "hour" else 1
    first, last = span.first * size, span.last * size + size - 1
    rows = conn.execute(
        select(ReportTotalRow.at, ReportTotalRow.events, ReportTotalRow.visits, ReportTotalRow.visitors).where(
            ReportTotalRow.scope == scope,
            ReportTotalRow.hours == (1 if size == 24 else 24),
            ReportTotalRow.at.between(first, last),
        )
    )
    found = {row.at: Point(*row) for row in rows}
    return [found.get(at, Point(at)) for at in range(first, last + 1)]


def names(conn: Connection, scope: str, what: str, span: Span, most: int) -> Names:
    """Return the names of a kind that were counted most often."""
    counted = blocks.counted(conn, scope, what, span)
    total, others = sum(counted.values()), counted.pop(OTHERS, 0)
    return Names(sorted(counted.items(), key=lambda one: (-one[1], one[0]))[:most], total, others)


def flows(conn: Connection, scope: str, span: Span) -> list[Flow]:
    """Return how visitors came from source to source, the most frequent first; of one source, or of all."""
    times = func.sum(ReportFlowRow.times).label("total")
    question = (
        select(ReportFlowRow.origin, ReportFlowRow.landing, ReportFlowRow.outcome, times)
        .where(ReportFlowRow.day.between(span.first, span.last))
        .group_by(ReportFlowRow.origin, ReportFlowRow.landing, ReportFlowRow.outcome)
        .order_by(times.desc(), ReportFlowRow.origin, ReportFlowRow.landing, ReportFlowRow.outcome)
    )
    if scope:
        question = question.where(or_(ReportFlowRow.origin == scope, ReportFlowRow.landing == scope))
    return [Flow(origin, landing, outcome, int(total)) for origin, landing, outcome, total in conn.execute(question)]


def passages(found: Sequence[Flow]) -> Mapping[tuple[str, str], tuple[int, int]]:
    """Return for each pair of sources how often a profile was accepted and how often it was refused."""
    pairs: dict[tuple[str, str], tuple[int, int]] = {}
    for one in found:
        accepted, refused = pairs.get((one.origin, one.landing), (0, 0))
        more = (one.times, 0) if one.accepted else (0, one.times)
        pairs[one.origin, one.landing] = accepted + more[0], refused + more[1]
    return pairs
