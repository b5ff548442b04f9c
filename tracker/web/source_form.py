"""The form of a source: what was typed, the source that it means, and what is wrong, by field."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tracker.core.model import Source
from tracker.core.pasted import Imported
from tracker.core.setting_rules import setting_problems
from tracker.core.source_rules import api_url
from tracker.store import sources
from tracker.web import source_settings
from tracker.web.source_rows import (
    BLANK_EVENT,
    BLANK_TRIGGER,
    EVENT_PARTS,
    MOST_ROWS,
    TRIGGER_PARTS,
    Problems,
    Row,
    event_row,
    events,
    json_object,
    pretty,
    rows_of,
    trigger_row,
    triggers,
)
from tracker.web.source_settings import FIELDS, SWITCHES

_LISTS = ("origins", "domains", "links")
_PLAIN = ("id", "name", "kind", "referrals", "identify")


@dataclass(frozen=True, slots=True)
class SourceForm:
    """What stands in the fields, as text, the switches that are on, and the problems by field."""

    typed: Mapping[str, str]
    on: frozenset[str]
    events: tuple[Row, ...] = ()
    triggers: tuple[Row, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return what stands in a field, a row's too."""
        noun, _, rest = name.partition("-")
        place, _, part = rest.partition("-")
        rows = {"event": self.events, "trigger": self.triggers}.get(noun, ())
        return rows[int(place)][part] if rows and place else self.typed.get(name, "")

    def while_typing(self, emptied: Collection[str] = ()) -> "SourceForm":
        """Return the form with the problems of what was typed or emptied; what is still empty is not wrong yet."""
        # An id that was emptied is made up.
        told = {*emptied} - {"id"}
        said = {name: problem for name, problem in self.problems.items() if self.text(name).strip() or name in told}
        return replace(self, problems=said)


def form_of(source: Source, api: str) -> SourceForm:
    """Return the form as it stands for a source."""
    fields, on, others = source_settings.shown(source.settings)
    typed = {name: str(getattr(source, name)) for name in _PLAIN} | fields
    typed |= {name: "\n".join(getattr(source, name)) for name in _LISTS}
    typed |= {"settings": pretty(others) if others else "", "api": api}
    auto = source.auto
    event_rows = tuple(event_row(event) for event in auto.get("events") or ())
    return SourceForm(typed, on, event_rows, tuple(trigger_row(one) for one in auto.get("triggers") or ()))


def read(given: Mapping[str, str], before: Source) -> tuple[Source, SourceForm]:
    """Return the source that the form means, ``before`` in the fields it lacks, and the form with its problems."""
    typed = {name: given.get(name, "") for name in (*_PLAIN, *_LISTS, *FIELDS, "settings", "api", "paste")}
    on = frozenset(name for name in SWITCHES if given.get(f"switch-{name}"))
    event_rows = tuple(rows_of(given, "event", EVENT_PARTS))
    trigger_rows = tuple(rows_of(given, "trigger", TRIGGER_PARTS))
    problems: Problems = {}
    auto = {"events": events(event_rows, problems), "triggers": triggers(trigger_rows, problems)}
    settings = source_settings.meant(typed, on, _settings(typed["settings"], problems), problems)
    plain: dict[str, Any] = {name: typed[name] for name in _PLAIN if given.get(name) is not None}
    lists: dict[str, Any] = {name: tuple(filter(None, map(str.strip, typed[name].splitlines()))) for name in _LISTS}
    meant = replace(before, **plain, **lists, auto={**before.auto, **auto}, settings=settings)
    if problem := _api_problem(typed["api"]):
        problems["api"] = problem
    return meant, SourceForm(typed, on, event_rows, trigger_rows, sources.problems(meant) | problems)


def sound(meant: Source, form: SourceForm) -> Source:
    """Return the source as far as nothing is wrong with it, so that its snippet can be shown."""
    blank: dict[str, Any] = {"settings": {}, "referrals": "signed", **dict.fromkeys(_LISTS, ())}
    return replace(meant, **{name: value for name, value in blank.items() if name in form.problems})


def with_row(form: SourceForm, noun: str) -> SourceForm:
    """Return the form with one more row, as long as there are not too many."""
    if noun == "event":
        return replace(form, events=(*form.events, BLANK_EVENT)[:MOST_ROWS])
    return replace(form, triggers=(*form.triggers, BLANK_TRIGGER)[:MOST_ROWS])


def without_row(given: Mapping[str, str], noun: str, place: int) -> dict[str, str]:
    """Return a sent form without one of its rows."""
    prefix = f"{noun}-{place}-"
    return {name: text for name, text in given.items() if not name.startswith(prefix)}


def filled(form: SourceForm, found: Imported, *, new: bool) -> SourceForm:
    """Return the form with what a snippet says in place of what stood there; what it does not say stays."""
    typed = dict(form.typed)
    if new and found.source_id:
        typed["id"] = found.source_id
    if found.links:
        typed["links"] = "\n".join(found.links)
    on = form.on
    if found.settings:
        typed, on, others = source_settings.pasted(typed, found.settings)
        typed["settings"] = pretty(others) if others else ""
    event_rows = tuple(map(event_row, found.events))[:MOST_ROWS] or form.events
    trigger_rows = tuple(map(trigger_row, found.triggers))[:MOST_ROWS] or form.triggers
    return SourceForm(typed, on, event_rows, trigger_rows)


def sent(form: SourceForm) -> dict[str, str]:
    """Return the form as a browser would send it."""
    rows = {"event": form.events, "trigger": form.triggers}
    cells = {
        f"{noun}-{place}-{part}": text
        for noun, found in rows.items()
        for place, row in enumerate(found)
        for part, text in row.items()
    }
    return {**form.typed, **dict.fromkeys((f"switch-{name}" for name in form.on), "on"), **cells}


def _settings(text: str, problems: Problems) -> dict[str, Any]:
    try:
        found = json_object(text)
    except ValueError as error:
        problems["settings"] = str(error)
        return {}
    if wrong := " ".join(setting_problems(found)):
        problems["settings"] = wrong
    return found


def _api_problem(text: str) -> str | None:
    try:
        api_url(text) if text.strip() else None
    except ValueError as error:
        return str(error)
    return None
