"""The size of the next step."""

import pytest

from tracker.core.pace import next_size

STEPS = [
    (200, 0.010, 300),
    (200, 0.001, 400),
    (200, 0.060, 50),
    (200, 0.600, 40),
    (800, 0.010, 1_000),
    (200, 0.0, 400),
]


@pytest.mark.parametrize(("size", "took", "expected"), STEPS)
def test_a_step_grows_to_what_fits_and_shrinks_at_once(size, took, expected) -> None:
    assert next_size(size, took, longest=0.015, least=40, most=1_000) == expected
