"""What tells of visitors is made for its owner's eyes alone; what is there already is left as it is."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tracker.store.engine import connect

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
LINES = b'{"type": "a", "time": "2015-03-01"}\n{"type": "a"}\n'


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """The umask of most machines, under which a new file is for everybody to read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """Return the modes of all files of a folder by their names."""
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.rglob("*") if file.is_file()}


def test_a_new_installation_is_for_its_owner_alone(tracker, tmp_path) -> None:
    folder = tmp_path / "new"
    own = {"DATA_DIR": str(folder), "DATABASE_URL": "", "SECRET_KEY": ""}
    assert tracker("db", "upgrade", **own).code == 0
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    engine = connect(f"sqlite:///{folder / 'handoff.db'}")
    with engine.begin() as conn:
        conn.execute(text("CREATE TABLE x (y INT)"))
        assert set(modes(folder)) == {"handoff.db", "handoff.db-shm", "handoff.db-wal", "secret_key"}
        assert set(modes(folder).values()) == {0o600}
    engine.dispose()


def test_every_file_that_a_command_writes_is_for_its_owner_alone(tracker, make_source, record, tmp_path) -> None:
    make_source("shop")
    person = record("e1", session="s1").profile_id
    out = tmp_path / "out"
    out.mkdir()
    (out / "in.jsonl").write_bytes(LINES)
    before = modes(out)
    commands = [
        ("event", "export", f"{out}/events.jsonl"),
        ("event", "export", f"{out}/events.csv"),
        ("profile", "export", person, "--output", f"{out}/person.jsonl"),
        ("profile", "export", person, "--zip", "--output", f"{out}/person.zip"),
        ("db", "backup", f"{out}/backup.db"),
        ("db", "copy", "--to", f"sqlite:///{out}/copy.db"),
        ("event", "import", f"{out}/in.jsonl", "--source", "shop"),
    ]
    codes = [tracker(*command).code for command in commands]
    assert codes == [0] * 6 + [1], "one line of the two that are brought in is no event"
    assert tracker("db", "restore", f"{out}/backup.db", DATABASE_URL=f"sqlite:///{out}/restored.db").code == 0
    made = {name: mode for name, mode in modes(out).items() if name not in before}
    assert {"events.csv", "person.zip", "in.jsonl.rejected.jsonl", "restored.db", "copy.db"} <= set(made)
    assert set(made.values()) == {0o600}


def test_the_note_of_an_import_under_way_is_for_its_owner_alone(make_source, tmp_path, environment) -> None:
    make_source("shop")
    (tmp_path / "in.jsonl").write_bytes(LINES)
    stopped = (
        "from tracker.ingest import importing\n"
        "from tracker.cli import main\n"
        "importing.AT_ONCE = 1\n"
        "whole, done = importing._write, []\n"
        "def once(note, progress):\n"
        "    if done: raise SystemExit(7)\n"
        "    done.append(whole(note, progress))\n"
        "importing._write = once\n"
        f"main(['event', 'import', {str(tmp_path / 'in.jsonl')!r}, '--source', 'shop'])\n"
    )
    done = subprocess.run([sys.executable, "-c", stopped], env=os.environ | environment, capture_output=True, text=True)
    assert done.returncode == 7, done.stderr
    assert modes(tmp_path)["in.jsonl.progress"] == 0o600


def test_a_file_and_a_folder_that_are_there_keep_their_modes(tracker, make_source, record, tmp_path) -> None:
    make_source("shop")
    person = record("e1", session="s1").profile_id
    file, folder, database = tmp_path / "person.jsonl", tmp_path / "mine", tmp_path / "handoff.db"
    file.touch(0o640)
    folder.mkdir(0o755)
    database.chmod(0o640)
    assert tracker("profile", "export", person, "--overwrite", "--output", str(file)).code == 0
    assert tracker("db", "check", DATA_DIR=str(folder)).code == 0
    kept = [stat.S_IMODE(path.stat().st_mode) for path in (file, folder, database)]
    assert kept == [0o640, 0o755, 0o640]


def test_a_further_connection_takes_no_lock_from_those_that_are_open(tracker, make_source, engine, tmp_path) -> None:
    make_source("shop")
    with engine.connect(), engine.connect():
        # Who finds no lock when it leaves takes itself for the last one, and the journal along with it.
        other = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM source').fetchall()"
        subprocess.run([sys.executable, "-c", other, str(engine.url.database)], check=True)
        assert (tmp_path / "handoff.db-wal").exists()
