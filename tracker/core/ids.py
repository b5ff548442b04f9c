"""What an id may look like, and which ids name nobody."""

import re
import unicodedata
from collections.abc import Iterator
from html import unescape
from string import punctuation
from urllib.parse import unquote

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)

# What broken templates and careless clients send in place of an id. Letting one of them name a profile would
# gather strangers under it (protocol §4). Each of these words says so by itself,
_NULLS = frozenset({"null", "undefined", "undef", "nan", "none", "nil", "not", "notset", "unset", "unknown"})
_NOBODY = _NULLS | frozenset(
    {"void", "infinity", "inf", "empty", "blank", "missing", "unidentified", "anonymous", "anonym", "anon", "guest"}
    | {"logged", "user", "visitor", "customer", "member", "id", "uid", "uuid", "guid", "xxx"}
)
# these do beside one of them,
_BESIDE = frozenset(
    {"no", "a", "your", "my", "the", "current", "is", "yet", "in", "out", "set", "available", "provided", "applicable"}
    | {"found", "defined", "authenticated", "name", "value", "here"}
)
# these where they are all there is,
_ALONE = frozenset({"na", "n a", "true", "false"})
# and these as they are written: what databases and spreadsheets make of nothing, and of a formula that fails.
_AS_WRITTEN = frozenset({"-1", r"\n", "#ref!", "#value!", "#name?", "#num!", "#error!", "#div/0!"})
# Words that programs put together without anything in between, and the x of a form that nobody filled in: a UUID of
# them has twelve in a row, and more are somebody's.
_WORDS = re.compile(r"[^\w@]+|_+|(undefined|null|none|anonymous|logged|user)|(?<![^\W_])x{0,9}(xxx)(?![^\W_])")
_AROUND = punctuation + " "
_ZERO, _FULL = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
# Zeros and punctuation alone: "0", "-", "...", "00000000-0000-0000-0000-000000000000".
_BLANK = re.compile(r"[0\s!-/:-@\[-`{-~\u2013\u2014]*")
_NOT_RENDERED = re.compile(
    # A pair of brackets that no id has is a template's, whatever stands in it and around it.
    r"\{\{.*\}\}|\{%.*%\}|<%.*%>|[$#@]\{.*\}|\$\(.*\)|\[\[.*\]\]|\*\|.*\|\*|\[%.*%\]|<\?.*\?>",
    re.DOTALL,
)
# A single pair of brackets may be part of an id, as in {6BA7B810-9DAD-11D1-80B4-00C04FD430C8}, <4711@mail.example> and
# [2001:db8::1]: it is a placeholder only around words without a digit.
_PLACEHOLDER = re.compile(
    r"[{\[<] *[!$%#@:/]?[^\W\d]+([ .:|-][^\W\d]+)* *[}\]>]|%%?[^\W\d][\w.:-]*%%?|%[sd]|__[A-Z][A-Z_]*__"
    r"|([@#$])\2[^\W\d][\w.:-]*\2\2"
)
# Letters and symbols that show nothing: the fillers of Hangul and an empty cell of Braille.
_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def has_uuid_form(value: str) -> bool:
    """Return True where an id looks like a UUID, so that no two visitors can have made it by themselves."""
    return _UUID.fullmatch(value) is not None


def names_nobody(value: str, also: frozenset[str] = frozenset()) -> bool:
    """Return whether an id names nobody: ``"null"``, ``"(not set)"`` and their kin, and placeholders of templates.

    Percent-encoding, punctuation and what cannot be seen make no difference. ``also`` are further words, in small
    letters, that name nobody.
    """
    if len(value) == len(_ZERO) and _UUID.fullmatch(value):
        # What nearly all browsers send needs no closer look.
        return value.lower() in (_ZERO, _FULL)
    return any(_is_placeholder(text, _NOBODY | also) for text in _readings(value))


def _readings(value: str) -> Iterator[str]:
    """Yield an id without what nobody sees, as it is and as it was before a URL or a page encoded it."""
    yield _visible(value)
    if "%" in value or "&" in value:
        yield _visible(unescape(unquote(value)))


def _visible(value: str) -> str:
    if value.isascii() and value.isprintable():
        return value.strip()
    seen = (char for char in value if char.isspace() or not _is_unseen(char))
    return unicodedata.normalize("NFKC", "".join(seen)).strip()


def _is_unseen(char: str) -> bool:
    return char in _UNSEEN or unicodedata.category(char) in ("Cc", "Cf", "Mn", "Me")


def _is_placeholder(text: str, nobody: frozenset[str]) -> bool:
    """Return whether a text has the form of a template's placeholder, or no word but those that name nobody."""
    if _BLANK.fullmatch(text) or _is_template(text):
        return True
    words = _words(text)
    return " ".join(words) in _ALONE or _says(words, nobody)


def _is_template(text: str) -> bool:
    return bool(text.lower() in _AS_WRITTEN or _NOT_RENDERED.search(text) or _PLACEHOLDER.fullmatch(text))


def _says(words: list[str], nobody: frozenset[str]) -> bool:
    return not nobody.isdisjoint(words) and (nobody | _BESIDE).issuperset(words)


def _words(text: str) -> list[str]:
    return list(filter(None, _WORDS.split(text.lower().strip(_AROUND))))


def says_nothing(value: str) -> bool:
    """Return whether a value that names no person was not filled in: ``"(not set)"``, ``"{{source}}"``, ``"-"``.

    ``guest``, ``0`` and ``[running shoes]`` are no ids, but somebody may have written them.
    """
    texts = [text.strip("[] ") for text in _readings(value)]
    return any(_is_template(text) or _says(_words(text), _NULLS) or not text.strip(_AROUND) for text in texts)


def id_problem(value: str, longest: int) -> str | None:
    """Return why a string cannot be an id (1 to ``longest`` printable characters), or None where it can.

    U+FFFD is refused too: the normaliser puts it where a NUL or a lone surrogate stood.
    """
    if not value:
        return "must not be empty"
    if len(value) > longest:
        return f"must not be longer than {longest} characters"
    if not value.isprintable() or "\ufffd" in value:
        return "must hold printable characters only"
    return None
