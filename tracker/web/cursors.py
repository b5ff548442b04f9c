"""Where a next page begins, as text that clients send back and need not understand."""

import base64
from collections.abc import Sequence
from typing import Any

import orjson

_LONGEST = 1_024


def cursor(*place: Any) -> str:
    """Return the text that stands for a place."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).rstrip(b"=").decode()


def place(text: str, shape: Sequence[type]) -> tuple[Any, ...] | None:
    """Return the place that a text stands for, or None for a text that was not made by ``cursor`` for that shape."""
    try:
        if len(text) > _LONGEST:
            return None
        said = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except ValueError:
        return None
    fits = isinstance(said, list) and [type(part) for part in said] == list(shape)
    # What neither database could compare with its columns is no place of ours.
    sound = fits and all(part < 2**63 if isinstance(part, int) else "\0" not in part for part in said)
    return tuple(said) if sound else None
