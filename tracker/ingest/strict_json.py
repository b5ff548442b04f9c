"""Strict JSON: what RFC 8259 allows, less everything that two readers could read in two ways."""

import json
import re
from typing import Any, NoReturn

import orjson

from tracker.core.refusal import Malformed, Problem
from tracker.ingest.walk import LARGEST, SMALLEST

BODY = ("body",)
_WORTH_COUNTING = 64 * 1024
_LONG_INTEGER = re.compile(rb"(?<![0-9.eE+-])-?[0-9]{19,}(?![0-9.eE])")
_RANGE = "A number must fit into 64 bits."
_INVALID = "The body must be valid JSON."
_TOO_DEEP = "The body is nested too deeply."


def strict(raw: bytes) -> Any:
    """The value that strict JSON in UTF-8 says, duplicate keys refused; ``Malformed`` for anything else."""
    try:
        return _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise malformed("utf8_invalid", "The body must be UTF-8.") from None
    except RecursionError:
        raise malformed("too_deep", _TOO_DEEP) from None
    except ValueError:
        # Also an integer of more digits than Python is willing to read.
        raise malformed("json_invalid", _INVALID) from None


def holds_more_values(raw: bytes, most: int) -> bool:
    """Whether JSON holds more values than so many, counted by its punctuation, without building a single one.

    False also where that is cheaper found out by reading it: in a small body, and in one that is no JSON.
    """
    if len(raw) <= max(most, _WORTH_COUNTING) or raw.count(b",") + raw.count(b"[") + raw.count(b"{") <= most:
        return False
    bare = _without_escaped_quotes(raw)
    if bare.count(b'"') > 4 * most + 2:
        # Each value accounts for two strings at most, its own and its key.
        return True
    outside = _outside(bare).translate(None, b" \t\r\n")
    filled = outside.count(b"[") + outside.count(b"{") - outside.count(b"[]") - outside.count(b"{}")
    return outside.count(b",") + filled > most


def most_members(raw: bytes) -> int:
    """A number that the members of all objects in ``raw`` never exceed: a quote and a colon follow every key."""
    # Taking out all space can only make such pairs, within strings, and never part one.
    bare = raw.translate(None, b" \t\r\n")
    pairs = bare.count(b'":')
    if b"\\" in bare:
        # A quote after one backslash is within a string; after two, the second backslash was the escaped one.
        pairs += bare.count(b'\\\\":') - bare.count(b'\\":')
    return pairs


def members(raw: bytes) -> int:
    """Return the number of members of all objects in valid JSON, those included whose key an object has twice."""
    return _outside(_without_escaped_quotes(raw)).count(b":")


def refuse_large(raw: bytes, said: str) -> None:
    """Refuse a large body by what the fast reader said of it; return where the strict reader is to decide.

    The strict reader takes eight times as long, only to name the place or the cause more precisely.
    """
    if len(raw) <= _WORTH_COUNTING or "surrogate" in said or "UTF-8" in said:
        return
    if "depth" in said:
        raise malformed("too_deep", _TOO_DEEP)
    if "infinity" in said:
        raise malformed("number_range", _RANGE)
    raise malformed("json_invalid", _INVALID)


def with_exact_integers(raw: bytes) -> Any:
    """Return the value that valid JSON says, no integer rounded; ``Malformed`` in a large body that has a wider one.

    A small body is read by the strict reader, so that the refusal can name the place of the number.
    """
    if len(raw) <= _WORTH_COUNTING:
        return strict(raw)
    for found in _LONG_INTEGER.finditer(_outside(_without_escaped_quotes(raw))):
        if not SMALLEST <= int(found[0]) <= LARGEST:
            raise malformed("number_range", _RANGE)
    return orjson.loads(raw)


def same_key_twice() -> Malformed:
    """Return the refusal of an object that holds a key twice."""
    return malformed("json_duplicate_key", "An object must not hold the same key twice.")


def _without_escaped_quotes(raw: bytes) -> bytes:
    return raw.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in raw else raw


def _outside(bare: bytes) -> bytes:
    """Return what is outside of all strings: without the escaped quotes, that is every second part between quotes."""
    return b"".join(bare.split(b'"')[::2])


def malformed(kind: str, msg: str) -> Malformed:
    """The refusal for a body that is wrong as a whole."""
    return Malformed([Problem(BODY, msg, kind)])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members as a dict; ``Malformed`` when a key comes twice, as readers do not agree on which one counts."""
    held = dict(pairs)
    if len(held) != len(pairs):
        raise same_key_twice()
    return held


def _not_a_number(_: str) -> NoReturn:
    """Refuse ``NaN`` and ``Infinity``, which Python reads and JSON does not know."""
    raise malformed("json_invalid", "The body must be valid JSON: NaN and Infinity are not.")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_not_a_number)
