"""What is too old to be kept, as conditions on the rows of events, visits and people."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, case, exists, literal, or_, select
from sqlalchemy.orm import aliased

from tracker.core.keeping import Keeping
from tracker.core.tally import EVERYWHERE
from tracker.store.tables import AliasRow, EventRow, ProfileRow, QuarantineRow, ReportSeenRow, SessionRow

Received = type[EventRow] | type[QuarantineRow]


def since(kept: Keeping, source_id: Any) -> ColumnElement[int]:
    """Return the moment from which on what a source has is kept, as an expression of the source's id."""
    others = literal(kept.others or 0, BigInteger)
    if not kept.own:
        return others
    own = {source: literal(moment, BigInteger) for source, moment in kept.own.items()}
    return case(own, value=source_id, else_=others)


def too_old(kept: Keeping, rows: Received) -> ColumnElement[bool]:
    """Return the condition on what was received that it is kept no longer."""
    # The index knows the time alone, so it is told where the search ends.
    old = rows.received_at < kept.latest
    return old & (rows.received_at < since(kept, rows.source_id)) if kept.own else old


def idle_sessions(kept: Keeping) -> Select[str]:
    """Select the visits that are over; what a client says of its times does not count against its events."""
    own, other = aliased(AliasRow), aliased(AliasRow)
    same_person = (
        select(other.id)
        .join(own, own.profile_id == other.profile_id)
        .where(own.id == SessionRow.profile_id)
        .correlate(SessionRow)
    )
    of_visit = EventRow.profile_id.in_(same_person) & (EventRow.session_id == SessionRow.id)
    without = EventRow.profile_id.is_(None) & (EventRow.session_id == SessionRow.id)
    return select(SessionRow.id).where(
        SessionRow.updated < since(kept, SessionRow.source_id),
        ~_younger_event(kept, of_visit),
        ~_younger_event(kept, without),
    )


def idle_profiles(kept: Keeping) -> Select[str]:
    """Select the live profiles of people whom no source has seen since."""
    ids = select(AliasRow.id).where(AliasRow.profile_id == ProfileRow.id).correlate(ProfileRow)
    theirs = SessionRow.profile_id.in_(ids)
    later = select(SessionRow.id).where(theirs, SessionRow.updated >= since(kept, SessionRow.source_id))
    return select(ProfileRow.id).where(
        ProfileRow.merged_into.is_(None),
        *_untouched(kept, ids),
        ~exists(later),
        ~_younger_event(kept, EventRow.profile_id.in_(ids)),
    )


def _untouched(kept: Keeping, ids: Select[str]) -> list[ColumnElement[bool]]:
    """Return the conditions that a profile was not touched within what the sources keep that have seen it.

    A profile does not say who touched it. Its visits do, and after them what the console's numbers remember of whom
    they have counted. Somebody whom no source has seen was brought in from elsewhere, and stays as long as others do.
    """
    others = ProfileRow.updated < (kept.others or 0)
    if not kept.own:
        return [others]
    visits = select(SessionRow.id).where(SessionRow.profile_id.in_(ids))
    seen = select(ReportSeenRow.scope).where(ReportSeenRow.profile_id.in_(ids), ReportSeenRow.scope != EVERYWHERE)
    return [
        ProfileRow.updated < kept.latest,
        ~exists(visits.where(ProfileRow.updated >= since(kept, SessionRow.source_id))),
        ~exists(seen.where(ProfileRow.updated >= since(kept, ReportSeenRow.scope))),
        or_(others, exists(visits), exists(seen)),
    ]


def _younger_event(kept: Keeping, of: ColumnElement[bool]) -> ColumnElement[bool]:
    young = EventRow.received_at >= kept.earliest
    if kept.own:
        young &= EventRow.received_at >= since(kept, EventRow.source_id)
    return exists(select(EventRow.id).where(of, young))
