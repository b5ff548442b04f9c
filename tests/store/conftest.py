"""What the store's tests share: counting what waits, and counting anew."""

from typing import Any

import pytest
from pooling import MISSING, PGBOUNCER
from store.histories import describe

from tracker.store import folding, recount
from tracker.store.engine import transaction

# What did not run does not look as if it almost had.
collect_ignore = [] if PGBOUNCER else ["test_pooler.py"]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not PGBOUNCER:
        terminalreporter.section("pgbouncer", sep="!", red=True, bold=True)
        terminalreporter.write_line(MISSING, red=True, bold=True)


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
