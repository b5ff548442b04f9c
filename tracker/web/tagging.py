"""Tags: few and short, and those of a payload never more than the payload itself says (protocol §2)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tracker.core.identity_keys import IDENTIFYING
from tracker.core.limits import Limits

CUT = "The tags of the payload were cut: {} of {} characters are kept."
LEFT_OUT = (
    "The tags of the payload were left out: with a copy for each event they would take more room than the request."
)
_SURELY = 8
"""Of a body's size, the part that copies may take up without a closer look."""


def fit(given: Sequence[str], limits: Limits) -> tuple[str, ...]:
    """Return the tags of a payload that are short enough, each once, as many as there may be."""
    return tuple(dict.fromkeys(tag for tag in given if len(tag) <= limits.tag_chars))[: limits.tags]


def ill(given: Sequence[str], limits: Limits) -> bool:
    """Whether an event's own tags are too many or too long."""
    return len(given) > limits.tags or any(len(tag) > limits.tag_chars for tag in given)


def has_room(tags: Sequence[str], body: Mapping[str, Any], size: int, limits: Limits) -> bool:
    """Whether a copy of the tags for each event leaves what is stored of a body within the limit.

    Everything is counted as it takes most room, which is as plain ASCII in the quarantine.
    """
    events = body["events"]
    copies = length(tags) * len(events)
    if copies * _SURELY <= size or len(events) < 2:
        return True
    return copies + sum(map(length, _kept(body, events))) <= limits.stored * size


def length(value: object) -> int:
    """Return the bytes of a value as JSON in plain ASCII."""
    return len(json.dumps(value))


def _kept(body: Mapping[str, Any], events: Iterable[Mapping[str, Any]]) -> Iterable[object]:
    """Yield what is stored of a body, what is stored twice once more."""
    yield [body.get("context"), body.get("properties")]
    for event in events:
        yield [event["type"], event.get("properties"), event.get("context"), event.get("tags")]
        if event["type"] in IDENTIFYING:
            # Its traits are the profile's as well.
            yield event.get("properties")
