"""Gunicorn's gevent worker, with bounds: the time that a body may take, and the connections of a network.

The headers of a request have as long as a connection that is kept open may be idle (``keepalive`` in gunicorn.conf.py).
"""

import socket
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import gevent  # type: ignore[import-untyped]
from gevent.server import StreamServer  # type: ignore[import-untyped]
from gunicorn.http.body import ChunkedReader, LengthReader  # type: ignore[import-untyped]
from gunicorn.workers.ggevent import GeventWorker  # type: ignore[import-untyped]

from tracker.core.client_address import NOWHERE, Network, client_address, client_network

DRAINED = 64 * 1024
"""Bytes of a body that nobody has read which are worth reading for the sake of the next request."""
_IN_A_ROW = 8
"""Requests of one connection that may be answered before the others have a turn."""
_AT_ONCE, _MOST_READ, _LONGEST = 64 * 1024, 2 * 1024 * 1024, 2.0
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@dataclass(slots=True)
class Bounds:
    """What this worker lets a connection hold."""

    body_seconds: float = 30.0
    connections: int | None = None
    """How many connections a network may have; None for as many as come."""
    trusted: Sequence[Network] = ()
    """Proxies, through which many networks come."""
    open: Counter[str] = field(default_factory=Counter)

    def enter(self, peer: str) -> str | None:
        """Return the network that a new connection is counted for, empty for none; None where it has too many."""
        if self.connections is None or self._is_proxy(peer):
            return ""
        network = client_network(peer, None, ())
        if network == NOWHERE:
            return ""
        if self.open[network] >= self.connections:
            return None
        self.open[network] += 1
        return network

    def leave(self, network: str) -> None:
        """Count a connection no longer."""
        self.open[network] -= 1
        if self.open[network] <= 0:
            del self.open[network]

    def _is_proxy(self, peer: str) -> bool:
        address = client_address(peer, "", self.trusted)
        return address is not None and any(address in network for network in self.trusted)


class Timely:
    """A reader of gunicorn's whose body has so many seconds in all, from the first look at it."""

    def __init__(self, reader: Any, seconds: float) -> None:
        self._reader = reader
        self._seconds = seconds
        self._ends: float | None = None

    def read(self, size: int) -> bytes:
        """Return the next bytes; TimeoutError once the time is over."""
        now = time.monotonic()
        if self._ends is None:
            self._ends = now + self._seconds
        late = TimeoutError("The body did not come in time.")
        if now >= self._ends:
            raise late
        with gevent.Timeout(self._ends - now, late):
            return bytes(self._reader.read(size))


class Worker(GeventWorker):  # type: ignore[misc]
    """One process that serves; gunicorn.conf.py gives it its bounds."""

    bounds = Bounds()

    def run(self) -> None:
        """Serve until told to stop, and take one new connection at a time.

        Gunicorn does so with several workers only. A single worker would take 100 that come together, and answer the
        first request of each, before any connection that is open already has its turn.
        """
        StreamServer.max_accept = 1
        super().run()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve one connection, unless its network has too many already."""
        network = self.bounds.enter(str(addr[0]) if isinstance(addr, tuple) else "")
        if network is None:
            with suppress(OSError):
                client.sendall(_FULL)
            client.close()
            return
        try:
            super().handle(listener, client, addr)
        finally:
            if network:
                self.bounds.leave(network)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """Answer one request; what is left of a large body that was refused ends the connection."""
        reader = req.body.reader
        if not _is_here(reader):
            req.body.reader = Timely(reader, self.bounds.body_seconds)
        super().handle_request(listener_name, req, sock, addr)
        if _is_left(reader) and not req.body.failed:
            _see_off(sock)
            raise StopIteration
        if req.req_number % _IN_A_ROW == 0 or getattr(reader, "length", 0):
            # A read that finds something gives control to no other connection. Who sends the next request before the
            # answer is read, or while the rest of a refused body is thrown away, would keep all others waiting.
            gevent.sleep(0)


def _is_here(reader: Any) -> bool:
    """Whether all of a body has come with the headers, as nearly all do: there is nothing to wait for."""
    return isinstance(reader, LengthReader) and reader.length <= reader.unreader.buf.tell()


def _is_left(reader: Any) -> bool:
    """Whether more of a body was left unread than is worth reading."""
    if isinstance(reader, ChunkedReader):
        return reader.parser is not None
    return isinstance(reader, LengthReader) and reader.length > DRAINED


def _see_off(sock: Any) -> None:
    """Let a client read its answer before the connection ends: a reset while it still sends would take it away."""
    with suppress(OSError), gevent.Timeout(_LONGEST, False):
        sock.shutdown(socket.SHUT_WR)
        for _ in range(_MOST_READ // _AT_ONCE):
            if not sock.recv(_AT_ONCE):
                break
            gevent.sleep(0)
