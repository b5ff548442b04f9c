"""Merging two profiles by hand: reading what each side has, and writing the merge."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from tracker.core.manual_merge import MANUAL, Preview, Side, allowed, planned
from tracker.core.merging import combined
from tracker.core.model import Json, Micros
from tracker.core.steps import MergeProfiles
from tracker.store.applying import apply
from tracker.store.engine import LostRace
from tracker.store.people import NoSuchPerson
from tracker.store.reports import live_id, of_person
from tracker.store.tables import AliasRow, EventRow, IdentityRow, ProfileRow, SessionRow


def preview(conn: Connection, first: str, second: str) -> Preview:
    """Return what a merge of two profiles, each given by any of its ids, would bring together; writes nothing.

    Raises NoSuchPerson for an unknown id, CannotMerge where both ids name one profile.
    """
    return planned(_side(conn, _live(conn, first)), _side(conn, _live(conn, second)))


def merge(
    conn: Connection,
    first: str,
    second: str,
    merge_id: str,
    now: Micros,
    *,
    different_people: bool = False,
    note: Json | None = None,
) -> Preview:
    """Merge two profiles, each given by any of its ids, and return what came together.

    The first profile stays, unless only the second is identified. ``merge_id`` is a new id for the merge log, where
    the merge is noted with the reason ``manual`` and ``note`` (who did it); ``people.unmerge`` of the loser takes it
    back. Raises NoSuchPerson for an unknown id, CannotMerge where both ids name one profile, and DifferentPeople
    where both profiles are identified and ``different_people`` does not say that this is meant.
    """
    ids = {_live(conn, first), _live(conn, second)}
    _hold(conn, sorted(ids))
    # While this waited for the rows, one of them may have been merged by a visitor's request.
    found = preview(conn, first, second)
    if {found.survivor.id, found.loser.id} != ids:
        raise LostRace
    allowed(found, different_people=different_people)
    apply(conn, [MergeProfiles(merge_id, found.loser.id, found.survivor.id, MANUAL, now, note or {})])
    return found


def _live(conn: Connection, name: str) -> str:
    found = live_id(conn, name)
    if found is None:
        raise NoSuchPerson(f"No profile answers to {name!r}.")
    return found


def _hold(conn: Connection, ids: Sequence[str]) -> None:
    """Lock the profiles in the order of their ids, as everything that locks several does."""
    lock = select(ProfileRow.id).where(ProfileRow.id.in_(ids)).order_by(ProfileRow.id).with_for_update()
    if len(conn.execute(lock).all()) != len(ids):
        raise LostRace


def _side(conn: Connection, profile_id: str) -> Side:
    """Return what is stored of a live profile and of those that were merged into it."""
    names = select(AliasRow.id).where(AliasRow.profile_id == profile_id)
    ids = list(conn.scalars(names.order_by(AliasRow.id != profile_id, AliasRow.id)))
    rows = conn.execute(select(ProfileRow.__table__).where(ProfileRow.id.in_(ids)).order_by(ProfileRow.id)).all()
    kinds = select(IdentityRow.kind).where(IdentityRow.profile_id.in_(ids)).distinct().order_by(IdentityRow.kind)
    visits = select(func.count()).select_from(SessionRow).where(SessionRow.profile_id.in_(ids))
    return Side(
        id=profile_id,
        identified=any(row.identified for row in rows),
        ids=tuple(ids),
        kinds=tuple(conn.scalars(kinds)),
        sessions=conn.scalar(visits) or 0,
        events=conn.scalar(select(func.count()).select_from(EventRow).where(of_person(ids))) or 0,
        traits=combined(row.traits for row in rows),
        consents=combined(row.consents for row in rows),
    )
