"""How many events in a day or a month: reading it, and where a window ends."""

import pytest

from tracker.core.quota import Quota, read_quota, window
from tracker.core.times import parse


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("100000/day", Quota(100_000, "day")),
        (" 2000000 / MONTH ", Quota(2_000_000, "month")),
        ("1/day", Quota(1, "day")),
        ("off", None),
        (" OFF ", None),
    ],
)
def test_a_quota_is_read(text, quota) -> None:
    assert read_quota(text) == quota


@pytest.mark.parametrize(
    "text", ["", "0/day", "-1/day", "10", "10/s", "10/days", "1e6/day", "1.5/day", "9" * 16 + "/day"]
)
def test_what_is_no_quota_is_refused(text) -> None:
    with pytest.raises(ValueError, match="is not like 100000/day"):
        read_quota(text)


@pytest.mark.parametrize(
    ("per", "now", "name", "end"),
    [
        ("day", "2026-11-22 00:00:00", "2026-11-22", "2026-11-23"),
        ("day", "2026-11-22 23:59:59.999", "2026-11-22", "2026-11-23"),
        ("day", "2026-12-31 12:00:00", "2026-12-31", "2027-01-01"),
        ("month", "2026-11-22 12:00:00", "2026-11", "2026-12-01"),
        ("month", "2028-02-29 23:59:59", "2028-02", "2028-03-01"),
        ("month", "2026-12-31 23:59:59", "2026-12", "2027-01-01"),
        ("month", "2026-01-31 00:00:00", "2026-01", "2026-02-01"),
    ],
)
def test_a_window_is_a_calendar_day_or_month(per, now, name, end) -> None:
    far = 2**62
    moment, last = parse(now, now=far), parse(end, now=far)
    assert moment is not None
    found = window(Quota(1, per), moment)
    assert (found.name, found.end) == (name, last)
