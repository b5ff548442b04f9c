"""The days that numbers are asked for."""

import pytest

from tracker.core.span import Span, span_between, span_of

TODAY = 20_240  # 2025-06-01
PRESETS = [
    ("today", Span(TODAY, TODAY), "hour"),
    ("yesterday", Span(TODAY - 1, TODAY - 1), "hour"),
    ("7d", Span(TODAY - 6, TODAY), "day"),
    ("nonsense", None, None),
]


@pytest.mark.parametrize(("preset", "span", "unit"), PRESETS)
def test_a_preset_ends_today_or_yesterday(preset, span, unit) -> None:
    found = span_of(preset, TODAY)
    assert found == span
    assert found is None or found.unit == unit


def test_the_span_before_is_as_long_and_ends_where_this_one_begins() -> None:
    assert Span(10, 16).before == Span(3, 9)


def test_days_are_read_in_either_order_and_never_reach_beyond_today() -> None:
    assert span_between("2025-06-09", "2025-05-30", TODAY) == Span(TODAY - 2, TODAY)
    assert span_between("2025-05-30", "2025-05-31", TODAY).dates == ("2025-05-30", "2025-05-31")


WRONG = [("", ""), ("2025-06-01", ""), ("1.6.2025", "2025-06-01"), ("2025-06-02", "2025-06-03")]


@pytest.mark.parametrize(("first", "last"), [*WRONG, ("1969-12-31", "1970-01-01"), ("2020-01-01", "2025-01-01")])
def test_what_is_no_span_is_refused_with_a_reason(first, last) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        span_between(first, last, TODAY)
