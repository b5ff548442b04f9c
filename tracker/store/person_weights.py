"""What the people of a batch hold already, in one select that reads a bounded number of rows for each."""

from collections.abc import Collection

from sqlalchemy import Connection, Text, cast, func, select
from sqlalchemy.orm import aliased

from tracker.core.person_limits import MOST_NAMES, Weight
from tracker.store.one_of import one_of
from tracker.store.tables import AliasRow, ProfileRow


def weights_of(conn: Connection, profile_ids: Collection[str]) -> dict[str, Weight]:
    """Return what each of these live profiles holds; more ids than one may have are not counted further."""
    merged = aliased(ProfileRow)
    mine = select(AliasRow.id).where(AliasRow.profile_id == ProfileRow.id).limit(MOST_NAMES + 1)
    names = select(func.count()).select_from(mine.correlate(ProfileRow).subquery()).scalar_subquery()
    elsewhere = (
        select(func.coalesce(func.sum(func.length(cast(merged.traits, Text))), 0))
        .where(merged.id.in_(mine.correlate(ProfileRow)), merged.id != ProfileRow.id)
        .correlate(ProfileRow)
        .scalar_subquery()
    )
    rows = conn.execute(
        select(ProfileRow.id, ProfileRow.traits, names, elsewhere).where(one_of(ProfileRow.id, profile_ids))
    )
    # A profile without traits takes two bytes, which are no traits.
    return {row[0]: Weight(row[2], {name: tuple(held) for name, held in row[1].items()}, row[3]) for row in rows}
