"""What a batch needs to know, in a fixed number of selects, and what it decided, in one statement a table."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, literal, or_, select, union_all

from tracker.core.known import Known
from tracker.core.model import Payload, Profile, Session, Source, StoredEvent
from tracker.store.tables import AliasRow, EventRow, PassUseRow, ProfileRow, SessionRow, TombstoneRow

Digest = Callable[[str, str], Sequence[str]]
"""(kind, id) → the keyed hashes under which an erased id may be found, the newest key's first."""


def known(conn: Connection, payloads: Sequence[Payload], sources: dict[str, Source], digest: Digest) -> Known:
    """Return all that deciding these payloads needs, in at most four selects however many they are."""
    found = Known(sources=sources)
    _sessions(conn, payloads, found)
    _events(conn, payloads, found)
    _aliases(conn, payloads, found)
    _gone(conn, payloads, found, digest)
    return found


def _live_profile(found: Known, named: str | None, row: Any) -> None:
    if named is not None and row.live is not None:
        found.aliases[named] = row.live
        found.profiles.setdefault(row.live, Profile(row.live, row.identified))
        found.aliases.setdefault(row.live, row.live)


def _sessions(conn: Connection, payloads: Sequence[Payload], found: Known) -> None:
    ids = {payload.session_id for payload in payloads if payload.session_id}
    ids |= {p.referral.session_id for p in payloads if p.referral and p.referral.session_id}
    if not ids:
        return
    asked = sorted(ids)
    rows = conn.execute(
        select(
            SessionRow.id,
            SessionRow.client_id,
            SessionRow.profile_id,
            SessionRow.updated,
            AliasRow.profile_id.label("live"),
            ProfileRow.identified,
        )
        .outerjoin(AliasRow, AliasRow.id == SessionRow.profile_id)
        .outerjoin(ProfileRow, ProfileRow.id == AliasRow.profile_id)
        .where(or_(SessionRow.id.in_(asked), SessionRow.client_id.in_(asked)))
        .order_by(SessionRow.created, SessionRow.id)
    )
    for row in rows:
        _live_profile(found, row.profile_id, row)
        session = Session(row.id, row.client_id, row.profile_id, row.updated)
        found.sessions.setdefault(row.id, []).insert(0, session)
        if row.client_id != row.id:
            found.sessions.setdefault(row.client_id, []).append(session)


def _events(conn: Connection, payloads: Sequence[Payload], found: Known) -> None:
    asked = {(payload.source_id, event.id) for payload in payloads for event in payload.events if event.id}
    if not asked:
        return
    rows = conn.execute(
        select(
            EventRow.source_id,
            EventRow.id,
            EventRow.profile_id,
            EventRow.session_id,
            AliasRow.profile_id.label("live"),
            ProfileRow.identified,
            SessionRow.client_id,
            SessionRow.profile_id.label("session_profile"),
            SessionRow.updated,
        )
        .outerjoin(AliasRow, AliasRow.id == EventRow.profile_id)
        .outerjoin(ProfileRow, ProfileRow.id == AliasRow.profile_id)
        .outerjoin(SessionRow, SessionRow.id == EventRow.session_id)
        # Several sources in one batch ask for a few pairs too many; the key serves both columns, and the surplus
        # is dropped here, while a list of pairs is one SQLite cannot use the key for.
        .where(
            EventRow.source_id.in_(sorted({source_id for source_id, _ in asked})),
            EventRow.id.in_(sorted({event_id for _, event_id in asked})),
        )
    )
    for row in rows:
        if (row.source_id, row.id) not in asked:
            continue
        found.events[row.source_id, row.id] = StoredEvent(row.profile_id, row.session_id)
        _live_profile(found, row.profile_id, row)
        if row.client_id is not None and row.session_id not in found.sessions:
            session = Session(row.session_id, row.client_id, row.session_profile, row.updated)
            found.sessions[row.session_id] = [session]


def _aliases(conn: Connection, payloads: Sequence[Payload], found: Known) -> None:
    # Sessions and events may name a merged profile by an id that only their own join knows; all is in ``found`` by now.
    ids = {name for payload in payloads for name in _profile_ids(payload)}
    ids |= {row.profile_id for rows in found.sessions.values() for row in rows if row.profile_id}
    ids -= found.aliases.keys()
    if not ids:
        return
    rows = conn.execute(
        select(AliasRow.id, AliasRow.profile_id.label("live"), ProfileRow.identified)
        .join(ProfileRow, ProfileRow.id == AliasRow.profile_id)
        .where(AliasRow.id.in_(sorted(ids)))
    )
    for row in rows:
        _live_profile(found, row.id, row)


def _profile_ids(payload: Payload) -> Iterable[str]:
    if payload.profile_id:
        yield payload.profile_id
    yield from payload.profile_ids
    if payload.referral:
        yield payload.referral.profile_id


def _gone(conn: Connection, payloads: Sequence[Payload], found: Known, digest: Digest) -> None:
    """Learn which ids were erased and which passes were spent, both in one select."""
    profiles = {name for payload in payloads for name in _profile_ids(payload)} - found.aliases.keys()
    events = {(p.source_id, event.id) for p in payloads for event in p.events if event.id} - found.events.keys()
    hidden_profiles = {hidden: name for name in profiles for hidden in digest("profile", name)}
    hidden_events = {hidden: key for key in events for hidden in digest("event", "\n".join(key))}
    nonces = {payload.referral.link_pass.nonce for payload in payloads if payload.referral} - {""}
    hashes = hidden_profiles.keys() | hidden_events.keys()
    if not hashes and not nonces:
        return
    # A spent pass is told from a tombstone by the source it was spent on.
    tombstones = select(TombstoneRow.hash.label("key"), literal("").label("source_id")).where(
        TombstoneRow.hash.in_(sorted(hashes))
    )
    spent = select(PassUseRow.nonce, PassUseRow.source_id).where(PassUseRow.nonce.in_(sorted(nonces)))
    for row in conn.execute(union_all(tombstones, spent) if nonces else tombstones):
        if row.source_id:
            found.spent.add((row.key, row.source_id))
        elif row.key in hidden_profiles:
            found.erased.add(hidden_profiles[row.key])
        else:
            found.forgotten.add(hidden_events[row.key])
