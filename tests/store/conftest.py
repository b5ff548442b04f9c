"""What the store's tests share: counting what waits, and counting anew."""

import pytest
from store.histories import describe

from tracker.store import folding, recount
from tracker.store.engine import transaction


@pytest.fixture
def fold(engine, clock):
    """Count all that waits."""

    def go() -> int:
        counted = 0
        while step := transaction(engine, lambda conn: folding.fold(conn, describe, clock())).rows:
            counted += step
        return counted

    return go


@pytest.fixture
def recounted(engine, clock):
    return lambda: list(recount.recount(engine, describe, clock))
