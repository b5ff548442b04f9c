"""Reading the object literals of a page's JavaScript, also where a document has lost some of their brackets.

Nothing is run. What is no plain value (a function, a name, a calculation) is kept as the text that it was.
"""

import re
from dataclasses import dataclass
from typing import Any

DEEPEST = 32

# Nothing here looks twice at what it has passed over (the doubled signs): a text that leads nowhere costs its length.
_GAP = re.compile(r"(?:\s++|//[^\n]*+|/\*.*?(?:\*/|\Z))*+", re.DOTALL)
_STRING = re.compile(r"\"((?:[^\"\\\n]++|\\.)*+)\"|'((?:[^'\\\n]++|\\.)*+)'|`((?:[^`\\$]++|\\.)*+)`", re.DOTALL)
_PASSED_OVER = re.compile(r"[^\s\"'`\\/{}\[\](),;]++|\\.", re.DOTALL)
"""Code that neither opens nor closes anything; a backslash keeps a quote behind it from doing so."""
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][-+]?[0-9]{1,2})?(?![\w$.])")
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_WORDS = {"true": True, "false": False, "null": None, "undefined": None}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
_CLOSES = {"{": "}", "[": "]", "(": ")"}


class Unreadable(ValueError):
    """There is no object literal here, or one with more levels than anybody writes."""


@dataclass(frozen=True, slots=True)
class Code:
    """What stands where a plain value could stand: a function, a name, a calculation."""

    text: str


@dataclass(slots=True)
class _Reader:
    text: str
    place: int
    mended: bool = False

    def peek(self) -> str:
        """Return the next character that is neither space nor comment, empty at the end."""
        found = _GAP.match(self.text, self.place)
        self.place = found.end() if found else self.place
        return self.text[self.place : self.place + 1]

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.place)
        if found:
            self.place = found.end()
        return found

    def close(self, bracket: str) -> None:
        """Pass over a closing bracket; one that is missing is noted and thought of."""
        if self.peek() == bracket:
            self.place += 1
        else:
            self.mended = True


def read_literal(text: str, place: int) -> tuple[dict[str, Any], bool]:
    """Return the object that begins at the place, and whether brackets or commas were missing in it."""
    reader = _Reader(text, place)
    if reader.peek() != "{":
        raise Unreadable("There is no object here.")
    return _object(reader, 0), reader.mended


def _value(reader: _Reader, depth: int) -> Any:
    if depth > DEEPEST:
        raise Unreadable(f"This has more than {DEEPEST} levels.")
    first, start = reader.peek(), reader.place
    if first == "{":
        return _object(reader, depth)
    if first == "[":
        return _list(reader, depth)
    if found := reader.take(_STRING):
        value: Any = _plain(next(part for part in found.groups() if part is not None))
    elif found := reader.take(_NUMBER):
        value = _number(found[0])
    else:
        found = reader.take(_WORD)
        value = _WORDS[found[0]] if found and found[0] in _WORDS else Code(found[0] if found else "")
    if _ends(reader) and value != Code(""):
        return value
    reader.place = start
    return _code(reader)


def _ends(reader: _Reader) -> bool:
    """Return True where nothing more belongs to a value; a comma may be missing at the end of its line."""
    before = reader.place
    following = reader.peek()
    return following in ("", ",", "}", "]", ";") or "\n" in reader.text[before : reader.place] or _at_name(reader)


def _object(reader: _Reader, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    reader.place += 1
    while reader.peek() not in ("", "}", "]", ";", ")"):
        name = _name(reader)
        if name is None:
            break
        found[name] = _value(reader, depth + 1)
        _comma(reader, "}")
    reader.close("}")
    return found


def _list(reader: _Reader, depth: int) -> list[Any]:
    found: list[Any] = []
    reader.place += 1
    while reader.peek() not in ("", "]", "}", ";", ")"):
        # A name says that the list is over, although nobody has closed it.
        if _at_name(reader):
            break
        found.append(_value(reader, depth + 1))
        _comma(reader, "]")
    reader.close("]")
    return found


def _comma(reader: _Reader, closing: str) -> None:
    if reader.peek() == ",":
        reader.place += 1
    elif reader.peek() != closing:
        reader.mended = True


def _name(reader: _Reader) -> str | None:
    """Return the name in front of a colon, or None where there is none; the method form is a name as well."""
    found = reader.take(_STRING) or reader.take(_WORD)
    if found is None:
        return None
    name = _plain(found[0][1:-1]) if found[0][0] in "\"'`" else found[0]
    if reader.peek() == ":":
        reader.place += 1
    return name


def _at_name(reader: _Reader) -> bool:
    before = reader.place
    named = bool((reader.take(_STRING) or reader.take(_WORD)) and reader.peek() == ":")
    reader.place = before
    return named


def _code(reader: _Reader) -> Code:
    """Pass over code, up to the comma or bracket that ends it."""
    start, open_brackets = reader.place, list[str]()
    while first := reader.peek():
        if not open_brackets and first in ",}];":
            break
        if first in _CLOSES:
            open_brackets.append(_CLOSES[first])
        elif open_brackets and first == open_brackets[-1]:
            open_brackets.pop()
        if not reader.take(_STRING) and not reader.take(_PASSED_OVER):
            reader.place += 1
    return Code(reader.text[start : reader.place].strip())


def _plain(text: str) -> str:
    """Return what a string says; half of a character, which no database keeps, becomes U+FFFD."""
    said = _ESCAPE.sub(lambda found: _unescaped(found[1]), text)
    return said.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unescaped(escape: str) -> str:
    if len(escape) > 1:
        return chr(int(escape[1:], 16))
    return _ESCAPED.get(escape, escape)


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("+-").isdigit() else float(text)
