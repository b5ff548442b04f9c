"""How many events a source may have stored in a day or a month."""

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Literal

from tracker.core.model import Micros
from tracker.core.times import DAY, EPOCH

_QUOTA = re.compile(r"(?P<events>[1-9][0-9]{0,14}) ?/ ?(?P<per>day|month)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quota:
    """So many events in each calendar day or month, by UTC."""

    events: int
    per: Literal["day", "month"]


@dataclass(frozen=True, slots=True)
class Window:
    """The day or month that a moment lies in: its name, such as ``2026-11``, its first moment and the one after it."""

    name: str
    start: Micros
    end: Micros


@lru_cache(maxsize=256)
def read_quota(text: str) -> Quota | None:
    """Return the quota that ``100000/day`` or ``2000000/month`` say, None for ``off``; ValueError for anything else."""
    if text.strip().lower() == "off":
        return None
    found = _QUOTA.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not like 100000/day, 2000000/month or off.")
    return Quota(int(found["events"]), "day" if found["per"].lower() == "day" else "month")


def window(quota: Quota, now: Micros) -> Window:
    """Return the window of a quota at that moment."""
    return _window(quota.per, now // DAY)


@lru_cache(maxsize=8)
def _window(per: str, day: int) -> Window:
    date = EPOCH + timedelta(days=day)
    if per == "day":
        return Window(f"{date:%Y-%m-%d}", day * DAY, (day + 1) * DAY)
    following = date.replace(day=28) + timedelta(days=4)
    start = (day - date.day + 1) * DAY
    return Window(f"{date:%Y-%m}", start, ((following.replace(day=1) - EPOCH) // timedelta(days=1)) * DAY)
