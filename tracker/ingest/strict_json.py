"""Strict JSON: what RFC 8259 allows, less everything that two readers could read in two ways."""

import json
from typing import Any, NoReturn

from tracker.core.refusal import Malformed, Problem

BODY = ("body",)
_WORTH_COUNTING = 64 * 1024


def strict(raw: bytes) -> Any:
    """The value that strict JSON in UTF-8 says, duplicate keys refused; ``Malformed`` for anything else."""
    try:
        return _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise malformed("utf8_invalid", "The body must be UTF-8.") from None
    except RecursionError:
        raise malformed("too_deep", "The body is nested too deeply.") from None
    except ValueError:
        # Also an integer of more digits than Python is willing to read.
        raise malformed("json_invalid", "The body must be valid JSON.") from None


def holds_more_values(raw: bytes, most: int) -> bool:
    """Whether JSON holds more values than so many, counted by its punctuation, without building a single one.

    False also where that is cheaper found out by reading it: in a small body, and in one that is no JSON.
    """
    if len(raw) <= max(most, _WORTH_COUNTING) or raw.count(b",") + raw.count(b"[") + raw.count(b"{") <= most:
        return False
    # Without the escaped quotes, every second part between quotes is outside of all strings.
    bare = raw.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in raw else raw
    if bare.count(b'"') > 4 * most + 2:
        # Each value accounts for two strings at most, its own and its key.
        return True
    outside = b"".join(bare.split(b'"')[::2]).translate(None, b" \t\r\n")
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


def malformed(kind: str, msg: str) -> Malformed:
    """The refusal for a body that is wrong as a whole."""
    return Malformed([Problem(BODY, msg, kind)])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members as a dict; ``Malformed`` when a key comes twice, as readers do not agree on which one counts."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise malformed("json_duplicate_key", "An object must not hold the same key twice.")
    return members


def _not_a_number(_: str) -> NoReturn:
    """Refuse ``NaN`` and ``Infinity``, which Python reads and JSON does not know."""
    raise malformed("json_invalid", "The body must be valid JSON: NaN and Infinity are not.")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_not_a_number)
