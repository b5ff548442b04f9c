"""Time and new ids, made outside the core and handed to it."""

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Literal

import uuid_utils

from tracker.core.model import Fresh, Micros, Payload

Clock = Callable[[], Micros]
Noun = Literal["profile", "session", "event", "merge", "request"]
NewId = Callable[[Noun], str]


def system_clock() -> Micros:
    """Return the microseconds since 1970 UTC."""
    return time.time_ns() // 1000


def new_uuid(noun: Noun) -> str:
    """Return a UUID for a new thing of that kind (RFC 9562).

    Who knows a profile's or a session's id can speak for it, so those are random throughout (version 4). The others
    begin with the time (version 7), so that the indexes of the large tables grow at one end.
    """
    return str(uuid_utils.uuid4() if noun in ("profile", "session") else uuid_utils.uuid7())


def fresh_for(payload: Payload, clock: Clock, new_id: NewId) -> Fresh:
    """Return what deciding one payload may use up: the time, and an id for everything it might make."""
    return Fresh(
        now=clock(),
        task=new_id("request"),
        profile=new_id("profile"),
        session=new_id("session"),
        merge=new_id("merge"),
        events=["" if event.id else new_id("event") for event in payload.events],
    )


def tombstone_digest(keys: Sequence[str]) -> Callable[[str, str], list[str]]:
    """Return the function that hides an erased id behind each of the secret keys, the newest first.

    A plain hash of an id could be reversed by trying; with the key it says nothing to who reads the table.
    """
    derived = [hashlib.blake2b(key.encode(), digest_size=32, person=b"handoff-tombstn").digest() for key in keys]

    def digest(kind: str, name: str) -> list[str]:
        text = f"{kind}:{name}".encode(errors="replace")
        return [hashlib.blake2b(text, digest_size=20, key=key).hexdigest() for key in derived]

    return digest
