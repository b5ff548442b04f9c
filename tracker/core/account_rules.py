"""What the people who look after the house may be called, and what a password must be."""

import hashlib
from typing import Literal, get_args

Role = Literal["owner", "viewer"]
ROLES: tuple[Role, ...] = get_args(Role)
LONGEST_NAME = 64
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 1024


def user_name(given: str) -> str:
    """Return a user's name in the one spelling that names are compared in; ValueError where it cannot be one."""
    name = given.strip().casefold()
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise ValueError(f"A name has 1 to {LONGEST_NAME} printable characters.")
    return name


def tries_of(name: str) -> str:
    """Return what wrong passwords for a name are counted under; what was typed for a name is not kept as it is."""
    return f"name:{_digest(name)}"


def tries_from(name: str, place: str = "") -> str:
    """Return what wrong passwords for a name are counted under that come from one place: a network or a device.

    Without a place it is how all of them begin.
    """
    return f"from:{_digest(name)[:32]}:{_digest(place)[:32] if place else ''}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def password(given: str, name: str) -> str:
    """Return a password as it was given; ValueError where it is too short, far too long, or the name once more."""
    if len(given) < SHORTEST_PASSWORD:
        raise ValueError(f"A password has at least {SHORTEST_PASSWORD} characters; a few words in a row will do.")
    if len(given) > LONGEST_PASSWORD:
        raise ValueError(f"A password has at most {LONGEST_PASSWORD} characters.")
    if given.strip().casefold() == name:
        raise ValueError("A password must not be the name.")
    return given


def role(given: str) -> Role:
    """Return a role; ValueError where there is none of that name."""
    for known in ROLES:
        if given == known:
            return known
    raise ValueError(f"{given!r} is not one of {', '.join(ROLES)}.")
