"""Which session the events of a payload belong to: a known one, one that stands for it, or a new one (protocol §4)."""

import hashlib
from collections.abc import Iterable

from tracker.core.case import Case, live_now
from tracker.core.ids import has_uuid_form
from tracker.core.model import Session, StoredEvent
from tracker.core.steps import ContinueSession, OpenSession, RepointSession
from tracker.core.touchpoint import touchpoint

SESSION_LASTS = 30 * 60 * 1_000_000
"""Microseconds without activity after which a visit is over: as long as the script's session cookie slides."""


MOST_SESSIONS = 20
"""How many sessions stand for one id that clients send (protocol §4)."""
_ANOTHERS = "The session belongs to another profile; a session of this profile stands for it."
_TOO_MANY = "Too many profiles share this session id; store the session id of this answer."
_ELSEWHERE = "The session belongs to another source; a session of this source stands for it."


def own_session_id(source_id: str, client_session: str) -> str:
    """Return the id of the session that stands at a source for a session id which another source has taken.

    It follows from both, so that requests that come at the same moment open one session. It has no UUID form, because
    whoever knows the two can work it out.
    """
    text = f"{len(source_id)}:{source_id}{client_session}".encode(errors="replace")
    return f"own-{hashlib.blake2b(text, digest_size=20).hexdigest()}"


def rows_that_lead(case: Case, client_session: str | None) -> list[Session]:
    """Return the sessions that an id sent by the client may lead to, the one that carries the id itself first.

    An id that can be guessed leads to sessions of the same source alone, lest somebody who tries out ``visit-7`` be
    given the profile of a visitor of another site (protocol §4).
    """
    rows = case.known.sessions.get(client_session or "", [])
    if client_session is None or case.source.trusted or has_uuid_form(client_session):
        return rows
    return [row for row in rows if row.source_id == case.source.id]


def decide_session(
    case: Case, client_session: str | None, profile_id: str | None, before: Iterable[StoredEvent]
) -> str:
    """Return the id of the session the events belong to, opening, re-pointing or continuing it as §4 says."""
    leads = rows_that_lead(case, client_session)
    if client_session is None:
        ours = (stored for stored in before if live_now(case, stored.profile_id) == profile_id)
        client_session = next((stored.session_id for stored in ours), None)
        leads = case.known.sessions.get(client_session or "", [])
    if not case.known.sessions.get(client_session or ""):
        # A browser names a session of its own as soon as it lands; what nobody has heard of yet is no visit yet.
        client_session = _handed_over_session(case, profile_id) or client_session
    client_session = client_session or ""
    rows = case.known.sessions.get(client_session, [])
    for row in rows:
        if live_now(case, row.profile_id) == profile_id:
            return _continue(case, row)
    for row in leads:
        if profile_id is not None and live_now(case, row.profile_id) is None:
            if case.saves_session:
                # The row may stand for another id, under which the profile may have a session that nothing here
                # knows of, and a profile has one session for an id.
                case.steps.append(RepointSession(row.id, client_session, profile_id))
            return _continue(case, row)
    return _opened(case, client_session or case.fresh.session, profile_id, rows, leads)


def _opened(case: Case, client_id: str, profile_id: str | None, rows: list[Session], leads: list[Session]) -> str:
    """Open a session for an id that the client goes by, also where sessions of others go by it already."""
    if not rows:
        return _open(case, client_id, client_id, profile_id)
    if len(rows) >= MOST_SESSIONS:
        case.warnings.append(_TOO_MANY)
        return _open(case, case.fresh.session, case.fresh.session, profile_id)
    if leads:
        case.warnings.append(_ANOTHERS)
        return _open(case, case.fresh.session, client_id, profile_id)
    case.warnings.append(_ELSEWHERE)
    own = own_session_id(case.source.id, client_id)
    return _open(case, case.fresh.session if own in case.known.sessions else own, client_id, profile_id)


def _handed_over_session(case: Case, profile_id: str | None) -> str | None:
    """Return the session that came along with an accepted referral, so that the visit stays one visit."""
    referral = case.payload.referral
    if referral is None or referral.session_id is None or profile_id is None:
        return None
    rows = case.known.sessions.get(referral.session_id, [])
    recent = case.fresh.now - SESSION_LASTS
    if any(row.updated >= recent and live_now(case, row.profile_id) == profile_id for row in rows):
        return referral.session_id
    return None


def _continue(case: Case, row: Session) -> str:
    if case.saves_session:
        payload = case.payload
        case.steps.append(ContinueSession(row.id, case.fresh.now, payload.context, payload.properties))
    return row.id


def _open(case: Case, session_id: str, client_id: str, profile_id: str | None) -> str:
    if case.saves_session:
        payload, now = case.payload, case.fresh.now
        times = payload.session_times
        created = times.create or times.insert or now
        case.steps.append(
            OpenSession(
                id=session_id,
                client_id=client_id,
                profile_id=profile_id,
                source_id=case.source.id,
                created=created,
                updated=times.update or now,
                context=payload.context,
                properties=payload.properties,
                touchpoint=touchpoint(payload.context, payload.events),
                device=payload.device,
            )
        )
    return session_id
