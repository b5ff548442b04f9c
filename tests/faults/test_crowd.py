"""More callers than the collector can take, and callers who never finish: the others are answered."""

import json
import selectors
import socket
import time
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from faults.test_database_refuses import locked_by_another_process
from faults.waiting import here

PATIENCE = 90.0
FULL = "Too many events at once"


def request(body, *, half: bool = False) -> bytes:
    raw = json.dumps(body).encode()
    head = "POST /track HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + (raw[: len(raw) // 2] if half else raw)


class Crowd:
    """Many bodies sent at the same moment over sockets of their own, all held by one thread."""

    def __init__(self, ledger, number: int) -> None:
        self.ledger = ledger
        self.waiting = {}
        self.selector = selectors.DefaultSelector()
        for _ in range(number):
            body = ledger.body(1)
            ledger.is_sending(body)
            sock = socket.create_connection(("127.0.0.1", ledger.port), timeout=30)
            self.waiting[sock] = (body, bytearray())
            sock.sendall(request(body))
            self.selector.register(sock, selectors.EVENT_READ)

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_: object) -> None:
        """Close the sockets that still wait: left open, they would fail whichever test runs next."""
        self.selector.close()
        for sock in self.waiting:
            sock.close()

    def answered(self, number: int, *, within: float) -> list[int]:
        """Return the statuses of the next answers, at least that many unless the time is over."""
        statuses = []
        deadline = time.monotonic() + within
        while len(statuses) < number and self.waiting and time.monotonic() < deadline:
            for key, _ in self.selector.select(timeout=0.1):
                body, got = self.waiting[key.fileobj]
                chunk = key.fileobj.recv(65_536)
                got += chunk
                if not chunk:
                    self.selector.unregister(key.fileobj)
                    key.fileobj.close()
                    del self.waiting[key.fileobj]
                    statuses.append(self._note(body, bytes(got)))
        return statuses

    def _note(self, body, got: bytes) -> int:
        head, _, answer = got.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        return self.ledger.was_told(body, int(lines[0].split()[1]), json.loads(answer), headers)


@contextmanager
def nothing_written(house):
    """Keep the collector from writing while the block runs."""
    if house.backend == "sqlite":
        with locked_by_another_process(house.database):
            yield
        return
    with psycopg.connect(house.postgres.url(house.database)) as conn:
        conn.execute("LOCK TABLE profile IN ACCESS EXCLUSIVE MODE")
        yield
        conn.rollback()


@pytest.mark.parametrize("backend", ["sqlite", pytest.param("postgresql", marks=pytest.mark.chaos)], indirect=True)
def test_a_request_that_finds_the_queue_full_is_rejected_at_once(house, ledger):
    with ExitStack() as stack:
        with nothing_written(house):
            crowd = stack.enter_context(Crowd(ledger, 800 * house.server.expected_workers))
            assert set(crowd.answered(200, within=here(10))) == {503}
            # The others wait for the database, and are told something else when it does not come back to them in time.
            replies = [reply for line in ledger.lines.values() for reply in line.replies]
            took = [float(headers["x-process-time"]) for _, answer, headers in replies if FULL in str(answer)]
            assert took, "the queue was never full"
            assert max(took) < here(1)
            assert house.server.get("/healthz", timeout=here(2)) == 200
        assert set(crowd.answered(10**6, within=PATIENCE)) <= {200, 503}
        assert crowd.waiting == {}
    # So many bodies take their time; that they are taken at all is the point.
    ledger.settle(within=PATIENCE)


def test_two_hundred_half_sent_requests_keep_nobody_waiting(house, ledger):
    with ExitStack() as stack:
        halves = []
        for _ in range(200):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", ledger.port), timeout=30))
            sock.sendall(request(ledger.body(2), half=True))
            halves.append(sock)
        took = []
        for _ in range(40):
            started = time.monotonic()
            assert ledger.send(ledger.body()) == 200
            took.append(time.monotonic() - started)
        assert sorted(took)[20] < here(0.25)
        assert max(took) < here(3)
        assert house.server.get("/healthz") == 200
        house.server.bounded()
