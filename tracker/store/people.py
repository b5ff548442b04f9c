"""What an operator does to one person: undo a merge, erase everything."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select, update

from tracker.core.model import Micros
from tracker.store import event_types, personal
from tracker.store.engine import LostRace, transaction
from tracker.store.freezing import forget_person
from tracker.store.one_of import one_of
from tracker.store.reports import live_id, of_person
from tracker.store.repository import Digest
from tracker.store.tables import (
    AliasRow,
    EventRow,
    MergeRow,
    ProfileRow,
    QuarantineRow,
    SessionRow,
    TombstoneRow,
)


class NoSuchPerson(LookupError):
    """The id names no live profile."""


class NothingToUndo(LookupError):
    """The profile was not merged into another one."""


def unmerge(conn: Connection, profile_id: str, now: Micros) -> tuple[str, str]:
    """Undo the merge in which ``profile_id`` was the loser; returns (profile brought back, former survivor).

    It gets back the ids it had, those of profiles merged into it before, and with them its sessions and events.
    What came in after the merge stays with the survivor, because that is the id the visitor was given.
    """
    in_force = select(MergeRow.__table__).where(MergeRow.loser == profile_id, MergeRow.undone_at.is_(None))
    row = conn.execute(in_force).first()
    if row is None:
        raise NothingToUndo(f"The profile {profile_id!r} was not merged into another one.")
    survivor = live_id(conn, profile_id)
    _hold(conn, sorted({profile_id, survivor or profile_id}))
    # While this waited for the rows somebody else may have undone the same merge.
    if conn.execute(in_force).first() != row:
        raise LostRace
    family = _family(conn, profile_id)
    conn.execute(update(AliasRow).where(one_of(AliasRow.given_to, family)).values(profile_id=profile_id))
    conn.execute(update(ProfileRow).where(ProfileRow.id == profile_id).values(merged_into=None))
    conn.execute(update(MergeRow).where(MergeRow.id == row.id).values(undone_at=now))
    return profile_id, row.survivor


def _family(conn: Connection, profile_id: str) -> list[str]:
    """Return a profile and all that were merged into it, directly or through others."""
    family, frontier = [profile_id], [profile_id]
    while frontier:
        frontier = list(conn.scalars(select(ProfileRow.id).where(one_of(ProfileRow.merged_into, frontier))))
        family += frontier
    return family


def _hold(conn: Connection, ids: list[str]) -> None:
    lock = select(ProfileRow.id).where(one_of(ProfileRow.id, ids)).order_by(ProfileRow.id).with_for_update()
    if len(conn.execute(lock).all()) != len(ids):
        raise LostRace


def erase(conn: Connection, alias: str, now: Micros, digest: Digest) -> dict[str, int]:
    """Erase one person by any id, in a transaction; returns how many events, sessions, ids and profiles are gone.

    Tombstones (keyed hashes) keep a late retry from bringing the ids or the events back.
    """
    profile_id = live_id(conn, alias)
    if profile_id is None:
        raise NoSuchPerson(f"No profile answers to {alias!r}.")
    _hold(conn, [profile_id])
    # While this waited for the row a merge may have made the person part of another one.
    if live_id(conn, profile_id) != profile_id:
        raise LostRace
    ids = list(conn.scalars(select(AliasRow.id).where(AliasRow.profile_id == profile_id)))
    family = _family(conn, profile_id)
    mine = of_person(family)
    forget_person(conn, family, mine)
    personal.adopt_kept_out(conn, family)
    gone = [*_erase_events(conn, mine), *_kept_out(conn, family)]
    rows = personal.delete_rows(conn, family)
    hashes = {digest("profile", name)[0] for name in ids}
    hashes |= {digest("event", f"{source_id}\n{event_id}")[0] for source_id, event_id in gone}
    known = set(conn.scalars(select(TombstoneRow.hash).where(one_of(TombstoneRow.hash, sorted(hashes)))))
    if new := sorted(hashes - known):
        conn.execute(insert(TombstoneRow), [{"hash": hashed, "erased_at": now} for hashed in new])
    return {
        "events": len(gone) - rows[QuarantineRow],
        "sessions": rows[SessionRow],
        "ids": rows[AliasRow],
        "profiles": rows[ProfileRow],
    }


def _erase_events(conn: Connection, mine: ColumnElement[bool]) -> list[tuple[str, str]]:
    """Delete events with their keys and the types that they were the first of; returns (source id, event id) of each.

    A type may be called after the person; others who use it note it again.
    """
    told = (EventRow.source_id, EventRow.id, EventRow.type, EventRow.received_at)
    # The keys are those of what was deleted: an event that comes in meanwhile keeps its own.
    deleted = conn.execute(delete(EventRow).where(mine).returning(*told)).all()
    events = [(row.source_id, row.id) for row in deleted]
    for keys in personal.keys_of(events):
        conn.execute(keys)
    event_types.forget_first(conn, {(row.source_id, row.type, row.received_at) for row in deleted})
    return events


def _kept_out(conn: Connection, family: Sequence[str]) -> list[tuple[str, str]]:
    """Return (source id, event id) of what was quarantined: sent again it would be, with all that it says."""
    rows = select(QuarantineRow.source_id, QuarantineRow.id).where(one_of(QuarantineRow.profile_id, family))
    return [(source_id, event_id) for source_id, event_id in conn.execute(rows)]


def erase_person(engine: Engine, alias: str, now: Micros, digest: Digest) -> dict[str, int]:
    """Erase one person by any id, for good and on the disk too; returns how many rows of what are gone.

    NoSuchPerson for an id that names nobody. This is the one way to erase that is called from outside of the store.
    """
    counts = transaction(engine, lambda conn: erase(conn, alias, now, digest))
    wipe(engine)
    return counts


def wipe(engine: Engine) -> None:
    """Take what was erased out of the file that SQLite keeps beside the database, as far as nobody is reading it.

    Within the database itself its place was overwritten with zeros at once (``secure_delete``).
    """
    if engine.dialect.name == "sqlite":
        # Outside of any transaction, which SQLAlchemy would begin.
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        finally:
            raw.close()
