"""What an id may look like, and which ids name nobody."""

import re
import unicodedata

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)

# What broken templates and careless clients send in place of an id. Letting one of them name a profile would
# gather strangers under it (protocol §4).
_NULLS = frozenset({"null", "undefined", "undef", "nan", "none", "nil"})
NOBODY = _NULLS | frozenset(
    {"not set", "not_set", "not-set", "notset", "unset", "empty", "blank", "missing", "not available", "not provided"}
    | {"n/a", "na", "n.a.", "n.a", "#n/a", "#ref!", "#value!", "#name?", r"\n", "-1", "true", "false"}
    | {"anonymous", "anonym", "anon", "guest", "unknown", "not logged in", "not_logged_in", "not-logged-in"}
    | {"logged_out", "logged-out", "logged out", "no_user", "no-user", "nouser", "no user"}
)
_ZERO, _FULL = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
_WRAPPING = "\"'`(){}[]<> "
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
)
_SEPARATOR = re.compile(r"[-_ .:|/]+")


def has_uuid_form(value: str) -> bool:
    """Return True where an id looks like a UUID, so that no two visitors can have made it by themselves."""
    return _UUID.fullmatch(value) is not None


def names_nobody(value: str) -> bool:
    """Return whether an id names nobody: ``"null"``, ``"(not set)"`` and their kin, and placeholders of templates."""
    if len(value) == len(_ZERO) and _UUID.fullmatch(value):
        # What nearly all browsers send needs no closer look.
        return value.lower() in (_ZERO, _FULL)
    text = (value if value.isascii() else unicodedata.normalize("NFKC", value)).strip()
    bare = text.strip(_WRAPPING).lower()
    if bare in NOBODY or _BLANK.fullmatch(bare) or _NULLS.issuperset(_SEPARATOR.split(bare)):
        return True
    return _NOT_RENDERED.search(text) is not None or _PLACEHOLDER.fullmatch(text) is not None


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
