"""Writing what was decided: the steps of a batch become rows, in an order in which nobody can deadlock."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select, update

from tracker.core.manual_merge import MANUAL
from tracker.core.steps import (
    ClaimIdentity,
    CreateProfile,
    Identify,
    MergeProfiles,
    NoteType,
    OpenSession,
    Quarantine,
    RepointSession,
    SetConsents,
    SetTraits,
    Step,
    StoreEvent,
    TouchProfile,
    UseType,
)
from tracker.store.bounding import bound_quarantine
from tracker.store.engine import LostRace
from tracker.store.event_types import note_types, use_types
from tracker.store.identities import note_consents, note_people, unchanged_identities
from tracker.store.prepared import Among, Prepared
from tracker.store.rows import rows_of
from tracker.store.tables import AliasRow, ProfileRow, SessionRow
from tracker.store.writing import TOUCHED, write


def apply(conn: Connection, steps: Sequence[Step]) -> None:
    """Write the steps of a batch; LostRace where a profile they build on is no longer live."""
    of: dict[type, list[Any]] = defaultdict(list)
    for step in steps:
        of[type(step)].append(step)
    merges: list[MergeProfiles] = of[MergeProfiles]
    created = {step.id for step in of[CreateProfile]}
    touched = {step.id: step.at for step in of[TouchProfile] if step.id not in created}
    # Two merges that meet from both sides deadlock unless both lock in the same order, and form a cycle without locks
    # (threats.md). All that is locked at all is locked at once: two groups, each in order, are in no order together.
    further = _builds_on(of) | {side for merge in merges for side in (merge.loser, merge.survivor)}
    further -= touched.keys() | created
    if further or of[ClaimIdentity] or of[NoteType]:
        # Whose keys are counted is held before that, and everybody is before a source is, lest two wait for each other;
        # who is only touched is held by the update itself.
        _hold(conn, touched.keys() | further)
    unchanged_identities(conn, of[ClaimIdentity])
    if of[NoteType]:
        note_types(conn, of[NoteType])
    write(conn, rows_of(of) | {TOUCHED: [{"id": name, "updated": touched[name]} for name in sorted(touched)]})
    if of[Quarantine]:
        bound_quarantine(conn, of[Quarantine])
    if of[UseType]:
        use_types(conn, of[UseType], of[NoteType])
    for merge in merges:
        _merge(conn, merge)
    if of[Identify] or of[SetTraits]:
        note_people(conn, of[Identify], of[SetTraits], created)
    if of[SetConsents]:
        note_consents(conn, of[SetConsents])
    for step in of[RepointSession]:
        now_of = {"client_id": step.client_id, "profile_id": step.profile_id}
        conn.execute(update(SessionRow).where(SessionRow.id == step.id).values(now_of))


def _lock(among: Among) -> Select[str]:
    return (
        select(ProfileRow.id)
        .where(among(ProfileRow.id.expression, "ids"), ProfileRow.merged_into.is_(None))
        .order_by(ProfileRow.id)
        .with_for_update()
    )


LOCK = Prepared(_lock)


def _builds_on(of: Mapping[type, list[Any]]) -> set[str]:
    """Return the profiles that events and sessions are written for."""
    writes = (step for kind in (StoreEvent, OpenSession, Quarantine) for step in of[kind])
    return {step.profile_id for step in writes if step.profile_id is not None}


def _hold(conn: Connection, ids: set[str]) -> None:
    """Keep live profiles from being merged or erased until this transaction ends; locks are taken in id order."""
    if ids and len(LOCK.rows(conn, ids=ids)) != len(ids):
        raise LostRace


def _merge(conn: Connection, step: MergeProfiles) -> None:
    conn.execute(update(AliasRow).where(AliasRow.profile_id == step.loser).values(profile_id=step.survivor))
    loser = update(ProfileRow).where(ProfileRow.id == step.loser)
    if step.reason != MANUAL:
        # No request merges a profile that is identified, not even one that was identified since this was decided.
        loser = loser.where(ProfileRow.identified.is_(False))
    if conn.execute(loser.values(merged_into=step.survivor)).rowcount != 1:
        raise LostRace
    conn.execute(update(ProfileRow).where(ProfileRow.id == step.survivor).values(updated=step.at))
