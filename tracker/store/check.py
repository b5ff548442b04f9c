"""The invariants of the store, each as a question that must find nothing (threats.md)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from tracker.core.manual_merge import MANUAL
from tracker.store import comparing, journal, personal, summing
from tracker.store.tables import AliasRow, EventKeyRow, EventRow, IdentityRow, MergeRow, ProfileRow, SessionRow


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant and how many rows break it."""

    invariant: str
    broken: int


def check(conn: Connection) -> Iterator[Finding]:
    """Yield a finding for each invariant; all hold where every ``broken`` is 0."""
    for invariant, how_many in _counts().items():
        yield Finding(invariant, conn.scalar(how_many) or 0)
    yield Finding("no unknown profile waits to be counted", journal.unknown_profiles(conn))
    yield Finding("the numbers of the console equal a recount", comparing.differing(conn))
    yield Finding("the blocks of the console's numbers are the sums of their days", summing.differing(conn))


@cache
def _counts() -> dict[str, Select[int]]:
    # Writing the statements takes longer than asking a small database.
    offenders = questions()
    return {name: select(func.count()).select_from(query.subquery()) for name, query in offenders.items()}


def questions() -> dict[str, Select[str]]:
    """Return for each invariant what selects the rows that break it."""
    parent = aliased(ProfileRow)
    own, above = aliased(AliasRow), aliased(AliasRow)
    same_event = and_(
        EventKeyRow.source_id == EventRow.source_id,
        EventKeyRow.id == EventRow.id,
        EventKeyRow.received_at == EventRow.received_at,
    )
    lost_profile = or_(AliasRow.id.is_(None), ProfileRow.id.is_(None), ProfileRow.merged_into.is_not(None))
    return {
        "no (source, event id) is stored twice": (
            select(EventRow.id).group_by(EventRow.source_id, EventRow.id).having(func.count() > 1)
        ),
        "every stored event is known by its id": (
            select(EventRow.id).outerjoin(EventKeyRow, same_event).where(EventKeyRow.id.is_(None))
        ),
        "every known event id has its event": (
            select(EventKeyRow.id).outerjoin(EventRow, same_event).where(EventRow.id.is_(None))
        ),
        "every event resolves to one live profile": (
            select(EventRow.id)
            .outerjoin(AliasRow, AliasRow.id == EventRow.profile_id)
            .outerjoin(ProfileRow, ProfileRow.id == AliasRow.profile_id)
            .where(EventRow.profile_id.is_not(None), lost_profile)
        ),
        "every session belongs to one live profile": (
            select(SessionRow.id)
            .outerjoin(AliasRow, AliasRow.id == SessionRow.profile_id)
            .outerjoin(ProfileRow, ProfileRow.id == AliasRow.profile_id)
            .where(SessionRow.profile_id.is_not(None), lost_profile)
        ),
        "every id names a live profile directly": (
            select(AliasRow.id)
            .outerjoin(ProfileRow, ProfileRow.id == AliasRow.profile_id)
            .where(or_(ProfileRow.id.is_(None), ProfileRow.merged_into.is_not(None)))
        ),
        "every profile is named by its own id": (
            select(ProfileRow.id).outerjoin(AliasRow, AliasRow.id == ProfileRow.id).where(AliasRow.id.is_(None))
        ),
        "a live profile's own id names itself": (
            select(ProfileRow.id)
            .join(AliasRow, AliasRow.id == ProfileRow.id)
            .where(ProfileRow.merged_into.is_(None), AliasRow.profile_id != ProfileRow.id)
        ),
        # A merged profile and the one it went into answer to the same live profile: no cycle passes this, because
        # the live profile at the end has no parent.
        "merges form a forest whose roots are alive": (
            select(ProfileRow.id)
            .outerjoin(parent, parent.id == ProfileRow.merged_into)
            .outerjoin(own, own.id == ProfileRow.id)
            .outerjoin(above, above.id == ProfileRow.merged_into)
            .where(
                ProfileRow.merged_into.is_not(None),
                or_(parent.id.is_(None), above.id.is_(None), own.profile_id != above.profile_id),
            )
        ),
        "every identity belongs to a profile": (
            select(IdentityRow.hash)
            .outerjoin(AliasRow, AliasRow.id == IdentityRow.profile_id)
            .where(AliasRow.id.is_(None))
        ),
        "nothing is kept of a person who is not there": personal.leftovers(),
        # By hand they may be merged, where the operator says so; that is in the merge log.
        "nobody who is identified went into somebody else": (
            select(ProfileRow.id)
            .outerjoin(
                MergeRow,
                and_(MergeRow.loser == ProfileRow.id, MergeRow.undone_at.is_(None), MergeRow.reason == MANUAL),
            )
            .where(ProfileRow.merged_into.is_not(None), ProfileRow.identified.is_(True), MergeRow.id.is_(None))
        ),
        "every batch is whole": (
            select(EventRow.batch).group_by(EventRow.batch).having(func.count() != func.max(EventRow.batch_size))
        ),
    }
