"""What is different about events that were recorded elsewhere, or long ago, and are brought in by the operator."""

from tracker.core.ids import names_nobody
from tracker.core.known import Known, absorb
from tracker.core.model import Fresh, Micros, Payload
from tracker.core.resolution import resolve
from tracker.core.steps import CreateProfile, Fate, Resolution


def brought_in_already(payload: Payload, known: Known) -> bool:
    """Return True where all events of a payload are stored, or were erased: there is nothing to bring in."""
    keys = ((payload.source_id, event.id) for event in payload.events)
    return all(key in known.events or key in known.forgotten for key in keys)


def resolve_past(payload: Payload, known: Known, fresh: Fresh) -> Resolution:
    """Return everything to write for a payload that is brought in; ``duplicate`` for what is there or was erased."""
    if brought_in_already(payload, known):
        # Bringing in the same file once more is no repeat of a browser, and is not counted as one.
        fates: tuple[tuple[str, Fate], ...] = tuple((event.id or "", "duplicate") for event in payload.events)
        return Resolution(fresh.task, (), None, None, fates)
    made = newcomer(payload, known, fresh.now)
    absorb(known, made)
    # The operator is believed whatever name a visitor goes by, also one that could be guessed.
    sent = payload.profile_id
    resolution = resolve(payload._replace(profile_id=sent and known.aliases.get(sent, sent)), known, fresh)
    return resolution._replace(steps=(*made, *resolution.steps))


def newcomer(payload: Payload, known: Known, at: Micros) -> tuple[CreateProfile, ...]:
    """Return the profile to make before a payload is decided, where it names a visitor whom nobody knows here.

    A browser may not choose the id of its profile, because whoever knows an id may speak for it; the operator may, and
    is believed before any session of that name.
    """
    sent = payload.profile_id
    if sent is None or sent in known.aliases or sent in known.erased or names_nobody(sent):
        return ()
    return (CreateProfile(sent, at, at),)
