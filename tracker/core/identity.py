"""Who a visitor says to be: which claims are believed, and what comes of them (protocol §6)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tracker.core.case import Case, live_now, weight_now
from tracker.core.claims import named
from tracker.core.identity_keys import UNVERIFIED
from tracker.core.model import Claim, IdentityKey, Profile
from tracker.core.person_limits import fits, fitting
from tracker.core.steps import ClaimIdentity, Identify, MergeProfiles, SetTraits

Key = tuple[str, str]
"""(kind, keyed hash)."""
MOST_IDENTITIES = 20
"""A person has a few addresses and numbers; without a bound, an open source could pile them up on one profile."""
MOST_MERGES = 10
MERGES_WITHIN = 60 * 60 * 1_000_000
"""More devices than that do not sign in as one person within an hour; whoever claims one address that often lies."""
_OFF = "identify is switched off for this source; the events were stored and nothing else."
_UNSIGNED = "What an identify event says is not signed; it was kept as unverified traits and merged nothing."
_TWO_PEOPLE = "An identify event names two different people; only the first one named was identified."
_SOMEBODY_ELSE = "This visitor was identified as somebody else before; the two profiles were not merged."
_CROWD = "Too many profiles claim to be one person; no more are merged for an hour."
_NOT_SAVED = "An identify event with saveProfile false says nothing about the profile; what it says was not kept."
_TOO_MUCH = "The two profiles hold more ids or traits than one may; they were not merged."
_ANOTHERS = "An identify event names what belongs to somebody else and leads there still; kept as a trait alone: {}."
_FULL = "This profile has as many user ids, e-mail addresses and phone numbers as one may have."


@dataclass(slots=True)
class Person:
    """Who the claims of one payload name, as far as they are believed, and what is said of that person."""

    keys: list[IdentityKey] = field(default_factory=list)
    said: dict[str, Any] = field(default_factory=dict)
    unverified: dict[str, Any] = field(default_factory=dict)


def person_named(case: Case) -> Person | None:
    """Return who the payload's claims name, with a warning for each that is not believed; None where none counts."""
    claims = [claim for claim in case.payload.claims if _counts(case, claim)]
    if not claims:
        return None
    if case.source.identify == "off":
        case.warnings.append(_OFF)
        return None
    person = Person()
    for claim in claims:
        _take(case, claim, person)
    return person


def note_unsaved(case: Case) -> None:
    """Warn where the event of a claim saves no profile, so that what it says about the profile is not kept."""
    if any(not case.payload.events[claim.position].options.save_profile for claim in case.payload.claims):
        case.warnings.append(_NOT_SAVED)


def _counts(case: Case, claim: Claim) -> bool:
    """Return False for a claim of an event that is kept out, that saves no profile, or that was erased."""
    event = case.payload.events[claim.position]
    erased = event.id is not None and (case.source.id, event.id) in case.known.forgotten
    return event.fault is None and event.options.save_profile and not erased


def _take(case: Case, claim: Claim, person: Person) -> None:
    """Add what one claim says to the person, as far as it is believed."""
    case.warnings += claim.problems
    everything = claim.whole or case.source.trusted or case.source.identify == "open"
    believed = [key for key in claim.keys if everything or (claim.signed and key.kind == "user_id")]
    if not everything and not claim.signed:
        if said := dict(claim.traits) | _values(claim.keys):
            case.warnings.append(_UNSIGNED)
            person.unverified |= said
        return
    if _differ(_hashed(believed), _hashed(person.keys)):
        case.warnings.append(_TWO_PEOPLE)
        return
    person.keys += [key for key in believed if key not in person.keys]
    person.said |= (dict(claim.traits) if everything else {}) | _values(believed)
    if not everything:
        # The signature is over the user id alone: what came along with it is what a browser says.
        person.unverified |= dict(claim.traits) | _values(key for key in claim.keys if key not in believed)


def _values(keys: Iterable[IdentityKey]) -> dict[str, Any]:
    return {key.kind: key.value for key in keys}


def _hashed(keys: Iterable[IdentityKey]) -> set[Key]:
    return {(key.kind, hashed) for key in keys for hashed in key.hashes}


def _differ(one: set[Key], other: set[Key]) -> bool:
    """Return True for the keys of two different people: two user ids, or nothing in common and two of one kind."""
    users, others = ({key for key in keys if key[0] == "user_id"} for keys in (one, other))
    if users and others:
        return not users & others
    return not one & other and bool({kind for kind, _ in one} & {kind for kind, _ in other})


def recognised(case: Case, person: Person, here: Profile | None) -> Profile | None:
    """Return the profile of the person named: known already, the one here, or None where a new one is to be made."""
    if not person.keys:
        return here
    owner = _owner(case, person)
    if owner is None or owner == here:
        if here is not None and _is_somebody_else(case, person, here):
            case.warnings.append(_SOMEBODY_ELSE)
            return None
        return here
    if here is None:
        return owner
    if here.identified:
        case.warnings.append(_SOMEBODY_ELSE)
        return owner
    if not fits(weight_now(case, owner.id, here.id)):
        case.warnings.append(_TOO_MUCH)
        return owner
    if _is_crowded(case, owner):
        case.warnings.append(_CROWD)
        person.unverified = person.said | person.unverified
        person.keys, person.said = [], {}
        return here
    # A link may have merged two profiles for this payload already, under the one id it was given for that.
    merge_id = (
        f"{case.fresh.merge}+" if any(isinstance(step, MergeProfiles) for step in case.steps) else case.fresh.merge
    )
    note = {"landing_source": case.source.id, "kinds": sorted({key.kind for key in person.keys})}
    case.steps.append(MergeProfiles(merge_id, here.id, owner.id, "identity", case.fresh.now, note))
    return owner


def _owner(case: Case, person: Person) -> Profile | None:
    """Return the live profile that a key belongs to; a user id says more than an address that may be shared."""
    owners = [
        owner
        for key in sorted(person.keys, key=lambda key: key.kind != "user_id")
        if (owner := _owner_of(case, key)) and not _is_somebody_else(case, person, owner)
    ]
    if any(owner != owners[0] for owner in owners):
        case.warnings.append(_TWO_PEOPLE)
    return owners[0] if owners else None


def _owner_of(case: Case, key: IdentityKey) -> Profile | None:
    found = (case.known.identities.get((key.kind, hashed)) for hashed in key.hashes)
    return case.known.live(next(filter(None, found), None))


def _is_anothers(case: Case, key: IdentityKey, profile: Profile) -> bool:
    """Return whether a key belongs to a person other than this profile, this payload's own merges included."""
    owner = _owner_of(case, key)
    return owner is not None and live_now(case, owner.id) != profile.id


def _is_somebody_else(case: Case, person: Person, profile: Profile) -> bool:
    return _differ(_hashed(person.keys), _identities(case, profile.id))


def _identities(case: Case, profile_id: str) -> set[Key]:
    return {key for key, owner in case.known.identities.items() if owner == profile_id}


def _is_crowded(case: Case, owner: Profile) -> bool:
    """Return True where an open source has merged too many profiles into one lately; a proof is not doubted."""
    proven = case.source.trusted or any(claim.signed for claim in case.payload.claims)
    return not proven and case.known.crowds.get(owner.id, 0) >= MOST_MERGES


def note_person(case: Case, person: Person, profile: Profile) -> None:
    """Write the keys of the person named to the profile that was decided on, and what was said of it."""
    mine = _identities(case, profile.id)
    held = len(mine)
    for key in person.keys:
        owner = _owner_of(case, key)
        if (owner is None or owner.id == profile.id) and (key.kind, key.hashes[0]) not in mine:
            # A key known under an older secret alone gets its hash under the present one, and so outlives a rotation.
            if len(mine) >= MOST_IDENTITIES:
                case.warnings.append(_FULL)
                break
            mine.add((key.kind, key.hashes[0]))
            case.steps.append(ClaimIdentity(key.kind, key.hashes[0], profile.id, case.fresh.now, held))
    if others := sorted({key.kind for key in person.keys if _is_anothers(case, key, profile)}):
        case.warnings.append(_ANOTHERS.format(named(others)))
    if person.keys and not profile.identified and mine:
        case.steps.append(Identify(profile.id))
    said = person.said | {f"{UNVERIFIED}:{name}": value for name, value in person.unverified.items()}
    said, left = fitting(weight_now(case, profile.id), said)
    if left:
        case.warnings.append(f"This profile holds as many traits as one may; these were not kept: {named(left)}.")
    if said:
        case.steps.append(SetTraits(profile.id, said, case.fresh.now))
