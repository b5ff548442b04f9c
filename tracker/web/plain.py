"""The same shape that schemas.py asks for, checked by hand for the payloads that have nothing unusual about them.

marshmallow takes longer than everything else that happens to a request outside the database. Whatever is not plainly
right here, it decides and explains; tests/web/test_plain.py holds the two to the same answer.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from tracker.core.ids import id_problem
from tracker.core.limits import Limits

_LONGEST_ID = Limits().id_chars
_SPACE = re.compile(r"\s+")
_FLAGS = ("saveEvent", "saveEvents", "saveSession", "saveProfile", "debugger")


class _Unusual(Exception):
    """Not plainly right; marshmallow looks at it."""


def plainly_checked(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the schema would load, or None where this cannot tell."""
    try:
        found: dict[str, Any] = {
            "source": {"id": _id(body["source"]["id"])},
            "events": [_event(event) for event in _list(body["events"])],
        }
        if "session" in body:
            found["session"] = _owner(body["session"])
        if "profile" in body:
            found["profile"] = _owner(body["profile"])
        _copy(body, found, ("context", "properties"))
        _copy_lists(body, found)
        if "metadata" in body:
            found["metadata"] = body["metadata"]
    except (_Unusual, KeyError, TypeError, AttributeError):
        return None
    return found


def plain_event(given: Any) -> dict[str, Any] | None:
    """Return what the schema of an event would load, or None where this cannot tell."""
    try:
        return _event(given)
    except (_Unusual, KeyError, TypeError, AttributeError):
        return None


def _owner(given: Any) -> dict[str, Any] | None:
    if given is None:
        return None
    if "ids" in given:
        raise _Unusual
    found = {"id": _id(given["id"])}
    if "metadata" in given:
        found["metadata"] = given["metadata"]
    return found


def _event(given: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"type": _event_type(given["type"])}
    if "id" in given:
        found["id"] = _id(given["id"])
    _copy(given, found, ("properties", "context"))
    _copy_lists(given, found)
    if "time" in given:
        found["time"] = given["time"]
    return found


def _copy(given: Mapping[str, Any], found: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if name in given:
            value = given[name]
            if not (value is None or type(value) is dict):
                raise _Unusual
            found[name] = value


def _copy_lists(given: Mapping[str, Any], found: dict[str, Any]) -> None:
    """Copy the options that have an effect and the tags."""
    if "options" in given:
        found["options"] = _options(given["options"])
    if "tags" in given:
        tags = _list(given["tags"])
        if not all(type(tag) is str for tag in tags):
            raise _Unusual
        found["tags"] = tags


def _options(given: Any) -> dict[str, bool] | None:
    if given is None:
        return None
    if type(given) is not dict:
        raise _Unusual
    found = {}
    for name in _FLAGS:
        if name in given:
            if type(given[name]) is not bool:
                raise _Unusual
            found[name] = given[name]
    return found


def _list(given: Any) -> list[Any]:
    if type(given) is not list:
        raise _Unusual
    return given


def _id(given: Any) -> str:
    if type(given) is not str or id_problem(given, _LONGEST_ID) or given != given.strip():
        raise _Unusual
    return given


def _event_type(given: Any) -> str:
    """Return the slug of an event's name; sites use the same few again and again."""
    if type(given) is not str or len(given) > _LONGEST_ID:
        raise _Unusual
    slug = _slug(given)
    if slug is None:
        raise _Unusual
    return slug


@lru_cache(maxsize=4096)
def _slug(given: str) -> str | None:
    slug = _SPACE.sub("-", given.strip().lower())
    return None if id_problem(slug, _LONGEST_ID) else slug
