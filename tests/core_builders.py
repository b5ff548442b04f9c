"""Short words for the worlds, payloads and decisions that the tests of the pure core talk about."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from tracker.core.known import Known, absorb
from tracker.core.model import (
    Claim,
    Event,
    Fresh,
    IdentityKey,
    LinkPass,
    Options,
    Payload,
    Profile,
    Referral,
    Session,
    Source,
    StoredEvent,
)
from tracker.core.resolution import resolve
from tracker.core.steps import (
    AddAlias,
    ClaimIdentity,
    ContinueSession,
    CountHandOver,
    CountRepeats,
    CreateProfile,
    Identify,
    MergeProfiles,
    OpenSession,
    Quarantine,
    RepointSession,
    Resolution,
    SetTraits,
    SpendPass,
    Step,
    StoreEvent,
    TouchProfile,
)

NOW = 1_700_000_000_000_000
MINUTE = 60_000_000

UUID = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
OTHER_UUID = "7d444840-9dc0-41d1-b245-5ffdce74fad2"
# Ids of profiles that were merged into P, Q and R, in the form that every minted id has.
OLD_P, OLD_Q, OLD_R = (f"6ba7b81{digit}-9dad-41d1-80b4-00c04fd430c8" for digit in "234")

SHOP = Source(
    "shop", "Shop", origins=("https://shop.example",), links=("blog.example",), domains=("shop-mirror.example",)
)
BLOG = Source("blog", "Blog", origins=("https://blog.example",), links=("shop.example",))
CRM = Source("crm", "CRM", kind="server")


def world(
    live: Iterable[str] = (),
    *,
    identified: Iterable[str] = (),
    aliases: Mapping[str, str] | None = None,
    sessions: Iterable[Session] = (),
    events: Mapping[tuple[str, str], StoredEvent] | None = None,
    sources: Iterable[Source] = (SHOP, BLOG, CRM),
    spent: Iterable[tuple[str, str]] = (),
    erased: Iterable[str] = (),
    forgotten: Iterable[tuple[str, str]] = (),
    identities: Mapping[tuple[str, str], str] | None = None,
    crowds: Mapping[str, int] | None = None,
) -> Known:
    """A store that knows these live profiles, each by its own id and its aliases, and whatever else is named."""
    profiles = {name: Profile(name) for name in live} | {name: Profile(name, True) for name in identified}
    known = Known(
        sources={source.id: source for source in sources},
        aliases={name: name for name in profiles} | dict(aliases or {}),
        profiles=profiles,
        events=dict(events or {}),
        spent=set(spent),
        erased=set(erased),
        forgotten=set(forgotten),
        identities=dict(identities or {}),
        crowds=dict(crowds or {}),
    )
    for session in sessions:
        known.sessions.setdefault(session.client_id, []).append(session)
        if session.id != session.client_id:
            known.sessions.setdefault(session.id, []).append(session)
    return known


def visit(
    session_id: str, profile_id: str | None, *, client_id: str | None = None, updated: int = NOW, at: str = "shop"
) -> Session:
    """A stored session of a profile, going by its own id unless the client calls it otherwise."""
    return Session(session_id, client_id or session_id, profile_id, updated, at)


def event(event_id: str | None = "e1", kind: str = "page-view", **given: Any) -> Event:
    """A page view; options are given by their names."""
    options = {name: given.pop(name) for name in Options.__slots__ if name in given}
    return Event(kind, event_id, options=Options(**options), **given)


def secret(name: str) -> str:
    """An event id that only who made it can know, the same one for the same name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def secretly(asked: Payload) -> Payload:
    """The same payload with event ids that nobody can guess."""
    events = (event._replace(id=secret(event.id)) if event.id else event for event in asked.events)
    return asked._replace(events=tuple(events))


def payload(
    profile: str | None = None, session: str | None = None, *events: Event, at: str = "shop", **given: Any
) -> Payload:
    """A payload with these ids and events, one page view ``e1`` where none is named."""
    return Payload(at, events or (event(),), session_id=session, profile_id=profile, **given)


def fresh(number: int = 1, events: int = 3, *, now: int = NOW) -> Fresh:
    """The time, and ids that nobody has: ``new-profile-1``, ``new-session-1`` …"""
    return Fresh(
        now,
        f"task-{number}",
        f"new-profile-{number}",
        f"new-session-{number}",
        f"new-merge-{number}",
        [f"new-event-{number}-{position}" for position in range(events)],
    )


def play(known: Known, *payloads: Payload) -> list[Resolution]:
    """Decide these payloads as one batch: each sees what the ones before it decided."""
    resolutions = []
    for number, asked in enumerate(payloads, start=1):
        resolution = resolve(asked, known, fresh(number, len(asked.events)))
        absorb(known, resolution.steps)
        resolutions.append(resolution)
    return resolutions


def only(known: Known, asked: Payload) -> Resolution:
    """Decide one payload."""
    return resolve(asked, known, fresh(1, len(asked.events)))


def key(kind: Any, value: str, *older: str) -> IdentityKey:
    """An identity key whose hash can be read."""
    return IdentityKey(kind, value, (f"#{value}", *older))


def claim(*keys: IdentityKey, position: int = 0, **given: Any) -> Claim:
    """What the first event of a payload says its visitor is; signed by the site's backend unless said otherwise."""
    return Claim(position, keys, **({"signed": True} | given))


def link_pass(profile: str, source: str = "blog", state: Any = "valid", nonce: str = "nonce-1") -> LinkPass:
    """A pass for a profile of a source, valid unless said otherwise."""
    return LinkPass(state, profile, source, nonce, NOW + 5 * MINUTE)


def referral(profile: str, **given: Any) -> Referral:
    """A link from a page of the blog to a page of the shop, signed for this profile, unless said otherwise."""
    defaults = {
        "source_id": "blog",
        "link_pass": link_pass(profile),
        "referrer_host": "blog.example",
        "landing_host": "shop.example",
    }
    return Referral(profile, **(defaults | given))


def told(steps: Iterable[Step]) -> list[str]:
    """The steps as short sentences, so that a table of cases can be read; what was only counted is no part."""
    return [_told(step) for step in steps if not isinstance(step, CountRepeats | CountHandOver)]


def _told(step: Step) -> str:  # noqa: C901 - one line for each kind of step
    match step:
        case CreateProfile():
            return f"create {step.id}"
        case TouchProfile():
            return f"touch {step.id}"
        case AddAlias():
            return f"alias {step.id} -> {step.profile_id}"
        case MergeProfiles():
            return f"merge {step.loser} -> {step.survivor}"
        case ClaimIdentity():
            return f"claim {step.kind} {step.hash} for {step.profile_id}"
        case Identify():
            return f"identify {step.profile_id}"
        case SetTraits():
            return f"traits of {step.profile_id}: {dict(step.traits)}"
        case SpendPass():
            return f"spend {step.nonce} on {step.source_id}"
        case OpenSession():
            stands_for = "" if step.client_id == step.id else f" standing for {step.client_id}"
            return f"open {step.id} of {step.profile_id}{stands_for}"
        case ContinueSession():
            return f"continue {step.id}"
        case RepointSession():
            return f"repoint {step.id} to {step.profile_id}"
        case StoreEvent():
            return f"store {step.id} in {step.profile_id}, {step.session_id}"
        case Quarantine():
            return f"quarantine {step.id}"
