"""What is kept of a quarantined event, read as the event that it was."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tracker.core.model import Event, Micros, Times

EXPLAINED = {
    "event-too-large": "It is larger than one event may be.",
    "not-storable": "The database did not take what it holds.",
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


def _moment(given: Mapping[str, Any], name: str) -> Micros | None:
    moment = given.get(name)
    return moment if isinstance(moment, int) else None
