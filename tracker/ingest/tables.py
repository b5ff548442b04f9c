"""Tables as CSV files: one writer for all of them, and a reader that takes nothing for what it is not (RFC 4180)."""

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import IO, BinaryIO, NamedTuple

from tracker.core.csv_cells import neutral

LONGEST_ROW = 256 * 1024
"""Characters; an event may have 64 KiB, and what is not closed by then is no row."""
_SEPARATORS = ",;\t"
"""What spreadsheets put between cells; the line of names says which."""
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_UNCLOSED = "A quote is not closed, or stands in a cell that is not quoted."
_NOT_UTF8 = "The line is no UTF-8; save the table as UTF-8."


class NoColumns(ValueError):
    """A table whose first row cannot be read, so that nobody knows what its columns are."""


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
    """Yield the rows of a table, the empty ones left out. A line that is no row costs none of the lines after it.

    A comma, a semicolon or a tab separates the cells, whichever the first row has most of.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    number, again, separator = 0, deque[str](), ""
    while line := again.popleft() if again else text.readline():
        number += 1
        if not line.strip("\r\n"):
            continue
        separator = separator or max(_SEPARATORS, key=_QUOTED.sub("", line).count)
        taken = _row_beginning(line, again, text)
        row = "".join(taken)
        if row.count('"') % 2 or not _row(separator).fullmatch(row):
            again.extendleft(reversed(taken[1:]))
            yield Entry(number, None, line.rstrip("\r\n"), _UNCLOSED)
            continue
        yield _entry(number, row, separator)
        number += len(taken) - 1
    text.detach()


def column_names(heading: Entry | None) -> list[str]:
    """Return the names of the columns, the part before the first dot in lower case; NoColumns if they are unusable."""
    if heading is None:
        return []
    if "\0" in heading.text or not _is_utf8(heading.text):
        raise NoColumns("The table is no UTF-8 (it may be UTF-16 or Latin-1); save it as UTF-8.")
    if heading.cells is None:
        raise NoColumns(f"Line {heading.number} has to name the columns, and is no row of a table: {heading.problem}")
    names = [_column(cell) for cell in heading.cells]
    twice = next((name for name, times in Counter(names).items() if name and times > 1), None)
    if twice is not None:
        raise NoColumns(f"Line {heading.number} names the column {twice!r} twice; give one of the two another name.")
    return names


def _column(cell: str) -> str:
    # The name of a property is its own; how it is written tells it from others.
    head, dot, rest = cell.strip().partition(".")
    return f"{head.lower()}{dot}{rest}"


def _is_utf8(text: str) -> bool:
    """Whether every byte of a line that was read with ``surrogateescape`` was a character's."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@cache
def _row(separator: str) -> re.Pattern[str]:
    cell = rf'(?:"(?:[^"]|"")*"|[^"{separator}\r\n]*)'
    return re.compile(rf"{cell}(?:{separator}{cell})*(?:\r\n|\r|\n)?")


def _entry(number: int, row: str, separator: str) -> Entry:
    written = row.rstrip("\r\n")
    try:
        cells = next(csv.reader([row], delimiter=separator))
    except csv.Error:
        most = f"{csv.field_size_limit():,}"
        return Entry(number, None, written, f"A cell has more than {most} characters, which is more than an event may.")
    return Entry(number, cells, written) if _is_utf8(written) else Entry(number, None, written, _NOT_UTF8)


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
