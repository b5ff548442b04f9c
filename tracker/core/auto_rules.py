"""What a form may ask a source to record by itself: events of a page load, and triggers (docs/snippet.md)."""

from collections.abc import Iterable, Mapping
from typing import Any

from tracker.core.ids import id_problem
from tracker.core.limits import Limits

ON_ELEMENTS = frozenset(
    {
        *("onVisible", "onAppear", "onTextSelect", "onMouseOver", "onClick", "onDblClick", "onFocus", "onChange"),
        *("onSubmit", "onCopy", "onPlay", "onEnded"),
    }
)
ON_PAGES = frozenset({"onScroll", "onTimer", "onExitIntent", "onOutbound", "onDownload", "onError", "onLeave"})


def events(given: Iterable[Any]) -> None:
    """Raise a ValueError that names the first event of a page load that could never be recorded."""
    for number, event in enumerate(given, 1):
        if problem := _event_problem(event):
            raise ValueError(f"Event {number} {problem}.")


def triggers(given: Iterable[Any]) -> None:
    """Raise a ValueError that names the first trigger that could never fire."""
    for number, trigger in enumerate(given, 1):
        if problem := _trigger_problem(trigger):
            raise ValueError(f"Trigger {number} {problem}.")


def _event_problem(event: Any) -> str | None:
    if not isinstance(event, (list, tuple)) or not event:
        return 'must be a list such as ["page-view", {"category": "laptops"}]'
    if len(event) > 1 and not isinstance(event[1], (Mapping, type(None))):
        return "has properties that are no object"
    return _type_problem(event[0], "type")


def _trigger_problem(trigger: Any) -> str | None:
    if not isinstance(trigger, Mapping):
        return "must be an object"
    name, data = trigger.get("trigger"), trigger.get("data")
    if not isinstance(name, str) or name not in ON_ELEMENTS | ON_PAGES:
        return f"has no 'trigger' that is known: {name!r}"
    if name in ON_ELEMENTS and not (trigger.get("tag") or trigger.get("selector")):
        return f"needs a 'tag' or a 'selector': {name} acts on elements"
    if not isinstance(data, Mapping):
        return "needs 'data' with an 'event'"
    if not isinstance(data.get("properties", {}), (Mapping, type(None))):
        return "has properties that are no object"
    return _type_problem(data.get("event"), "'event'")


def _type_problem(given: Any, name: str) -> str | None:
    if not isinstance(given, str):
        return f"needs a text as its {name}"
    problem = id_problem(given.strip(), Limits().id_chars)
    return f"has a {name} that {problem}" if problem else None
