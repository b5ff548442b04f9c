"""What a decision would write, for who tries a payload out: names and ids, and nothing of what it says."""

from collections.abc import Collection, Iterable
from typing import Any

from tracker.core import steps
from tracker.core.model import Payload
from tracker.core.steps import NoteType, Resolution, Step, UseType

_TOLD: dict[type[Any], tuple[str, tuple[str, ...]]] = {
    steps.CreateProfile: ("create-profile", ("id",)),
    steps.TouchProfile: ("touch-profile", ("id",)),
    steps.AddAlias: ("add-id", ("id", "profile_id")),
    steps.MergeProfiles: ("merge-profiles", ("loser", "survivor", "reason")),
    steps.ClaimIdentity: ("claim-identity", ("kind", "profile_id")),
    steps.Identify: ("identify-profile", ("profile_id",)),
    steps.SetTraits: ("set-traits", ("profile_id",)),
    steps.SetConsents: ("set-consents", ("profile_id",)),
    steps.SpendPass: ("spend-pass", ("source_id",)),
    steps.OpenSession: ("open-session", ("id", "client_id", "profile_id")),
    steps.ContinueSession: ("continue-session", ("id",)),
    steps.RepointSession: ("repoint-session", ("id", "profile_id")),
    steps.StoreEvent: ("store-event", ("id", "profile_id", "session_id")),
    steps.Quarantine: ("quarantine-event", ("id", "reason")),
    steps.NoteType: ("note-event-type", ("type",)),
    steps.UseType: ("use-event-type", ("type",)),
    steps.CountRepeats: ("count-repeats", ("events",)),
    steps.CountHandOver: ("count-hand-over", ("origin", "outcome")),
}


_IDS = ("id", "profile_id", "session_id", "client_id", "loser", "survivor")


def explained(resolution: Resolution, payload: Payload, *, trusted: bool) -> dict[str, Any]:
    """Return the answer that the payload would get, the fate of each event, and under ``would`` each step in order.

    A sender that is not trusted is told no more than a real request tells: ids that it has sent itself or that the
    answer names, and not which types of event its source has had.
    """
    fates = [{"id": event_id, "fate": fate} for event_id, fate in resolution.fates]
    steps: Iterable[Step] = resolution.steps
    known = None
    if not trusted:
        steps = (step for step in steps if not isinstance(step, (NoteType, UseType)))
        known = _ids_of(payload) | {resolution.profile_id, resolution.session_id, *dict(resolution.fates)}
    return resolution.reply() | {"events": fates, "dry_run": True, "would": [_told(step, known) for step in steps]}


def _ids_of(payload: Payload) -> set[str | None]:
    handed = payload.referral
    sent = {payload.profile_id, payload.session_id, *payload.profile_ids, *(event.id for event in payload.events)}
    return sent | ({handed.profile_id, handed.session_id} if handed else set())


def _told(step: Step, known: Collection[str | None] | None) -> dict[str, Any]:
    """Return what a step does; where ``known`` says which ids the sender knows, without all others."""
    name, fields = _TOLD[type(step)]
    said = {field: getattr(step, field) for field in fields}
    if known is not None:
        said = {field: value for field, value in said.items() if field not in _IDS or value in known}
    told = {"do": name} | {field.removesuffix("_id"): value for field, value in said.items()}
    if isinstance(step, steps.StoreEvent):
        told["type"] = step.event.type
    if isinstance(step, steps.SetTraits):
        told["names"] = sorted(step.traits)
    if isinstance(step, steps.SetConsents):
        told["names"] = sorted(step.consents)
    return told
