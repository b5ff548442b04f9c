"""A disk that is full is told as that, with what to do."""

import errno
import os
import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from tracker.core.refusal import Unavailable
from tracker.store import backup, reports

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def sqlite_error(code: int, said: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(said)
    error.sqlite_errorcode = code
    return error


def unavailable(error: sqlite3.Error) -> Unavailable:
    found = Unavailable("The database cannot be used now.")
    found.__cause__ = OperationalError("SELECT 1", {}, error)
    return found


def blocks(free: int) -> os.statvfs_result:
    return os.statvfs_result((4096, 4096, 9, free, free, 9, 9, 9, 0, 255))


IO_ERROR = sqlite_error(sqlite3.SQLITE_IOERR | 3 << 8, "disk I/O error")
FULL = sqlite_error(sqlite3.SQLITE_FULL, "database or disk is full")


@pytest.fixture
def listing(tracker, engine, monkeypatch):
    """List events where the database fails with an error, on a disk with so many free blocks."""

    def go(error: Exception, free: int):
        def fails(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(reports, "every_event", fails)
        monkeypatch.setattr(os, "statvfs", lambda _folder: blocks(free))
        return tracker("event", "list")

    return go


@pytest.mark.parametrize(
    ("error", "free"),
    [(unavailable(FULL), 99_999), (FULL, 99_999), (unavailable(IO_ERROR), 0), (IO_ERROR, 3)],
    ids=["full", "full, not wrapped", "I/O error", "I/O error, not wrapped"],
)
def test_a_full_disk_of_the_database_is_told_with_what_to_do(error, free, listing, engine) -> None:
    said = listing(error, free)
    assert said.code == 1
    assert said.err.startswith(f"The disk of {engine.url.database}, or of the file that was written, is full. Free")
    assert "tracker db maintain" in said.err
    assert said.err.count("\n") == 1


def test_a_full_disk_of_another_file_is_told_by_that_file(listing) -> None:
    said = listing(OSError(errno.ENOSPC, "No space left on device", "/there/copy.db.part"), 99_999)
    assert (said.code, said.err.startswith("The disk of /there/copy.db is full. ")) == (1, True)


def test_an_io_error_with_room_on_the_disk_is_not_taken_for_a_full_one(listing) -> None:
    said = listing(unavailable(IO_ERROR), 99_999)
    assert (said.code, "is full" in said.err, "disk I/O error" in said.err) == (1, False, True)


@pytest.fixture
def few_pages(monkeypatch) -> None:
    """Let SQLite write few pages of any draft, as on a disk that is nearly full."""
    connect = sqlite3.connect

    def connect_with_few_pages(file, **options) -> sqlite3.Connection:
        connection = connect(file, **options)
        if str(file).endswith(".part"):
            connection.execute("PRAGMA max_page_count=4")
        return connection

    monkeypatch.setattr(backup.sqlite3, "connect", connect_with_few_pages)


@pytest.mark.usefixtures("few_pages")
def test_a_backup_to_a_full_disk_names_that_disk_and_leaves_nothing(tracker, tmp_path) -> None:
    said = tracker("db", "backup", str(tmp_path / "copy.db"))
    assert said.code == 1
    assert f"The disk of {tmp_path / 'copy.db'} is full. Free" in said.err
    assert list(tmp_path.glob("copy.db*")) == []


def test_a_restore_on_a_full_disk_names_that_disk_and_changes_nothing(tracker, engine, tmp_path, request) -> None:
    tracker("db", "backup", str(tmp_path / "copy.db"))
    request.getfixturevalue("few_pages")
    said = tracker("db", "restore", str(tmp_path / "copy.db"), "--yes")
    assert said.code == 1
    assert f"The disk of {engine.url.database} is full. Free" in said.err
    assert tracker("db", "check").code == 0
