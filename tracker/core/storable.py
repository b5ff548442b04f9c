"""Text that every database keeps: PostgreSQL refuses NUL and lone surrogates, SQLite takes them."""

import re
from collections.abc import Mapping
from typing import Any

UNFIT = re.compile("[\x00\ud800-\udfff]")
"""What no text that is stored may hold; U+FFFD stands in its place."""


def storable(text: str) -> str:
    """Return the text with U+FFFD for each NUL and lone surrogate.

    A body was made fit when it was read. What is decoded again later, such as a parameter of a URL, needs this again.
    """
    return text if text.isascii() and "\x00" not in text else UNFIT.sub("\ufffd", text)


def storable_json(value: Any) -> Any:
    """Return the same JSON with every text in it, keys too, made fit."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable_json(key): storable_json(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable_json(inner) for inner in value]
    return value
