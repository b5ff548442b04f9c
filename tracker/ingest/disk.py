"""Whether there is room on the disk: better to refuse an event, which is sent again, than to run out of it."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from tracker.core.model import Micros
from tracker.core.times import SECOND
from tracker.ingest.fresh import Clock

CHECKED_EVERY: Micros = SECOND


class Disk:
    """The disks that the folders are on; asked at most once a second."""

    def __init__(self, folders: Sequence[Path], low_water: int, clock: Clock, tell: Callable[[str], None]) -> None:
        self._folders = folders if low_water else ()
        self._low_water = low_water
        self._clock = clock
        self._tell = tell
        self._checked_at: Micros | None = None
        self._low = False

    def is_low(self) -> bool:
        """Return True where one of the disks has less room than it should, as of the last second."""
        if not self._folders:
            return False
        now = self._clock()
        if self._checked_at is None or not 0 <= now - self._checked_at < CHECKED_EVERY:
            self._checked_at = now
            low = any(_free(folder) < self._low_water for folder in self._folders)
            if low != self._low:
                self._low = low
                self._tell("disk-low" if low else "disk-has-room")
        return self._low


def _free(folder: Path) -> float:
    """Return how many bytes may still be written there; a folder that cannot be asked is not what is full."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return float("inf")
    return disk.f_bavail * disk.f_frsize
