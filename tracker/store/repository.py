"""What a batch of payloads needs to know, in one select; more where somebody says who they are or consents matter."""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection

from tracker.core.consents import CONSENTING
from tracker.core.ids import has_uuid_form
from tracker.core.known import Known
from tracker.core.model import Micros, Payload, Profile, Session, Source, StoredEvent
from tracker.core.privacy import required_consent
from tracker.core.which_session import own_session_id
from tracker.store.identities import known_consents, names_and_people
from tracker.store.person_weights import weights_of
from tracker.store.prepared import Pairs
from tracker.store.questions import ERASED, NAMED, QUESTION, SPENT, STORED, VISIT, Found

Digest = Callable[[str, str], Sequence[str]]
"""(kind, id) → the keyed hashes under which an erased id may be found, the newest key's first."""


def known(
    conn: Connection, payloads: Sequence[Payload], sources: dict[str, Source], digest: Digest, now: Micros
) -> Known:
    """Return all that deciding these payloads needs; their sources are in ``sources`` already."""
    found = Known(sources=sources)
    events = {(payload.source_id, event.id) for payload in payloads for event in payload.events if event.id}
    profiles = {name for payload in payloads for name in _profile_ids(payload)}
    hidden_profiles = {hidden: name for name in profiles for hidden in digest("profile", name)}
    hidden_events = {hidden: key for key in events for hidden in digest("event", "\n".join(key))}
    rows = QUESTION.rows(
        conn,
        sessions={session_id for payload in payloads for session_id in _session_ids(payload)},
        events=Pairs(sorted(events)),
        profiles=profiles,
        hashes=hidden_profiles.keys() | hidden_events.keys(),
        nonces={payload.referral.link_pass.nonce for payload in payloads if payload.referral} - {""},
    )
    of: dict[int, list[Found]] = {kind: [] for kind in (VISIT, STORED, NAMED, ERASED, SPENT)}
    for row in rows:
        of[row[0]].append(Found._make(row))
    for row in of[NAMED]:
        _learn_profile(found, row.key, row.live, row.identified)
    # Of several sessions with one client id the one that was opened last counts first.
    for row in sorted(of[VISIT], key=lambda row: (row.created, row.key)):
        _learn_session(found, row)
    for row in of[STORED]:
        _learn_event(found, row)
    for row in of[ERASED]:
        if row.key in hidden_profiles:
            found.erased.add(hidden_profiles[row.key])
        else:
            found.forgotten.add(hidden_events[row.key])
    found.spent = {(row.key, row.other or "") for row in of[SPENT]}
    if claiming := [payload for payload in payloads if payload.claims]:
        _learn_people(conn, profiles, claiming, found, now)
    if found.profiles and any(_may_add(payload, found) for payload in payloads):
        found.weights.update(weights_of(conn, found.profiles.keys()))
    if found.profiles and any(_asks_for_consents(payload, sources.get(payload.source_id)) for payload in payloads):
        found.consents.update(known_consents(conn, found.profiles.keys()))
    return found


def _asks_for_consents(payload: Payload, source: Source | None) -> bool:
    """Return whether deciding a payload needs the consents of its visitor: required, or about to become more."""
    if source is not None and required_consent(source):
        return True
    return not CONSENTING.isdisjoint([event.type for event in payload.events])


def _may_add(payload: Payload, found: Known) -> bool:
    """Return whether a payload may add ids or traits to a profile that is known; few do."""
    source = found.sources.get(payload.source_id)
    if payload.claims or payload.referral or (payload.profile_ids and source is not None and source.trusted):
        return True
    # An id that nobody has yet comes to name the profile of the session.
    unknown = payload.profile_id is not None and payload.profile_id not in found.aliases
    return unknown and payload.session_id in found.sessions


def _session_ids(payload: Payload) -> Iterable[str]:
    if payload.session_id:
        yield payload.session_id
        if not has_uuid_form(payload.session_id):
            yield own_session_id(payload.source_id, payload.session_id)
    if payload.referral and payload.referral.session_id:
        yield payload.referral.session_id


def _profile_ids(payload: Payload) -> Iterable[str]:
    if payload.profile_id:
        yield payload.profile_id
    yield from payload.profile_ids
    if payload.referral:
        yield payload.referral.profile_id
        if payload.referral.link_pass.profile_id:
            yield payload.referral.link_pass.profile_id


def _learn_profile(found: Known, named: str | None, live: str | None, identified: bool | None) -> None:
    if named is not None and live is not None:
        found.aliases[named] = live
        found.aliases.setdefault(live, live)
        if live not in found.profiles:
            found.profiles[live] = Profile(live, bool(identified))


def _learn_session(found: Known, row: Found) -> None:
    client_id = row.client_id or ""
    _learn_profile(found, row.profile_id, row.live, row.identified)
    session = Session(row.key, client_id, row.profile_id, row.updated or 0, row.other or "")
    found.sessions.setdefault(row.key, []).insert(0, session)
    if client_id != row.key:
        found.sessions.setdefault(client_id, []).append(session)


def _learn_event(found: Known, row: Found) -> None:
    session_id = row.session_id or ""
    found.events[row.other or "", row.key] = StoredEvent(row.profile_id, session_id)
    _learn_profile(found, row.profile_id, row.live, row.identified)
    if row.client_id is not None and session_id not in found.sessions:
        found.sessions[session_id] = [Session(session_id, row.client_id, row.session_profile, row.updated or 0)]
        _learn_profile(found, row.session_profile, row.session_live, row.session_identified)


def _learn_people(conn: Connection, ids: set[str], claiming: Sequence[Payload], found: Known, now: Micros) -> None:
    """Learn whose the claimed keys are, and which keys the people have that the batch is about."""
    # The people whom sessions and events have led to are asked for too, for the keys they have.
    for kind, name, live, identified, crowd in names_and_people(conn, ids | found.profiles.keys(), claiming, now):
        if not kind:
            _learn_profile(found, name, live, identified)
            continue
        _learn_profile(found, live, live, identified)
        found.identities[kind, name] = live
        found.crowds[live] = crowd
