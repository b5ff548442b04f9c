"""A token bucket as one number: the moment at which it will be full again."""

import re
from dataclasses import dataclass

from tracker.core.model import Micros
from tracker.core.times import SECOND

_UNITS = {"s": SECOND, "m": 60 * SECOND}
_RATE = re.compile(r"(?P<count>[1-9][0-9]{0,6}) ?/ ?(?P<unit>[sm])(?:[ ,]+burst[ =]?(?P<burst>[1-9][0-9]{0,6}))?", re.I)


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket of ``burst`` tokens that gets one token every ``interval`` microseconds; a request takes one."""

    interval: Micros = SECOND // 50
    burst: int = 200

    @property
    def fill(self) -> Micros:
        """The time in which an empty bucket fills up."""
        return self.interval * self.burst

    def times(self, factor: int) -> "Rate":
        """Return the rate that lets through so many times as much."""
        return Rate(max(1, self.interval // factor), self.burst * factor)


def read_rate(text: str) -> Rate | None:
    """Return the rate that ``50/s burst 200``, ``600/m`` … say, or None for ``off``; ValueError for anything else.

    Without a burst the bucket holds what comes in one unit of time.
    """
    if text.lower() == "off":
        return None
    found = _RATE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not like 50/s burst 200, 600/m or off.")
    count = int(found["count"])
    # A bucket that fills faster than once a microsecond limits nobody.
    return Rate(max(1, _UNITS[found["unit"].lower()] // count), int(found["burst"] or count))


def take(rate: Rate, full_at: Micros | None, now: Micros, tokens: int = 1) -> tuple[Micros, Micros]:
    """Return (when the bucket is full again, how long to wait); tokens were taken only where the wait is 0.

    No more tokens are asked for than the bucket holds: who wants more waits until it is full.
    """
    if full_at is None or full_at < now or full_at - now > rate.fill:
        # It is full, or the clock was set back: a bucket is never further from full than empty.
        full_at = now
    after = full_at + rate.interval * min(tokens, rate.burst)
    wait = after - now - rate.fill
    return (full_at, wait) if wait > 0 else (after, 0)
