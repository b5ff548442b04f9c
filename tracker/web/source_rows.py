"""The rows of a source's form, an event of a page load or a trigger each: as text, and as what the source keeps."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from tracker.core import auto_rules

Row = dict[str, str]
Problems = dict[str, str]

MOST_ROWS = 100
EVENT_PARTS = ("type", "properties", "options")
TRIGGER_PARTS = ("trigger", "by", "target", "event", "properties", "options")
BY = {"tag": "Tag", "selector": "CSS selector"}
BLANK_EVENT: Row = dict.fromkeys(EVENT_PARTS, "")
BLANK_TRIGGER: Row = dict.fromkeys(TRIGGER_PARTS, "") | {"by": "tag"}

_FIELD = re.compile(r"(event|trigger)-(\d{1,4})-[a-z]+")


def rows_of(given: Mapping[str, str], noun: str, parts: Iterable[str]) -> list[Row]:
    """Return the rows of a sent form, in their order."""
    found = {int(match[2]) for name in given if (match := _FIELD.fullmatch(name)) and match[1] == noun}
    return [{part: given.get(f"{noun}-{place}-{part}", "") for part in parts} for place in sorted(found)[:MOST_ROWS]]


def event_row(event: Any) -> Row:
    """Return an event of a page load as its row shows it."""
    event_type, properties, options = (*event, {}, {}, {})[:3]
    return {"type": str(event_type), "properties": _text(properties), "options": _text(options)}


def trigger_row(trigger: Mapping[str, Any]) -> Row:
    """Return a trigger as its row shows it; what has no field of its own is among the options."""
    data = trigger.get("data")
    data = dict(data) if isinstance(data, Mapping) else {}
    by = "selector" if "selector" in trigger and "tag" not in trigger else "tag"
    event, properties = data.pop("event", ""), data.pop("properties", None)
    others = {name: value for name, value in trigger.items() if name not in ("trigger", "data", by)}
    return {
        "trigger": str(trigger.get("trigger", "")),
        "by": by,
        "target": str(trigger.get(by, "")),
        "event": str(event),
        "properties": _text(properties),
        "options": _text(others | ({"data": data} if data else {})),
    }


def events(rows: Iterable[Row], problems: Problems) -> list[list[Any]]:
    """Return what the rows mean, but for blank and wrong ones, and note what is wrong, by field."""
    found = []
    for place, row in enumerate(rows):
        if not any(map(str.strip, row.values())):
            continue
        note = _noter(problems, f"event-{place}")
        properties, options = (_object(row[part], note, part) for part in ("properties", "options"))
        if problem := auto_rules.type_problem(row["type"]):
            note("type", problem)
        if not _wrong(problems, f"event-{place}"):
            found.append([row["type"].strip(), properties, *([options] if options else [])])
    return found


def triggers(rows: Iterable[Row], problems: Problems) -> list[dict[str, Any]]:
    """Return what the rows mean, but for blank and wrong ones, and note what is wrong, by field."""
    found = []
    for place, row in enumerate(rows):
        if not any(text.strip() for part, text in row.items() if part != "by"):
            continue
        note = _noter(problems, f"trigger-{place}")
        properties, options = (_object(row[part], note, part) for part in ("properties", "options"))
        trigger = _trigger(row, properties, options)
        for part, problem in auto_rules.trigger_problems(trigger).items():
            note(part, problem)
        if not _wrong(problems, f"trigger-{place}"):
            found.append(trigger)
    return found


def _trigger(row: Row, properties: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    extra = options.get("data")
    data = (extra if isinstance(extra, dict) else {}) | {"event": row["event"].strip()}
    by, target = row["by"] if row["by"] in BY else "tag", row["target"].strip()
    # What has a field of its own is said there; the options cannot take it back.
    own = {"trigger": row["trigger"], "data": data | ({"properties": properties} if properties else {})}
    return ({by: target} if target else {}) | {name: value for name, value in options.items() if name != by} | own


def json_object(text: str) -> dict[str, Any]:
    """Return the object that a text is, empty for no text; ValueError says what is wrong with it."""
    try:
        found = orjson.loads(text) if text.strip() else {}
    except orjson.JSONDecodeError as error:
        raise ValueError(f"This is not JSON: {error.msg}, at line {error.lineno}, column {error.colno}.") from error
    if problem := auto_rules.object_problem(found):
        raise ValueError(problem)
    return found or {}


def pretty(value: Any) -> str:
    """Return JSON as people read it."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _noter(problems: Problems, row: str) -> Callable[[str, str], None]:
    def note(part: str, problem: str) -> None:
        problems.setdefault(f"{row}-{part}", problem)

    return note


def _wrong(problems: Problems, row: str) -> bool:
    return any(name.startswith(f"{row}-") for name in problems)


def _object(text: str, note: Callable[[str, str], None], part: str) -> dict[str, Any]:
    try:
        return json_object(text)
    except ValueError as error:
        note(part, str(error))
        return {}


def _text(value: Any) -> str:
    return orjson.dumps(value).decode() if value else ""
