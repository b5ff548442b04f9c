"""The journal of what was stored and not yet counted: one row for a transaction, written in that transaction.

A counter that every batch adds to would be a row that every batch waits for. A row of its own waits for nobody, and
whoever folds it into the counts deletes it in the same transaction: what is stored is counted once, also after a crash.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from tracker.core.model import Json
from tracker.core.steps import ContinueSession, CountHandOver, OpenSession, StoreEvent
from tracker.core.tally import Fact, HandOver, page_of
from tracker.store.one_of import one_of
from tracker.store.tables import AliasRow, JournalRow

PAGE_VIEW = "page-view"
_SAME = True
"""Stands for the page that was named last."""


def journal_rows(of: Mapping[type, list[Any]]) -> list[dict[str, Any]]:
    """Return the one row that tells of all events stored and all hand-overs decided; none where there are none."""
    stored: list[StoreEvent] = of[StoreEvent]
    handed: list[CountHandOver] = of[CountHandOver]
    if not stored and not handed:
        return []
    facts: list[tuple[Any, ...]] = []
    events: list[tuple[str, str | bool | None]] = []
    contexts: dict[str, Json] = {}
    batch, before = "", None
    for step in stored:
        if step.batch != batch:
            batch, before = step.batch, None
            events = []
            facts.append((step.received_at, step.source_id, step.profile_id, step.session_id, events))
        event = step.event
        page = page_of(event.context) if event.type == PAGE_VIEW else None
        if page is None and event.type == PAGE_VIEW:
            # Original snippets name the page once for the payload, and not with the event.
            contexts = contexts or {visit.id: visit.context for visit in (*of[ContinueSession], *of[OpenSession])}
            page = page_of(contexts.get(step.session_id, {}))
        # A page that is named once for the payload must not be written once for each event.
        events.append((event.type, _SAME if page is not None and page == before else page))
        before = page or before
    flow = [(step.at, step.origin, step.landing, step.outcome) for step in handed]
    return [{"id": (stored or handed)[0].batch, "facts": {"facts": facts, "flow": flow}}]


def read_facts(facts: Json) -> tuple[list[Fact], list[HandOver]]:
    """Return what a row of the journal tells."""
    return [
        Fact(at, source, profile, session, _told(events)) for at, source, profile, session, events in facts["facts"]
    ], [HandOver(*one) for one in facts["flow"]]


def _told(events: Iterable[tuple[str, str | bool | None]]) -> list[tuple[str, str | None]]:
    """Return the type and the page of each event, the page written out where it stands for the one before."""
    told: list[tuple[str, str | None]] = []
    before = None
    for name, noted in events:
        page = before if isinstance(noted, bool) else noted
        told.append((name, page))
        before = page or before
    return told


def waiting(conn: Connection) -> int:
    """Return how many transactions nobody has counted yet."""
    return conn.scalar(select(func.count()).select_from(JournalRow)) or 0


def forget(conn: Connection, profiles: Iterable[str], visits: Iterable[tuple[str | None, str]] = ()) -> None:
    """Take people out of what is still to be counted, and visits, by (profile, session id).

    That something happened is counted all the same.
    """
    people, gone = set(profiles), set(visits)
    for row in conn.execute(select(JournalRow.id, JournalRow.facts)):
        facts = [
            [
                at,
                source,
                None if profile in people else profile,
                "" if profile in people or (profile, session) in gone else session,
                events,
            ]
            for at, source, profile, session, events in row.facts["facts"]
        ]
        if facts != row.facts["facts"]:
            told = row.facts | {"facts": facts}
            conn.execute(update(JournalRow).where(JournalRow.id == row.id).values(facts=told))


def unknown_profiles(conn: Connection) -> int:
    """Return how many profiles the journal names that do not exist."""
    facts = conn.scalars(select(JournalRow.facts))
    named = {profile for row in facts for _, _, profile, _, _ in row["facts"]} - {None}
    return len(named - set(conn.scalars(select(AliasRow.id).where(one_of(AliasRow.id, named)))))


def drop(conn: Connection, ids: Iterable[str]) -> int:
    """Delete rows that were counted; returns how many there were."""
    return conn.execute(delete(JournalRow).where(one_of(JournalRow.id, ids))).rowcount
