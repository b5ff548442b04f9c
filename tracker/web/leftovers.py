"""What a client still sends of a body that was answered unread: read in large pieces and thrown away.

gunicorn reads it a KiB at a time, which costs 20 ms of computing for a mebibyte; reading it here costs less than one.
Nothing says on the connection where the next request would begin, so it is closed; at once, a client that still sends
would be reset and might not see its answer (RFC 9112 §9.6).
"""

import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from tracker.web.bodies import announced
from tracker.web.notes import KEPT_IN, Notes

SMALL = 64 * 1024
"""Of so few bytes gunicorn gets rid by itself, and the connection stays."""
PIECE = 256 * 1024
MOST = 2 * 1024 * 1024
PATIENCE = 2.0
"""Seconds that a client has to take its answer and to close."""


def is_left(environ: Mapping[str, Any]) -> bool:
    """Whether more of a body is unread than gunicorn should see."""
    noted: Notes = environ[KEPT_IN]
    if noted.body_read:
        return False
    size = announced(environ)
    return size > SMALL if size is not None else bool(environ.get("HTTP_TRANSFER_ENCODING"))


def discarding(environ: Mapping[str, Any]) -> Callable[[], None]:
    """Return what to do once the answer is written: throw away what is left of the body, and close the connection."""
    connection, stream = environ.get("gunicorn.socket"), environ["wsgi.input"]

    def discard() -> None:
        if connection is not None and is_left(environ):
            # By this gunicorn knows a connection that it cannot read another request from.
            stream.failed = True
            _linger(connection)

    return discard


def _linger(connection: socket.socket) -> None:
    """Say that no more is written, and read until the client closes, has sent too much or takes too long."""
    buffer, left, deadline = bytearray(PIECE), MOST, time.monotonic() + PATIENCE
    # The client may have gone, or not have gone in time.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        while left > 0 and (patience := deadline - time.monotonic()) > 0:
            connection.settimeout(patience)
            if not (read := connection.recv_into(buffer)):
                break
            left -= read
            # Where everything has come already, let others' turns come between the pieces.
            time.sleep(0)
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
