"""Who people are, in the store: what is known of the keys a batch names, and writing what was decided of them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, literal_column, or_, select, union_all, update
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import CompoundSelect

from tracker.core.identity import MERGES_WITHIN
from tracker.core.merging import Trait, combined, with_traits
from tracker.core.model import Micros, Payload
from tracker.core.person_limits import MOST_TRAITS
from tracker.core.steps import ClaimIdentity, Identify, SetConsents, SetTraits
from tracker.store.engine import LostRace
from tracker.store.one_of import one_of
from tracker.store.prepared import Among, Prepared
from tracker.store.tables import AliasRow, IdentityRow, MergeRow, ProfileRow
from tracker.store.traits import index_traits


def _names_and_people(among: Among) -> CompoundSelect[str, str, str, bool, int]:
    """Return the ids asked for, with '' for their kind, then all keys of the people whom those or the hashes name."""
    names: Select[str, str, str, bool, int] = (
        select(
            literal_column("''").label("kind"),
            AliasRow.id,
            AliasRow.profile_id,
            ProfileRow.identified,
            literal_column("0").label("crowd"),
        )
        .join(ProfileRow, ProfileRow.id == AliasRow.profile_id)
        .where(among(AliasRow.id.expression, "ids"))
    )
    owners = select(IdentityRow.profile_id).where(among(IdentityRow.hash.expression, "hashes"))
    people = select(AliasRow.profile_id).where(or_(among(AliasRow.id.expression, "ids"), AliasRow.id.in_(owners)))
    crowd = (
        select(func.count())
        .select_from(MergeRow)
        .where(
            MergeRow.survivor == AliasRow.profile_id,
            MergeRow.reason == literal_column("'identity'"),
            MergeRow.at > bindparam("since"),
        )
        .correlate(AliasRow)
        .scalar_subquery()
    )
    keys: Select[str, str, str, bool, int] = (
        select(IdentityRow.kind, IdentityRow.hash, AliasRow.profile_id, ProfileRow.identified, crowd)
        .join(AliasRow, AliasRow.id == IdentityRow.profile_id)
        .join(ProfileRow, ProfileRow.id == AliasRow.profile_id)
        .where(AliasRow.profile_id.in_(people))
    )
    return union_all(names, keys)


PEOPLE = Prepared(_names_and_people)


def names_and_people(
    conn: Connection, ids: Collection[str], payloads: Sequence[Payload], now: int
) -> list[tuple[str, str, str, bool, int]]:
    """Return (kind, name or hash, live profile, identified, merges of late) for all that these payloads name."""
    hashes = {hashed for payload in payloads for claim in payload.claims for key in claim.keys for hashed in key.hashes}
    found: list[Any] = PEOPLE.rows(conn, ids=set(ids), hashes=hashes, since=now - MERGES_WITHIN)
    return found


def unchanged_identities(conn: Connection, claims: Sequence[ClaimIdentity]) -> None:
    """Raise LostRace where a profile has other keys than when this was decided; its row is locked already.

    Two people who sign in on one browser at the same moment must not both become the owner of its profile.
    """
    if not claims:
        return
    held: dict[str, int] = {}
    for claim in claims:
        held[claim.profile_id] = min(claim.held, held.get(claim.profile_id, claim.held))
    counted = (
        select(AliasRow.profile_id, func.count().label("held"))
        .join(IdentityRow, IdentityRow.profile_id == AliasRow.id)
        .where(one_of(AliasRow.profile_id, held))
        .group_by(AliasRow.profile_id)
    )
    present = {row.profile_id: row.held for row in conn.execute(counted)}
    if any(present.get(profile_id, 0) != count for profile_id, count in held.items()):
        raise LostRace


def note_people(
    conn: Connection, identified: Sequence[Identify], traits: Sequence[SetTraits], created: Collection[str]
) -> None:
    """Mark profiles as somebody's and write their traits; the rows are locked already."""
    if older := sorted({step.profile_id for step in identified} - set(created)):
        conn.execute(update(ProfileRow).where(one_of(ProfileRow.id, older)).values(identified=True))
    said = [(step.profile_id, step.traits, step.at) for step in traits]
    if said:
        index_traits(conn, _write_down(conn, ProfileRow.traits, said, MOST_TRAITS))


def note_consents(conn: Connection, consents: Sequence[SetConsents]) -> None:
    """Write what visitors agreed to; the rows are locked already.

    How many a person may have was decided over all rows of that person. A second limit, on this row alone, would lose
    a consent that is taken back here and was given to a profile merged into this one.
    """
    _write_down(conn, ProfileRow.consents, [(step.profile_id, step.consents, step.at) for step in consents])


def known_consents(conn: Connection, profile_ids: Collection[str]) -> dict[str, dict[str, Trait]]:
    """Return what the visitors with these live profiles agreed to and when, before they were merged too."""
    rows = conn.execute(
        select(AliasRow.profile_id, ProfileRow.consents)
        .join(ProfileRow, ProfileRow.id == AliasRow.id)
        .where(one_of(AliasRow.profile_id, profile_ids))
    )
    found: dict[str, dict[str, Trait]] = {}
    for profile_id, consents in rows:
        found[profile_id] = combined((found.get(profile_id, {}), consents))
    return found


def _write_down(
    conn: Connection,
    column: InstrumentedAttribute[Any],
    said: Sequence[tuple[str, Mapping[str, Any], Micros]],
    most: int | None = None,
) -> dict[str, Any]:
    """Add what was said of profiles to what one of their columns holds already; returns what each holds now."""
    ids = {profile_id for profile_id, _, _ in said}
    rows = conn.execute(select(ProfileRow.id, column).where(one_of(ProfileRow.id, ids)))
    known: dict[str, Any] = dict(tuple(row) for row in rows)
    for profile_id, names, at in said:
        known[profile_id] = with_traits(known[profile_id], names, at, most)
    for profile_id in sorted(known):
        conn.execute(update(ProfileRow).where(ProfileRow.id == profile_id).values({column: known[profile_id]}))
    return known
