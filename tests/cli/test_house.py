"""What every command does alike: the database, the settings, and how it ends."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from ports import free_port
from sqlalchemy import text

from tracker.store import reports

ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
DEADLINE = 30


def test_the_database_is_migrated_once_and_then_left_alone(tracker, empty_database_url, backend, tmp_path) -> None:
    first = tracker("db", "upgrade", DATABASE_URL=empty_database_url)
    again = tracker("db", "upgrade", DATABASE_URL=empty_database_url)
    assert (first.code, again.code) == (0, 0)
    made = f"Made {tmp_path / 'empty.db'}, migrated" if backend == "sqlite" else "Migrated"
    assert first.out.startswith(f"{made} from nothing to ")
    assert again.out == first.out.replace(f"{made} from nothing to", "The database is at")


def test_a_check_says_a_line_for_every_invariant(tracker, make_source, record) -> None:
    make_source("shop")
    record("e1", session="s1")
    said = tracker("db", "check")
    lines = said.out.splitlines()
    assert said.code == 0
    assert len(lines) >= 8
    assert all(line.startswith("ok      ") for line in lines)


def test_a_check_that_finds_damage_ends_with_1_and_says_where(tracker, make_source, record, engine) -> None:
    make_source("shop")
    record("e1", session="s1")
    with engine.begin() as conn:
        conn.execute(text("UPDATE event SET profile_id = 'nobody'"))
    said = tracker("db", "check")
    assert said.code == 1
    broken = [line for line in said.out.splitlines() if not line.startswith("ok ")]
    assert broken == ["BROKEN  every event resolves to one live profile: 1 row"]


@pytest.mark.parametrize(
    "words",
    [
        ("source", "list"),
        ("source", "create", "--name", "x"),
        ("profile", "show", "x"),
        ("event", "list"),
        ("quarantine", "list"),
        ("db", "check"),
        ("snippet", "x"),
    ],
    ids=" ".join,
)
@ONE_DATABASE
def test_on_a_database_without_the_schema_a_command_says_what_to_run(words, tracker, empty_database_url) -> None:
    said = tracker(*words, DATABASE_URL=empty_database_url)
    assert (said.code, said.out) == (1, "")
    assert "tracker db upgrade" in said.err


@ONE_DATABASE
@pytest.mark.parametrize(
    "words", [("db", "upgrade"), ("db", "check"), ("source", "list"), ("event", "list")], ids=" ".join
)
def test_a_database_that_is_not_there_is_one_sentence(words, tracker) -> None:
    for url in ("postgresql://handoff:hunter2@127.0.0.1:1/handoff", "sqlite:////nowhere/at/all/handoff.db"):
        said = tracker(*words, DATABASE_URL=url)
        assert (said.code, said.out) == (1, "")
        assert len([line for line in said.err.splitlines() if not line.startswith("Database: ")]) == 1
        assert "hunter2" not in said.err


@ONE_DATABASE
def test_bad_settings_are_named_all_at_once(tracker) -> None:
    said = tracker("source", "list", PORT="eighty", PUBLIC_URL="collect.example", WORKERS="x", SECRET_KEY="short")
    assert (said.code, said.out) == (1, "")
    assert [line.split()[0] for line in said.err.splitlines()] == ["PORT", "PUBLIC_URL", "WORKERS", "SECRET_KEY"]


@ONE_DATABASE
def test_a_first_command_on_an_empty_folder_works_without_any_setting_but_that(tracker, tmp_path) -> None:
    for extra in ({"SECRET_KEY": ""}, {}):
        folder = tmp_path / f"fresh-{len(extra)}"
        said = tracker("db", "upgrade", DATA_DIR=str(folder), DATABASE_URL="", **extra)
        assert said.code == 0, said.err
        assert (folder / "handoff.db").is_file()


@ONE_DATABASE
def test_help_names_every_command_of_the_interface(tracker) -> None:
    said = tracker("--help")
    assert said.code == 0
    for noun in ("serve", "source", "snippet", "profile", "session", "event", "quarantine", "admin", "db"):
        assert f"\n  {noun} " in said.out
        assert tracker(noun, "--help").code == 0
    assert tracker("--version").out.strip()


# As a shell does ---------------------------------------------------------------------------------------------------


def test_the_installed_script_speaks_json_on_standard_output_alone(shell) -> None:
    made = shell("source", "create", "--name", "Läden", "--id", "Source ID", "--kind", "server", "--json")
    assert (made.code, made.err) == (0, "")
    assert list(made.object) == ["id", "secret"]
    assert [source["name"] for source in shell("source", "list", "--json").lines] == ["Läden"]
    missing = shell("profile", "show", "nobody", "--json")
    assert (missing.code, missing.out) == (1, "")
    assert missing.err == "No profile answers to 'nobody'.\n"


@ONE_DATABASE
def test_serving_on_a_fresh_folder_migrates_takes_events_and_ends_in_peace(
    environment, shell, tracker, tmp_path
) -> None:
    port = free_port()
    # The folder is fresh: serving makes it, its key and its database.
    serving = environment | {
        "PORT": str(port),
        "DATA_DIR": str(tmp_path / "fresh"),
        "DATABASE_URL": "",
        "SECRET_KEY": "",
    }
    address = f"http://127.0.0.1:{port}"
    with (tmp_path / "log").open("w") as log:
        script = str(Path(sys.executable).parent / "tracker")
        server = subprocess.Popen([script, "serve"], env=serving, stdout=log, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + DEADLINE
            while f"Handoff listens on {address}" not in (tmp_path / "log").read_text():
                assert server.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < deadline, (tmp_path / "log").read_text()
                # Looking without a pause would take from the start the core that it runs on.
                threading.Event().wait(0.005)
            # It is said when it is true: at once there is an answer, and a database for commands.
            assert ask(f"{address}/readyz") == 200
            made, printed = as_printed((tmp_path / "log").read_text(), shell)
            assert made.object["id"] == "shop"
            assert "https://collect.example/tracker?source_id=shop" in printed.out
            body = json.dumps({"source": {"id": "shop"}, "events": [{"type": "a", "id": "e1"}]}).encode()
            assert ask(f"{address}/track", body) == 200
            with socket.create_connection(("127.0.0.1", port)) as broken:
                broken.sendall(b"GET /?email=anna@example.com HTTP/9.9\r\n\r\n")
                assert b" 400 " in broken.recv(4096)
            assert tracker("db", "backup", str(tmp_path / "copy.db"), **serving).code == 0
            for command in (("restore", "--yes", str(tmp_path / "copy.db")), ("copy", "--to", "sqlite:///there.db")):
                assert "The collector is running" in tracker("db", *command, **serving).err
        finally:
            server.send_signal(signal.SIGTERM)
            ended = server.wait(DEADLINE)
    assert ended == 0
    said = (tmp_path / "log").read_text().splitlines()
    order = ["Handoff starts on", "Made ", "Handoff listens on", "The console is at", "Nobody can log in yet."]
    order += ["  http", "Or from here:", "  DATA_DIR=", "  DATA_DIR="]
    told = [line for line in said if not line.startswith("{")]
    assert [line for line, begins in zip(told, order, strict=True) if not line.startswith(begins)] == []
    assert [json.loads(line)["says"] for line in said if '"event":"server"' in line] == ["Invalid request"]
    assert "anna@example.com" not in "".join(said)
    assert re.fullmatch(r"  https://collect\.example/setup\?token=\S{43}", told[5])
    [event] = shell("event", "list", "--json", **serving).lines
    assert (event["id"], event["source"]) == ("e1", "shop")
    assert tracker("db", "restore", "--yes", str(tmp_path / "copy.db"), **serving).code == 0
    assert shell("db", "check", **serving).code == 0


def as_printed(told: str, shell) -> list[Any]:
    """Call the commands that a server has printed, with no variable of the database but those that it has printed."""
    called = []
    for line in (line for line in told.splitlines() if ".venv/bin/tracker" in line):
        words = shlex.split(line.replace("SOURCE_ID", "shop") + " --id shop --json" * ("create" in line))
        start = words.index(".venv/bin/tracker")
        given = {"DATABASE_URL": "", "SECRET_KEY": "", "PUBLIC_URL": ""} | dict(
            word.split("=") for word in words[:start]
        )
        called.append(shell(*words[start + 1 :], **given))
    return called


def ask(url: str, body: bytes | None = None) -> int:
    try:
        request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


@ONE_DATABASE
def test_serving_where_the_port_is_taken_ends_at_once_with_a_sentence(shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = shell("serve", PORT=str(taken.getsockname()[1]))
    assert said.code == 1
    assert "PORT=" in said.err
    assert os.linesep.join(said.err.splitlines()[:1]) == said.err.strip()


def test_maintenance_keeps_everything_unless_it_is_told_how_long(tracker, make_source, record, clock, read) -> None:
    make_source("shop")
    record("e1", session="s1")
    said = tracker("db", "maintain")
    assert said.code == 0
    assert (
        "Everything is kept: neither RETENTION_DAYS nor --keep-days is set, nor retentionDays of a source.\n"
        in said.out
    )
    assert len(read(reports.events)) == 1


@pytest.mark.parametrize("told", [("--keep-days", "30"), ()], ids=["on the command line", "by the environment"])
def test_maintenance_forgets_what_is_old_and_a_dry_run_only_says_so(told, tracker, make_source, record, read) -> None:
    make_source("shop")
    # The clock of the tests stands in 2025.
    record("e1", "e2", session="s1")
    env = {} if told else {"RETENTION_DAYS": "30"}
    dry = tracker("db", "maintain", *told, "--dry-run", **env)
    assert len(read(reports.events)) == 2
    wet = tracker("db", "maintain", *told, **env)
    assert (dry.code, wet.code) == (0, 0)
    assert "Would forget what is older than 30 days" in dry.out
    for line in ("2 events", "1 visit\n", "1 person\n"):
        assert line in dry.out
        assert line in wet.out
    assert read(reports.events) == []
