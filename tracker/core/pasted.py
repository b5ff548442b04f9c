"""What a pasted snippet says: an original Tracardi one, one of ours, or the configuration alone."""

import html
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tracker.core.auto_rules import event_problems
from tracker.core.literals import Code, Unreadable, read_literal
from tracker.core.plurals import counted
from tracker.core.urls import split_url

LONGEST = 64 * 1024

_SECTIONS = ("url", "source", "auto", "settings")
_OPTIONS = re.compile(r"\boptions\s*=\s*(?=\{)")
_TRACKER = re.compile(r"[\"']?\btracker[\"']?\s*:\s*(?=\{)")
_ALONE = re.compile(r"\s*(?=\{)")
_SCRIPT_URL = re.compile(r"[\"'](?P<url>[^\"'\s]{0,2000}/tracker\?[^\"'\s]{0,2000})[\"']")
_STAYS = {
    "window.onTracardiReady": re.compile(r"\bonTracardiReady\s*\.\s*bind\b"),
    "window.response.context": re.compile(r"\bresponse\s*\.\s*context\b"),
    "helpers": re.compile(r"\bhelpers\s*\.\s*(?:onClick|addListener|track)\b"),
}
_CALLS = re.compile(r"\btracker\s*\.\s*(?:track|identify)\s*\(")
_SCHEME = re.compile(r"^(?:https?:)?//")
_PLACEHOLDER = re.compile(r"<.*>|\s*|SOURCE[-_ ]ID", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Imported:
    """What a form may take over, and a sentence for all that it cannot."""

    source_id: str = ""
    links: tuple[str, ...] = ()
    events: tuple[list[Any], ...] = ()
    triggers: tuple[dict[str, Any], ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    left: tuple[str, ...] = ()

    @property
    def taken(self) -> dict[str, int]:
        """How many of each were found."""
        counts = {
            "source id": int(bool(self.source_id)),
            "event": len(self.events),
            "trigger": len(self.triggers),
            "setting": len(self.settings),
            "linked domain": len(self.links),
        }
        return {noun: count for noun, count in counts.items() if count}


def imported(text: str, here: Collection[str] = ()) -> Imported:
    """Return what a pasted text configures; ValueError where it holds no configuration that could be found.

    ``here`` are the addresses that this collector is reached at.
    """
    if len(text) > LONGEST:
        raise ValueError("This is too long; paste the snippet alone, without the page around it.")
    found = _configuration(text)
    if found is None:
        return _by_address(text)
    # What stands first and is an object wins: where brackets are missing, the text behind may look like more of it.
    sections, left = dict(sorted(_sections(found[0]), key=_rank, reverse=True)), [*_missing_brackets(found[1])]
    settings, links = _settings(_plain(sections.get("settings"), "settings", left), left)
    auto = _plain(sections.get("auto"), "auto", left)
    return Imported(
        source_id=_source_id(sections.get("source"), left),
        links=links,
        events=tuple(_events(auto.pop("events", None), left)),
        triggers=tuple(_triggers(auto.pop("triggers", None), left)),
        settings=settings,
        left=(*left, *_addresses(sections.get("url"), here), *_unknown(auto), *_others(found[0]), *_stays(text)),
    )


def _configuration(text: str) -> tuple[dict[str, Any], bool] | None:
    """Return the options of the page, however they are written, and whether brackets were missing."""
    for pattern, name in ((_OPTIONS, ""), (_TRACKER, "tracker"), (_ALONE, "")):
        found = pattern.match(text) if pattern is _ALONE else pattern.search(text)
        if found is None:
            continue
        try:
            options, mended = read_literal(text, found.end())
        except Unreadable as error:
            raise ValueError(str(error)) from error
        return ({name: options} if name else options), mended
    return None


def _by_address(text: str) -> Imported:
    """Return the source that a script's address names: its configuration is at the collector it comes from."""
    found = _SCRIPT_URL.search(text)
    query = parse_qs(split_url(html.unescape(found["url"])).query) if found else {}
    if not query.get("source_id"):
        raise ValueError(
            "There is no configuration in this. Paste the script element with const options = {…}, or the one whose "
            "address has source_id= in it."
        )
    note = "The configuration of this source is kept by its collector and not in the page; only the id is here."
    return Imported(source_id=query["source_id"][0].strip(), left=(note, *_stays(text)))


def _sections(options: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the parts that we know, also where a missing bracket has put one into another."""
    for name, value in options.items():
        if name in _SECTIONS:
            yield name, value
        if isinstance(value, dict) and name in (*_SECTIONS, "tracker", "listeners"):
            yield from _sections(value)


def _rank(section: tuple[str, Any]) -> bool:
    return not isinstance(section[1], dict)


def _plain(section: object, name: str, left: list[str]) -> dict[str, Any]:
    """Return a section without the others that a missing bracket has put into it, and without code."""
    if isinstance(section, dict):
        return {key: value for key, value in section.items() if key not in _SECTIONS}
    if section is not None:
        left.append(f"{name} is not written out here.")
    return {}


def _missing_brackets(mended: bool) -> Iterator[str]:
    if mended:
        yield "Some brackets or commas are missing in it; look through what was taken over."


def _source_id(section: object, left: list[str]) -> str:
    given = section.get("id") if isinstance(section, dict) else None
    if isinstance(given, str) and not _PLACEHOLDER.fullmatch(given):
        return given.strip()
    left.append("It names no source; the id here stays as it is.")
    return ""


def _settings(given: dict[str, Any], left: list[str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    domains = given.pop("trackExternalLinks", None) or []
    links = [one.strip() for one in domains if isinstance(one, str)] if isinstance(domains, list) else []
    if not isinstance(domains, list) or len(links) < len(domains):
        left.append("trackExternalLinks is not a list of host names.")
    settings = {name: value for name, value in given.items() if not _holds_code(value)}
    left.extend(f"settings.{name} is code and stays in the page." for name in given.keys() - settings.keys())
    return settings, tuple(filter(None, links))


def _events(given: object, left: list[str]) -> Iterator[list[Any]]:
    for number, event in enumerate(_list(given, "events", left), 1):
        if problem := next(event_problems(event), None) or (_holds_code(event) and "It holds code.") or None:
            left.append(f"Event {number} of a page load: {problem}")
        else:
            yield list(event)


def _triggers(given: object, left: list[str]) -> Iterator[dict[str, Any]]:
    for number, trigger in enumerate(_list(given, "triggers", left), 1):
        if isinstance(trigger, dict) and not _holds_code(trigger):
            yield trigger
        else:
            left.append(f"Trigger {number} is not written out as an object.")


def _list(given: object, name: str, left: list[str]) -> list[Any]:
    if isinstance(given, list):
        return given
    if given is not None:
        left.append(f"auto.{name} is not written out as a list.")
    return []


def _holds_code(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_code, value.values()))
    return any(map(_holds_code, value)) if isinstance(value, list) else isinstance(value, Code)


def _addresses(section: object, here: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each address of another collector; with that of this one nothing changes."""
    given = section if isinstance(section, dict) else {}
    own = {_place(address) for address in here}
    for name in ("script", "api"):
        if isinstance(given.get(name), str) and given[name] and not _place(given[name]).startswith(tuple(own)):
            yield f"url.{name} is {given[name][:200]}; the snippet from here names this collector instead."


def _place(address: str) -> str:
    """Return an address without its scheme, which pages may leave out, and with a slash at its end."""
    return _SCHEME.sub("", address.strip().lower()).partition("?")[0].rstrip("/") + "/"


def _unknown(auto: Mapping[str, Any]) -> Iterator[str]:
    for name in auto:
        yield f"auto.{name[:64]} is not known here."


def _others(options: Mapping[str, Any]) -> Iterator[str]:
    """Yield what of the page's options belongs to the page: listeners, and what nobody here has heard of."""
    for name, value in options.items():
        if name in ("tracker", *_SECTIONS):
            yield from _others(value) if isinstance(value, dict) and name == "tracker" else ()
        elif name == "listeners":
            yield "listeners go on working and stay in the page."
        else:
            yield f"{name[:64]} is not known here."


def _stays(text: str) -> Iterator[str]:
    if calls := len(_CALLS.findall(text)):
        yield f"{counted(calls, 'call')} of the tracker: such code goes on working and stays in the page."
    for name, pattern in _STAYS.items():
        if pattern.search(text):
            yield f"What is done with {name} goes on working and stays in the page."
