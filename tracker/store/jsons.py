"""JSON as it is written into either database: the last place where text is made fit, whatever decoded it how late."""

from typing import Any

import orjson

from tracker.core.storable import storable_json

_NUL = rb"\u0000"


def written(value: Any) -> str:
    """Return a value as JSON that both databases take; orjson.JSONEncodeError where it is none."""
    try:
        text = orjson.dumps(value)
    except orjson.JSONEncodeError:
        # A lone surrogate, or what stays no JSON and is refused again.
        return orjson.dumps(storable_json(value)).decode()
    # The mark is there as well where a text has a backslash in front of it, which changes nothing.
    return (orjson.dumps(storable_json(value)) if _NUL in text else text).decode()
