"""Which session the events of a payload belong to: a known one, one that stands for it, or a new one (protocol §4)."""

from collections.abc import Iterable

from tracker.core.case import Case, live_now
from tracker.core.model import Session, StoredEvent
from tracker.core.steps import ContinueSession, OpenSession, RepointSession
from tracker.core.touchpoint import touchpoint

SESSION_LASTS = 30 * 60 * 1_000_000
"""Microseconds without activity after which a visit is over: as long as the script's session cookie slides."""


def decide_session(
    case: Case, client_session: str | None, profile_id: str | None, before: Iterable[StoredEvent]
) -> str:
    """Return the id of the session the events belong to, opening, re-pointing or continuing it as §4 says."""
    if client_session is None:
        ours = (stored for stored in before if live_now(case, stored.profile_id) == profile_id)
        client_session = next((stored.session_id for stored in ours), None)
    if not case.known.sessions.get(client_session or ""):
        # A browser names a session of its own as soon as it lands; what nobody has heard of yet is no visit yet.
        client_session = _handed_over_session(case, profile_id) or client_session
    rows = case.known.sessions.get(client_session or "", [])
    for row in rows:
        if live_now(case, row.profile_id) == profile_id:
            return _continue(case, row)
    for row in rows:
        if profile_id is not None and live_now(case, row.profile_id) is None:
            if case.saves_session:
                case.steps.append(RepointSession(row.id, profile_id))
            return _continue(case, row)
    client_id = client_session or case.fresh.session
    if rows:
        case.warnings.append("The session belongs to another profile; a session of this profile stands for it.")
        return _open(case, case.fresh.session, client_id, profile_id)
    return _open(case, client_id, client_id, profile_id)


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
