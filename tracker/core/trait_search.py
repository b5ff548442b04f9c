"""What of a person's traits can be searched for."""

from collections.abc import Iterator, Mapping
from typing import Any

LONGEST = 256
MOST = 200
_DEEPEST = 3


def spelled(text: str) -> str:
    """Return a searched or stored value in the one spelling in which they are compared."""
    return " ".join(text.split()).casefold()


def searchable(traits: Mapping[str, Any]) -> set[str]:
    """Return the values, also those within lists and objects, that lead to the person who has these traits."""
    found: set[str] = set()
    for text in _texts(traits, _DEEPEST):
        if 0 < len(text) <= LONGEST and len(found) < MOST:
            found.add(text)
    return found


def _texts(value: Any, deep: int) -> Iterator[str]:
    if isinstance(value, str):
        yield spelled(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
    elif deep and isinstance(value, (Mapping, list, tuple)):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner, deep - 1)


def question(text: str) -> tuple[str, str]:
    """Return what is searched for as (name of the trait or "", value): ``plan=gold`` names the trait."""
    name, equals, value = text.partition("=")
    return (name.strip(), spelled(value)) if equals and name.strip() and value.strip() else ("", spelled(text))


def names_of(traits: Mapping[str, Any], value: str) -> list[str]:
    """Return the names of the traits that hold a value."""
    return [name for name, held in traits.items() if value in _texts(held, _DEEPEST)]
