"""The real server as its own processes: gunicorn with gunicorn.conf.py, to be killed, told and started again."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psutil
from ports import free_port

from faults.waiting import RECOVERS_WITHIN, until

ROOT = Path(__file__).resolve().parents[2]
SECRET_KEY = "a key that only the fault tests sign with"
NOT_INHERITED = ("WORKERS", "DATABASE_URL_FILE", "SECRET_KEY_FILE", "SECRET_KEY_FALLBACKS", "GUNICORN_CMD_ARGS")
MOST_MEMORY_GAINED = 96 * 2**20
MOST_THREADS = 16


class Server:
    """One collector: a gunicorn master and its workers."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        *,
        workers: int = 1,
        arguments: str = "",
        entry: str = "faults.killable:create_app()",
        host: str = "127.0.0.1",
        prefix: tuple[str, ...] = (),
    ) -> None:
        self.host = host
        self.port = free_port()
        self.log = folder / "collector.log"
        self.expected_workers = workers
        self._orders = folder / "orders.json"
        self._command = [*prefix, sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", entry]
        self.env = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED} | {
            "HOST": host,
            "PORT": str(self.port),
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "SECRET_KEY": SECRET_KEY,
            "DATA_DIR": str(folder),
            "DATABASE_URL": database_url,
            "WORKERS": str(workers),
            "RATE_LIMIT": "off",
            "NETWORK_CONNECTIONS": "0",
            "GUNICORN_CMD_ARGS": arguments,
            "HANDOFF_ORDERS": str(self._orders),
            "PYTHONPATH": os.pathsep.join((str(ROOT / "tests"), str(ROOT))),
        }
        self._master: psutil.Popen | None = None
        self.memory_at_start = 0

    # Processes -----------------------------------------------------------------------------------------------------

    def start(self, *, wait: bool = True) -> None:
        with self.log.open("ab") as out:
            self._master = psutil.Popen(
                self._command, cwd=ROOT, env=self.env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        if wait:
            until(lambda: not self.running() or self.ready(), "the server's start")
            assert self.running(), self.told()
            self.memory_at_start = max(worker.memory_info().rss for worker in self.workers())

    def running(self) -> bool:
        return self._master is not None and self._master.poll() is None

    @property
    def master(self) -> psutil.Popen:
        assert self._master is not None
        return self._master

    def workers(self) -> list[psutil.Process]:
        """Return the live worker processes."""
        with suppress(psutil.NoSuchProcess):
            return [child for child in self.master.children() if child.status() != psutil.STATUS_ZOMBIE]
        return []

    def ready(self) -> bool:
        return len(self.workers()) >= self.expected_workers and self._all_serve() and self.get("/readyz") == 200

    def _all_serve(self) -> bool:
        """Return True where every worker has answered something: a process that is there may still be starting."""
        if not all(self._orders.with_name(f"serving.{worker.pid}").exists() for worker in self.workers()):
            with ThreadPoolExecutor(16) as pool:
                list(pool.map(self.get, ["/healthz"] * 16))
            return False
        return True

    def tell(self, number: signal.Signals) -> None:
        """Send the master a signal."""
        self.master.send_signal(number)

    def ended(self, within: float) -> int:
        """Return the exit code of the master, which must end by itself within that time."""
        code = until(lambda: not self.running() and (self.master.returncode, 0), "the end of the server", within=within)
        return int(code[0])

    def stop(self) -> None:
        """End every process of this server, whatever state it is in."""
        if self._master is None:
            return
        # Whoever was orphaned by the death of its master is still in its session.
        with suppress(ProcessLookupError):
            os.killpg(self.master.pid, signal.SIGTERM)
        with suppress(psutil.TimeoutExpired):
            self.master.wait(timeout=10)
        with suppress(ProcessLookupError):
            os.killpg(self.master.pid, signal.SIGKILL)
        self.master.wait(timeout=10)

    def kill_all(self) -> None:
        """Kill every process of this server, kill -9, as the end of its machine would."""
        os.killpg(self.master.pid, signal.SIGKILL)
        self.master.wait(timeout=10)

    def order(self, **orders: Any) -> None:
        """Give the hooks of every worker new orders (killable.py); none of them for as it should be."""
        self._orders.with_suffix(".done").unlink(missing_ok=True)
        draft = self._orders.with_suffix(".draft")
        draft.write_text(json.dumps(orders))
        draft.rename(self._orders)

    def carried_out(self) -> bool:
        """Return True where a worker has died of the order that it was given last."""
        return self._orders.with_suffix(".done").exists()

    # What can be seen from outside ---------------------------------------------------------------------------------

    def get(self, path: str, *, timeout: float = 5) -> int | None:
        """Return the status that a path answers, or None where there is no answer."""
        conn = HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            conn.request("GET", path)
            answer = conn.getresponse()
            answer.read()
        except (OSError, HTTPException):
            return None
        finally:
            conn.close()
        return answer.status

    def recover(self) -> None:
        """Wait until all is ready, at most as long as I9 allows."""
        until(self.ready, f"ready again: {self.told()}", within=RECOVERS_WITHIN)

    def bounded(self) -> None:
        """Fail where a worker has grown beyond what any load may cost (I10)."""
        for worker in self.workers():
            assert worker.num_threads() <= MOST_THREADS, worker.num_threads()
            gained = worker.memory_info().rss - self.memory_at_start
            assert gained <= MOST_MEMORY_GAINED, gained

    def told(self) -> str:
        """Return the end of what the server has logged."""
        return self.log.read_text(errors="replace")[-3000:]
