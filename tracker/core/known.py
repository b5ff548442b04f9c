"""What the store knows that a batch of payloads asks about, and how it grows as the batch is decided."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tracker.core.event_types import Types, noted
from tracker.core.ids import has_uuid_form
from tracker.core.merging import Trait, combined
from tracker.core.model import Profile, Session, Source, StoredEvent
from tracker.core.person_limits import Weight, joined, with_name, with_said
from tracker.core.steps import (
    AddAlias,
    ClaimIdentity,
    CreateProfile,
    Identify,
    MergeProfiles,
    NoteType,
    OpenSession,
    RepointSession,
    SetConsents,
    SetTraits,
    SpendPass,
    Step,
    StoreEvent,
    UseType,
)


@dataclass(slots=True)
class Known:
    """The working copy of one batch; ``resolve`` only reads it, ``absorb`` alone writes it."""

    sources: dict[str, Source] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    """Any id that names a profile → the live profile's id."""
    profiles: dict[str, Profile] = field(default_factory=dict)
    """Live profiles by their id."""
    sessions: dict[str, list[Session]] = field(default_factory=dict)
    """An id a client may send → the sessions it stands for, the one that carries the id itself first."""
    events: dict[tuple[str, str], StoredEvent] = field(default_factory=dict)
    """(source id, event id) → where that event went."""
    spent: set[tuple[str, str]] = field(default_factory=set)
    """(nonce, landing source id) of link passes that were used."""
    erased: set[str] = field(default_factory=set)
    """Ids of erased profiles: they name nobody, and never become an alias again."""
    identities: dict[tuple[str, str], str] = field(default_factory=dict)
    """(kind, keyed hash) → the live profile's id: what was asked for, and all that the people concerned have."""
    weights: dict[str, Weight] = field(default_factory=dict)
    """Live profiles → what they hold; asked for where a payload may add to that."""
    crowds: dict[str, int] = field(default_factory=dict)
    """Live profiles → how many others were merged into them lately because they claimed to be the same person."""
    consents: dict[str, Mapping[str, Trait]] = field(default_factory=dict)
    """Live profiles → what their visitors agreed to and when; asked for where a source requires consent."""
    types: dict[str, Types] = field(default_factory=dict)
    """Source → the types of event that it has; no source is limited that is not here."""
    forgotten: set[tuple[str, str]] = field(default_factory=set)
    """(source id, event id) of erased events: a late retry does not bring them back."""

    def weight(self, profile_id: str) -> Weight:
        """Return what a live profile holds."""
        return self.weights.get(profile_id) or Weight()

    def live(self, profile_id: str | None) -> Profile | None:
        """Return the live profile that an id names, or None."""
        if profile_id is None:
            return None
        return self.profiles.get(self.aliases.get(profile_id, ""))

    def named(self, source: Source, sent: str | None) -> Profile | None:
        """Return the live profile that an id which a source's client has sent leads to, or None."""
        live = self.live(sent)
        return live if live and sent and leads(sent, live.id, trusted=source.trusted) else None


def leads(sent: str, profile_id: str, *, trusted: bool) -> bool:
    """Return whether an id that names a profile leads to it for who has sent it.

    A backend may name its visitors by ids such as ``cust-1001``. Somebody who tries them out at a page's source must
    not be given those visitors' profiles and passes, so there only the profile's own id and UUIDs count (protocol §4).
    """
    return trusted or sent == profile_id or has_uuid_form(sent)


def absorb(known: Known, steps: Iterable[Step]) -> None:
    """Let what was decided for one payload be known to the payloads after it in the same batch."""
    for step in steps:
        match step:
            # Half of all steps are this one.
            case StoreEvent():
                known.events[step.source_id, step.id] = StoredEvent(step.profile_id, step.session_id)
            case CreateProfile():
                known.profiles[step.id] = Profile(step.id)
                known.aliases[step.id] = step.id
            case AddAlias():
                known.aliases[step.id] = step.profile_id
                known.weights[step.profile_id] = with_name(known.weight(step.profile_id))
            case MergeProfiles():
                _merge(known, step)
            case ClaimIdentity() | Identify() | SetTraits() | SetConsents() | NoteType() | UseType():
                _note(known, step)
            case SpendPass():
                known.spent.add((step.nonce, step.source_id))
            case OpenSession():
                opened = Session(step.id, step.client_id, step.profile_id, step.updated, step.source_id)
                _remember(known, opened)
            case RepointSession():
                _repoint(known, step)
            case _:
                pass


def _note(known: Known, step: ClaimIdentity | Identify | SetTraits | SetConsents | NoteType | UseType) -> None:
    if isinstance(step, ClaimIdentity):
        known.identities[step.kind, step.hash] = step.profile_id
    elif isinstance(step, SetTraits):
        known.weights[step.profile_id] = with_said(known.weight(step.profile_id), step.traits, step.at)
    elif isinstance(step, (NoteType, UseType)):
        known.types[step.source_id] = noted(known.types[step.source_id], step)
    elif isinstance(step, SetConsents):
        said = {name: (value, step.at) for name, value in step.consents.items()}
        known.consents[step.profile_id] = {**known.consents.get(step.profile_id, {}), **said}
    else:
        known.profiles[step.profile_id] = Profile(step.profile_id, identified=True)


def _merge(known: Known, step: MergeProfiles) -> None:
    known.aliases = {
        alias: step.survivor if profile_id == step.loser else profile_id for alias, profile_id in known.aliases.items()
    }
    known.profiles.pop(step.loser, None)
    known.weights[step.survivor] = joined(known.weight(step.survivor), known.weight(step.loser))
    both = (known.consents.pop(step.loser, {}), known.consents.get(step.survivor, {}))
    known.consents[step.survivor] = combined(both)
    if step.reason == "identity":
        known.crowds[step.survivor] = known.crowds.get(step.survivor, 0) + 1


def _remember(known: Known, session: Session) -> None:
    known.sessions.setdefault(session.id, []).insert(0, session)
    if session.client_id != session.id:
        known.sessions.setdefault(session.client_id, []).append(session)


def _repoint(known: Known, step: RepointSession) -> None:
    for key, rows in known.sessions.items():
        known.sessions[key] = [
            row._replace(profile_id=step.profile_id, client_id=step.client_id) if row.id == step.id else row
            for row in rows
            if row.id != step.id or key in (step.id, step.client_id)
        ]
