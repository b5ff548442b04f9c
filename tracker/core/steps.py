"""Decisions as data: each step is one thing the store must write, and a Resolution is all of them for one payload."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from tracker.core.model import Event, IdentityKind, Json, Micros

Fate = Literal["stored", "duplicate", "quarantined", "not-saved"]


class CreateProfile(NamedTuple):
    """A new profile, and the alias by which it names itself."""

    id: str
    created: Micros
    updated: Micros


class TouchProfile(NamedTuple):
    """A live profile was active; fails as a lost race where it is not live any more."""

    id: str
    at: Micros


class AddAlias(NamedTuple):
    """One more id that names a live profile. The first owner of an id wins."""

    id: str
    profile_id: str


@dataclass(frozen=True, slots=True)
class MergeProfiles:
    """The loser's aliases come to point to the survivor, and the merge log says why."""

    id: str
    loser: str
    survivor: str
    reason: str
    at: Micros
    referral: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClaimIdentity:
    """A user id, e-mail address or phone number, as a keyed hash, belongs to a profile; the first owner keeps it.

    ``held`` is how many the profile had when this was decided; where it has others by now, the race is lost.
    """

    kind: IdentityKind
    hash: str
    profile_id: str
    at: Micros
    held: int


@dataclass(frozen=True, slots=True)
class Identify:
    """A profile is somebody's from now on: no link merges it with somebody else's."""

    profile_id: str


@dataclass(frozen=True, slots=True)
class SetTraits:
    """What is known of a profile, field by field; it keeps all others."""

    profile_id: str
    traits: Json
    at: Micros


@dataclass(frozen=True, slots=True)
class SetConsents:
    """What a visitor agrees to and what not, name by name; the profile keeps all others."""

    profile_id: str
    consents: Mapping[str, bool]
    at: Micros


@dataclass(frozen=True, slots=True)
class SpendPass:
    """A link pass was used on this landing source; kept until it would have expired."""

    nonce: str
    source_id: str
    expires: Micros


class OpenSession(NamedTuple):
    """A new session; ``client_id`` is the id the client goes by, also where it is not this session's own."""

    id: str
    client_id: str
    profile_id: str | None
    source_id: str
    created: Micros
    updated: Micros
    context: Json
    properties: Json
    touchpoint: Json
    device: Json


class ContinueSession(NamedTuple):
    """A known session was active; an empty context or properties leaves what is stored."""

    id: str
    at: Micros
    context: Json
    properties: Json


@dataclass(frozen=True, slots=True)
class RepointSession:
    """A session whose profile is gone belongs to this profile from now on, and stands for the id that was sent."""

    id: str
    client_id: str
    profile_id: str


class StoreEvent(NamedTuple):
    """An event with its id, and with the profile and session as they were at that moment.

    ``batch`` is the task id of its request, ``batch_size`` how many events of that request are stored: so that
    ``tracker db check`` can prove that a batch is whole.
    """

    id: str
    source_id: str
    profile_id: str | None
    session_id: str
    batch: str
    position: int
    batch_size: int
    received_at: Micros
    event: Event


@dataclass(frozen=True, slots=True)
class Quarantine:
    """An event that its own content keeps out of the history; its neighbours are stored."""

    id: str
    source_id: str
    profile_id: str | None
    session_id: str
    reason: str
    received_at: Micros
    event: Event


@dataclass(frozen=True, slots=True)
class NoteType:
    """A type of event that its source does not have; ``held`` is how many it had when this was decided.

    ``instead_of`` is the type that gives way to it where the source has as many as it may have.
    """

    source_id: str
    type: str
    at: Micros
    held: int
    instead_of: str | None = None


class UseType(NamedTuple):
    """A type of event that its source has was used for the first time in this hour."""

    source_id: str
    type: str
    at: Micros


@dataclass(frozen=True, slots=True)
class CountRepeats:
    """Events of this source that were recognised as repeats and not stored again."""

    source_id: str
    events: int


@dataclass(frozen=True, slots=True)
class CountHandOver:
    """A visitor came by a link from one source to another; what became of the profile that came along.

    ``origin`` is empty where nobody knows the source that the link names. ``outcome`` is ``adopted``, ``merged``,
    ``recognised``, or the sentence that says why the profile was refused.
    """

    origin: str
    landing: str
    outcome: str
    batch: str
    at: Micros


Step = (
    CreateProfile
    | TouchProfile
    | AddAlias
    | MergeProfiles
    | ClaimIdentity
    | Identify
    | SetTraits
    | SetConsents
    | SpendPass
    | OpenSession
    | ContinueSession
    | RepointSession
    | StoreEvent
    | Quarantine
    | NoteType
    | UseType
    | CountRepeats
    | CountHandOver
)


class Resolution(NamedTuple):
    """What one payload led to: the steps to write and what the answer says of them."""

    task: str
    steps: tuple[Step, ...]
    profile_id: str | None
    session_id: str | None
    fates: tuple[tuple[str, Fate], ...] = ()
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    debugger: bool = False

    def reply(self, link_pass: str | None = None) -> dict[str, Any]:
        """Return the eight keys of the ``/track`` answer (protocol §3), and ``pass`` where links are signed."""
        answer: dict[str, Any] = {
            "task": [self.task],
            "ux": [],
            "response": {},
            "events": [{"id": event_id, "fate": fate} for event_id, fate in self.fates] if self.debugger else [],
            "profile": {"id": self.profile_id} if self.profile_id else {},
            "session": {"id": self.session_id} if self.session_id else {},
            "errors": list(self.errors),
            "warnings": list(self.warnings),
        }
        if link_pass is not None:
            answer["pass"] = link_pass
        return answer
