"""What is different about events that were recorded elsewhere, or long ago, and are brought in by the operator."""

from tracker.core.ids import names_nobody
from tracker.core.known import Known
from tracker.core.model import Micros, Payload
from tracker.core.steps import CreateProfile


def brought_in_already(payload: Payload, known: Known) -> bool:
    """Return True where all events of a payload are stored, or were erased: there is nothing to bring in."""
    keys = ((payload.source_id, event.id) for event in payload.events)
    return all(key in known.events or key in known.forgotten for key in keys)


def newcomer(payload: Payload, known: Known, at: Micros) -> tuple[CreateProfile, ...]:
    """Return the profile to make before a payload is decided, where it names a visitor whom nobody knows here.

    A browser may not choose the id of its profile, because whoever knows an id may speak for it; the operator may, and
    is believed before any session of that name.
    """
    sent = payload.profile_id
    if sent is None or sent in known.aliases or sent in known.erased or names_nobody(sent):
        return ()
    return (CreateProfile(sent, at, at),)
