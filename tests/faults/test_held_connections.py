"""Requests that never become whole: each has its time, a network has so many, and what came of it is not stored."""

import json
import shutil
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from faults.serving import Server
from faults.waiting import here, until
from tracker.core.model import Source
from tracker.ingest.fresh import system_clock
from tracker.store import reports, sources
from tracker.store.engine import connect, reading, transaction

HEAD = "POST /track HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
MOST = 20
MIB = 1024 * 1024


class Held:
    """A collector with short times, and what it has stored."""

    def __init__(self, server: Server, engine) -> None:
        self.server = server
        self.engine = engine

    def connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=here(20))

    def events(self) -> list[str]:
        return [event["id"] for event in transaction(reading(self.engine), lambda conn: list(reports.events(conn)))]


@pytest.fixture(scope="module")
def held(migrated_sqlite, tmp_path_factory):
    """The real server, that gives a body and its headers a second, and a network 20 connections."""
    folder = tmp_path_factory.mktemp("held")
    database = f"sqlite:///{shutil.copyfile(migrated_sqlite, folder / 'handoff.db')}"
    engine = connect(database)
    sources.create(engine, Source(id="shop", name="shop"), system_clock())
    server = Server(folder, database, arguments="--keep-alive 1")
    server.env |= {"BODY_SECONDS": "1", "NETWORK_CONNECTIONS": str(MOST)}
    server.start()
    try:
        yield Held(server, engine)
    finally:
        server.stop()
        engine.dispose()


def body(event_id: str) -> bytes:
    return json.dumps({"source": {"id": "shop"}, "events": [{"type": "a", "id": event_id}]}).encode()


def status(sock: socket.socket) -> int | None:
    """Return the status of the answer, None where the connection ends without one."""
    got = b""
    while b"\r\n" not in got:
        chunk = sock.recv(65_536)
        if not chunk:
            return None
        got += chunk
    return int(got.split()[1])


def ends(sock: socket.socket) -> bool:
    """Wait for the server to end a connection."""
    try:
        while sock.recv(65_536):
            continue
    except ConnectionResetError:
        return True
    return True


def test_whole_json_whose_client_hangs_up_before_the_announced_end_is_not_stored(held) -> None:
    raw = body("cut")
    with closing(held.connected()) as sock:
        sock.sendall(f"{HEAD}Content-Length: 5000\r\n\r\n".encode() + raw)
        sock.shutdown(socket.SHUT_WR)
        assert status(sock) == 422
    with closing(held.connected()) as sock:
        sock.sendall(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{len(raw):x}\r\n".encode() + raw + b"\r\n")
        sock.shutdown(socket.SHUT_WR)
        assert status(sock) == 422
    with closing(held.connected()) as sock:
        sock.sendall(f"{HEAD}Content-Length: {len(raw)}\r\n\r\n".encode() + body("all"))
        assert status(sock) == 200
    assert "cut" not in held.events()
    assert "all" in held.events()


@pytest.mark.parametrize("said", ["Content-Length: 5000", "Transfer-Encoding: chunked"])
def test_a_body_has_its_time_in_all_however_it_trickles(said: str, held) -> None:
    raw = body("slow")
    chunk = raw if said.startswith("C") else f"{len(raw):x}\r\n".encode() + raw + b"\r\n"
    with closing(held.connected()) as sock:
        started = time.monotonic()
        sock.sendall(f"{HEAD}{said}\r\n\r\n".encode() + chunk)
        sock.settimeout(0.2)
        found = None
        # A byte every fifth of a second keeps no connection for longer.
        while found is None and time.monotonic() - started < here(15):
            try:
                found = status(sock)
            except TimeoutError:
                sock.sendall(b" " if said.startswith("C") else b"1\r\n \r\n")
        assert found == 408
        assert time.monotonic() - started >= 0.9
        sock.settimeout(here(20))
        assert ends(sock)
    assert "slow" not in held.events()


def test_headers_that_are_half_sent_have_their_time_too(held) -> None:
    with closing(held.connected()) as sock:
        sock.sendall(HEAD.encode())
        assert ends(sock)


def test_what_is_announced_as_too_large_is_answered_before_it_comes_and_ends_the_connection(held) -> None:
    with closing(held.connected()) as sock:
        sock.sendall(f"{HEAD}Content-Length: {MIB + 1}\r\n\r\n".encode())
        assert status(sock) == 413
    with closing(held.connected()) as sock:
        sock.sendall(f"{HEAD}Content-Length: {100 * MIB}\r\n\r\n".encode() + b" " * MIB)
        assert status(sock) == 413
        assert ends(sock)


def test_a_connection_serves_on_after_a_body_that_was_refused_whole(held) -> None:
    with closing(held.connected()) as sock:
        for raw, expected in ((b"{", 422), (body("next"), 200)):
            sock.sendall(f"{HEAD}Content-Length: {len(raw)}\r\n\r\n".encode() + raw)
            assert status(sock) == expected
    assert "next" in held.events()


def test_a_network_has_so_many_connections_and_gets_others_when_they_end(held) -> None:
    with ExitStack() as stack:
        for _ in range(MOST):
            sock = stack.enter_context(closing(held.connected()))
            sock.sendall(f"{HEAD}Content-Length: 5000\r\n\r\n".encode())
        told = stack.enter_context(closing(held.connected()))
        assert status(told) == 503
        # They have a second each.
        until(lambda: held.server.get("/healthz") == 200, "room for others", within=here(15))
    held.server.bounded()


def test_a_connection_with_thousands_of_requests_at_once_lets_others_have_their_turn(held) -> None:
    wanted, got = 20_000, bytearray()

    def read(sock: socket.socket) -> None:
        while got.count(b"HTTP/1.1 200") < wanted:
            got.extend(sock.recv(1_048_576))

    with closing(held.connected()) as sock, ThreadPoolExecutor(2) as pool:
        sock.settimeout(here(60))
        heard = pool.submit(read, sock)
        sending = pool.submit(sock.sendall, b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n" * wanted)
        until(lambda: len(got) > 10_000, "the first answers")
        assert held.server.get("/healthz", timeout=here(20)) == 200
        assert got.count(b"HTTP/1.1 200") < wanted * 3 // 4
        sending.result()
        heard.result()
