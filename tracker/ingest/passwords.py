"""Passwords as they are kept: argon2id, with the least memory that OWASP recommends (19 MiB, two passes)."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher


@cache
def _hasher() -> "PasswordHasher":
    # Loaded at the first login: a start needs none of it.
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _nobodys() -> str:
    return _hasher().hash("the password of nobody")


def hashed(password: str) -> str:
    """Return what is stored of a password."""
    return _hasher().hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Return True where the password is the one that was stored; for nobody (None) it takes as long to say no."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(stored or _nobodys(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
