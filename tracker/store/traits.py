"""Finding people by what is known of them: an index of the values that their traits hold."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from tracker.core.trait_search import searchable
from tracker.store.one_of import one_of
from tracker.store.tables import TraitRow

_GONE = delete(TraitRow).where(TraitRow.hash == bindparam("of_hash"), TraitRow.profile_id == bindparam("of_profile"))


def digest_of(value: str) -> str:
    """Return what stands in the index for a value; it keeps the key short and hides nothing."""
    return hashlib.blake2b(value.encode(errors="replace"), digest_size=16).hexdigest()


def index_traits(conn: Connection, traits_of: Mapping[str, Mapping[str, Any]]) -> None:
    """Make the index say what these profiles' traits, as they are stored, say now; their rows are locked already."""
    wanted = {
        (digest_of(value), profile_id)
        for profile_id, traits in traits_of.items()
        for value in searchable({name: held for name, (held, _) in traits.items()})
    }
    mine = select(TraitRow.hash, TraitRow.profile_id).where(one_of(TraitRow.profile_id, traits_of))
    present = {(row.hash, row.profile_id) for row in conn.execute(mine)}
    if gone := sorted(present - wanted):
        # One short statement for each: a long one for all is refused once there are too many.
        conn.execute(_GONE, [{"of_hash": hashed, "of_profile": owner} for hashed, owner in gone])
    if new := sorted(wanted - present):
        conn.execute(insert(TraitRow), [{"hash": hashed, "profile_id": owner} for hashed, owner in new])


def holders(conn: Connection, value: str, most: int) -> Iterable[str]:
    """Return the ids of up to ``most`` profiles whose traits hold a value."""
    found = select(TraitRow.profile_id).where(TraitRow.hash == digest_of(value)).order_by(TraitRow.profile_id)
    return conn.scalars(found.limit(most))
