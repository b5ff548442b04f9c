"""What the contract says of the parts of a payload before its shape is known: limits, links, pass, options."""

import re
from collections.abc import Iterator
from typing import Any

from tracker.core.limits import Limits
from tracker.core.scrub import scrubber
from tracker.ingest.walk import LARGEST, SMALLEST, WIDEST_CHARACTER, Container, Rules, Tally, walk

# A browser that copies one of these into an object changes every object of the page.
POLLUTING = frozenset({"__proto__", "constructor", "prototype"})

# Text that needs a look can only come from bytes like these. Each pattern starts with fixed bytes: they are found fast.
UNFIT_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
ASCII_ESCAPE = re.compile(rb"\\u00[2-7]")
LINK_PERCENT = re.compile(rb"%(?:25)*(?:5[fF]|[57][24])")

_ROUNDED = -1
WARN_REPLACED = "Characters that no database keeps (NUL, lone surrogates) were replaced by U+FFFD."
WARN_CUT = "A URL or a user agent that was too long was cut."


def normalise(body: dict[str, Any], raw: bytes, limits: Limits, *, certain: bool = True) -> Tally:
    """Change ``body``, parsed from ``raw``, to what may be stored; the tally says what was changed or is wrong."""
    rules, tally = _rules(raw, limits, certain), Tally()
    members = None if rules.unfit else _glance(body, rules)
    if members == _ROUNDED and not certain:
        # It is to be read again: what else is wrong is found then.
        tally.huge = True
        return tally
    if members is None or members == _ROUNDED:
        _walk(body, rules, tally)
    else:
        tally.members = members
    # The names may be written with escapes.
    if b"proto" in raw or b"constructor" in raw or b"\\" in raw:
        for options in _options(body):
            _drop(options)
    return tally


def scrub(body: dict[str, Any], raw: bytes, limits: Limits, *, cut: bool) -> Tally | None:
    """Take the link's own and private parameters out of a normalised body, in place, and cut what is still too long.

    ``cut`` is whether any text is to be cut at all. The tally says what was changed, and which keys are the same now;
    None where nothing is to be done, as with nearly every body.
    """
    taken_out, escaped = scrubber(limits.parameters), b"\\" in raw
    if not (
        cut
        or (b"__" in raw and b"__tr_" in raw.lower())
        or (b"%" in raw and LINK_PERCENT.search(raw) is not None)
        or (escaped and ASCII_ESCAPE.search(raw) is not None)
        or taken_out.is_named_in(raw)
    ):
        return None
    tally = Tally()
    # All text was measured before, and does not get longer.
    glance = min(limits.url, limits.user_agent) // WIDEST_CHARACTER if cut else limits.body
    _walk(body, Rules(limits, glance, limits.body, unfit=False, scrubber=taken_out), tally)
    return tally


def _glance(body: dict[str, Any], rules: Rules) -> int | None:
    """The number of members of all objects when no length, number or nesting is over a limit; None when one may be.

    ``_ROUNDED`` where a number may be over it, or be an integer that a lenient reader has rounded.
    It costs two thirds of a walk, and is all that an everyday payload needs.
    """
    glance, key_glance, members = rules.glance, rules.key_glance, 0
    nodes, depth = rules.limits.nodes, rules.limits.depth
    level: list[Container] = [body]
    while level and nodes >= 0:
        depth -= 1
        deeper: list[Container] = []
        for node in level:
            nodes -= len(node)
            values: Any = node
            if type(node) is dict:
                members += len(node)
                values = node.values()
                if len("".join(node)) > key_glance and max(map(len, node)) > key_glance:
                    return None
            for value in values:
                kind = type(value)
                if kind is str:
                    if len(value) > glance:
                        return None
                elif kind is dict or kind is list:
                    deeper.append(value)
                elif (kind is int or kind is float) and not SMALLEST < value < LARGEST:
                    return _ROUNDED
        level = deeper
    return members if nodes >= 0 and depth >= 0 else None


def _walk(body: dict[str, Any], rules: Rules, tally: Tally) -> None:
    """Walk over all of ``body``, the pass apart."""
    carrier = _carrier(body)
    if carrier is None:
        return walk(body, ("body",), rules, tally)
    # The pass is read by the next layer and not stored: its ids are no text to scrub, and a referrer in it is no URL to
    # cut. Its place is kept by a None, so that its siblings are treated like any others.
    own = {"pass": carrier["pass"]}
    carrier["pass"] = None
    walk(body, ("body",), rules, tally)
    tally.members -= 1
    walk(own, ("body", "context", "tracardi"), rules._replace(scrubber=None, cut=False), tally)
    carrier["pass"] = own["pass"]
    return None


def _rules(raw: bytes, limits: Limits, certain: bool) -> Rules:
    """The rules for this body: what its bytes rule out needs no look at any of its strings."""
    escaped = b"\\" in raw
    unfit = escaped and UNFIT_ESCAPE.search(raw) is not None
    widest = 1 if raw.isascii() and not escaped else WIDEST_CHARACTER
    return Rules(
        limits=limits,
        glance=-1 if unfit else min(limits.string, limits.url, limits.user_agent) // widest,
        key_glance=-1 if unfit else limits.key // widest,
        unfit=unfit,
        certain=certain,
    )


def _carrier(body: dict[str, Any]) -> dict[str, Any] | None:
    """The object ``context.tracardi`` where it holds a pass."""
    context = body.get("context")
    tracardi = context.get("tracardi") if isinstance(context, dict) else None
    return tracardi if isinstance(tracardi, dict) and "pass" in tracardi else None


def _options(body: dict[str, Any]) -> Iterator[Any]:
    """The options of the payload and of each of its events."""
    yield body.get("options")
    events = body.get("events")
    for event in events if isinstance(events, list) else ():
        if isinstance(event, dict):
            yield event.get("options")


def _drop(options: Any) -> None:
    """Take the polluting keys out of ``options`` at any depth, in place."""
    level = [options]
    while level:
        node = level.pop()
        if isinstance(node, dict):
            if not POLLUTING.isdisjoint(node):
                for key in POLLUTING & node.keys():
                    del node[key]
            level.extend(node.values())
        elif isinstance(node, list):
            level.extend(node)
