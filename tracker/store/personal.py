"""Which tables hold something of a person: the one list that erasing, retention and ``tracker db check`` go by."""

import json
import re
from collections.abc import Collection

from sqlalchemy import Connection, Delete, Select, and_, delete, func, literal, or_, select, union_all, update
from sqlalchemy.orm import InstrumentedAttribute

from tracker.store.one_of import one_of
from tracker.store.tables import (
    AliasRow,
    AttemptRow,
    Base,
    EventKeyRow,
    EventRow,
    EventTypeRow,
    IdentityRow,
    JournalRow,
    MergeRow,
    ProfileRow,
    QuarantineRow,
    ReportSeenRow,
    ReportVisitRow,
    SessionRow,
    TraitRow,
)

BY_PROFILE: dict[type[Base], tuple[InstrumentedAttribute[str] | InstrumentedAttribute[str | None], ...]] = {
    QuarantineRow: (QuarantineRow.profile_id,),
    IdentityRow: (IdentityRow.profile_id,),
    TraitRow: (TraitRow.profile_id,),
    MergeRow: (MergeRow.loser, MergeRow.survivor),
    ReportSeenRow: (ReportSeenRow.profile_id,),
    SessionRow: (SessionRow.profile_id,),
    # Every id names a profile, so these two go last.
    AliasRow: (AliasRow.profile_id,),
    ProfileRow: (ProfileRow.id,),
}
"""Tables whose rows are a person's by one of their columns, in the order in which they are deleted."""

IN_OTHER_WAYS: frozenset[type[Base]] = frozenset({EventRow, EventKeyRow, EventTypeRow, ReportVisitRow, JournalRow})
"""Events are found also by their visit, and with them their keys and first types; counted visits by their visit; what
waits to be counted is one document for many people."""

OF_NOBODY: frozenset[str] = frozenset(
    {
        *("source", "pass_use", "repeated", "tombstone"),
        *("console_user", "login_session", "setup_token", "failed_login", "removed_user", "secret_key_mark"),
        *("report_total", "report_return", "report_name", "report_block", "report_flow", "report_hold"),
        "report_frozen",
        AttemptRow.__tablename__,
    }
)
"""Tables that hold nothing by which a person could be found; a new table is in one of the three lists."""

# It stands before all that a client may make long, and a quote within another text is written with a backslash.
_SESSION = re.compile(r'"session": ("(?:[^"\\]|\\.)*")')
_LONGEST_HEAD = 4096
"""Characters within which the session stands: each of the two ids before it takes up to twelve for each of its 128."""


def kept_out_of_visits(conn: Connection, profiles: Collection[str] | Select[str]) -> list[tuple[str, str]]:
    """Return (source id, event id) of events quarantined without a profile (``saveProfile: false``) in these visits."""
    sessions = set(conn.scalars(select(SessionRow.id).where(one_of(SessionRow.profile_id, profiles))))
    if not sessions:
        return []
    # There are few of these: the quarantine is bounded.
    head = func.substr(QuarantineRow.beginning, 1, _LONGEST_HEAD)
    rows = conn.execute(
        select(QuarantineRow.source_id, QuarantineRow.id, head).where(QuarantineRow.profile_id.is_(None))
    )
    return [
        (source_id, event_id)
        for source_id, event_id, beginning in rows
        if (found := _SESSION.search(beginning)) and json.loads(found[1]) in sessions
    ]


def adopt_kept_out(conn: Connection, profiles: Collection[str]) -> None:
    """Make events quarantined without a profile those of the person in whose visits they came, who is to go."""
    mine = next(iter(profiles), None)
    for source_id, event_id in kept_out_of_visits(conn, profiles):
        row = (QuarantineRow.source_id == source_id, QuarantineRow.id == event_id, QuarantineRow.profile_id.is_(None))
        conn.execute(update(QuarantineRow).where(*row).values(profile_id=mine))


def delete_rows(conn: Connection, family: Collection[str]) -> dict[type[Base], int]:
    """Delete what there is of profiles by their ids, all but their events; returns how many rows of each table."""
    return {
        table: conn.execute(delete(table).where(or_(*(one_of(column, family) for column in columns)))).rowcount
        for table, columns in BY_PROFILE.items()
    }


def leftovers() -> Select[str]:
    """Select the tables of rows that name a profile or a visit which is not there any more, a row each."""
    # These four have questions of their own in check.py.
    asked = (AliasRow, ProfileRow, SessionRow, IdentityRow)
    others = {table: columns for table, columns in BY_PROFILE.items() if table not in asked}
    rows = [
        select(literal(table.__tablename__).label("kept_in"))
        .outerjoin_from(table, AliasRow, AliasRow.id == column)
        .where(column.is_not(None), AliasRow.id.is_(None))
        for table, columns in others.items()
        for column in columns
    ]
    # A visit that was not to be saved has its events alone; one of somebody who was erased is counted without an id.
    same_visit = and_(SessionRow.id.is_(None), EventRow.session_id == ReportVisitRow.session_id)
    rows.append(
        select(literal(ReportVisitRow.__tablename__).label("kept_in"))
        .outerjoin_from(ReportVisitRow, SessionRow, SessionRow.id == ReportVisitRow.session_id)
        .outerjoin(EventRow, same_visit)
        .where(ReportVisitRow.session_id != "", SessionRow.id.is_(None), EventRow.id.is_(None))
    )
    found = union_all(*rows).subquery()
    return select(found.c.kept_in)


def keys_of(events: Collection[tuple[str, str]]) -> list[Delete]:
    """Return what deletes the keys of events by (source id, event id), a statement for each source."""
    ids: dict[str, list[str]] = {}
    for source_id, event_id in sorted(events):
        ids.setdefault(source_id, []).append(event_id)
    return [
        delete(EventKeyRow).where(EventKeyRow.source_id == source_id, one_of(EventKeyRow.id, of_source))
        for source_id, of_source in ids.items()
    ]
