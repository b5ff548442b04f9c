"""The blocks that a span is made up of."""

import pytest

from tracker.core.blocks import Block, cover, due
from tracker.core.span import Span

ALL = {Block(size, first) for size in (8, 64) for first in range(0, 256, size)}
COVERS = [
    (Span(0, 63), ALL, [Block(64, 0)], []),
    (Span(56, 135), ALL, [Block(8, 56), Block(64, 64), Block(8, 128)], []),
    (Span(5, 20), ALL, [Block(8, 8)], [Span(5, 7), Span(16, 20)]),
    (Span(8, 14), ALL, [], [Span(8, 14)]),
    (Span(3, 30), set(), [], [Span(3, 30)]),
    (
        Span(64, 127),
        ALL - {Block(64, 64), Block(8, 72)},
        [Block(8, n) for n in (64, *range(80, 128, 8))],
        [Span(72, 79)],
    ),
]


@pytest.mark.parametrize(("span", "there", "blocks", "between"), COVERS)
def test_a_span_is_made_up_of_the_largest_blocks_that_are_there_and_the_days_between(
    span, there, blocks, between
) -> None:
    assert cover(span, there) == (blocks, between)


@pytest.mark.parametrize(("first", "last"), [(0, 255), (1, 254), (17, 17), (63, 128), (7, 200)])
def test_every_day_of_a_span_is_covered_once(first, last) -> None:
    blocks, between = cover(Span(first, last), ALL)
    spans = sorted([*(block.span for block in blocks), *between], key=lambda span: span.first)
    assert [day for span in spans for day in range(span.first, span.last + 1)] == list(range(first, last + 1))


DUE = [
    ([0, 3, 9, 70], set(), 200, [Block(8, 0), Block(8, 8), Block(8, 64), Block(64, 0), Block(64, 64)]),
    ([0], {Block(8, 0)}, 200, [Block(64, 0)]),
    ([0], set(), 9, [Block(8, 0)]),
    ([0], set(), 8, []),
    ([], set(), 200, []),
]


@pytest.mark.parametrize(("counted", "there", "today", "expected"), DUE)
def test_blocks_are_due_once_their_last_day_lies_before_yesterday(counted, there, today, expected) -> None:
    assert due(counted, there, today) == expected
