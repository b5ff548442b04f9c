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
    in_visit = EventRow.session_id == SessionRow.id
    of_person = (
        select(EventRow.id)
        .join(other, other.id == EventRow.profile_id)
        .join(own, own.profile_id == other.profile_id)
        .where(own.id == SessionRow.profile_id, in_visit, _young_events(kept))
    )
    of_nobody = select(EventRow.id).where(EventRow.profile_id.is_(None), in_visit, _young_events(kept))
    over = SessionRow.updated < since(kept, SessionRow.source_id)
    return select(SessionRow.id).where(over, ~exists(of_person), ~exists(of_nobody))


def idle_profiles(kept: Keeping) -> Select[str]:
    """Select the live profiles of people whom no source has seen since."""
    visits = _of_person(SessionRow)
    return select(ProfileRow.id).where(
        ProfileRow.merged_into.is_(None),
        *_untouched(kept, visits),
        ~exists(visits.where(SessionRow.updated >= since(kept, SessionRow.source_id))),
        ~exists(_of_person(EventRow).where(_young_events(kept))),
    )


def without_events() -> ColumnElement[bool]:
    """Return the condition on a profile that none of its events is stored any more, of whatever age."""
    return ~exists(_of_person(EventRow))


def _untouched(kept: Keeping, visits: Select[str]) -> list[ColumnElement[bool]]:
    """Return the conditions that a profile was not touched within what the sources keep that have seen it.

    A profile does not say who touched it. Its visits do, and after them what the console's numbers remember of whom
    they have counted. Somebody whom no source has seen was brought in from elsewhere, and stays as long as others do.
    """
    others = ProfileRow.updated < (kept.others or 0)
    if not kept.own:
        return [others]
    seen = _of_person(ReportSeenRow).where(ReportSeenRow.scope != EVERYWHERE)
    return [
        ProfileRow.updated < kept.latest,
        ~exists(visits.where(ProfileRow.updated >= since(kept, SessionRow.source_id))),
        ~exists(seen.where(ProfileRow.updated >= since(kept, ReportSeenRow.scope))),
        or_(others, exists(visits), exists(seen)),
    ]


def _of_person(rows: type[SessionRow] | type[EventRow] | type[ReportSeenRow]) -> Select[str]:
    """Select what there is of a profile under any of its ids."""
    # As a join: of a list of ids PostgreSQL would compare every pair.
    mine = select(AliasRow.id).join(rows, rows.profile_id == AliasRow.id)
    return mine.where(AliasRow.profile_id == ProfileRow.id).correlate(ProfileRow)


def _young_events(kept: Keeping) -> ColumnElement[bool]:
    young = EventRow.received_at >= kept.earliest
    return young & (EventRow.received_at >= since(kept, EventRow.source_id)) if kept.own else young
