"""A place to listen at."""

import socket


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port of the loopback that nobody listens on at this moment."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as found:
        return int(found.getsockname()[1])
