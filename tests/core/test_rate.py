"""The token bucket: so many at once, then so many a second, whatever the clock does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.core.rate import SECOND, Rate, read_rate, take

RATE = Rate(SECOND // 50, 200)
NOW = 1_700_000_000 * SECOND


def admitted(rate: Rate, moments: list[int]) -> int:
    """How many of the requests at these moments get a token."""
    full_at, count = None, 0
    for now in moments:
        full_at, wait = take(rate, full_at, now)
        count += not wait
    return count


def test_a_full_bucket_gives_its_burst_and_not_one_more() -> None:
    assert admitted(RATE, [NOW] * 300) == 200


def test_an_empty_bucket_gives_as_much_as_comes_in() -> None:
    steady = [NOW + SECOND + number * SECOND // 100 for number in range(500)]
    assert admitted(RATE, [NOW] * 200 + steady) == 200 + 50 + 249


def test_a_bucket_left_alone_is_full_again_and_holds_no_more_than_that() -> None:
    assert admitted(RATE, [NOW] * 200 + [NOW + 3600 * SECOND] * 300) == 400


def test_who_waits_as_long_as_told_gets_a_token() -> None:
    full_at = None
    for _ in range(200):
        full_at, _ = take(RATE, full_at, NOW)
    full_at, wait = take(RATE, full_at, NOW)
    assert wait == SECOND // 50
    assert take(RATE, full_at, NOW + wait - 1)[1] == 1
    assert take(RATE, full_at, NOW + wait)[1] == 0


def test_being_turned_away_costs_nothing() -> None:
    assert admitted(RATE, [NOW] * 10_000 + [NOW + SECOND] * 100) == 250


def test_a_clock_set_back_locks_nobody_out() -> None:
    assert admitted(RATE, [NOW] * 200 + [NOW - 3600 * SECOND] * 200) == 400


@given(st.lists(st.integers(0, 10 * SECOND), max_size=300).map(sorted), st.integers(1, SECOND), st.integers(1, 50))
def test_in_any_stretch_of_time_there_are_no_more_than_the_burst_and_what_came_in(gaps, interval, burst) -> None:
    rate = Rate(interval, burst)
    full_at, taken = None, []
    for moment in gaps:
        full_at, wait = take(rate, full_at, moment)
        if not wait:
            taken.append(moment)
    for first, start in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + (taken[last] - start) // interval + 1


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("50/s burst 200", Rate(20_000, 200)),
        ("50/s", Rate(20_000, 50)),
        ("600/m burst=20", Rate(100_000, 20)),
        ("1 / M, Burst 3", Rate(60 * SECOND, 3)),
        ("9999999/s", Rate(1, 9_999_999)),
        ("off", None),
        ("OFF", None),
    ],
)
def test_a_rate_is_read_as_it_is_said(text: str, rate: Rate | None) -> None:
    assert read_rate(text) == rate


@pytest.mark.parametrize("text", ["", "50", "0/s", "50/h", "50/s burst 0", "-5/s", "50/s burst", "٥/s", "on", "1e3/s"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="50/s burst 200"):
        read_rate(text)


def test_a_request_may_take_several_tokens_and_never_more_than_there_are() -> None:
    full_at, wait = take(RATE, None, NOW, 150)
    assert wait == 0
    full_at, wait = take(RATE, full_at, NOW, 60)
    assert wait == 10 * RATE.interval
    full_at, wait = take(RATE, full_at, NOW + wait, 60)
    assert wait == 0
    assert take(RATE, None, NOW, 10_000)[1] == 0
    assert take(RATE, full_at, NOW + 10 * RATE.interval, 10_000)[1] == 200 * RATE.interval


def test_a_rate_for_several_lets_through_several_times_as_much() -> None:
    assert admitted(RATE.times(4), [NOW] * 1000) == 800
    assert RATE.times(4).interval * 4 == RATE.interval
