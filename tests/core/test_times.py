"""Which times are read, and as what."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.core.times import DAY, EARLIEST, SECOND, iso, parse

NOW = 1_714_557_600 * SECOND  # 2024-05-01T10:00:00Z
NEW_YEAR = 1_672_531_200 * SECOND  # 2023-01-01T00:00:00Z

READABLE = [
    ("2023-01-01 00:00:00", NEW_YEAR),
    ("2023-01-01 00:00:00.5", NEW_YEAR + 500_000),
    ("2023-01-01 00:00:00.123", NEW_YEAR + 123_000),
    ("2023-01-01 00:00:00.123456", NEW_YEAR + 123_456),
    ("2023-01-01 00:00:00.123456789", NEW_YEAR + 123_456),
    ("2023-01-01T00:00:00", NEW_YEAR),
    ("2023-01-01t00:00:00z", NEW_YEAR),
    ("2023-01-01T00:00:00.000Z", NEW_YEAR),
    ("2023-01-01 00:00:00Z", NEW_YEAR),
    ("2023-01-01T02:00:00+02:00", NEW_YEAR),
    ("2023-01-01T02:00:00.250+0200", NEW_YEAR + 250_000),
    ("2022-12-31T18:30:00-05:30", NEW_YEAR),
    ("2023-01-01", NEW_YEAR),
    ("  2023-01-01 00:00:00  ", NEW_YEAR),
    ("2000-01-01", EARLIEST),
    ("2024-02-29 00:00:00", NEW_YEAR + 424 * DAY),
    (1_672_531_200, NEW_YEAR),
    (1_672_531_200.25, NEW_YEAR + 250_000),
    (1_672_531_200_000, NEW_YEAR),
    (1_672_531_200_123.5, NEW_YEAR + 123_500),
    (946_684_800, EARLIEST),
    (946_684_800_000, EARLIEST),
]

UNREADABLE = [
    None,
    True,
    False,
    "",
    " ",
    "now",
    "yesterday",
    "1672531200",
    "2023-13-01 00:00:00",
    "2023-02-29 00:00:00",
    "2023-00-10",
    "0000-01-01",
    "2023-01-01 24:00:00",
    "2023-01-01 00:60:00",
    "2023-01-01 00:00:60",
    "2023-01-01 00:00",
    "2023-01-01T00:00:00.",
    "2023-01-01T00:00:00.1234567890",
    "2023-01-01T00:00:00+24:00",
    "2023-01-01T00:00:00+02",
    "2023-01-01T00:00:00 Z",
    "2023-01-01Z",
    "2023-1-1",
    "20230101",
    "2023-W01-1",
    "2023-01-01X00:00:00",
    "٢٠٢٣-٠١-٠١",
    "2023-01-01 00:00:00\x00",
    "\ud800",
    "2023-01-01 00:00:00" + " " * 16_384,
    "2" * 16_384,
    b"2023-01-01",
    [],
    {},
    [2023, 1, 1],
    2023 + 1j,
    0,
    -1,
    -1e300,
    10**5000,
    -(10**5000),
    10**15,
    1e15,
    1.7e308,
    math.nan,
    math.inf,
    -math.inf,
    object(),
]


@pytest.mark.parametrize(("value", "micros"), READABLE, ids=repr)
def test_a_documented_form_is_read(value: object, micros: int) -> None:
    assert parse(value, now=NOW) == micros


@pytest.mark.parametrize("value", UNREADABLE, ids=lambda value: type(value).__name__)
def test_anything_else_names_no_time(value: object) -> None:
    assert parse(value, now=NOW) is None


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("1999-12-31T23:59:59.999Z", False),
        ("2000-01-01T00:00:00.000Z", True),
        ("2024-05-02T10:00:00.000Z", True),
        ("2024-05-02T10:00:00.001Z", False),
        (946_684_799, False),
        (1_714_644_000_000, True),
        (1_714_644_000_001, False),
    ],
)
def test_the_range_is_from_2000_to_a_day_from_now(value: object, read: bool) -> None:
    assert (parse(value, now=NOW) is not None) is read


def test_the_range_holds_for_the_corrected_time() -> None:
    ten_years = 3652 * DAY
    assert parse("2034-05-01 10:00:00", now=NOW) is None
    assert parse("2034-05-01 10:00:00", now=NOW, shift=-ten_years) == NOW
    assert parse("2024-05-01 10:00:00", now=NOW, shift=2 * DAY) is None
    assert parse("1995-01-01", now=NOW, shift=ten_years) == 12_783 * DAY


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (NEW_YEAR, "2023-01-01T00:00:00.000Z"),
        (NEW_YEAR + 123_999, "2023-01-01T00:00:00.123Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (-1_000, "1969-12-31T23:59:59.999Z"),
        (EARLIEST, "2000-01-01T00:00:00.000Z"),
    ],
)
def test_a_moment_is_written_in_milliseconds_of_utc(micros: int, text: str) -> None:
    assert iso(micros) == text


@given(st.integers(EARLIEST // 1000, (NOW + DAY) // 1000), st.integers(-86_399, 86_399))
def test_what_is_written_is_read_back(millis: int, seconds: int) -> None:
    written = iso(millis * 1000)
    assert parse(written, now=NOW) == millis * 1000
    assert parse(written.replace("T", " ").removesuffix("Z"), now=NOW) == millis * 1000
    assert parse(millis, now=NOW) == millis * 1000
    shifted = parse(written, now=NOW, shift=seconds * SECOND)
    assert shifted is None or shifted == millis * 1000 + seconds * SECOND


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists)
    | st.from_regex(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"),
    st.integers(-(10**18), 10**18),
)
def test_no_value_makes_it_fail_or_leave_the_range(value: object, shift: int) -> None:
    moment = parse(value, now=NOW, shift=shift)
    assert moment is None or (type(moment) is int and EARLIEST <= moment <= NOW + DAY)
