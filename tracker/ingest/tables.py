"""Tables as CSV files: one writer for all of them, and a reader that takes nothing for what it is not (RFC 4180)."""

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, BinaryIO, NamedTuple

from tracker.core.csv_cells import neutral

LONGEST_ROW = 256 * 1024
"""Characters; an event may have 64 KiB, and what is not closed by then is no row."""
_CELL = r'(?:"(?:[^"]|"")*"|[^",\r\n]*)'
_ROW = re.compile(rf"{_CELL}(?:,{_CELL})*(?:\r\n|\r|\n)?")
_UNCLOSED = "A quote is not closed, or stands in a cell that is not quoted."


class Entry(NamedTuple):
    """A row of a table, with the number of the line that it begins in, the first of the file being 1.

    ``cells`` is None where that line is no row, and ``problem`` says why. ``text`` is the row, or the line, as written.
    """

    number: int
    cells: list[str] | None
    text: str
    problem: str = ""


def write_table(out: IO[bytes], names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table: text in quotes and never a formula, numbers as they are, None as an empty cell.

    It begins with a byte order mark: spreadsheets take a file without one for an old encoding of their own.
    """
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    table = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    table.writerow(names)
    for row in rows:
        table.writerow([neutral(value) for value in row])
    text.detach()


def read_table(file: BinaryIO) -> Iterator[Entry]:
    """Yield the rows of a table, the empty ones left out. A line that is no row costs none of the lines after it."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    number, again = 0, deque[str]()
    while line := again.popleft() if again else text.readline():
        number += 1
        taken = _row_beginning(line, again, text)
        row = "".join(taken)
        if row.count('"') % 2 or not _ROW.fullmatch(row):
            again.extendleft(reversed(taken[1:]))
            yield Entry(number, None, line.rstrip("\r\n"), _UNCLOSED)
            continue
        if row.strip("\r\n"):
            yield _entry(number, row)
        number += len(taken) - 1
    text.detach()


def _entry(number: int, row: str) -> Entry:
    written = row.rstrip("\r\n")
    try:
        return Entry(number, next(csv.reader([row])), written)
    except csv.Error as why:
        # A cell that is longer than any event.
        return Entry(number, None, written, str(why))


def _row_beginning(line: str, again: deque[str], text: io.TextIOWrapper) -> list[str]:
    """Return the lines of the row that begins with this one: further ones for as long as a quote is open."""
    taken, quotes, length = [line], line.count('"'), len(line)
    while quotes % 2 and length < LONGEST_ROW:
        following = again.popleft() if again else text.readline()
        if not following:
            break
        taken.append(following)
        quotes += following.count('"')
        length += len(following)
    return taken
