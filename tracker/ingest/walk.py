"""One walk over parsed JSON that holds it to the limits and makes its text fit for every database."""

from contextlib import suppress
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Any, NamedTuple

from tracker.core.limits import Limits
from tracker.core.refusal import MOST_PROBLEMS, Location, Problem
from tracker.core.scrub import Scrubber, may_carry
from tracker.core.storable import UNFIT

Container = dict[str, Any] | list[Any]

# Numbers strictly between the two need no second look. The smallest one needs it: a lenient reader makes a float that
# is equal to it of the integer below.
SMALLEST, LARGEST = -(2**63), 2**63 - 1
WIDEST_CHARACTER = 4
"""Bytes of UTF-8."""

# What is cut when it is too long, where other text is refused: a page cannot help how long these are.
URL_KEYS = frozenset({"url", "href", "referrer", "referer", "page"})
AGENT_KEYS = frozenset({"userAgent", "user_agent", "ua"})

# Only indexes and names that the contract knows stand in a problem's path: any other name is the sender's own text,
# which no answer repeats, so the path ends in front of it.
CONTRACT = frozenset(
    {"source", "session", "profile", "events", "context", "properties", "options", "tags", "metadata", "request"}
    | {"device", "debug", "id", "ids", "type", "time", "create", "insert", "update", "page", "url", "tracardi", "pass"}
)
LONGEST_PATH = 6

# A place in the tree: its value, the place above it (for the root: its path) and its key or index up there. A path is
# made of these only for a problem, because making one for every object costs more than reading the JSON did.
Place = tuple[Container, Any, str | int | None]


class Enough(Exception):
    """What is known of the body by now decides about it."""


class Rules(NamedTuple):
    """What a walk enforces, and what the bytes of the body have ruled out beforehand."""

    limits: Limits
    glance: int
    """Text of up to this many characters is fit and within all limits."""
    key_glance: int
    """Keys of up to this many characters are fit and within all limits."""
    unfit: bool
    """A NUL or a lone surrogate may occur."""
    scrubber: Scrubber | None = None
    """What takes out the parameters that carry a profile or are private; None where none is to be taken out."""
    certain: bool = True
    """What was read is what was written: the reader was not a lenient one."""
    cut: bool = True
    """URLs and user agents are cut rather than refused, once they are scrubbed."""


@dataclass(slots=True)
class Tally:
    """What the walk counted, changed and found wrong."""

    nodes: int = 0
    members: int = 0
    huge: bool = False
    """A float stands where a lenient reader may have rounded an integer of more than 64 bits."""
    replaced: bool = False
    cut: bool = False
    """A URL or a user agent was cut, or is to be cut by the walk that scrubs."""
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, loc: Location, kind: str, msg: str) -> None:
        """Note a problem; ``Enough`` where it is the last one that is told."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(loc, msg, kind))
        if len(self.problems) >= MOST_PROBLEMS:
            raise Enough


def walk(root: Container, loc: Location, rules: Rules, tally: Tally) -> None:
    """Change ``root`` in place to what may be stored, and note in ``tally`` what may not; ``loc`` is its path.

    It goes level by level, so that no nesting can exhaust the stack, and stops at the first level or value too many, at
    the last problem that is told, and where a lenient reader may have rounded a number.
    """
    depth = len(loc)
    level: list[Place] = [(root, loc, None)]
    with suppress(Enough):
        while level and tally.nodes <= rules.limits.nodes:
            if depth > rules.limits.depth:
                msg = f"Nesting must not be deeper than {rules.limits.depth} levels."
                tally.refuse(_path(level[0]), "too_deep", msg)
                return
            level = _level(level, rules, tally)
            depth += 1


def _level(level: list[Place], rules: Rules, tally: Tally) -> list[Place]:
    """Put all keys and values of one level in order; the containers among the values are the next level."""
    glance, links = rules.glance, rules.scrubber is not None
    lowest, highest = (-inf, inf) if rules.certain else (SMALLEST, LARGEST)
    deeper: list[Place] = []
    for place in level:
        node: Any = place[0]
        tally.nodes += len(node)
        if tally.nodes > rules.limits.nodes:
            tally.refuse(_path(place), "too_many_nodes", f"There must not be more than {rules.limits.nodes} values.")
            break
        if type(node) is dict:
            _keys(node, place, rules, tally)
        for key, value in node.items() if type(node) is dict else enumerate(node):
            kind = type(value)
            if kind is str:
                if len(value) > glance or (links and may_carry(value)):
                    node[key] = _text(place, key, value, rules, tally)
            elif kind is dict or kind is list:
                deeper.append((value, place, key))
            elif (kind is int and not SMALLEST <= value <= LARGEST) or (kind is float and not lowest < value < highest):
                _number(place, key, value, tally)
    return deeper


def _text(place: Place, key: str | int, value: str, rules: Rules, tally: Tally) -> str:
    """The text as it may be stored; a problem when it is too long and not of the kind that is cut."""
    text = _fit(value, rules, tally)
    size = _bytes(text)
    if rules.cut and (key in URL_KEYS or key in AGENT_KEYS):
        longest = rules.limits.url if key in URL_KEYS else rules.limits.user_agent
        if size > longest:
            tally.cut = True
            if rules.scrubber is None:
                # What private parameters take up is not to be missing from what stays.
                return text
            # A character that the cut goes through is left out whole.
            return text.encode()[:longest].decode(errors="ignore")
    elif size > rules.limits.string:
        msg = f"A string must not be longer than {rules.limits.string} bytes."
        tally.refuse(_path(place, key), "string_too_long", msg)
    return text


def _number(place: Place, key: str | int, value: float, tally: Tally) -> None:
    """Note a problem for an integer of more than 64 bits and for a float that is infinite; any other may be rounded."""
    if type(value) is float and isfinite(value):
        tally.huge = True
        raise Enough
    tally.refuse(_path(place, key), "number_range", "A number must fit into 64 bits.")


def _keys(node: dict[str, Any], place: Place, rules: Rules, tally: Tally) -> None:
    """Put the keys of one object in order, in place; a problem for one too long and for two that become the same."""
    tally.members += len(node)
    longest = max(map(len, node), default=0)
    glance = rules.key_glance
    if rules.unfit and UNFIT.search("".join(node)) is None:
        # Looking at all keys at once costs a tenth of looking at each.
        glance = rules.limits.key // WIDEST_CHARACTER
    if longest <= glance and not (rules.scrubber and may_carry("".join(node))):
        return
    members = [(_fit(key, rules, tally), value) for key, value in node.items()]
    node.clear()
    node.update(members)
    if len(node) != len(members):
        tally.refuse(_path(place), "json_duplicate_key", "An object must not hold the same key twice.")
    if longest > rules.limits.key // WIDEST_CHARACTER and any(_bytes(key) > rules.limits.key for key in node):
        tally.refuse(_path(place), "key_too_long", f"A key must not be longer than {rules.limits.key} bytes.")


def _fit(text: str, rules: Rules, tally: Tally) -> str:
    """The text with U+FFFD for what no database keeps, and without the parameters that are taken out."""
    if rules.unfit:
        text, count = UNFIT.subn("\ufffd", text)
        tally.replaced = tally.replaced or count > 0
    return rules.scrubber.url(text) if rules.scrubber else text


def _bytes(text: str) -> int:
    """The length in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def _path(place: Place, *keys: str | int) -> Location:
    """The path to a place, or to a key of it, up to the first step that may not be told."""
    steps = list(keys)
    _, above, key = place
    while key is not None:
        steps.append(key)
        _, above, key = above
    loc: Location = above
    for step in reversed(steps):
        if len(loc) == LONGEST_PATH or (isinstance(step, str) and step not in CONTRACT):
            break
        loc = (*loc, step)
    return loc
