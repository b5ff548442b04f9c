"""What surrounds the write path: the script, clients that never finish, and databases that refuse to write."""

import http.client
import json
import socket
import statistics
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from load import burst, fetches
from servers import SOURCE, Server, prepared, running
from sqlalchemy import text

from tracker.store.engine import connect

HALF_SENT = 200
HALF = b"POST /track HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
TRIES = 200


def script(bare: Server, ours: Server, rounds: int, seconds: int) -> Iterator[str]:
    """Yield the rows for ``/tracker``: the whole script, and the answer that it has not changed."""
    path = f"/tracker?source_id={SOURCE}"
    for what, fresh in (("200", False), ("304", True)):
        tags = [_etag(server, path) if fresh else None for server in (bare, ours)]
        ratios = []
        for _ in range(rounds):
            before, mine, after = (
                fetches(server, path, connections=32, seconds=seconds, etag=tag)
                for server, tag in ((bare, tags[0]), (ours, tags[1]), (bare, tags[0]))
            )
            ratios.append(mine.rate / ((before.rate + after.rate) / 2))
        yield f"| `/tracker`, {what} | {statistics.median(ratios):.2f} × bare Flask |"


def half_sent(database: str, ours: Server, visitors: Path, rounds: int, seconds: int) -> Iterator[str]:
    """Yield the row for clients that begin a request and never end it, beside the same load without them."""
    ratios = []
    for _ in range(rounds):
        alone = burst(ours, connections=32, seconds=seconds, visitors=visitors)
        with _half_sent(ours):
            beside = burst(ours, connections=32, seconds=seconds, visitors=visitors)
        ratios.append(beside.p99_ms / alone.p99_ms)
    times = f"{statistics.median(ratios):.2f} × without them"
    yield f"| {database}, p99 of others beside {HALF_SENT} half-sent requests | {times} |"


def refusing(database: str, folder: Path) -> Iterator[str]:
    """Yield the rows for a database that takes no write while the collector runs: read-only, or its disk is full."""
    with ExitStack() as stack:
        env = prepared(stack, database, folder / f"{database}-refusing")
        if database == "sqlite":
            yield f"| sqlite full, {TRIES} requests | {_refusals('full:create_app()', 8805, folder, env)} |"
            env["DATABASE_URL"] = env["DATABASE_URL"].replace("///", "///file:") + "?mode=ro&uri=true"
        else:
            engine = connect(env["DATABASE_URL"])
            with engine.begin() as conn:
                conn.execute(text("ALTER DATABASE postgres SET default_transaction_read_only = on"))
            engine.dispose()
        yield f"| {database} read-only, {TRIES} requests | {_refusals('app:create_app()', 8804, folder, env)} |"


def _refusals(app: str, port: int, folder: Path, env: Mapping[str, str]) -> str:
    """Return what so many requests were answered by a collector whose database takes nothing."""
    with running(f"refusing-{port}", app, port, folder, env) as server, ThreadPoolExecutor(32) as pool:
        # In a file that may not grow, the pages that are there have room for a few more.
        while _refusal(server) == "200":
            pass
        answers = Counter(pool.map(lambda _: _refusal(server), range(TRIES)))
    return ", ".join(f"{count} × {answer}" for answer, count in answers.most_common())


def _etag(server: Server, path: str) -> str:
    with urllib.request.urlopen(server.url + path) as answer:  # noqa: S310
        return str(answer.headers["ETag"])


@contextmanager
def _half_sent(server: Server) -> Iterator[None]:
    opened = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(HALF_SENT)]
    for one in opened:
        one.sendall(HALF)
    # Connections are taken in the order in which they came: once this one is answered, all those are held open.
    urllib.request.urlopen(f"{server.url}/healthz").close()  # noqa: S310
    yield
    for one in opened:
        one.close()


def _refusal(server: Server) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    body = json.dumps({"source": {"id": SOURCE}, "events": [{"type": "page-view"}]})
    connection.request("POST", "/track", body, {"Content-Type": "text/plain"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return f"{answer.status}{' with Retry-After' if answer.headers.get('Retry-After') else ''}"
