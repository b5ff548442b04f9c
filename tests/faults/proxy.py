"""A small TCP proxy between the collector and PostgreSQL, which can do what networks do."""

import socket
import struct
import threading
from contextlib import suppress
from typing import Literal

Way = Literal["pass", "refuse", "swallow"]
CHUNK = 65_536


class Proxy:
    """Passes bytes on to a unix socket; ``way``, ``delay`` and ``cut_after_commit_of`` change how, at any time."""

    def __init__(self, target: str, host: str = "127.0.0.1") -> None:
        self._target = target
        self._listener = socket.create_server((host, 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        self._pairs: set[_Pair] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._way: Way = "pass"
        self.delay = 0.0
        self.cut_after_commit_of: bytes | None = None
        """A transaction in which this was sent loses its connection as soon as its COMMIT has been passed on."""
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def way(self) -> Way:
        return self._way

    @way.setter
    def way(self, way: Way) -> None:
        self._way = way
        if way == "refuse":
            self.cut()

    def cut(self) -> None:
        """Break every connection."""
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            pair.close()

    def stop(self) -> None:
        self._stopped.set()
        self._listener.close()
        self.cut()

    def wait(self) -> None:
        """Hold a chunk back for as long as the delay says."""
        if self.delay:
            self._stopped.wait(self.delay)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._way == "refuse":
                _reset(client)
                continue
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self._target)
            except OSError:
                server.close()
                _reset(client)
                continue
            pair = _Pair(self, client, server)
            with self._lock:
                self._pairs.add(pair)
            pair.start()


class _Pair:
    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self.proxy, self.client, self.server = proxy, client, server
        # What a black hole has swallowed is missing for good: the connection never works again.
        self.swallowed = False
        self.seen = b""

    def start(self) -> None:
        for source, to in ((self.client, self.server), (self.server, self.client)):
            threading.Thread(target=self._carry, args=(source, to), daemon=True).start()

    def close(self) -> None:
        _reset(self.client)
        with suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()

    def _carry(self, source: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK):
                self.proxy.wait()
                self.swallowed |= self.proxy.way == "swallow"
                if self.swallowed:
                    continue
                if source is self.client and self._cut_now(chunk):
                    # PostgreSQL gets its COMMIT and carries it out; nobody hears of it.
                    self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.client.close()
                    to.sendall(chunk)
                    to.shutdown(socket.SHUT_WR)
                    return
                to.sendall(chunk)
        if not self.swallowed:
            self.close()

    def _cut_now(self, chunk: bytes) -> bool:
        marker = self.proxy.cut_after_commit_of
        if marker is None:
            return False
        self.seen += chunk
        if b"COMMIT\0" not in chunk:
            return False
        cut = marker in self.seen
        self.proxy.cuts += cut
        self.seen = b""
        return cut


def _reset(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
