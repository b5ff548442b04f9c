"""The one question that deciding a batch asks: four look-ups by key, sent as one statement.

Each statement costs a way to the database and back, and on two cores the ways cost more than the look-ups.
"""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, String, and_, cast, literal_column, not_, null, select, union_all
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import CompoundSelect

from tracker.store.prepared import Among, Prepared
from tracker.store.tables import AliasRow, EventKeyRow, PassUseRow, ProfileRow, SessionRow, TombstoneRow

VISIT, STORED, NAMED, ERASED, SPENT = range(5)


class Found(NamedTuple):
    """One row of the answer; what ``key`` and ``other`` are, and what else is there, depends on ``kind``."""

    kind: int
    key: str
    """The id of a session, an event or an alias; the hash of something erased; the nonce of a spent pass."""
    other: str | None
    """The source of a session, of an event or of a pass."""
    profile_id: str | None
    """As it was written."""
    live: str | None
    """The live profile that it names by now, and whether that is somebody's."""
    identified: bool | None
    session_id: str | None
    client_id: str | None
    session_profile: str | None
    session_live: str | None
    session_identified: bool | None
    updated: int | None
    created: int | None


_NOTHING: dict[str, ColumnElement[Any]] = {
    name: cast(null(), kind)
    for name, kind in (
        ("other", String),
        ("profile_id", String),
        ("live", String),
        ("identified", ProfileRow.__table__.c.identified.type),
        ("session_id", String),
        ("client_id", String),
        ("session_profile", String),
        ("session_live", String),
        ("session_identified", ProfileRow.__table__.c.identified.type),
        ("updated", SessionRow.__table__.c.updated.type),
        ("created", SessionRow.__table__.c.created.type),
    )
}


def _rows(kind: int, key: Any, **columns: Any) -> Select[Any]:
    filled = {"kind": literal_column(str(kind)), "key": key} | _NOTHING | columns
    return select(*(filled[name].label(name) for name in Found._fields))


def _visits(which: ColumnElement[bool]) -> Select[Any]:
    return (
        _rows(
            VISIT, SessionRow.id, other=SessionRow.source_id, client_id=SessionRow.client_id,
            profile_id=SessionRow.profile_id, live=AliasRow.profile_id, identified=ProfileRow.identified,
            updated=SessionRow.updated, created=SessionRow.created,
        )
        .outerjoin(AliasRow, AliasRow.id == SessionRow.profile_id)
        .outerjoin(ProfileRow, ProfileRow.id == AliasRow.profile_id)
        .where(which)
    )  # fmt: skip


def _stored(among: Among) -> Select[Any]:
    # Nobody may have named so far whose the session is that only a repeated event leads to.
    theirs, they = aliased(AliasRow), aliased(ProfileRow)
    wanted = among.pairs("events")
    return (
        _rows(
            STORED, EventKeyRow.id, other=EventKeyRow.source_id, profile_id=EventKeyRow.profile_id,
            live=AliasRow.profile_id, identified=ProfileRow.identified, session_id=EventKeyRow.session_id,
            client_id=SessionRow.client_id, session_profile=SessionRow.profile_id, session_live=theirs.profile_id,
            session_identified=they.identified, updated=SessionRow.updated,
        )
        .select_from(wanted)
        .join(EventKeyRow, and_(EventKeyRow.source_id == wanted.c.first, EventKeyRow.id == wanted.c.second))
        .outerjoin(AliasRow, AliasRow.id == EventKeyRow.profile_id)
        .outerjoin(ProfileRow, ProfileRow.id == AliasRow.profile_id)
        .outerjoin(SessionRow, SessionRow.id == EventKeyRow.session_id)
        .outerjoin(theirs, theirs.id == SessionRow.profile_id)
        .outerjoin(they, they.id == theirs.profile_id)
    )  # fmt: skip


def _named(among: Among) -> Select[Any]:
    return (
        _rows(NAMED, AliasRow.id, live=AliasRow.profile_id, identified=ProfileRow.identified)
        .join(ProfileRow, ProfileRow.id == AliasRow.profile_id)
        .where(among(AliasRow.id.expression, "profiles"))
    )


def _question(among: Among) -> CompoundSelect[Any]:
    # Asked for by either of two keys at once, PostgreSQL before 18 may read all visits.
    by_id, by_client_id = (among(column.expression, "sessions") for column in (SessionRow.id, SessionRow.client_id))
    return union_all(
        _visits(by_id),
        _visits(and_(by_client_id, not_(by_id))),
        _stored(among),
        _named(among),
        _rows(ERASED, TombstoneRow.hash).where(among(TombstoneRow.hash.expression, "hashes")),
        _rows(SPENT, PassUseRow.nonce, other=PassUseRow.source_id).where(among(PassUseRow.nonce.expression, "nonces")),
    )


QUESTION = Prepared(_question)
