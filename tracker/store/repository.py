"""What a batch of payloads needs to know, in at most four selects however many they are."""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection, Select, literal_column, or_, select, union_all
from sqlalchemy.sql.selectable import CompoundSelect

from tracker.core.known import Known
from tracker.core.model import Micros, Payload, Profile, Session, Source, StoredEvent
from tracker.store.identities import names_and_people
from tracker.store.prepared import Among, Prepared
from tracker.store.tables import AliasRow, EventKeyRow, PassUseRow, ProfileRow, SessionRow, TombstoneRow

Digest = Callable[[str, str], Sequence[str]]
"""(kind, id) → the keyed hashes under which an erased id may be found, the newest key's first."""


def known(
    conn: Connection, payloads: Sequence[Payload], sources: dict[str, Source], digest: Digest, now: Micros
) -> Known:
    """Return all that deciding these payloads needs; their sources are in ``sources`` already."""
    found = Known(sources=sources)
    _learn_sessions(conn, payloads, found)
    _learn_events(conn, payloads, found)
    _learn_aliases(conn, payloads, found, now)
    _learn_gone(conn, payloads, found, digest)
    return found


def _sessions(among: Among) -> Select[str, str, str | None, int, str, bool]:
    return (
        select(
            SessionRow.id,
            SessionRow.client_id,
            SessionRow.profile_id,
            SessionRow.updated,
            AliasRow.profile_id,
            ProfileRow.identified,
        )
        .outerjoin(AliasRow, AliasRow.id == SessionRow.profile_id)
        .outerjoin(ProfileRow, ProfileRow.id == AliasRow.profile_id)
        .where(or_(among(SessionRow.id.expression, "ids"), among(SessionRow.client_id.expression, "ids")))
        .order_by(SessionRow.created, SessionRow.id)
    )


def _events(among: Among) -> Select[str, str, str | None, str, str, bool, str, str | None, int]:
    return (
        select(
            EventKeyRow.source_id,
            EventKeyRow.id,
            EventKeyRow.profile_id,
            EventKeyRow.session_id,
            AliasRow.profile_id,
            ProfileRow.identified,
            SessionRow.client_id,
            SessionRow.profile_id,
            SessionRow.updated,
        )
        .outerjoin(AliasRow, AliasRow.id == EventKeyRow.profile_id)
        .outerjoin(ProfileRow, ProfileRow.id == AliasRow.profile_id)
        .outerjoin(SessionRow, SessionRow.id == EventKeyRow.session_id)
        # Several sources in one batch ask for a few pairs too many; the key serves both columns all the same, and
        # whoever reads the answer drops the surplus.
        .where(among(EventKeyRow.source_id.expression, "sources"), among(EventKeyRow.id.expression, "ids"))
    )


def _aliases(among: Among) -> Select[str, str, bool]:
    return (
        select(AliasRow.id, AliasRow.profile_id, ProfileRow.identified)
        .join(ProfileRow, ProfileRow.id == AliasRow.profile_id)
        .where(among(AliasRow.id.expression, "ids"))
    )


def _gone(among: Among) -> CompoundSelect[str, str]:
    # A spent pass is told from a tombstone by the source it was spent on.
    tombstones: Select[str, str] = select(TombstoneRow.hash, literal_column("''").label("source_id")).where(
        among(TombstoneRow.hash.expression, "hashes")
    )
    spent = select(PassUseRow.nonce, PassUseRow.source_id).where(among(PassUseRow.nonce.expression, "nonces"))
    return union_all(tombstones, spent)


SESSIONS, EVENTS, ALIASES, GONE = Prepared(_sessions), Prepared(_events), Prepared(_aliases), Prepared(_gone)


def _learn_profile(found: Known, named: str | None, live: str | None, identified: bool) -> None:
    if named is not None and live is not None:
        found.aliases[named] = live
        found.aliases.setdefault(live, live)
        if live not in found.profiles:
            found.profiles[live] = Profile(live, bool(identified))


def _learn_sessions(conn: Connection, payloads: Sequence[Payload], found: Known) -> None:
    ids = {payload.session_id for payload in payloads if payload.session_id}
    ids |= {p.referral.session_id for p in payloads if p.referral and p.referral.session_id}
    if not ids:
        return
    for session_id, client_id, profile_id, updated, live, identified in SESSIONS.rows(conn, ids=ids):
        _learn_profile(found, profile_id, live, identified)
        session = Session(session_id, client_id, profile_id, updated)
        found.sessions.setdefault(session_id, []).insert(0, session)
        if client_id != session_id:
            found.sessions.setdefault(client_id, []).append(session)


def _learn_events(conn: Connection, payloads: Sequence[Payload], found: Known) -> None:
    asked = {(payload.source_id, event.id) for payload in payloads for event in payload.events if event.id}
    if not asked:
        return
    sources, ids = {source_id for source_id, _ in asked}, {event_id for _, event_id in asked}
    for row in EVENTS.rows(conn, sources=sources, ids=ids):
        source_id, event_id, profile_id, session_id, live, identified, client_id, session_profile, updated = row
        if (source_id, event_id) not in asked:
            continue
        found.events[source_id, event_id] = StoredEvent(profile_id, session_id)
        _learn_profile(found, profile_id, live, identified)
        if client_id is not None and session_id not in found.sessions:
            found.sessions[session_id] = [Session(session_id, client_id, session_profile, updated)]


def _learn_aliases(conn: Connection, payloads: Sequence[Payload], found: Known, now: Micros) -> None:
    ids = {name for payload in payloads for name in _profile_ids(payload)}
    # A session that only an event led to may belong to a profile that nobody has named so far.
    ids |= {session.profile_id for rows in found.sessions.values() for session in rows if session.profile_id}
    ids -= found.aliases.keys()
    claiming = [payload for payload in payloads if payload.claims]
    if claiming:
        _learn_people(conn, ids, claiming, found, now)
    elif ids:
        for name, live, identified in ALIASES.rows(conn, ids=ids):
            _learn_profile(found, name, live, identified)


def _learn_people(conn: Connection, ids: set[str], claiming: Sequence[Payload], found: Known, now: Micros) -> None:
    """Learn what the ids name and whose the claimed keys are, in one select."""
    # The people whom sessions and events have led to are asked for again, for the keys they have.
    for kind, name, live, identified, crowd in names_and_people(conn, ids | found.profiles.keys(), claiming, now):
        if not kind:
            _learn_profile(found, name, live, identified)
            continue
        _learn_profile(found, live, live, identified)
        found.identities[kind, name] = live
        found.crowds[live] = crowd


def _profile_ids(payload: Payload) -> Iterable[str]:
    if payload.profile_id:
        yield payload.profile_id
    yield from payload.profile_ids
    if payload.referral:
        yield payload.referral.profile_id
        if payload.referral.link_pass.profile_id:
            yield payload.referral.link_pass.profile_id


def _learn_gone(conn: Connection, payloads: Sequence[Payload], found: Known, digest: Digest) -> None:
    """Learn which ids were erased and which passes were spent, both in one select."""
    profiles = {name for payload in payloads for name in _profile_ids(payload)} - found.aliases.keys()
    events = {(p.source_id, event.id) for p in payloads for event in p.events if event.id} - found.events.keys()
    hidden_profiles = {hidden: name for name in profiles for hidden in digest("profile", name)}
    hidden_events = {hidden: key for key in events for hidden in digest("event", "\n".join(key))}
    nonces = {payload.referral.link_pass.nonce for payload in payloads if payload.referral} - {""}
    hashes = hidden_profiles.keys() | hidden_events.keys()
    if not hashes and not nonces:
        return
    for key, source_id in GONE.rows(conn, hashes=hashes, nonces=nonces):
        if source_id:
            found.spent.add((key, source_id))
        elif key in hidden_profiles:
            found.erased.add(hidden_profiles[key])
        else:
            found.forgotten.add(hidden_events[key])
