"""Blocks of days whose counts are added up beforehand, so that a year is some thirty of them and not 365 days."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from tracker.core.span import Span

SIZES = (64, 8)
"""Days; each size is a multiple of the next, and a block begins on a multiple of its size."""
_SMALLEST = SIZES[-1]


class Block(NamedTuple):
    """So many days, from the first one on."""

    days: int
    first: int

    @property
    def span(self) -> Span:
        return Span(self.first, self.first + self.days - 1)


def block_of(day: int, size: int) -> Block:
    """Return the block of that size in which a day lies."""
    return Block(size, day // size * size)


def cover(span: Span, there: Collection[Block]) -> tuple[list[Block], list[Span]]:
    """Return the blocks and the days between them that make up a span, each day once; only blocks that are there."""
    blocks: list[Block] = []
    between: list[Span] = []
    day = span.first
    while day <= span.last:
        found = next((one for one in _from(day, span.last) if one in there), None)
        if found is not None:
            blocks.append(found)
            day = found.span.last + 1
            continue
        until = min(block_of(day, _SMALLEST).span.last, span.last)
        if between and between[-1].last == day - 1:
            between[-1] = Span(between[-1].first, until)
        else:
            between.append(Span(day, until))
        day = until + 1
    return blocks, between


def _from(day: int, last: int) -> Iterable[Block]:
    """Yield the blocks that begin on a day and end no later than another, the largest first."""
    blocks = (Block(size, day) for size in SIZES if day % size == 0)
    return (block for block in blocks if block.span.last <= last)


def due(counted: Iterable[int], there: Collection[Block], today: int) -> list[Block]:
    """Return the blocks to add up: of days that were counted and are over; small ones first, which make up large ones.

    Yesterday may still be told of late, so no block reaches that far.
    """
    days = set(counted)
    return [
        block
        for size in reversed(SIZES)
        for block in sorted({block_of(day, size) for day in days})
        if block not in there and block.span.last < today - 1
    ]
