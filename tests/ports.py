"""A place to listen at."""

import socket


def free_port() -> int:
    """Return a port of the loopback that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
