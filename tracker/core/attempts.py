"""What was sent and not taken, for who waits for a first event: why, and what to do about it."""

from contextlib import suppress
from dataclasses import dataclass

from tracker.core import origins
from tracker.core.model import Micros, Source
from tracker.core.refusal import (
    DiskLow,
    InvalidSource,
    Malformed,
    OverQuota,
    Refusal,
    TooLarge,
    TooMany,
    UnsupportedMedia,
)
from tracker.core.silence import DROPPED, SILENT

SCRIPT_LOADED = "script-loaded"
LONGEST = 256
LIKE_UNKNOWN = frozenset({"unknown-source", "disabled", "wrong-origin", "wrong-secret"})
"""Reasons that are answered in one way, so that nobody is told which it was."""

_REASONS: dict[type[Refusal], str] = {
    Malformed: "malformed",
    TooLarge: "too-large",
    UnsupportedMedia: "unsupported-media",
    TooMany: "too-many",
    OverQuota: "over-quota",
    DiskLow: "disk-low",
}


_TEXTS = DROPPED | {
    "unknown-source": (
        "{sender} sent for the source “{named}”, which there is not.",
        "If that is your page, put the id of this source into it: {id}",
    ),
    "disabled": ("{sender} sent, but this source is disabled.", "Enable it on this page."),
    "wrong-origin": (
        "{sender} is not among the origins that may send.",
        "They are {allowed}. If this is your page, add its origin, with scheme and port.",
    ),
    "wrong-secret": (
        "A request came without this source's secret.",
        "Send it as Authorization: Bearer …; a lost one can be replaced on this page.",
    ),
    "too-large": ("{sender} sent more than 1 MiB at once.", "Send fewer events at once."),
    "unsupported-media": (
        "{sender} sent something other than plain JSON.",
        "Send application/json or text/plain in UTF-8, not compressed.",
    ),
    "too-many": (
        "{sender} sends more than the rate limit allows.",
        "Behind a proxy, name it in TRUSTED_PROXIES: without that all visitors share one limit.",
    ),
    "over-quota": (
        "{sender} sent events after the source had used up its quota.",
        "The tracker sends them again later; the quota is a setting of the source, or QUOTA of the server.",
    ),
    "disk-low": (
        "{sender} sent events, but the disk of the server is nearly full.",
        "Nothing is stored until there is room; the tracker sends them again later.",
    ),
    "malformed": ("{sender} sent a payload of the wrong shape.", "{detail}"),
}
"""What has happened and what to do about it, by the reason; what stands in braces is put in."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request that was turned away, or that shows how far a page has come: never what it said."""

    id: str
    at: Micros
    source_id: str
    reason: str
    origin: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """What has happened, in a line, and what to do about it."""

    title: str
    remedy: str


def reason_of(refusal: Refusal, source: Source | None, origin: str | None) -> str | None:
    """Return why a request was refused in a word; None where that is not the sender's affair."""
    if not isinstance(refusal, InvalidSource):
        return _REASONS.get(type(refusal))
    if source is None:
        return "unknown-source"
    if not source.enabled:
        return "disabled"
    if source.origins and origin is not None and origin not in source.origins:
        return "wrong-origin"
    return "wrong-secret" if source.kind == "server" else "wrong-origin"


def detail_of(refusal: Refusal) -> str:
    """Return where a payload is malformed and how, which holds nothing of what it said; empty for other refusals."""
    if not isinstance(refusal, Malformed) or not refusal.problems:
        return ""
    first = refusal.problems[0]
    place = ".".join(str(part) for part in first.loc if part != "body")
    return f"{place}: {first.msg}"[:LONGEST]


def origin_of(url: str) -> str:
    """Return the origin of a page's address, empty where it has none."""
    with suppress(ValueError):
        return origins.origin("/".join(url.split("/", 3)[:3]))
    return ""


def concerns(attempt: Attempt, source_id: str) -> bool:
    """Return True where somebody who waits for that source should know: it is meant, or could have been."""
    return attempt.source_id in (source_id, "") or attempt.reason == "unknown-source"


def advice(reason: str, source: Source, *, named: str = "", origin: str = "", detail: str = "") -> Advice:
    """Return what to tell who waits for an event of this source."""
    if reason not in _TEXTS:
        return _loaded(source, origin, detail)
    sender, allowed = origin or "A request without an origin", ", ".join(source.origins)
    title, remedy = _TEXTS[reason]
    told = {
        "sender": sender,
        "named": named,
        "id": source.id,
        "allowed": allowed,
        "detail": detail or "See docs/api.md.",
    }
    return Advice(title.format(**told), remedy.format(**told))


def _loaded(source: Source, origin: str, why_silent: str) -> Advice:
    title = f"{origin or 'A page'} has loaded the tracker."
    if why_silent in SILENT:
        return Advice(title, SILENT[why_silent])
    if consent := source.settings.get("requireConsent"):
        name = consent if isinstance(consent, str) else "name"
        return Advice(title, f"Nothing is sent before the visitor agrees: tracker.consent({{{name}: true}}).")
    if not source.auto.get("events"):
        return Advice(title, "It records nothing by itself: call tracker.track, or add an event of a page load.")
    return Advice(
        title,
        "If no event follows: the browser asks not to be tracked (Global Privacy Control, or Do Not Track where "
        "respectDoNotTrack is on), is driven by a program, or has opted out; the page is loaded ahead and not looked "
        "at yet; a blocker is in the way, or the page's Content-Security-Policy lacks this collector in connect-src. "
        "tracker.debug(true) on the page's console says which.",
    )
