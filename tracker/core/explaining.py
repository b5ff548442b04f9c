"""What a decision would write, for who tries a payload out: names and ids, and nothing of what it says."""

from typing import Any

from tracker.core import steps
from tracker.core.steps import Resolution, Step

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


def explained(resolution: Resolution) -> dict[str, Any]:
    """Return the answer that the payload would get, the fate of each event, and under ``would`` each step in order."""
    fates = [{"id": event_id, "fate": fate} for event_id, fate in resolution.fates]
    return resolution.reply() | {"events": fates, "dry_run": True, "would": [_told(step) for step in resolution.steps]}


def _told(step: Step) -> dict[str, Any]:
    name, fields = _TOLD[type(step)]
    told = {"do": name} | {field.removesuffix("_id"): getattr(step, field) for field in fields}
    if isinstance(step, steps.StoreEvent):
        told["type"] = step.event.type
    if isinstance(step, steps.SetTraits):
        told["names"] = sorted(step.traits)
    if isinstance(step, steps.SetConsents):
        told["names"] = sorted(step.consents)
    return told
