"""What a form may ask a source to record by itself: events of a page load, and triggers (docs/snippet.md)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tracker.core.ids import id_problem
from tracker.core.limits import Limits

ON_ELEMENTS = (
    *("onVisible", "onAppear", "onClick", "onDblClick", "onMouseOver", "onTextSelect", "onFocus", "onChange"),
    *("onSubmit", "onCopy", "onPlay", "onEnded"),
)
ON_PAGES = ("onScroll", "onTimer", "onExitIntent", "onOutbound", "onDownload", "onError", "onLeave")

_OPTIONS = ("threshold", "minTime", "once")
_OF_TRIGGER = frozenset({"trigger", "tag", "selector", "data", *_OPTIONS})


def events(given: Iterable[Any]) -> None:
    """Raise a ValueError that names the first event of a page load that could never be recorded."""
    for number, event in enumerate(given, 1):
        for problem in event_problems(event):
            raise ValueError(f"Event {number}: {problem}")


def triggers(given: Iterable[Any]) -> None:
    """Raise a ValueError that names the first trigger that could never fire."""
    for number, trigger in enumerate(given, 1):
        if not isinstance(trigger, Mapping):
            raise ValueError(f"Trigger {number}: This must be an object.")
        for problem in trigger_problems(trigger).values():
            raise ValueError(f"Trigger {number}: {problem}")


def type_problem(given: object) -> str | None:
    """Return why nothing could ever be recorded under this event type, or None."""
    if not isinstance(given, str):
        return "An event type must be a text."
    problem = id_problem(given.strip(), Limits().id_chars)
    return f"An event type {problem}." if problem else None


def object_problem(given: object) -> str | None:
    """Return why this cannot be the properties or options of an event, or None."""
    fits = given is None or isinstance(given, Mapping)
    return None if fits else 'This must be an object, as in {"category": "laptops"}.'


def event_problems(given: object) -> Iterator[str]:
    """Yield what is wrong with an event of a page load as a page's options hold it."""
    if not isinstance(given, (list, tuple)) or not 1 <= len(given) <= 3:
        yield 'An event is a list, as in ["page-view", {"category": "laptops"}].'
        return
    problems = (type_problem(given[0]), *map(object_problem, given[1:]))
    yield from filter(None, problems)


def trigger_problems(given: Mapping[str, Any]) -> dict[str, str]:
    """Return what would keep a trigger from ever firing, by the part that is to blame."""
    name, data = given.get("trigger"), given.get("data")
    data = data if isinstance(data, Mapping) else {}
    found = {
        "trigger": None if name in ON_ELEMENTS or name in ON_PAGES else "Choose when it fires.",
        "target": _target_problem(name, given),
        "event": type_problem(data.get("event", "")),
        "properties": object_problem(data.get("properties")),
        "options": _options_problem(given, data),
    }
    return {part: text for part, text in found.items() if text}


def _target_problem(name: object, given: Mapping[str, Any]) -> str | None:
    if name not in ON_ELEMENTS or given.get("tag") or given.get("selector"):
        return None
    return f"{name} acts on elements: name their tag, or a selector that finds them."


def _options_problem(given: Mapping[str, Any], data: Mapping[str, Any]) -> str | None:
    unknown = sorted({*given} - _OF_TRIGGER) + sorted({*data} - {"event", "properties"})
    if unknown:
        return f"There is no option {unknown[0]!r}; there are {', '.join(_OPTIONS)}."
    if "tag" in given and "selector" in given:
        return "A trigger has a tag or a selector; it cannot have both."
    if not _is_threshold(given.get("threshold", 0)):
        return "threshold is a number from 0 to 100, or a list of them."
    if not _is_number(given.get("minTime", 0), 86_400):
        return "minTime is a number of seconds."
    return None if isinstance(given.get("once", False), bool) else "once is true or false."


def _is_threshold(given: object) -> bool:
    return all(_is_number(one, 100) for one in (given if isinstance(given, list) else [given]))


def _is_number(given: object, most: int) -> bool:
    return isinstance(given, (int, float)) and not isinstance(given, bool) and 0 <= given <= most
