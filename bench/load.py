"""Load from wrk, with visitors that come back or that are all new, and a check that nothing acknowledged is missing."""

import http.client
import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from servers import SOURCE, Server

TRACK, FETCH = (Path(__file__).with_name(name) for name in ("load.lua", "fetch.lua"))


@dataclass(frozen=True, slots=True)
class Burst:
    """What one burst of load came to; latencies in milliseconds."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    not_200: int
    broken: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def burst(server: Server, *, connections: int, seconds: int, visitors: Path | None, path: str = "/track") -> Burst:
    """Return what wrk measured; ``visitors`` None makes every request a new visitor's."""
    told = {"TARGET_PATH": path} | ({} if visitors is None else {"VISITORS": str(visitors)})
    return _wrk(server, TRACK, connections, seconds, told)


def fetches(server: Server, path: str, *, connections: int, seconds: int, etag: str | None = None) -> Burst:
    """Return what wrk measured when all it does is to fetch a path; with its ETag, to ask whether it has changed."""
    return _wrk(server, FETCH, connections, seconds, {"TARGET_PATH": path} | ({"ETAG": etag} if etag else {}))


def _wrk(server: Server, script: Path, connections: int, seconds: int, told: dict[str, str]) -> Burst:
    environment = {key: value for key, value in os.environ.items() if key not in ("VISITORS", "ETAG")} | told
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), server.url]
    printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout  # noqa: S603
    found = re.search(r"^RESULT (.*)$", printed, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"wrk said:\n{printed}")
    return Burst(**json.loads(found[1]))


def meet_visitors(server: Server, count: int, file: Path) -> None:
    """Let ``count`` visitors come once, and keep what they would keep: "session profile" a line."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    lines = []
    for number in range(count):
        body = {"source": {"id": SOURCE}, "session": {"id": f"visit-{number}"}, "events": [{"type": "page-view"}]}
        connection.request("POST", "/track", json.dumps(body), {"Content-Type": "text/plain"})
        answer = json.loads(connection.getresponse().read())
        lines.append(f"{answer['session']['id']} {answer['profile']['id']}\n")
    file.write_text("".join(lines))
