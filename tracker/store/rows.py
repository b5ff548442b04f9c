"""What each decided step looks like as a row of its table."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from tracker.core.model import Event, Micros
from tracker.core.steps import (
    AddAlias,
    ClaimIdentity,
    ContinueSession,
    CountRepeats,
    CreateProfile,
    Identify,
    MergeProfiles,
    OpenSession,
    Quarantine,
    SpendPass,
    StoreEvent,
    TouchProfile,
)
from tracker.store.journal import journal_rows
from tracker.store.writing import CONTINUED, Row

QUARANTINED_BYTES = 16 * 1024


def rows_of(of: Mapping[type, list[Any]]) -> dict[str, list[Row]]:
    """Return what to insert in each table, and the sessions that go on.

    Where two batches may bring the same key, the rows are in the order of their keys: in different orders each would
    wait for what the other one has inserted already.
    """
    created: list[CreateProfile] = of[CreateProfile]
    added: list[AddAlias] = of[AddAlias]
    aliases = [(step.id, step.id) for step in created] + [(step.id, step.profile_id) for step in added]
    spent: list[SpendPass] = sorted(of[SpendPass], key=lambda step: (step.nonce, step.source_id))
    active = {step.id: step.at for step in of[TouchProfile]}
    opened = {step.id: _session_row(step) for step in of[OpenSession]}
    continued = _continued_rows(of[ContinueSession])
    # One statement writes all tables and none of its parts sees the others: what goes on with a session that the same
    # batch opens is written into its row at once.
    for session_id in opened.keys() & continued.keys():
        opened[session_id] |= {name: value for name, value in continued.pop(session_id).items() if value is not None}
    identified = {step.profile_id for step in of[Identify]}
    claimed: list[ClaimIdentity] = sorted(of[ClaimIdentity], key=lambda step: (step.kind, step.hash))
    return {
        "profile": [_profile_row(s, active.get(s.id, s.updated), s.id in identified) for s in created],
        "alias": [{"id": name, "profile_id": owner, "given_to": owner} for name, owner in sorted(aliases)],
        "identity": [{"kind": s.kind, "hash": s.hash, "profile_id": s.profile_id, "created": s.at} for s in claimed],
        "merge": [_merge_row(step) for step in of[MergeProfiles]],
        "pass_use": [{"nonce": s.nonce, "source_id": s.source_id, "expires": s.expires} for s in spent],
        "session": [opened[session_id] for session_id in sorted(opened)],
        "event": [_event_row(step) for step in sorted(of[StoreEvent], key=_event_key)],
        "quarantine": [_quarantine_row(step) for step in sorted(of[Quarantine], key=_event_key)],
        "repeated": _repeated_rows(of[CountRepeats]),
        "journal": journal_rows(of),
        CONTINUED: [continued[session_id] for session_id in sorted(continued)],
    }


def _event_key(step: StoreEvent | Quarantine) -> tuple[str, str]:
    return step.source_id, step.id


def _profile_row(step: CreateProfile, updated: Micros, identified: bool) -> Row:
    return {
        "id": step.id,
        "created": step.created,
        "updated": updated,
        "traits": {},
        "consents": {},
        "identified": identified,
        "merged_into": None,
    }


def _merge_row(step: MergeProfiles) -> Row:
    return {
        "id": step.id,
        "loser": step.loser,
        "survivor": step.survivor,
        "reason": step.reason,
        "referral": step.referral,
        "at": step.at,
        "undone_at": None,
    }


def _session_row(step: OpenSession) -> Row:
    return {
        "id": step.id,
        "client_id": step.client_id,
        "profile_id": step.profile_id,
        "source_id": step.source_id,
        "created": step.created,
        "updated": step.updated,
        "context": step.context,
        "properties": step.properties,
        "touchpoint": step.touchpoint,
        "device": step.device,
    }


def _continued_rows(steps: list[ContinueSession]) -> dict[str, Row]:
    """Return one row a session, with the newest context and properties that came along in this batch."""
    rows: dict[str, Row] = {}
    for step in steps:
        row = rows.setdefault(step.id, {"id": step.id, "context": None, "properties": None})
        row["updated"] = step.at
        row["context"] = step.context or row["context"]
        row["properties"] = step.properties or row["properties"]
    return rows


def _event_row(step: StoreEvent) -> Row:
    event = step.event
    return {
        "source_id": step.source_id,
        "id": step.id,
        "type": event.type,
        "profile_id": step.profile_id,
        "session_id": step.session_id,
        "properties": event.properties,
        "context": event.context,
        "tags": event.tags,
        "created": event.time.create or step.received_at,
        "inserted": event.time.insert or step.received_at,
        "updated": event.time.update,
        "received_at": step.received_at,
        "batch": step.batch,
        "position": step.position,
        "batch_size": step.batch_size,
    }


def _quarantine_row(step: Quarantine) -> Row:
    return {
        "source_id": step.source_id,
        "id": step.id,
        "profile_id": step.profile_id,
        "reason": step.reason,
        "received_at": step.received_at,
        "size": step.event.too_large or 0,
        "beginning": _beginning(step.session_id, step.event),
    }


def _repeated_rows(steps: list[CountRepeats]) -> list[Row]:
    counts: Counter[str] = Counter()
    for step in steps:
        counts[step.source_id] += step.events
    return [{"source_id": source_id, "events": counts[source_id]} for source_id in sorted(counts)]


def _beginning(session_id: str, event: Event) -> str:
    # What is short comes first, so that it is there in any case.
    times = {"create": event.time.create, "insert": event.time.insert, "update": event.time.update}
    said: Row = {"type": event.type, "id": event.id, "session": session_id, "tags": event.tags, "times": times}
    said |= {"properties": event.properties, "context": event.context}
    # Plain ASCII, whatever is in it: what could not be stored as an event must be storable here.
    return json.dumps(said, default=repr, skipkeys=True)[:QUARANTINED_BYTES]
