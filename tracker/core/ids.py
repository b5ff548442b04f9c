"""What an id may look like, and which ids name nobody."""

import re

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)

# What broken templates and careless clients send in place of an id. Letting one of them name a profile would
# gather strangers under it (protocol §4).
NOBODY = frozenset(
    {
        "null",
        "undefined",
        "nan",
        "none",
        "nil",
        "[object object]",
        "[object undefined]",
        "[object null]",
        "0",
        "-1",
        "true",
        "false",
        "anonymous",
        "guest",
        "unknown",
        "n/a",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    }
)


def has_uuid_form(value: str) -> bool:
    """Return True where an id looks like a UUID, so that no two visitors can have made it by themselves."""
    return _UUID.fullmatch(value) is not None


_UNRENDERED = re.compile(r"\{\{.*\}\}|\$\{.*\}|<%.*%>|%[A-Z_]+%|\[\[.*\]\]")


def names_nobody(value: str) -> bool:
    """Return True for ``"null"``, ``"undefined"`` and their kin, and for placeholders nobody has filled in."""
    if _UNRENDERED.fullmatch(value):
        return True
    return value.strip("\"' {}").lower() in NOBODY or not value.strip("\"' {}")


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
