"""The head of a short answer waits for its body, and both go together."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return the ends of a TCP connection: the server's, which sends at once, and the client's, which never waits."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        server, _ = listening.accept()
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.setblocking(False)
    with server, client:
        yield server, client


def answered(app: Flask, connection: socket.socket) -> Any:
    environ = EnvironBuilder("/track", method="POST", data=b"{}").get_environ()
    return app.wsgi_app(environ | {"gunicorn.socket": connection}, lambda status, headers: None)


def test_nothing_arrives_before_the_whole_answer_is_written(app, pair) -> None:
    server, client = pair
    answer = answered(app, server)
    server.sendall(b"head ")
    with pytest.raises(BlockingIOError):
        client.recv(100)
    (body,) = answer
    server.sendall(body)
    answer.close()
    assert client.recv(5 + len(body)) == b"head " + body
    server.sendall(b"the next one")
    assert client.recv(100) == b"the next one"


def test_a_connection_that_cannot_hold_anything_back_is_answered_all_the_same(app) -> None:
    server, client = socket.socketpair()
    with server, client:
        answer = answered(app, server)
        assert len(b"".join(answer)) > 10
        answer.close()
    gone = answered(app, server)
    assert len(b"".join(gone)) > 10
    gone.close()
