"""The server as an operator starts it: ``tracker serve``, in a process of its own, until a test is done with it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from ports import free_port

TRACKER = str(Path(sys.executable).parent / "tracker")
DEADLINE = 90


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the headers (lower case), the body."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Served:
    """A server that takes requests."""

    host: str
    port: int
    log: Path
    pid: int

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        """Return the answer to one request; of a header's name a _ stands for a -, two of them for one."""
        named = {name.replace("__", " ").replace("_", "-").replace(" ", "_"): text for name, text in headers.items()}
        conn = HTTPConnection(self.host, self.port, timeout=10)
        try:
            conn.request(method, path, body, named)
            answer = conn.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            conn.close()

    def told(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def serving(
    folder: Path,
    env: Mapping[str, str],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    words: tuple[str, ...] = (),
    **options: Any,
) -> Iterator[Served]:
    """Serve with ``env`` alone while the block runs; ``options`` are those of the process."""
    port = port or free_port(host)
    given = {"PATH": os.environ["PATH"], "HOST": host, "PORT": str(port)} | dict(env)
    with (folder / "serving.log").open("w") as log:
        process = subprocess.Popen(
            [TRACKER, "serve", *words], env=given, stdout=log, stderr=subprocess.STDOUT, **options
        )
        served = Served(host, port, folder / "serving.log", process.pid)
        try:
            deadline = time.monotonic() + DEADLINE
            while "Handoff listens on" not in served.told():
                assert process.poll() is None, served.told()
                assert time.monotonic() < deadline, served.told()
                # Looking without a pause would take from the start the core that it runs on.
                threading.Event().wait(0.01)
            yield served
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(DEADLINE)
