"""``tracker serve`` where it listens, in which folder it works, and what it needs to write."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ports import free_port
from serving import TRACKER, serving

ONE_DATABASE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
KEY = "a key that only tests sign with"


# Where it listens --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["::1", "[::1]", "::", "[::]"])
def test_it_listens_on_ipv6_and_says_so_in_brackets(written, tmp_path) -> None:
    port = free_port("::1")
    env = {"DATA_DIR": str(tmp_path / "var"), "HOST": written}
    with serving(tmp_path, env, host="::1", port=port) as served:
        assert served.ask("/readyz").status == 200
        assert f"Handoff listens on http://[{written.strip('[]')}]:{port}, known to browsers as" in served.told()
        if written.strip("[]") == "::":
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                pass


@pytest.mark.parametrize(
    ("host", "taken_on", "shown"),
    [("127.0.0.1", "127.0.0.1", "127.0.0.1"), ("::1", "::1", "[::1]"), ("[::]", "::1", "[::]")],
)
def test_a_port_that_is_taken_is_said_in_a_sentence(host, taken_on, shown, tmp_path) -> None:
    family = socket.AF_INET6 if ":" in taken_on else socket.AF_INET
    with socket.create_server((taken_on, 0), family=family) as taken:
        port = taken.getsockname()[1]
        env = {"DATA_DIR": str(tmp_path), "HOST": host, "PORT": str(port)}
        done = subprocess.run([TRACKER, "serve"], env=env, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert (
        done.stderr == f"Cannot bind {shown}:{port}: Address already in use. HOST and PORT choose another: PORT=9000\n"
    )


def test_an_address_that_is_not_of_this_machine_is_said_in_a_sentence(tmp_path) -> None:
    for host in ("192.0.2.7", "2001:db8::7", "no-such-host.invalid"):
        env = {"DATA_DIR": str(tmp_path), "HOST": host}
        done = subprocess.run([TRACKER, "serve"], env=env, capture_output=True, text=True, timeout=30, check=False)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert done.stderr.startswith("Cannot bind ")


# In which folder it works ------------------------------------------------------------------------------------------


def test_relative_paths_are_those_of_the_folder_it_was_started_in(tmp_path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "key").write_text(KEY)
    # A file of that name would be served instead of the program where its folder came first.
    (here / "app.py").write_text("raise SystemExit(7)")
    env = {"DATA_DIR": "data", "DATABASE_URL": "sqlite:///data/mine.db", "SECRET_KEY_FILE": "key"}
    with serving(tmp_path, env, cwd=here) as served:
        assert served.ask("/readyz").status == 200
    assert {"mine.db"} <= {entry.name for entry in (here / "data").iterdir()}
    assert not (here / "data" / "secret_key").exists()


def test_without_any_setting_the_data_folder_is_below_the_folder_it_was_started_in(tmp_path) -> None:
    with serving(tmp_path, {}, cwd=tmp_path) as served:
        assert served.ask("/readyz").status == 200
        assert f"DATA_DIR={tmp_path / 'var'} .venv/bin/tracker source create" in served.told()
    assert {"handoff.db", "secret_key"} <= {entry.name for entry in (tmp_path / "var").iterdir()}


# What it needs to write --------------------------------------------------------------------------------------------


@ON_POSTGRESQL
def test_a_data_folder_that_cannot_be_written_is_no_matter_with_a_key_and_postgresql(database_url, tmp_path) -> None:
    (tmp_path / "tmp").mkdir()
    env = {
        # Not even root can make a folder there.
        "DATA_DIR": "/proc/handoff",
        "DATABASE_URL": database_url,
        "SECRET_KEY": KEY,
        "WORKERS": "2",
        "TMPDIR": str(tmp_path / "tmp"),
    }
    with serving(tmp_path, env) as served:
        assert served.ask("/readyz").status == 200
        [folder] = (tmp_path / "tmp").glob("handoff-metrics-*")
        assert "handoff_" in served.ask("/metrics").body.decode()
        assert list(folder.glob("*.db"))
        assert "Traceback" not in served.told()
    assert list((tmp_path / "tmp").glob("handoff-metrics-*")) == []


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"SECRET_KEY": KEY},
        {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"},
    ],
    ids=["nothing set", "key", "PostgreSQL"],
)
def test_what_needs_the_data_folder_says_so_in_a_sentence(env, tmp_path) -> None:
    given = {"DATA_DIR": "/proc/handoff", "PORT": str(free_port())} | env
    done = subprocess.run([TRACKER, "serve"], env=given, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("DATA_DIR: cannot write to /proc/handoff (")
    assert done.stderr.count("\n") == 1


# A reload ----------------------------------------------------------------------------------------------------------


def until(so: Callable[[], bool], served) -> None:
    deadline = time.monotonic() + 60
    while not so():
        assert time.monotonic() < deadline, served.told()
        threading.Event().wait(0.01)


def test_a_reload_with_bad_settings_serves_on_with_those_of_before(tmp_path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY)
    with serving(tmp_path, {"DATA_DIR": str(tmp_path / "var"), "SECRET_KEY_FILE": str(key)}) as served:

        def workers() -> set[str]:
            return set(Path(f"/proc/{served.pid}/task/{served.pid}/children").read_text().split())

        old = workers()
        assert old
        key.unlink()
        os.kill(served.pid, signal.SIGHUP)
        until(lambda: "SECRET_KEY_FILE" in served.told(), served)
        [line] = [line for line in served.told().splitlines() if "SECRET_KEY_FILE" in line]
        assert json.loads(line)["says"].startswith("Not reloaded; the server goes on with the settings of before: ")
        assert served.ask("/readyz").status == 200
        assert workers() == old
        # And the next reload, with good settings, is one.
        key.write_text(KEY)
        os.kill(served.pid, signal.SIGHUP)
        until(lambda: bool(workers()) and not workers() & old, served)
        assert served.ask("/readyz").status == 200
        assert "Traceback" not in served.told()


# What it believes --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("served")
    env = {
        "DATA_DIR": str(folder / "var"),
        "SECRET_KEY": KEY,
        "RATE_LIMIT": "off",
        "SCRIPT_NAME": "/from-the-environment",
    }
    subprocess.run([TRACKER, "db", "upgrade"], env=env, check=True, capture_output=True)
    subprocess.run(
        [TRACKER, "source", "create", "--name", "s", "--id", "shop"], env=env, check=True, capture_output=True
    )
    with serving(folder, env) as found:
        yield found


@pytest.mark.parametrize(
    "header",
    [
        {"SCRIPT__NAME": "/evil"},
        {"SCRIPT__NAME": "/login"},
        {"PATH__INFO": "/metrics"},
        {"REMOTE__USER": "anna"},
        {"X_Script_Name": "/evil"},
        {"X_Forwarded_Prefix": "/evil"},
        {"X_Forwarded_Host": "evil.example"},
        {"X_Forwarded_Proto": "https"},
        {"X_Forwarded_Ssl": "on"},
        {"X_Forwarded_Protocol": "ssl"},
        {"Forwarded": "host=evil.example;proto=https"},
        {"X_Original_Url": "/metrics"},
        {"X_Rewrite_Url": "/metrics"},
        {"X_Http_Method_Override": "POST"},
    ],
    ids=lambda header: next(iter(header)),
)
def test_no_header_sets_the_path_the_scheme_or_the_host(header, served) -> None:
    plain, forged = served.ask("/account"), served.ask("/account", **header)
    assert (plain.status, plain.headers["location"]) == (302, "/login?next=/account")
    assert (forged.status, forged.headers["location"]) == (302, "/login?next=/account")
    page = served.ask("/login", **header)
    assert page.status == 200
    assert b"evil" not in page.body


def test_the_cookies_of_a_large_site_do_not_keep_its_pages_from_the_script(served) -> None:
    cookies = "; ".join(f"name{number}={'x' * 1000}" for number in range(30))
    assert len(cookies) > 30_000
    for _ in range(2):
        assert served.ask("/tracker?source_id=shop", Cookie=cookies).status == 200
    posted = json.dumps({"source": {"id": "shop"}, "events": [{"type": "a"}]}).encode()
    assert served.ask("/track", "POST", posted, Cookie=cookies, Content_Type="application/json").status == 200
    assert served.ask("/login", Cookie=cookies).status == 200
    assert served.ask("/tracker?source_id=shop&x=" + "x" * 7900).status == 200


def test_a_head_that_does_not_end_is_not_kept_for_ever(served) -> None:
    with socket.create_connection((served.host, served.port), timeout=10) as conn:
        conn.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        try:
            conn.sendall(20 * (b"X-Filler: " + b"x" * 8000 + b"\r\n"))
            answer = conn.recv(4096)
        except ConnectionError:
            # What was still on its way when the server had enough takes the answer along.
            answer = b""
    assert answer == b"" or b" 431 " in answer.splitlines()[0]
