"""The form of a source: what was typed, the source that it means, and what is wrong, by field."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from tracker.core import auto_rules
from tracker.core.model import Json, Source
from tracker.store import sources

SWITCHES = {
    "spa": "The page changes its address without loading (single-page application)",
    "passSession": "Let a visit go on across domains",
    "respectDoNotTrack": "Leave alone visitors who send Do Not Track",
    "trackOutboundLinks": "Record links to other hosts",
    "trackDownloads": "Record downloads",
    "trackEngagement": "Record how long pages are looked at",
    "trackErrors": "Record script errors",
    "trackWebVitals": "Record web vitals",
}
"""Settings that are on or off, with what the form calls them; all others are typed as JSON."""

_LISTS = ("origins", "domains", "links")
_PLAIN = ("id", "name", "kind", "referrals", "identify")


@dataclass(frozen=True, slots=True)
class SourceForm:
    """What stands in the fields, as text, the switches that are on, and the problems by field."""

    typed: Mapping[str, str]
    on: frozenset[str]
    problems: Mapping[str, str] = field(default_factory=dict)


def form_of(source: Source) -> SourceForm:
    """Return the form as it stands for a source."""
    on = frozenset(name for name in SWITCHES if source.settings.get(name) is True)
    others = {name: value for name, value in source.settings.items() if name not in on}
    triggers = source.auto.get("triggers")
    typed = {name: str(getattr(source, name)) for name in _PLAIN}
    typed |= {name: "\n".join(getattr(source, name)) for name in _LISTS}
    typed["events"] = "\n".join(_line(event) for event in source.auto.get("events") or ())
    typed["triggers"] = _pretty(triggers) if triggers else ""
    typed["settings"] = _pretty(others) if others else ""
    return SourceForm(typed, on)


def read(given: Mapping[str, str], before: Source) -> tuple[Source, SourceForm]:
    """Return the source that the form means, ``before`` in the fields it lacks, and the form with its problems."""
    typed = {name: given.get(name, "") for name in (*_PLAIN, *_LISTS, "events", "triggers", "settings")}
    on = frozenset(name for name in SWITCHES if given.get(f"switch-{name}"))
    problems: dict[str, str] = {}
    events = _read("events", _events, typed, problems)
    triggers = _read("triggers", _triggers, typed, problems)
    others = _read("settings", _settings, typed, problems)
    plain: dict[str, Any] = {name: typed[name] for name in _PLAIN if given.get(name) is not None}
    lists: dict[str, Any] = {name: tuple(filter(None, map(str.strip, typed[name].splitlines()))) for name in _LISTS}
    meant = replace(
        before,
        **plain,
        **lists,
        auto={**before.auto, "events": events or [], "triggers": triggers or []},
        settings={**(others or {}), **dict.fromkeys(sorted(on), True)},
    )
    return meant, SourceForm(typed, on, sources.problems(meant) | problems)


def _read(name: str, reader: Any, typed: Mapping[str, str], problems: dict[str, str]) -> Any:
    try:
        return reader(typed[name])
    except ValueError as error:
        problems[name] = str(error)
        return None


def _events(text: str) -> list[list[Any]]:
    """Return the events of a page load: a line each, the type and then, if there are any, its properties as JSON."""
    found: list[list[Any]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, brace, rest = line.partition("{")
        properties = _json(brace + rest, f"Line {number}: what follows the type") if brace else {}
        found.append([name.strip(), properties])
    auto_rules.events(found)
    return found


def _triggers(text: str) -> list[Any]:
    found = _json(text, "This") if text.strip() else []
    if not isinstance(found, list):
        raise ValueError("Triggers are a list: [{…}, {…}]")
    auto_rules.triggers(found)
    return found


def _settings(text: str) -> Json:
    found = _json(text, "This") if text.strip() else {}
    if not isinstance(found, dict):
        raise ValueError('Settings are an object: {"linkPosition": "hash"}')
    return found


def _json(text: str, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"{what} is not JSON: {error.msg}, at line {error.lineno}, column {error.colno}.") from error


def _line(event: Any) -> str:
    name, properties = (*event, {}, {})[:2]
    return f"{name} {orjson.dumps(properties).decode()}" if properties else str(name)


def _pretty(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
