"""All that is stored of one person, to be handed to them."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from tracker.store import reports


def everything_of(conn: Connection, alias: str) -> Iterator[dict[str, Any]]:
    """Yield the profile, merges, sessions, events and what was kept out, each with its ``kind``; nothing of nobody."""
    person = reports.profile(conn, alias)
    if person is None:
        return
    yield {"kind": "profile"} | person
    for merge in reports.merges(conn, alias):
        yield {"kind": "merge"} | merge
    for session in reports.sessions_of(conn, alias):
        yield {"kind": "session"} | session
    for event in reports.events(conn, profile_id=alias):
        yield {"kind": "event"} | event
    for event in reports.quarantine(conn, profile_id=alias):
        yield {"kind": "quarantined"} | event
