"""Passwords as they are kept: argon2id, with the least memory that OWASP recommends (19 MiB, two passes)."""

import sys
import threading
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from tracker.core.refusal import Unavailable

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MOST_WAITING = 20
"""Passwords that one process looks at or lets wait, about two seconds of them: who comes then is told so."""
Result = TypeVar("Result")


@cache
def _hasher() -> "PasswordHasher":
    # Loaded at the first login: a start needs none of it.
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _nobodys() -> str:
    return _aside(_hasher().hash, "the password of nobody")


def hashed(password: str) -> str:
    """Return what is stored of a password."""
    return _aside(_hasher().hash, password)


def matches(password: str, stored: str | None) -> bool:
    """Return True where the password is the one that was stored; for nobody (None) it takes as long to say no."""
    return _aside(_fits, _nobodys() if stored is None else stored, password) and stored is not None


def _fits(stored: str, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def _aside(work: Callable[..., Result], *args: str) -> Result:
    """Return what the work returns; where greenlets share this thread, they go on meanwhile."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("threading"):
        return work(*args)
    # Hashing takes as long as a hundred events, and lets the interpreter go while it does.
    turns = _turns()
    if not turns.acquire(blocking=False):
        raise Unavailable("Too many passwords are being looked at; try again in a moment.")
    try:
        done: Result = _native_thread().apply(work, args)
    finally:
        turns.release()
    return done


@cache
def _turns() -> threading.Semaphore:
    return threading.Semaphore(MOST_WAITING)


@cache
def _native_thread() -> Any:
    # One thread, so that who tries many passwords at once waits, and never costs the visitors more than one core.
    from gevent.threadpool import ThreadPool  # type: ignore[import-untyped]

    return ThreadPool(1)
