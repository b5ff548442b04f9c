"""Files that commands write and read: regular ones, through links; - is standard output, and a pipe says a sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ON_SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def shop(make_source, record) -> str:
    """A source with one event; returns its visitor."""
    make_source("shop")
    return str(record("e1", session="s1").profile_id)


@pytest.fixture
def writing(tracker, shop):
    """Call each command that writes a file; returns what was said."""

    def go(command: str, file: object):
        words = {
            "backup": ("db", "backup", "--overwrite", str(file)),
            "export": ("event", "export", "--overwrite", str(file)),
            "person": ("profile", "export", shop, "--overwrite", "--output", str(file)),
            "archive": ("profile", "export", shop, "--zip", "--overwrite", "--output", str(file)),
        }[command]
        return tracker(*words)

    return go


COMMANDS = ("backup", "export", "person", "archive")
BEGINS = {"backup": b"SQLite format 3", "export": b"{", "person": b"{", "archive": b"PK"}


@ON_SQLITE
@pytest.mark.parametrize("command", COMMANDS)
def test_a_link_is_followed_and_stays_a_link(command: str, writing, tmp_path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("the old one")
    link.symlink_to(target)
    assert writing(command, link).code == 0
    assert link.is_symlink()
    assert target.read_bytes().startswith(BEGINS[command])
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "new")
    assert writing(command, dangling).code == 0
    assert (tmp_path / "new").read_bytes().startswith(BEGINS[command])
    assert list(tmp_path.glob("*.part")) == []


@ON_SQLITE
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_regular_file_is_not_replaced(command: str, writing, tmp_path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for file in (pipe, link, "/dev/null"):
        said = writing(command, file)
        assert (said.code, said.err.splitlines()[-1]) == (
            1,
            f"{file} is no regular file, so it cannot be replaced; - is standard output.",
        )
    assert pipe.is_fifo()


@ON_SQLITE
@pytest.mark.parametrize("command", COMMANDS)
def test_a_dash_is_standard_output(command: str, environment, shop, tmp_path) -> None:
    words = {
        "backup": ["db", "backup", "-"],
        "export": ["event", "export", "-"],
        "person": ["profile", "export", shop, "--output", "-"],
        "archive": ["profile", "export", shop, "--zip", "--output", "-"],
    }[command]
    script = str(Path(sys.executable).parent / "tracker")
    done = subprocess.run([script, *words], env=environment, capture_output=True, timeout=60, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout[:1]) == (0, BEGINS[command][:1]), done.stderr
    assert not (tmp_path / "-").exists()
    if command == "export":
        assert json.loads(done.stdout)["id"] == "e1"
        assert b"Wrote 1 event" in done.stderr
    if command == "backup":
        copy = tmp_path / "copy.db"
        copy.write_bytes(done.stdout)
        checked = subprocess.run(
            [script, "db", "check"], env=environment | {"DATABASE_URL": f"sqlite:///{copy}"}, check=False, timeout=60
        )
        assert checked.returncode == 0


@ON_SQLITE
def test_a_table_goes_to_standard_output_where_that_is_asked_for(tracker, shop) -> None:
    said = tracker("event", "export", "-", "--format", "csv")
    assert said.out.startswith('\ufeff"id","type","source"')
    assert '"e1","page-view","shop"' in said.out


@ON_SQLITE
@pytest.mark.parametrize("command", [("event", "import"), ("db", "restore", "--yes")])
def test_what_is_read_twice_is_a_file_and_else_called_what_it_is(
    command: tuple[str, ...], shop, environment, tmp_path
) -> None:
    script = str(Path(sys.executable).parent / "tracker")
    for name, what in {"/dev/stdin": "a pipe", "-": "standard input", "/dev/null": "a device"}.items():
        done = subprocess.run(
            [script, *command, name], env=environment, input=b"{}\n", capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 1
        [said] = done.stderr.decode().splitlines()
        assert said.endswith(f"and {name} is {what}: save what it holds to a file first.")


@ON_SQLITE
def test_a_file_that_is_standard_input_is_imported(shop, environment, tmp_path, read) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text('{"id": "e2", "type": "x", "source": "shop", "received_at": "2020-01-01"}\n')
    script = str(Path(sys.executable).parent / "tracker")
    with file.open("rb") as given:
        done = subprocess.run(
            [script, "event", "import", "/dev/stdin"],
            env=environment,
            stdin=given,
            capture_output=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, b"1 stored" in done.stdout) == (0, True), done.stderr
