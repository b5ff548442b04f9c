"""Files that are made here are their owner's alone: they tell what visitors did."""

import os
from contextlib import suppress
from typing import Any


def private(path: str, flags: int) -> int:
    """Open a file for ``open(…, opener=private)``: one that is made is 0600, one that is there keeps its mode."""
    return os.open(path, flags, 0o600)


def make_first(_dialect: Any, _record: Any, args: list[Any], options: dict[str, Any]) -> None:
    """Make the file that SQLite is about to open, where there is none (SQLAlchemy's ``do_connect`` event).

    SQLite gives its journals the mode of the database, and would make that one for everybody to read.
    """
    # A folder that is not there, or not ours, is told by SQLite itself in a moment. A file that is there must not be
    # opened: closing it again would take from this process the locks that its other connections hold on it.
    with suppress(OSError):
        if not options.get("uri"):
            os.close(private(args[0], os.O_CREAT | os.O_EXCL | os.O_RDWR))
