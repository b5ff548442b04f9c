"""What happens at this moment, for who watches: the newest events, and those that were kept out.

However many events there are, each question looks at the newest ones alone: at the end of the key by time, or of the
index of one profile's events.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import Connection, Select, func, select

from tracker.core.attempts import concerns
from tracker.core.model import Micros
from tracker.store import attempts
from tracker.store.reports import ids_of, live_id, of_person
from tracker.store.tables import EventKeyRow, EventRow, QuarantineRow

LOOKED_AT = 2_000
"""Of so many of the newest events those are shown that a filter lets through."""
SHOWN = 100

TEST_TAG = "handoff-test"
_LONGEST_TYPE = 2_048
"""Characters within which a type ends, however many of its own are written as escapes."""
_TYPE = re.compile(r'\{"type": ("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody watches: all, or what is of one source, one type, one profile."""

    source_id: str = ""
    event_type: str = ""
    profile_id: str = ""
    attempts: bool = False
    """True for who waits for this source's first event, and wants to know of all that comes close."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that came in: an event that was stored or kept out, or an attempt that was turned away."""

    at: Micros
    fate: str
    source_id: str
    id: str
    type: str = ""
    profile_id: str | None = None
    reason: str = ""
    origin: str = ""
    detail: str = ""
    is_test: bool = False

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return "\n".join((self.fate, self.source_id, self.id))


def news(conn: Connection, wanted: Wanted, since: Micros) -> list[Happening]:
    """Return the newest that has happened since a moment, the newest first."""
    found = [*_stored(conn, wanted, since), *_kept_out(conn, wanted, since)]
    if wanted.attempts:
        found += _attempts(conn, wanted, since)
    return sorted(found, key=lambda one: (one.at, one.id), reverse=True)[:SHOWN]


def _stored(conn: Connection, wanted: Wanted, since: Micros) -> Iterator[Happening]:
    columns = (EventRow.received_at, EventRow.source_id, EventRow.id, EventRow.type, EventRow.profile_id, EventRow.tags)
    newest: Select[Any] = select(*columns).where(EventRow.received_at > since)
    if wanted.profile_id:
        newest = newest.where(EventRow.profile_id.in_(ids_of(live_id(conn, wanted.profile_id) or "")))
    newest = newest.order_by(EventRow.received_at.desc()).limit(LOOKED_AT)
    rows = newest.subquery()
    query = select(rows).order_by(rows.c.received_at.desc()).limit(SHOWN)
    if wanted.source_id:
        query = query.where(rows.c.source_id == wanted.source_id)
    if wanted.event_type:
        query = query.where(rows.c.type == wanted.event_type)
    for at, source_id, event_id, event_type, profile_id, tags in conn.execute(query):
        is_test = TEST_TAG in (tags or ())
        yield Happening(at, "stored", source_id, event_id, event_type, profile_id, is_test=is_test)


def _kept_out(conn: Connection, wanted: Wanted, since: Micros) -> Iterator[Happening]:
    own = (QuarantineRow.received_at, QuarantineRow.source_id, QuarantineRow.id, QuarantineRow.profile_id)
    said = func.substr(QuarantineRow.beginning, 1, _LONGEST_TYPE).label("said")
    newest: Select[Any] = select(*own, QuarantineRow.reason, said).where(QuarantineRow.received_at > since)
    if wanted.profile_id:
        newest = newest.where(QuarantineRow.profile_id.in_(ids_of(live_id(conn, wanted.profile_id) or "")))
    rows = newest.order_by(QuarantineRow.received_at.desc()).limit(LOOKED_AT).subquery()
    query = select(rows).order_by(rows.c.received_at.desc())
    if wanted.source_id:
        query = query.where(rows.c.source_id == wanted.source_id)
    for row in conn.execute(query.limit(SHOWN)):
        event_type = said_type(row.said)
        if wanted.event_type in ("", event_type):
            yield Happening(
                row.received_at, "quarantined", row.source_id, row.id, event_type, row.profile_id, row.reason
            )


def _attempts(conn: Connection, wanted: Wanted, since: Micros) -> Iterator[Happening]:
    for one in attempts.since(conn, since):
        if concerns(one, wanted.source_id):
            told = Happening(one.at, "refused", one.source_id, one.id)
            yield replace(told, reason=one.reason, origin=one.origin, detail=one.detail)


def said_type(beginning: str) -> str:
    """Return the type of a quarantined event, which stands at the beginning of what is kept of it."""
    found = _TYPE.match(beginning)
    return str(orjson.loads(found[1])) if found else ""


def is_only_tests(conn: Connection, profile_id: str) -> bool:
    """Return True where the person with that id has test events and no others."""
    mine = of_person(ids_of(live_id(conn, profile_id) or ""))
    tags = list(conn.scalars(select(EventRow.tags).where(mine).limit(SHOWN)))
    return bool(tags) and len(tags) < SHOWN and all(TEST_TAG in (one or ()) for one in tags)


def event(conn: Connection, source_id: str, event_id: str) -> dict[str, Any] | None:
    """Return one event with all that is stored of it, or None; its key says when it came, which finds it."""
    key = (EventKeyRow.source_id == source_id, EventKeyRow.id == event_id)
    received_at = conn.scalar(select(EventKeyRow.received_at).where(*key))
    if received_at is None:
        return None
    mine = (EventRow.received_at == received_at, EventRow.source_id == source_id, EventRow.id == event_id)
    row = conn.execute(select(EventRow.__table__).where(*mine)).first()
    return None if row is None else dict(row._mapping)
