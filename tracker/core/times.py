"""Reading the times that clients send, and writing the ones that go out."""

import re
from datetime import UTC, date, datetime, timedelta

from tracker.core.model import Micros

SECOND = 1_000_000
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1).toordinal()
EARLIEST = (date(2000, 1, 1).toordinal() - EPOCH_DAY) * DAY

# Seconds reach this number in the year 5138, milliseconds reached it in 1973: no time in range can be read both ways.
MILLISECONDS_FROM = 10**11
NUMBERS_UNTIL = 10**15

# Nobody writes a longer time, and a longer string need not be looked at.
LONGEST = 40
WRITTEN = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?"
    r"(?:[Zz]|([+-])([01]\d|2[0-3]):?([0-5]\d))?)?",
    re.ASCII,
)


def parse(value: object, *, now: Micros, shift: Micros = 0) -> Micros | None:
    """The moment that ``value`` names, moved by ``shift``; None when it is unreadable or outside 2000 … now + 24 h."""
    micros = None
    if isinstance(value, str):
        micros = _written(value) if len(value) <= LONGEST else None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        micros = _counted(value)
    if micros is None or not EARLIEST <= micros + shift <= now + DAY:
        return None
    return micros + shift


def iso(micros: Micros) -> str:
    """The moment as ``2023-01-01T00:00:00.000Z``, cut to milliseconds."""
    moment = EPOCH + timedelta(microseconds=micros)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _written(text: str) -> Micros | None:
    """The moment that a written time names, taken as UTC where it has no offset; None when it is no such time."""
    match = WRITTEN.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, off_hours, off_minutes = match.groups("0")
    try:
        days = date(int(year), int(month), int(day)).toordinal() - EPOCH_DAY
    except ValueError:
        return None
    offset = int(off_hours) * 3600 + int(off_minutes) * 60
    seconds = int(hour) * 3600 + int(minute) * 60 + int(second) - (-offset if sign == "-" else offset)
    return days * DAY + seconds * SECOND + int(fraction.ljust(6, "0")[:6])


def _counted(number: float) -> Micros | None:
    """The moment so many seconds, or milliseconds where it can only be those, after 1970; None when out of range."""
    # A comparison with NaN is false, so this lets neither NaN nor infinity nor an integer of a thousand digits through.
    if not 0 <= number < NUMBERS_UNTIL:
        return None
    return round(number * (SECOND if number < MILLISECONDS_FROM else SECOND // 1000))
