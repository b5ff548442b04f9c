"""Bringing people in from elsewhere, in one transaction."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from tracker.core.importing import Imported, KnownPeople, Plan, planned
from tracker.core.model import Micros
from tracker.store.applying import apply
from tracker.store.one_of import one_of
from tracker.store.person_weights import weights_of
from tracker.store.repository import Digest
from tracker.store.tables import AliasRow, ProfileRow, TombstoneRow


def bring_in(conn: Connection, given: Sequence[Imported], digest: Digest, now: Micros) -> Plan:
    """Write profiles that come from elsewhere; returns what was written and what was not."""
    plan = planned(given, _known(conn, given, digest), now)
    if plan.steps:
        apply(conn, plan.steps)
    return plan


def _known(conn: Connection, given: Sequence[Imported], digest: Digest) -> KnownPeople:
    names = {name for profile in given for name in (profile.id, *profile.ids)}
    found = select(AliasRow.id, AliasRow.profile_id).where(one_of(AliasRow.id, names))
    aliases = {row.id: row.profile_id for row in conn.execute(found)}
    # Held, so that nothing newer is said of them meanwhile, and what they hold stays what is counted here.
    held = select(ProfileRow.id).where(one_of(ProfileRow.id, set(aliases.values())))
    conn.execute(held.order_by(ProfileRow.id).with_for_update()).all()
    weights = weights_of(conn, {aliases[profile.id] for profile in given if profile.id in aliases})
    hidden = {hashed: name for name in names - aliases.keys() for hashed in digest("profile", name)}
    gone = conn.scalars(select(TombstoneRow.hash).where(one_of(TombstoneRow.hash, hidden))) if hidden else ()
    return KnownPeople(aliases, weights, frozenset(hidden[hashed] for hashed in gone))
