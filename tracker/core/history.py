"""What is different about events that were recorded elsewhere, or long ago, and are brought in by the operator."""

from dataclasses import replace

from tracker.core.ids import names_nobody
from tracker.core.known import Known
from tracker.core.model import Fresh, Payload


def brought_in_already(payload: Payload, known: Known) -> bool:
    """Return True where all events of a payload are stored, or were erased: there is nothing to bring in."""
    keys = ((payload.source_id, event.id) for event in payload.events)
    return all(key in known.events or key in known.forgotten for key in keys)


def under_its_own_name(payload: Payload, known: Known, fresh: Fresh) -> tuple[Payload, Fresh]:
    """Return the payload and what it may use up so that a visitor whom nobody knows here keeps the id it had.

    A browser may not choose the id of its profile, because whoever knows an id may speak for it; the operator may.
    """
    sent = payload.profile_id
    if sent is None or sent in known.aliases or sent in known.erased or names_nobody(sent) or payload.claims:
        return payload, fresh
    if any(known.live(session.profile_id) for session in known.sessions.get(payload.session_id or "", [])):
        return payload, fresh
    return replace(payload, profile_id=None), replace(fresh, profile=sent)
