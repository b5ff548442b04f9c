"""The nouns of the house, as frozen data: what a source is, what a payload says, what the store knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Micros = int
"""A moment: microseconds since 1970-01-01 UTC. Both databases keep it as the same BIGINT."""

Json = Mapping[str, Any]
NOTHING_SAID: Json = {}

SourceKind = Literal["browser", "server"]
Referrals = Literal["signed", "plain", "off"]
Identify = Literal["verified", "open", "off"]
IdentityKind = Literal["user_id", "email", "phone"]


@dataclass(frozen=True, slots=True)
class Source:
    """An event source: a site (``browser``) or a trusted backend (``server``) that may post events."""

    id: str
    name: str
    kind: SourceKind = "browser"
    enabled: bool = True
    origins: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    referrals: Referrals = "signed"
    identify: Identify = "verified"
    auto: Json = field(default_factory=dict)
    settings: Json = field(default_factory=dict)
    secret_hash: str | None = None
    identify_generation: int = 0
    """Which identify secret its backend signs with: 0 until it is changed for the first time."""
    identify_oldest: int = 0
    """The oldest generation whose signatures are still believed."""
    watched_until: Micros = field(default=0, compare=False)
    """Somebody waits for its events until then; it is the same source all the same."""

    @property
    def identify_generations(self) -> tuple[int, int]:
        """The present generation of its identify secret, and the oldest that is still believed."""
        return self.identify_generation, self.identify_oldest

    @property
    def trusted(self) -> bool:
        """True for a backend that has shown its secret; only such a source may name extra ids."""
        return self.kind == "server"


@dataclass(frozen=True, slots=True)
class Times:
    """Moments a client gave for something, each already corrected and in range, or None."""

    create: Micros | None = None
    insert: Micros | None = None
    update: Micros | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """What a client asked to be kept, after the payload's defaults and the event's own were put together."""

    save_event: bool = True
    save_session: bool = True
    save_profile: bool = True
    debugger: bool = False


class Event(NamedTuple):
    """One thing that a visitor did, as it came in. ``id`` is the client's idempotency key, None where it gave none."""

    type: str
    id: str | None = None
    properties: Json = NOTHING_SAID
    context: Json = NOTHING_SAID
    tags: tuple[str, ...] = ()
    time: Times = Times()
    options: Options = Options()
    too_large: int | None = None
    """Serialised size in bytes, with the tags it inherits, when it is over the limit for one event, else None."""
    ill_tagged: bool = False
    """It has more tags of its own than an event may have, or longer ones."""
    unstorable: bool = False
    """True once the database has refused this event for what it says."""
    said: "Event | None" = None
    """The event with all that it says, where that is only to be kept as text: in the quarantine."""

    @property
    def fault(self) -> str | None:
        """Return why this event's own content keeps it out of the history, or None."""
        if self.too_large is not None:
            return "event-too-large"
        if self.ill_tagged:
            return "too-many-tags"
        return "not-storable" if self.unstorable else None


PassState = Literal["absent", "valid", "expired", "forged"]


@dataclass(frozen=True, slots=True)
class LinkPass:
    """What a signed link pass says, once its signature was checked outside the core."""

    state: PassState = "absent"
    profile_id: str = ""
    source_id: str = ""
    nonce: str = ""
    expires: Micros = 0


@dataclass(frozen=True, slots=True)
class Referral:
    """A profile handed over by a link: who, by which source, with which pass, and from which host to which."""

    profile_id: str
    source_id: str
    link_pass: LinkPass = LinkPass()
    referrer_host: str | None = None
    landing_host: str | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class IdentityKey:
    """A user id, e-mail address or phone number, and the hashes it may be stored under, the newest secret's first."""

    kind: IdentityKind
    value: str
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """Who the identify event at ``position`` says its visitor is.

    ``signed``: the site's backend vouches for the user id; ``whole``: it vouches for everything that the claim says.
    """

    position: int
    keys: tuple[IdentityKey, ...]
    traits: Mapping[str, Any] = field(default_factory=dict)
    signed: bool = False
    whole: bool = False
    problems: tuple[str, ...] = ()
    """A sentence for each part of it that is not kept."""


class Payload(NamedTuple):
    """One request to ``/track``, checked and normalised. From here on nobody sees the dict it came in."""

    source_id: str
    events: tuple[Event, ...]
    session_id: str | None = None
    session_times: Times = Times()
    profile_id: str | None = None
    profile_ids: tuple[str, ...] = ()
    profile_times: Times = Times()
    context: Json = NOTHING_SAID
    properties: Json = NOTHING_SAID
    options: Options = Options()
    referral: Referral | None = None
    claims: tuple[Claim, ...] = ()
    device: Json = NOTHING_SAID
    gpc: bool = False
    """The browser sends Global Privacy Control."""
    dnt: bool = False
    """The browser sends Do Not Track."""
    warnings: tuple[str, ...] = ()
    new_types: int | None = None
    """How many types of event that its source does not have the sender may bring along; None for any number."""


class Profile(NamedTuple):
    """A live profile, as far as a decision needs to know it."""

    id: str
    identified: bool = False


class Session(NamedTuple):
    """A stored session. ``profile_id`` is as it was written; read it through ``Known.live``."""

    id: str
    client_id: str
    profile_id: str | None
    updated: Micros = 0
    source_id: str = ""
    """The source that opened it."""


class StoredEvent(NamedTuple):
    """Where an event id of this source already went: what a retry must find again."""

    profile_id: str | None
    session_id: str | None


class Fresh(NamedTuple):
    """All that a decision may not make up itself: the server's time and ids that nobody has yet.

    ``events`` holds one new id for each event of the payload, in order.
    """

    now: Micros
    task: str
    profile: str
    session: str
    merge: str
    events: Sequence[str]
