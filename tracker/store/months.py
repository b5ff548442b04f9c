"""Events by month: on PostgreSQL each month has a table of its own, made ahead and dropped whole."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Connection, TextClause, text

from tracker.core.model import Micros
from tracker.core.times import DAY, EPOCH
from tracker.store import folding
from tracker.store.engine import Engine, LostRace, reading, transaction
from tracker.store.freezing import forgotten

AHEAD = 3
# Two processes must not make the same month at once; any number will do, it only has to be the same.
_LOCK = 7_268_465_332
_IMPATIENT = "SET LOCAL lock_timeout = '5s'"
_BOUNDS = text(
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = CAST('event' AS regclass) AND c.relname <> 'event_rest' ORDER BY c.relname"
)


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in UTC; ``start`` is its first moment, ``end`` the first one after it."""

    year: int
    number: int

    @property
    def table(self) -> str:
        return f"event_{self.year}_{self.number:02}"

    @property
    def start(self) -> Micros:
        return (datetime(self.year, self.number, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)

    @property
    def end(self) -> Micros:
        return self.next.start

    @property
    def next(self) -> "Month":
        return Month(self.year + self.number // 12, self.number % 12 + 1)


def month_of(moment: Micros) -> Month:
    """Return the month that a moment lies in."""
    date = EPOCH + timedelta(microseconds=moment)
    return Month(date.year, date.month)


def kept(engine: Engine) -> list[Month]:
    """Return the months that have a table, the oldest first; none on SQLite, which keeps all events in one."""
    if engine.dialect.name != "postgresql":
        return []
    names = transaction(reading(engine), lambda conn: list(conn.scalars(_BOUNDS)))
    return [Month(*map(int, name.removeprefix("event_").split("_"))) for name in names]


def make_ahead(engine: Engine, now: Micros) -> list[Month]:
    """Make the tables of this month and the next ones, and of those whose events have none; returns the new ones.

    Events that came while their month had no table wait in ``event_rest``, and move.
    """
    if engine.dialect.name != "postgresql":
        return []
    wanted = [month_of(now)]
    for _ in range(AHEAD):
        wanted.append(wanted[-1].next)
    made = []
    while wanted:
        made += [month for month in wanted if transaction(engine, partial(_make, month=month))]
        oldest = transaction(reading(engine), lambda conn: conn.scalar(text("SELECT min(received_at) FROM event_rest")))
        wanted = [] if oldest is None else [month_of(oldest)]
    return made


def make_for(engine: Engine, oldest: Micros, newest: Micros) -> None:
    """Make the tables of all months from one moment to another, so that nothing has to be moved into them later."""
    if engine.dialect.name != "postgresql":
        return
    month = month_of(oldest)
    while month.start <= newest:
        transaction(engine, partial(_make, month=month))
        month = month.next


def drop(engine: Engine, month: Month) -> dict[str, int]:
    """Forget a month at once, event ids included; returns how many events it had of each source."""

    def work(conn: Connection) -> dict[str, int]:
        _one_at_a_time(conn)
        before = conn.execute(_sum_of(month)).one()
        gone = (
            f"WITH gone AS (DELETE FROM event_key k USING {month.table} e"  # noqa: S608 - our own names
            f" WHERE k.source_id = e.source_id AND k.id = e.id RETURNING k.source_id, e.received_at / {DAY} AS day)"
            " SELECT source_id, day, count(*) AS events FROM gone GROUP BY source_id, day"
        )
        known: Counter[str] = Counter()
        days = conn.execute(text(gone)).all()
        for source_id, _, events in days:
            known[source_id] += events
        # Who counts holds up nobody by that, so there is no hurry; all that was deleted would have to be again.
        conn.execute(text("SET LOCAL lock_timeout = 0"))
        folding.wait_until_alone(conn)
        conn.execute(text(_IMPATIENT))
        forgotten(conn, [(source_id, day) for source_id, day, _ in days])
        # From here on nobody writes to this month, who reads goes on.
        conn.execute(text(f"LOCK TABLE {month.table} IN SHARE ROW EXCLUSIVE MODE"))
        if conn.execute(_sum_of(month)).one() != before:
            # An import has committed others since the keys were deleted: theirs would be left without their events.
            raise LostRace
        # From here to COMMIT nobody can write events, so this comes last.
        conn.execute(text(f"DROP TABLE {month.table}"))
        return dict(known)

    return transaction(engine, work)


def _sum_of(month: Month) -> TextClause:
    """Return what tells whether a month has the same events as before: their number, and their ids' hashes as one."""
    # A hash a row is read in one pass, where comparing the keys would be a join of all keys there are.
    return text(
        "SELECT count(*), bit_xor(hashtextextended(source_id || chr(10) || id, received_at))"  # noqa: S608
        f" FROM {month.table}"
    )


def _make(conn: Connection, month: Month) -> bool:
    """Make one month's table; returns False where there is one already."""
    _one_at_a_time(conn)
    if conn.scalar(text("SELECT to_regclass(:name)"), {"name": month.table}) is not None:
        return False
    name, start, end = month.table, month.start, month.end
    conn.execute(text(f"CREATE TABLE {name} (LIKE event)"))
    # Nobody may write to the rest between the look for this month's events and the moment the month takes over.
    conn.execute(text("LOCK TABLE event_rest IN ACCESS EXCLUSIVE MODE"))
    moved = f"DELETE FROM event_rest WHERE received_at >= {start} AND received_at < {end} RETURNING *"  # noqa: S608
    conn.execute(text(f"WITH moved AS ({moved}) INSERT INTO {name} SELECT * FROM moved"))  # noqa: S608
    conn.execute(text(f"ALTER TABLE event ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})"))
    return True


def _one_at_a_time(conn: Connection) -> None:
    conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    # Whoever waits for a table keeps everybody behind it waiting too: better to give up and come again.
    conn.execute(text(_IMPATIENT))
