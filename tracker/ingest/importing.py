"""Bringing in events of the past: read, decided and committed like any others, at the time at which they happened."""

import fcntl
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import orjson

from tracker.core.history import resolve_past
from tracker.core.model import Source
from tracker.ingest.fresh import NewId, fresh_for
from tracker.ingest.lines import BadLine, Past, Reader, from_row
from tracker.ingest.tables import column_names, read_table
from tracker.store import months
from tracker.store.deciding import decide
from tracker.store.engine import Connection, Engine, Rejected, StatementFailed, transaction
from tracker.store.history import apply_history
from tracker.store.private import private
from tracker.store.repository import Digest

AT_ONCE = 500
"""Lines a transaction: a visitor who clicks meanwhile waits no longer than one of these takes."""
TABLES = (".csv", ".tsv")
"""What the name of a file ends in that is a table."""
_SHOWN = 2_000
_CALLED: dict[str, str] = {"duplicate": "known already"}
Numbered = tuple[int, bytes | BadLine]


class InUse(Exception):
    """Another import of the same file is under way, and both would write the same notes beside it."""


@dataclass(slots=True)
class Progress:
    """How far an import has come: kept beside the file, so that one that was killed goes on where it was."""

    size: int
    """Of the file, so that another file of that name starts at its beginning."""
    line: int = 0
    """Which line the last one that was done begins in, the first of the file being 1."""
    entries: int = 0
    """How many lines that is which hold anything; a row of a table is one."""
    offset: int = 0
    aside: int = 0
    """How long the file of the lines that were set aside is."""
    fates: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Importer:
    """Brings in what a file holds."""

    engine: Engine
    sources: dict[str, Source]
    reader: Reader
    new_id: NewId
    digest: Digest

    def run(self, file: Path) -> Iterator[Progress]:
        """Yield how far it is, first and after each piece; a second run goes on where the first one was stopped."""
        note, aside = beside(file, "progress"), beside(file, "rejected.jsonl")
        with file.open("rb") as lines, open(aside, "ab", opener=private) as rejected:
            _take(lines)
            progress = _progress(note, file)
            yield progress
            rejected.truncate(progress.aside)
            found = numbered(lines, progress, as_table=file.suffix.lower() in TABLES)
            while piece := list(islice(found, AT_ONCE)):
                bad, fates = self._piece(piece)
                rejected.write(b"".join(_set_aside(number, raw, why) for number, raw, why in bad))
                rejected.flush()
                os.fsync(rejected.fileno())
                counted = Counter(progress.fates)
                counted.update(fates)
                entries, far, out = progress.entries + len(piece), lines.tell(), rejected.tell()
                progress = Progress(progress.size, piece[-1][0], entries, far, out, dict(counted))
                _write(note, progress)
                yield progress
            note.unlink(missing_ok=True)
            if not progress.aside:
                aside.unlink()

    def _piece(self, piece: Sequence[Numbered]) -> tuple[list[tuple[int, bytes, str]], Counter[str]]:
        """Commit a piece; returns the lines that are no events with the reason of each, and how many had which fate."""
        bad: list[tuple[int, bytes, str]] = []
        good: list[tuple[int, bytes, Past]] = []
        for number, raw in piece:
            try:
                if isinstance(raw, BadLine):
                    raise raw
                past = self.reader.event(raw)
                if past.payload.source_id not in self.sources:
                    raise BadLine(f"source: there is none with the id {past.payload.source_id!r}.")
                good.append((number, raw, past))
            except BadLine as why:
                bad.append((number, raw.text if isinstance(raw, BadLine) else raw, str(why)))
        good.sort(key=lambda entry: entry[2].at)
        if good:
            months.make_for(self.engine, good[0][2].at, good[-1][2].at)
        refused, fates = self._settle(good)
        bad += refused
        fates["set aside"] += len(bad)
        return bad, fates

    def _settle(self, good: Sequence[tuple[int, bytes, Past]]) -> tuple[list[tuple[int, bytes, str]], Counter[str]]:
        """Commit what can be; what the database refuses for its content is found by halving.

        So is a statement that fails for whatever reason, but what fails alone with it ends the import, to be resumed.
        """
        if not good:
            return [], Counter()
        try:
            return [], self._commit([past for _, _, past in good])
        except Rejected:
            if len(good) == 1:
                return [(*good[0][:2], "The database does not take what it holds.")], Counter()
        except StatementFailed:
            if len(good) == 1:
                raise
        middle = len(good) // 2
        first, some = self._settle(good[:middle])
        second, others = self._settle(good[middle:])
        return first + second, some + others

    def _commit(self, pasts: Sequence[Past]) -> Counter[str]:
        def work(conn: Connection) -> Counter[str]:
            decided = decide(conn, asked, self.sources, self.digest, {}, resolve_past)
            apply_history(conn, decided.steps)
            return Counter(_CALLED.get(fate, fate) for one in decided.resolutions for _, fate in one.fates)

        asked = [(past.payload, fresh_for(past.payload, past.clock, self.new_id)) for past in pasts]

        return transaction(self.engine, work)


def beside(file: Path, name: str) -> Path:
    """Return the file of that name that belongs to an import of ``file``."""
    return file.with_name(f"{file.name}.{name}")


def _take(file: BinaryIO) -> None:
    """Keep the file to this import until it is closed; InUse where another one is at it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InUse from None


def numbered(file: BinaryIO, progress: Progress, *, as_table: bool) -> Iterator[Numbered]:
    """Yield the lines that are still to be done with their numbers, the first of the file being 1; no empty ones."""
    if as_table:
        yield from _rows(file, progress.line)
        return
    file.seek(progress.offset)
    # Read line by line, and not by iterating, so that the file can tell how far it is.
    for number, line in enumerate(iter(file.readline, b""), progress.line + 1):
        if line.strip():
            yield number, line.rstrip(b"\r\n")


def _rows(file: BinaryIO, done: int) -> Iterator[Numbered]:
    """Yield the rows of a table below its line of names, each with the number of the line that it begins in."""
    rows = read_table(file)
    names = column_names(next(rows, None))
    for row in rows:
        if row.number <= done:
            continue
        try:
            if row.cells is None:
                raise BadLine(row.problem)
            yield row.number, from_row(names, row.cells)
        except BadLine as why:
            yield row.number, BadLine(str(why), row.text.encode(errors="surrogateescape"))


def _set_aside(number: int, raw: bytes, why: str) -> bytes:
    entry = {"line": number, "reason": why, "text": raw[:_SHOWN].decode(errors="replace")}
    return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)


def _progress(note: Path, file: Path) -> Progress:
    """Return how far an earlier run has come with this very file, else its beginning."""
    size = file.stat().st_size
    try:
        kept = Progress(**orjson.loads(note.read_bytes()))
    except (FileNotFoundError, orjson.JSONDecodeError, TypeError):
        return Progress(size)
    return kept if kept.size == size else Progress(size)


def _write(note: Path, progress: Progress) -> None:
    """Write it down whole; what was committed after the last note is only looked up once more."""
    draft = note.with_name(f"{note.name}.part")
    with open(draft, "wb", opener=private) as file:
        file.write(orjson.dumps(asdict(progress)))
    draft.replace(note)
