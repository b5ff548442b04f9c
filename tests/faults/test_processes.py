"""Masters and workers that are killed, told to stop and told to start anew, while visitors click on."""

import json
import signal
import socket
import time
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import func, select

from faults.waiting import until
from tracker.store.engine import reading
from tracker.store.tables import ProfileRow

GRACEFUL_TIMEOUT = 20
"""What gunicorn.conf.py promises."""


class HalfSent:
    """A request of which the server has read the headers, as it says itself, and was sent half of the body.

    One that still waits to be accepted is lost with the socket that it waits at, and belongs to nobody's promise.
    """

    def __init__(self, ledger) -> None:
        self.ledger, self.body = ledger, ledger.body(3)
        ledger.is_sending(self.body)
        raw = json.dumps(self.body).encode()
        headers = (
            "Host: here\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
            f"Content-Length: {len(raw)}\r\n\r\n"
        )
        self._rest = raw[len(raw) // 2 :]
        self._sock = socket.create_connection(("127.0.0.1", ledger.port), timeout=30)
        self._sock.sendall(f"POST /track HTTP/1.1\r\n{headers}".encode())
        go_on = b""
        while not go_on.endswith(b"\r\n\r\n"):
            more = self._sock.recv(1024)
            assert more, "the server hung up on the headers"
            go_on += more
        assert go_on.startswith(b"HTTP/1.1 100 "), go_on
        self._sock.sendall(raw[: len(raw) // 2])

    def finish(self) -> int | None:
        """Send the other half; returns the status of the answer."""
        with closing(self._sock):
            try:
                self._sock.sendall(self._rest)
                head, _, answer = b"".join(iter(lambda: self._sock.recv(65_536), b"")).partition(b"\r\n\r\n")
            except OSError:
                head = b""
        if not head:
            return self.ledger.was_told(self.body, None, None, {})
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        return self.ledger.was_told(self.body, int(lines[0].split()[1]), json.loads(answer), headers)

    def leave(self) -> None:
        self._sock.close()
        self.ledger.was_told(self.body, None, None, {})


@contextmanager
def graceful_timeout_of(server, seconds):
    """Run the server with another graceful timeout than the configured one."""
    if seconds != GRACEFUL_TIMEOUT:
        server.stop()
        server.env["GUNICORN_CMD_ARGS"] = f"--graceful-timeout {seconds}"
        server.start()
    yield
    server.env["GUNICORN_CMD_ARGS"] = ""


def takes_nobody_in(server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
    except OSError:
        return True
    return False


def test_a_master_that_is_killed_and_started_again_has_lost_nothing(house, ledger):
    with ledger.visitors():
        until(lambda: ledger.acknowledged() >= 10, "a first few answers")
        house.server.master.kill()
        house.server.master.wait()
        house.server.start()
        before = ledger.acknowledged()
        until(lambda: ledger.acknowledged() >= before + 20, "answers after it")


def test_a_server_that_is_told_to_stop_answers_what_it_has_begun_to_read(house, ledger):
    with ledger.visitors():
        until(lambda: ledger.acknowledged() >= 10, "a first few answers")
        half_sent = HalfSent(ledger)
        house.server.tell(signal.SIGTERM)
        until(lambda: takes_nobody_in(house.server), "the end of new connections")
        assert half_sent.finish() == 200
        assert house.server.ended(within=GRACEFUL_TIMEOUT) == 0
    assert "Traceback" not in house.server.told()


@pytest.mark.parametrize(
    ("backend", "seconds"),
    [
        ("sqlite", 3),
        pytest.param("sqlite", GRACEFUL_TIMEOUT, marks=pytest.mark.chaos),
        pytest.param("postgresql", GRACEFUL_TIMEOUT, marks=pytest.mark.chaos),
    ],
    indirect=["backend"],
)
def test_a_request_that_never_comes_to_its_end_does_not_keep_the_server_from_stopping(seconds, house, ledger):
    with graceful_timeout_of(house.server, seconds):
        half_sent = HalfSent(ledger)
        with ledger.visitors():
            until(lambda: ledger.acknowledged() >= 10, "a first few answers")
            started = time.monotonic()
            house.server.tell(signal.SIGTERM)
            house.server.ended(within=seconds + 5)
        assert time.monotonic() - started >= seconds - 1, "the request had all the time that it was promised"
    half_sent.leave()


def test_a_server_that_is_told_to_reload_answers_everybody_meanwhile(house, ledger):
    old = {worker.pid for worker in house.server.workers()}
    with ledger.visitors():
        until(lambda: ledger.acknowledged() >= 10, "a first few answers")
        half_sent = HalfSent(ledger)
        house.server.tell(signal.SIGHUP)
        until(lambda: {w.pid for w in house.server.workers()} - old, "new workers")
        before = ledger.acknowledged()
        until(lambda: ledger.acknowledged() >= before + 20, "answers meanwhile")
        assert half_sent.finish() == 200
        until(lambda: not {w.pid for w in house.server.workers()} & old, "the end of the old workers")
    answered = [status for line in ledger.lines.values() for status in line.statuses]
    assert set(answered) == {200}, "a reload is nothing that a visitor sees"


def test_visitors_of_these_tests_do_merge(house, ledger):
    merged = select(func.count()).select_from(ProfileRow).where(ProfileRow.merged_into.is_not(None))
    with reading(house.engine).connect() as conn, ledger.visitors():
        before = conn.scalar(merged)
        conn.rollback()

        def more() -> bool:
            found = conn.scalar(merged) > before
            conn.rollback()
            return found

        until(more, "a merge")


@pytest.mark.chaos
def test_workers_that_die_one_after_the_other_are_replaced_without_hands(house, ledger):
    with ledger.visitors():
        for _ in range(8):
            victim = house.server.workers()[0]
            victim.kill()
            until(lambda gone=victim.pid: gone not in {w.pid for w in house.server.workers()}, "its end")
            house.server.recover()
