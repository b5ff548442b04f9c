"""What an operator does to one person: undo a merge, erase everything."""

from sqlalchemy import Connection, Engine, delete, insert, select, tuple_, union_all, update

from tracker.core.model import Micros
from tracker.store.engine import LostRace
from tracker.store.freezing import forget_person
from tracker.store.one_of import one_of
from tracker.store.reports import live_id, of_person
from tracker.store.repository import Digest
from tracker.store.tables import (
    AliasRow,
    EventKeyRow,
    EventRow,
    EventTypeRow,
    IdentityRow,
    MergeRow,
    ProfileRow,
    QuarantineRow,
    SessionRow,
    TombstoneRow,
    TraitRow,
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
    """Erase one person by any id: profile rows, ids, sessions, events, merge log; returns how many of each.

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
    gone = {digest("profile", name)[0] for name in ids}
    kept_out = one_of(QuarantineRow.profile_id, family)
    # A quarantined event sent again would be quarantined again, with all that it says.
    events = conn.execute(
        union_all(
            select(EventRow.source_id, EventRow.id).where(mine),
            select(QuarantineRow.source_id, QuarantineRow.id).where(kept_out),
        )
    ).all()
    gone |= {digest("event", f"{source_id}\n{event_id}")[0] for source_id, event_id in events}
    forget_person(conn, family, mine)
    keys = select(EventRow.source_id, EventRow.id).where(mine)
    conn.execute(delete(EventKeyRow).where(tuple_(EventKeyRow.source_id, EventKeyRow.id).in_(keys)))
    # What a person's event was the first of may be called after that person; others who use the type note it again.
    first = select(EventRow.source_id, EventRow.type, EventRow.received_at).where(mine)
    noted = tuple_(EventTypeRow.source_id, EventTypeRow.type, EventTypeRow.first_seen)
    conn.execute(delete(EventTypeRow).where(noted.in_(first)))
    counts = {
        "events": conn.execute(delete(EventRow).where(mine)).rowcount,
        "sessions": conn.execute(delete(SessionRow).where(one_of(SessionRow.profile_id, family))).rowcount,
        "ids": conn.execute(delete(AliasRow).where(AliasRow.profile_id == profile_id)).rowcount,
    }
    conn.execute(delete(QuarantineRow).where(kept_out))
    conn.execute(delete(IdentityRow).where(one_of(IdentityRow.profile_id, family)))
    conn.execute(delete(TraitRow).where(one_of(TraitRow.profile_id, family)))
    conn.execute(delete(MergeRow).where(one_of(MergeRow.loser, family) | one_of(MergeRow.survivor, family)))
    counts["profiles"] = conn.execute(delete(ProfileRow).where(one_of(ProfileRow.id, family))).rowcount
    known = set(conn.scalars(select(TombstoneRow.hash).where(one_of(TombstoneRow.hash, sorted(gone)))))
    if new := sorted(gone - known):
        conn.execute(insert(TombstoneRow), [{"hash": hashed, "erased_at": now} for hashed in new])
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
