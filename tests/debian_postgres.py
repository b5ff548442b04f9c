"""Debian's PostgreSQL 15, beside the newest one from the wheel: it plans differently (docs/decisions/0027)."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = next((folder for folder in [Path("/usr/lib/postgresql/15/bin")] if (folder / "initdb").exists()), None)
"""Where its programs are, or None."""
MISSING = (
    "POSTGRESQL 15 IS MISSING: the store was tried on the newest PostgreSQL only."
    " Install it (Debian 12: apt install postgresql-15)."
)
BACKENDS = ["sqlite", "postgresql", *(["postgresql-15"] if FOLDER else [])]
"""For tests that run on every database; what is not there is not collected rather than skipped."""
POSTGRESQL = BACKENDS[1:]


@contextmanager
def running() -> Iterator[Path]:
    """Run a server on a unix socket in the folder that this yields; its superuser is ``postgres``."""
    assert FOLDER is not None
    folder = Path(tempfile.mkdtemp(prefix="handoff-15-"))
    # The server refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    shutil.chown(folder, user)
    folder.chmod(0o755)
    own = {"user": user, "extra_groups": []} if os.geteuid() == 0 else {}

    def run(program: str, *options: str) -> None:
        subprocess.run([FOLDER / program, *options], check=True, stdout=subprocess.DEVNULL, cwd=folder, **own)

    data = str(folder / "data")
    try:
        run("initdb", "--pgdata", data, "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync")
        settings = (
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "listen_addresses=",
            "max_connections=40",
        )
        options = f"-k {folder} " + " ".join(f"-c {setting}" for setting in settings)
        run("pg_ctl", "--pgdata", data, "--wait", "--log", str(folder / "log"), "--options", options, "start")
        try:
            yield folder
        finally:
            run("pg_ctl", "--pgdata", data, "--mode=immediate", "--wait", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
