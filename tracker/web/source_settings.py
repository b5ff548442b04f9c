"""The settings that have a field of their own in a source's form: as it shows them, and as the source keeps them."""

import re
from collections.abc import Mapping
from typing import Any

from tracker.core.keeping import MOST_DAYS, SETTING, own_days
from tracker.core.setting_rules import consent_name
from tracker.web.source_rows import Problems

SWITCHES = {
    "spa": "The page changes its address without loading (single-page application)",
    "passSession": "Let a visit go on across domains",
    "requireReferrer": "Adopt a profile only from a link whose page the browser names",
    "respectDoNotTrack": "Leave alone visitors who send Do Not Track",
    "trackOutboundLinks": "Record links to other hosts",
    "trackDownloads": "Record downloads",
    "trackEngagement": "Record how long pages are looked at",
    "trackErrors": "Record script errors",
    "trackWebVitals": "Record web vitals",
    "trackBots": "Record browsers that a program drives",
    "trackGoogleClientId": "Send Google Analytics' client id along",
}
"""Settings that are on or off, with what the form calls them; all that have no field are typed as JSON."""

CONSENT = {"off": "None", "any": "Any consent", "named": "The one named here"}
GPC = {"on": "Honoured: nothing of theirs is stored", "off": "Not honoured: they are recorded too"}
FIELDS = (SETTING, "requireConsent", "consentName", "respectGPC")
_OF_SETTING = {SETTING: (SETTING,), "requireConsent": ("requireConsent", "consentName"), "respectGPC": ("respectGPC",)}
_UNSAID: Mapping[str, Any] = {SETTING: None, "requireConsent": False, "respectGPC": True}
_DAYS = re.compile(r"\s*[0-9]{1,9}\s*")

Shown = tuple[dict[str, str], frozenset[str], dict[str, Any]]


def shown(settings: Mapping[str, Any]) -> Shown:
    """Return what the fields hold for some settings, the switches that are on, and the settings that no field shows."""
    on = frozenset(name for name in SWITCHES if settings.get(name) is True)
    typed = {SETTING: "", "requireConsent": "off", "consentName": "", "respectGPC": "on"}
    consent = settings.get("requireConsent")
    told = set(on)
    if (days := _sound_days(settings)) is not None:
        typed[SETTING] = str(days)
        told.add(SETTING)
    if consent is True:
        typed["requireConsent"] = "any"
        told.add("requireConsent")
    elif _sound_name(consent):
        typed |= {"requireConsent": "named", "consentName": str(consent)}
        told.add("requireConsent")
    if settings.get("respectGPC") is False:
        typed["respectGPC"] = "off"
        told.add("respectGPC")
    return typed, on, {name: value for name, value in settings.items() if name not in told}


def pasted(before: Mapping[str, str], settings: Mapping[str, Any]) -> Shown:
    """Return the same for settings that are taken over; a field that they say nothing of holds what it held."""
    typed, on, others = shown(settings)
    named = {field for setting, fields in _OF_SETTING.items() if setting in settings for field in fields}
    return {**before, **{field: typed[field] for field in named}}, on, others


def meant(
    typed: Mapping[str, str], on: frozenset[str], others: Mapping[str, Any], problems: Problems
) -> dict[str, Any]:
    """Return the settings that the fields and the JSON beside them mean, and note what is wrong, by field."""
    said = _consent(typed, problems) | _days(typed[SETTING], problems)
    if typed["respectGPC"] == "off":
        said["respectGPC"] = False
    elif typed["respectGPC"] not in ("", "on"):
        problems["respectGPC"] = f"{typed['respectGPC']!r} is not one of {', '.join(GPC)}."
    for name, value in said.items():
        if others.get(name) not in (None, _UNSAID[name], value):
            problems.setdefault("settings", f"{name} has a field of its own, which says something else.")
    return {**others, **dict.fromkeys(sorted(on), True), **said}


def _consent(typed: Mapping[str, str], problems: Problems) -> dict[str, Any]:
    chosen = typed["requireConsent"]
    if chosen in ("", "off"):
        return {}
    if chosen == "any":
        return {"requireConsent": True}
    if chosen != "named":
        problems["requireConsent"] = f"{chosen!r} is not one of {', '.join(CONSENT)}."
        return {}
    try:
        return {"requireConsent": consent_name(typed["consentName"])}
    except ValueError as error:
        problems["consentName"] = str(error)
        return {}


def _days(text: str, problems: Problems) -> dict[str, Any]:
    if not text.strip():
        return {}
    days = int(text) if _DAYS.fullmatch(text) else 0
    if not 1 <= days <= MOST_DAYS:
        problems[SETTING] = f"Write a whole number of days from 1 to {MOST_DAYS}, or nothing."
        return {}
    return {SETTING: days}


def _sound_days(settings: Mapping[str, Any]) -> int | None:
    try:
        return own_days(settings)
    except ValueError:
        return None


def _sound_name(consent: object) -> bool:
    """Return True for the name of a consent that comes back from a field as it was put in."""
    try:
        return isinstance(consent, str) and consent_name(consent) == consent
    except ValueError:
        return False
