"""How many events of each source are stored, by the day on which they came."""

from collections import Counter

from sqlalchemy import Connection, func, select

from tracker.core.model import Micros
from tracker.core.times import DAY
from tracker.store.tables import EventRow


def stored(conn: Connection, since: Micros, until: Micros) -> Counter[tuple[str, int]]:
    """Return how many events came from one moment on and before another, by source and day since 1970 (UTC)."""
    day = EventRow.received_at // DAY
    came = (EventRow.received_at >= since) & (EventRow.received_at < until)
    rows = select(EventRow.source_id, day, func.count()).where(came).group_by(EventRow.source_id, day)
    return Counter({(source_id, at): number for source_id, at, number in conn.execute(rows)})
