"""What ``tracker db maintain`` says of the room that the database takes."""

import time
from collections.abc import Iterator
from pathlib import Path

from tracker.store import space
from tracker.store.engine import Engine
from tracker.store.presence import Served, nobody_serves

BREATH = 0.005
"""Seconds between two pieces, so that requests come in between."""
_WORTH_TELLING = 2**20


def given_back(engine: Engine, before: int) -> Iterator[str]:
    """Give back the room that holds nothing, and yield what became of it; ``before`` is the size at the beginning."""
    if space.gives_back(engine):
        for _ in space.give_back(engine):
            time.sleep(BREATH)
    now = space.size(engine)
    yield f"The database takes {_mib(now)}; before it took {_mib(before)}."
    if not space.gives_back(engine) and (unused := space.unused(engine)) >= _WORTH_TELLING:
        yield (
            f"{_mib(unused)} of that hold nothing, and a file that an older version made keeps them. "
            "To give them back, once: stop the collector, then tracker db maintain --vacuum"
        )


def would_be_written_anew(engine: Engine, database: Path) -> Iterator[str]:
    """Yield what ``--vacuum`` would do to an SQLite file as it is now, and whether it would be refused."""
    unused = space.unused(engine)
    yield (
        f"Would write {database} anew: of its {_mib(space.size(engine))}, {_mib(unused)} hold nothing now; "
        "what is forgotten comes on top."
    )
    try:
        with nobody_serves(database):
            pass
    except Served:
        yield "The collector is running, so --vacuum would be refused: stop it first."


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
