"""Adding up blocks of days that are over, one in a transaction, and holding them to their days."""

from collections import Counter
from collections.abc import Callable

from sqlalchemy import Connection, delete, insert, select, tuple_

from tracker.core.blocks import SIZES, Block, block_of, due
from tracker.core.model import Micros
from tracker.core.span import Span
from tracker.core.tally import EVERYWHERE, NAMES
from tracker.core.times import DAY
from tracker.store import blocks, folding
from tracker.store.engine import Engine, reading, transaction
from tracker.store.tables import ReportBlockRow, ReportTotalRow, SourceRow

AT_ONCE = 100
"""Blocks a transaction that are forgotten: who clicks meanwhile waits no longer than that takes."""
_CHECKED = 12


def sum_all(engine: Engine, clock: Callable[[], Micros], pause: Callable[[], object] = lambda: None) -> int:
    """Add up the blocks of days that are over and not added up yet, pausing after each; returns how many there were."""
    missing = transaction(reading(engine), lambda conn: _missing(conn, clock() // DAY))
    for scope, block in missing:
        transaction(engine, lambda conn, scope=scope, block=block: _sum(conn, scope, block, clock()))  # type: ignore[misc]
        pause()
    return len(missing)


def _missing(conn: Connection, today: int) -> list[tuple[str, Block]]:
    everything = Span(0, today)
    scopes = [EVERYWHERE, *conn.scalars(select(SourceRow.id).order_by(SourceRow.id))]
    found = []
    for scope in scopes:
        days = conn.scalars(
            select(ReportTotalRow.at).where(
                ReportTotalRow.scope == scope, ReportTotalRow.hours == 24, ReportTotalRow.at <= today
            )
        )
        # A kind of names that a later version counts has no blocks yet.
        whole = set.intersection(*(blocks.there(conn, scope, what, everything) for what in NAMES))
        found += [(scope, block) for block in due(days, whole, today)]
    return found


def _sum(conn: Connection, scope: str, block: Block, now: Micros) -> None:
    """Write down one block, of all kinds; nothing while somebody counts anew."""
    folding.wait_until_alone(conn)
    if folding.held(conn, now):
        return
    this = (ReportBlockRow.scope == scope, ReportBlockRow.days == block.days, ReportBlockRow.first == block.first)
    conn.execute(delete(ReportBlockRow).where(*this, ReportBlockRow.what.in_(NAMES)))
    rows = [
        {"scope": scope, "what": what, **block._asdict(), "names": dict(blocks.counted(conn, scope, what, block.span))}
        for what in NAMES
    ]
    conn.execute(insert(ReportBlockRow), rows)


def forget_all(engine: Engine) -> None:
    """Forget all blocks, piece by piece; whoever asks meanwhile reads the days."""
    key = tuple_(ReportBlockRow.scope, ReportBlockRow.what, ReportBlockRow.days, ReportBlockRow.first)
    some = select(ReportBlockRow.scope, ReportBlockRow.what, ReportBlockRow.days, ReportBlockRow.first).limit(AT_ONCE)
    while transaction(engine, lambda conn: conn.execute(delete(ReportBlockRow).where(key.in_(some))).rowcount):
        pass


def differing(conn: Connection) -> int:
    """Return how many blocks are not the sum of their days: of all sources together, some far apart of each size."""
    found = 0
    for size in SIZES:
        firsts = list(
            conn.scalars(
                select(ReportBlockRow.first)
                .where(ReportBlockRow.scope == EVERYWHERE, ReportBlockRow.what == "page", ReportBlockRow.days == size)
                .order_by(ReportBlockRow.first)
            )
        )
        step = max(1, len(firsts) // _CHECKED)
        found += sum(_differs(conn, block_of(first, size)) for first in firsts[::-step])
    return found


def _differs(conn: Connection, block: Block) -> int:
    """Return how many lists of a block, of whichever source, are not the sum of their days."""
    rows = conn.execute(
        select(ReportBlockRow.scope, ReportBlockRow.what, ReportBlockRow.names).where(
            ReportBlockRow.days == block.days, ReportBlockRow.first == block.first
        )
    ).all()
    return sum(blocks.by_days(conn, scope, what, block.span) != Counter(names) for scope, what, names in rows)
