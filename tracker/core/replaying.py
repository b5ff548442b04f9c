"""What is kept of a quarantined event, read as the event that it was."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tracker.core.case import Case
from tracker.core.event_fates import decide_events
from tracker.core.known import Known
from tracker.core.model import Event, Fresh, Micros, Payload, Times
from tracker.core.steps import Quarantine, Resolution

EXPLAINED = {
    "event-too-large": "It is larger than one event may be.",
    "too-many-tags": "It has more tags than an event may have, or longer ones.",
    "not-storable": "The database did not take what it holds.",
    "too-many-event-types": "Its type is new, and its source has no room for another one.",
}
"""Why an event was kept out, by the reason that is stored."""


class CannotReplay(ValueError):
    """This event cannot be stored now; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A quarantined event as far as it was kept; ``session_id`` is empty in what was kept before it was noted."""

    session_id: str
    event: Event


def read_kept(beginning: str) -> Kept:
    """Return the event that was kept out; CannotReplay where only its beginning was kept."""
    try:
        said = json.loads(beginning)
    except ValueError:
        raise CannotReplay("Only the first 16 KiB of it were kept; what was cut off is lost.") from None
    given = said.get("times") or {}
    event = Event(
        type=said["type"],
        id=said["id"],
        properties=said.get("properties") or {},
        context=said.get("context") or {},
        tags=tuple(said.get("tags") or ()),
        time=Times(*(_moment(given, name) for name in ("create", "insert", "update"))),
    )
    return Kept(said.get("session") or "", event)


def resolve_kept(payload: Payload, known: Known, fresh: Fresh) -> Resolution:
    """Return what to write for one event that is to leave the quarantine; CannotReplay where it has to stay.

    Profile and session of the payload are the event's own, decided when it came. No step says of a repeat that it was
    one: no client has sent it again.
    """
    [event] = payload.events
    if (payload.source_id, event.id) in known.forgotten:
        raise CannotReplay("It was erased, and what was erased does not come back.")
    case = Case(payload, known.sources[payload.source_id], known, fresh)
    fates = decide_events(case, payload.profile_id, payload.session_id or "")
    [(_, fate)] = fates
    if fate == "quarantined":
        [reason] = (step.reason for step in case.steps if isinstance(step, Quarantine))
        raise CannotReplay(EXPLAINED[reason])
    steps = tuple(case.steps) if fate == "stored" else ()
    return Resolution(fresh.task, steps, payload.profile_id, payload.session_id, fates)


def _moment(given: Mapping[str, Any], name: str) -> Micros | None:
    moment = given.get(name)
    return moment if isinstance(moment, int) else None
