"""Which database a command means: it says so, makes none by mistake, and leaves one of a newer version alone."""

import threading
from pathlib import Path

import pytest
from ports import free_port
from sqlalchemy import text

from tracker.store import migrations
from tracker.store.address import shown
from tracker.store.engine import connect, transaction

ON_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def at(engine, revision: str) -> None:
    """Have the database say that it is at a revision."""
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


@pytest.mark.parametrize("words", [("upgrade",), ("check",), ("maintain",), ("copy", "--to", "sqlite:///there.db")])
def test_a_command_on_the_database_says_which_it_means(words, tracker, database_url, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    said = tracker("db", *words)
    assert said.code == 0, said.err
    assert said.err.splitlines()[0] == f"Database: {shown(database_url)}"


@ON_SQLITE
@pytest.mark.parametrize(
    "words",
    [("db", "check"), ("db", "maintain"), ("db", "backup", "x.db"), ("source", "list"), ("event", "list")],
    ids=" ".join,
)
def test_where_no_database_is_none_is_made_and_the_settings_are_named(words, tracker, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    said = tracker(*words, DATABASE_URL="", DATA_DIR="", SECRET_KEY="")
    assert (said.code, said.out) == (1, "")
    for named in (str(tmp_path / "var" / "handoff.db"), "DATABASE_URL", "DATA_DIR", "tracker db upgrade"):
        assert named in said.err
    assert not (tmp_path / "var").exists()


@ON_SQLITE
@pytest.mark.parametrize("words", [("db", "upgrade"), ("db", "check"), ("source", "list")], ids=" ".join)
@pytest.mark.parametrize("damage", ["no database", "an overwritten page"])
def test_a_file_that_cannot_be_read_as_a_database_is_told_in_a_sentence(words, damage, tracker, engine) -> None:
    file = Path(engine.url.database)
    engine.dispose()
    content = file.read_bytes()
    # The first page begins the schema, which everybody reads.
    file.write_bytes(b"hello" if damage == "no database" else content[:100] + b"x" * 4000 + content[4100:])
    said = tracker(*words)
    assert said.code == 1
    last = said.err.splitlines()[-1]
    assert last.startswith(f"{file} is damaged, or no database at all: ")
    assert "tracker db restore FILE" in last
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "words", [("db", "upgrade"), ("db", "check"), ("db", "maintain"), ("source", "list")], ids=" ".join
)
def test_a_database_of_a_newer_version_is_left_alone_and_the_way_out_is_said(
    words, tracker, engine, database_url
) -> None:
    at(engine, "9999")
    said = tracker(*words)
    assert (said.code, said.out) == (1, "")
    sentence = said.err.splitlines()[-1]
    assert sentence.startswith(f"{shown(database_url)} is at schema 9999, which this version")
    assert "Install that version, or restore the copy" in sentence
    assert "Traceback" not in said.err
    assert migrations.revision(engine) == "9999"


@ON_SQLITE
def test_nothing_is_served_from_a_database_of_a_newer_version(shell, engine) -> None:
    at(engine, "9999")
    said = shell("serve", PORT=str(free_port()))
    assert said.code != 0
    assert "a newer one made it. Install that version, or restore the copy" in said.err
    assert "Traceback" not in said.out + said.err
    assert "listens on" not in said.out


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"], indirect=True)
def test_a_command_that_comes_while_the_database_is_migrated_waits_for_it(tracker, engine, monkeypatch) -> None:
    at(engine, migrations.revisions()[0])
    seen, wait, said = threading.Event(), migrations._wait_for_others, []

    def told(meant) -> None:
        seen.set()
        wait(meant)

    monkeypatch.setattr(migrations, "_wait_for_others", told)
    command = threading.Thread(target=lambda: said.append(tracker("source", "list", "--json")))

    def migrate(conn) -> None:
        if conn.dialect.name == "postgresql":
            migrations.hold(conn)
        command.start()
        assert seen.wait(30)
        conn.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": migrations.head()})

    transaction(engine, migrate)
    command.join(30)
    [listed] = said
    assert (listed.code, listed.err) == (0, "")


@ON_SQLITE
def test_a_database_that_is_named_as_a_uri_of_sqlite_is_found(tracker, tmp_path) -> None:
    assert tracker("db", "check", DATABASE_URL=f"sqlite:///file:{tmp_path / 'handoff.db'}?uri=true").code == 0


@ON_SQLITE
def test_what_a_restore_and_a_first_upgrade_make_is_the_one_that_was_named(tracker, database_url, tmp_path) -> None:
    copy, there = tmp_path / "copy.db", f"sqlite:///{tmp_path / 'there.db'}"
    assert tracker("db", "backup", str(copy)).code == 0
    restored = tracker("db", "restore", str(copy), DATABASE_URL=there)
    assert restored.code == 0, restored.err
    engine = connect(there)
    assert migrations.is_current(engine)
    engine.dispose()
    assert Path(tmp_path / "there.db").exists()


@ON_SQLITE
@pytest.mark.parametrize("words", [("db", "check"), ("db", "upgrade"), ("source", "list")], ids=" ".join)
def test_a_server_that_cannot_be_reached_is_named_without_its_password(words, tracker) -> None:
    port = free_port()
    said = tracker(*words, DATABASE_URL=f"postgresql://anna:secret-7@127.0.0.1:{port}/handoff")
    assert said.code == 1
    last = said.err.splitlines()[-1]
    assert f"127.0.0.1:{port}/handoff cannot be reached or written: " in last
    assert "refused" in last
    assert "secret-7" not in said.err
    assert "same body" not in said.err
