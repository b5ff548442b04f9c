"""The whole SQLite database as one file: a copy made while the collector goes on, and the way back."""

import errno
import fcntl
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from tracker.store import migrations
from tracker.store.disk_errors import disk_is_full
from tracker.store.presence import nobody_serves
from tracker.store.private import private

Tell = Callable[[int, int], object]
"""Called on the way with how many pages are done and how many there are."""

_PAGES_AT_ONCE = 2_000
_BEGINS = b"SQLite format 3\0"


class Unfit(Exception):
    """A file that is no whole database of this program, or a place where none may be put."""


class InUse(Exception):
    """Somebody else has the database open."""


def save(database: Path, file: Path, tell: Tell) -> None:
    """Write the database, as it is at this moment, to a file that has its name only once it is whole and on the disk.

    Events are taken meanwhile. Unfit where there is nothing to save, or where the database or its copy is damaged.
    """
    with closing(_opened(database, "mode=rw")) as source, whole(file) as draft:
        # Reading in one transaction: without, every event that comes in would start the copy anew.
        source.execute("BEGIN")
        _copy(source, database, draft, tell)


def restore(file: Path, database: Path, aside: Path, tell: Tell) -> None:
    """Put a saved copy in the database's place, and keep what was there under the name ``aside``.

    There is a database under its name at every moment. Served where a collector runs on it, InUse where another
    program has it open, Unfit where the file is not a whole database that this version can read.
    """
    with closing(_opened(file, "mode=ro&immutable=1")) as source, nobody_serves(database):
        _readable(source)
        with whole(database) as draft:
            _copy(source, file, draft, tell)
            if database.exists():
                closed(database)
                os.link(database, aside)
                # Only beside a damaged database is there still a journal, and it must not be taken for the copy's.
                for journal in ("-wal", "-shm"):
                    with suppress(FileNotFoundError):
                        Path(f"{database}{journal}").replace(f"{aside}{journal}")


def _opened(file: Path, mode: str) -> sqlite3.Connection:
    """Return a connection to a file that is there; SQLite itself would make a new one of any name."""
    try:
        return sqlite3.connect(f"file:{quote(str(file.absolute()))}?{mode}", uri=True, isolation_level=None, timeout=60)
    except sqlite3.OperationalError as error:
        raise Unfit(f"{file} cannot be opened: {error}") from error


@contextmanager
def whole(file: Path) -> Iterator[Path]:
    """Yield the draft of a file, and give it the file's name at the end; where the block fails nothing has changed.

    A link is followed to the file that it names. Unfit where there is something that is no regular file.
    """
    file = file.resolve()
    if file.exists() and not file.is_file():
        raise Unfit(f"{file} is no regular file, so it cannot be replaced.")
    draft = file.with_name(f"{file.name}.part")
    descriptor = private(str(draft), os.O_RDWR | os.O_CREAT)
    try:
        # Two at once would write into each other; what was left by one that was killed is nobody's.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _drop_journals(draft)
        os.ftruncate(descriptor, 0)
        if file.exists():
            os.fchmod(descriptor, stat.S_IMODE(file.stat().st_mode))
        yield draft
        os.fsync(descriptor)
        draft.replace(file)
        _settle(file.parent)
    except BlockingIOError as error:
        raise InUse(f"Another command is writing {file}.") from error
    except BaseException:
        _drop_journals(draft)
        draft.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _drop_journals(draft: Path) -> None:
    """Delete what SQLite left beside a draft when it failed: it would be played back into the next one."""
    for journal in ("-journal", "-wal", "-shm"):
        Path(f"{draft}{journal}").unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """See to it that a new name outlives the end of the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy(source: sqlite3.Connection, original: Path, draft: Path, tell: Tell) -> None:
    with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        try:
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            source.backup(copy, pages=_PAGES_AT_ONCE, progress=lambda _, left, pages: tell(pages - left, pages))
            # One file and no second one beside it; the collector turns the journal on again when it opens it.
            copy.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.DatabaseError as error:
            if disk_is_full(error, draft):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(draft)) from error
            raise Unfit(f"{original} cannot be copied: {error}") from error
    # Whoever has written the copy still has pages of it in memory; what is read is what is in the file.
    with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        damage = _damage(copy)
    if damage:
        # A copy has all the damage of what it was made of; only now is it worth the time to look there.
        own = _damage(source)
        raise Unfit(
            f"{original} is damaged: {own}" if own else f"The copy is damaged, while {original} is whole: {damage}"
        )


def _damage(database: sqlite3.Connection) -> str | None:
    """Return the first damage that SQLite finds in a database, None where it is whole."""
    try:
        [(verdict,), *_] = database.execute("PRAGMA integrity_check(1)").fetchall()
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if verdict == "ok" else " ".join(verdict.split())


def _readable(source: sqlite3.Connection) -> None:
    """Let a database of this program pass, of this version or an older one."""
    try:
        rows = source.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.DatabaseError as error:
        raise Unfit(f"It is no database of Handoff: {error}") from error
    for (revision,) in rows:
        if revision not in migrations.revisions():
            raise Unfit(f"It is at schema {revision}, which this version does not know; it was made by a newer one.")


def closed(database: Path) -> None:
    """Bring all of a database into its one file; InUse where anybody else has it open."""
    with database.open("rb") as found:
        if found.read(len(_BEGINS)) != _BEGINS:
            # SQLite would throw away the journal of what it does not take for a database of its own.
            return
    with closing(sqlite3.connect(database, isolation_level=None, timeout=0)) as mine:
        try:
            mine.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            raise InUse(f"Another program has {database} open; end it first.") from error
        except sqlite3.DatabaseError:
            # What is damaged, which may be why there is a restore, is kept as it is.
            return
