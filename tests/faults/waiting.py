"""Waiting for what must come, with an end to the patience."""

import os
import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

PATIENCE = 30.0
RECOVERS_WITHIN = 10.0
"""Invariant I9: seconds from the end of a fault until everything is as ever, without hands."""

SLOWEST = 4.0

T = TypeVar("T")


def here(seconds: float) -> float:
    """Return how long that many seconds are on this machine now: with twice the work it can do, twice as long."""
    return seconds * min(max(os.getloadavg()[0] / (os.cpu_count() or 1), 1.0), SLOWEST)


def until(look: Callable[[], T], what: str, *, within: float = PATIENCE) -> T:
    """Return what ``look`` returns as soon as that is true; fails when it takes too long."""
    deadline = time.monotonic() + here(within)
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {here(within):.0f} s: {what}"
        Event().wait(0.02)
    return found
