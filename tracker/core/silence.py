"""Why a request that got a 200 stored nothing, and why a page that has loaded the tracker stays silent."""

from collections.abc import Collection

from tracker.core.model import Payload, Source
from tracker.core.privacy import GPC, NO_CONSENT, objection
from tracker.core.steps import Resolution

PROGRAM = "program"
"""The browser says by its name that a program drives it, as headless ones do."""
DROPPED = {
    "gpc": (
        "{sender} sent events of a browser that sends Global Privacy Control.",
        "Nothing of them was stored. Try it with a browser that does not, or let this source record them too.",
    ),
    "dnt": (
        "{sender} sent events of a browser that sends Do Not Track.",
        "Nothing of them was stored. Try it with a browser that does not, or let this source record them too.",
    ),
    "no-consent": (
        "{sender} sent events without the consent that this source needs.",
        "They were not stored. Once the visitor agrees, let the page call tracker.consent().",
    ),
    "not-saved": (
        "{sender} sent events that are not to be stored.",
        "They carry saveEvent: false, or saveEvents: false, among their options.",
    ),
    "repeated": (
        "{sender} sent events that are known already.",
        "An event is stored once under its id; a new event needs a new id.",
    ),
}
"""What happened and what to do about it, by the reason for which events were dropped."""
SILENT = {
    "gpc": "This browser sends Global Privacy Control, so the tracker sends nothing. Try it with a browser that does "
    "not, or let this source record such visitors too.",
    "dnt": "This browser sends Do Not Track, so the tracker sends nothing. Try it with a browser that does not, or let "
    "this source record such visitors too.",
    PROGRAM: "A program drives this browser, so the tracker sends nothing: such browsers set navigator.webdriver. Open "
    "the page yourself, or let this source track automated browsers (trackBots).",
}
"""Why a page is silent that has loaded the tracker, by what its request for the script says."""


def dropped(payload: Payload, source: Source, resolution: Resolution) -> str | None:
    """Return the reason for which events of a payload were not stored, a key of ``DROPPED``; None where all were."""
    fates = {fate for _, fate in resolution.fates}
    if "not-saved" in fates:
        said = objection(source, gpc=payload.gpc, dnt=payload.dnt)
        if said is not None:
            return "gpc" if said == GPC else "dnt"
        return "no-consent" if NO_CONSENT in resolution.warnings else "not-saved"
    return "repeated" if fates == {"duplicate"} else None


def silent(source: Source, *, gpc: bool, dnt: bool, is_program: bool) -> str:
    """Return why a browser that asks for the script will send nothing, a key of ``SILENT``; empty where it will."""
    said = objection(source, gpc=gpc, dnt=dnt)
    if said is not None:
        return "gpc" if said == GPC else "dnt"
    return PROGRAM if is_program and source.settings.get("trackBots") is not True else ""


def is_fault(reason: str, harmless: Collection[str] = (*DROPPED, "script-loaded")) -> bool:
    """Return whether something is wrong where a request ended in this way; not where a rule was kept."""
    return reason not in harmless
