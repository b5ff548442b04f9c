"""What ``tracker db backup`` and ``tracker db restore`` say of damage: where it is, in the original or in the copy."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tracker.store import backup

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def spoil(file: Path, page: int) -> None:
    """Write over most of a page of a database."""
    content = file.read_bytes()
    place = max(4096 * (page - 1), 100)
    file.write_bytes(content[:place] + b"x" * 3000 + content[place + 3000 :])


@pytest.fixture
def page_of_an_index(make_source, record, engine, tmp_path) -> int:
    """The number of a page that copying does not look into; all of the database is in its one file."""
    make_source("shop")
    record("e1", session="s1")
    engine.dispose()
    with closing(sqlite3.connect(tmp_path / "handoff.db", isolation_level=None)) as conn:
        conn.execute("PRAGMA journal_mode=DELETE")
        [(page,)] = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_event_1'")
    return int(page)


@pytest.mark.parametrize("of_the_schema", [False, True])
def test_a_damaged_database_is_named_and_no_copy_is_kept(of_the_schema, tracker, page_of_an_index, tmp_path) -> None:
    database = tmp_path / "handoff.db"
    spoil(database, 1 if of_the_schema else page_of_an_index)
    said = tracker("db", "backup", str(tmp_path / "copy.db"))
    assert said.code == 1
    *_, told, last = said.err.splitlines()
    assert told.startswith(f"{database} cannot be copied: " if of_the_schema else f"{database} is damaged: ")
    assert last == "Nothing was changed."
    assert list(tmp_path.glob("copy*")) == []


def test_a_damaged_file_to_restore_is_named(tracker, page_of_an_index, tmp_path) -> None:
    tracker("db", "backup", str(tmp_path / "copy.db"))
    spoil(tmp_path / "copy.db", page_of_an_index)
    said = tracker("db", "restore", "--yes", str(tmp_path / "copy.db"))
    assert (said.code, said.err.startswith(f"{tmp_path / 'copy.db'} is damaged: ")) == (1, True)


def test_a_copy_that_went_wrong_is_told_from_a_damaged_original(page_of_an_index, tmp_path) -> None:
    def tell(done: int, of: int) -> None:
        if done == of:
            spoil(tmp_path / "copy.db.part", page_of_an_index)

    with pytest.raises(backup.Unfit, match=r"^The copy is damaged, while .*handoff\.db is whole: "):
        backup.save(tmp_path / "handoff.db", tmp_path / "copy.db", tell)
    assert list(tmp_path.glob("copy*")) == []
