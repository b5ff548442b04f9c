"""Large bodies take turns: one at a time in each process, so that no small one waits for more than one of them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tracker.core.refusal import Unavailable

LARGE = 64 * 1024
"""Bytes of a body that takes longer to read than a visitor's click may wait for several times over."""
MANY = 48
"""Objects in a body, the events and those inside them: its size says little of the work where they are small."""
MOST_WAITING = 64
PATIENCE = 10.0
"""Seconds that a body waits for its turn; the database has as long for a batch."""
_BUSY = "Too many large bodies at once; send the same body again."


def is_heavy(raw: bytes) -> bool:
    """Whether a body is work for more than a moment, told from its bytes before anything reads them."""
    return len(raw) > LARGE or objects_in(raw) > MANY


def objects_in(raw: bytes) -> int:
    """Return how many objects a body may hold, and so at most how many events."""
    return raw.count(b"{")


class Lane:
    """The turn of heavy bodies in one process.

    A greenlet that computes lets no other run, so sixteen mebibytes at the same moment would be a pause as long as all
    of them together. A body that waits here is there as a whole, lest one that comes slowly keeps the others waiting.
    """

    def __init__(self, most_waiting: int = MOST_WAITING, patience: float = PATIENCE) -> None:
        self._turn = threading.Lock()
        self._most = most_waiting
        self._patience = patience
        self._waiting = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Run the block when no other heavy body is at it; Unavailable where too many wait, or for too long."""
        if self._waiting >= self._most:
            raise Unavailable(_BUSY)
        # Counting and asking happen without giving control away, and one too many would do no harm.
        self._waiting += 1
        try:
            if not self._turn.acquire(timeout=self._patience):
                raise Unavailable(_BUSY)
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turn.release()
