"""One hostile client as a process of its own: ``python -m faults.attacker`` reads its order from standard input.

The order is one line of JSON: ``{"attack", "port", "address", "aim", "seconds", "rate", "burst"}``; without a rate it
sends as fast as it is answered. It writes "begun" with its first request and at its end one line of JSON: how often
each status came (0 for a connection that was closed), how many requests went out, and how many are left open.
"""

import json
import os
import socket
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from typing import Any

from faults.attacks import ATTACKS, Aim

CONNECTIONS = 16
MOST_HELD = 1_200
PATIENCE = 10.0


class Client:
    """Connections of one address, which take turns with the requests of one attack."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.attack = ATTACKS[order["attack"]]
        self.requests = self.attack.requests(Aim(**order["aim"]))
        self.said: Counter[int] = Counter()
        self.sent = 0
        self.held: list[socket.socket] = []
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.started = time.monotonic()

    def run(self) -> None:
        """Send for as long as the order says."""
        threads = [threading.Thread(target=self._send, daemon=True) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(self.order["seconds"] + PATIENCE + 1)
        self.over.set()
        for open_still in self.held:
            self._hear(open_still)

    def _send(self) -> None:
        connection: socket.socket | None = None
        while (turn := self._turn()) is not None:
            if connection is None:
                connection = self._connected()
            if connection is None:
                self._note(0)
                self.over.wait(0.01)
                continue
            with suppress(OSError):
                # What is refused in the middle may be answered all the same.
                connection.sendall(turn)
            if self.attack.held:
                with self.lock:
                    self.held.append(connection)
                connection = None
            elif not self._answered(connection):
                connection.close()
                connection = None

    def _turn(self) -> bytes | None:
        """Return the next request when it is due, or None once the time is over."""
        with self.lock:
            due, over = 0.0, self.order["seconds"]
            if rate := self.order.get("rate"):
                due = max(0, self.sent - self.order["burst"]) / rate
            if due > over or time.monotonic() - self.started > over or len(self.held) > MOST_HELD:
                return None
            self.sent += 1
            one = next(self.requests)
        self.over.wait(max(0.0, self.started + due - time.monotonic()))
        return one

    def _connected(self) -> socket.socket | None:
        with suppress(OSError):
            made = socket.create_connection(
                ("127.0.0.1", self.order["port"]), timeout=PATIENCE, source_address=(self.order["address"], 0)
            )
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return made
        return None

    def _answered(self, connection: socket.socket) -> bool:
        """Note what came back; whether the connection can be used again."""
        try:
            answer = HTTPResponse(connection)
            answer.begin()
            answer.read()
        except (OSError, HTTPException):
            self._note(0)
            return False
        self._note(answer.status)
        return not answer.will_close

    def _hear(self, open_still: socket.socket) -> None:
        """Note what a connection that was left open has been told meanwhile, if anything, and close it."""
        open_still.setblocking(False)
        with suppress(OSError):
            head = open_still.recv(100)
            self._note(int(head.split()[1]) if head.startswith(b"HTTP/") else 0)
        open_still.close()

    def _note(self, status: int) -> None:
        with self.lock:
            self.said[status] += 1


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Carry out the order on standard input, without taking a core from the server: a real client has its own."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    os.nice(5)
    client = Client(json.loads(sys.stdin.readline()))
    _tell("begun")
    client.run()
    _tell(json.dumps({"sent": client.sent, "said": client.said}))


if __name__ == "__main__":
    main()
