"""The span of days that the console's numbers are asked for, and the one before it that they are compared with."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from tracker.core.times import EPOCH_DAY

LONGEST = 1_100
"""Days; more than three years are asked for in pieces."""
PRESETS = {"today": 1, "yesterday": 1, "7d": 7, "30d": 30, "90d": 90, "365d": 365}
USUAL = "30d"
_HOURS_UNTIL = 2


@dataclass(frozen=True, slots=True)
class Span:
    """Days since 1970 in UTC, the first and the last one included."""

    first: int
    last: int

    @property
    def days(self) -> int:
        return self.last - self.first + 1

    @property
    def before(self) -> "Span":
        """The same number of days, up to the day before this span."""
        return Span(self.first - self.days, self.first - 1)

    @property
    def unit(self) -> Literal["hour", "day"]:
        """What a line of this span has its points at."""
        return "hour" if self.days <= _HOURS_UNTIL else "day"

    @property
    def dates(self) -> tuple[str, str]:
        """The first and the last day as they are written in a form."""
        return written(self.first), written(self.last)


def written(day: int) -> str:
    """Return a day as ``2025-06-01``."""
    return date.fromordinal(EPOCH_DAY + day).isoformat()


def span_of(preset: str, today: int) -> Span | None:
    """Return what a preset means on that day; None where there is none of that name."""
    days = PRESETS.get(preset)
    if days is None:
        return None
    last = today - 1 if preset == "yesterday" else today
    return Span(last - days + 1, last)


def span_between(first: str, last: str, today: int) -> Span:
    """Return the days between two written ones, either order; ValueError says what is wrong with them."""
    ends = sorted(_read(given) for given in (first, last))
    span = Span(ends[0], min(ends[1], today))
    if span.first > today:
        raise ValueError("These days are yet to come.")
    if span.days > LONGEST:
        raise ValueError(f"Ask for at most {LONGEST} days at once.")
    return span


def _read(given: str) -> int:
    try:
        day = date.fromisoformat(given.strip()).toordinal() - EPOCH_DAY
    except ValueError:
        raise ValueError("Write both days as 2025-06-01.") from None
    if day < 0:
        raise ValueError("Nothing was counted before 1970.")
    return day
