"""How large the head of a request may be, all its lines together, while gunicorn reads it."""

from gunicorn.http.message import Request  # type: ignore[import-untyped]
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]

LARGEST_LINE = 32 * 1024
"""Bytes of one header field: a tracker on ``collect.example.com`` is sent the cookies of all of ``example.com``."""
LARGEST_HEAD = 64 * 1024
"""Bytes of a head that has not ended. gunicorn alone would hold every field at its largest for each connection."""


class BoundedRequest(Request):  # type: ignore[misc]
    """A request whose head is bounded as a whole."""

    @property
    def max_buffer_headers(self) -> int:
        """What gunicorn compares with what it has read of a head that goes on."""
        return LARGEST_HEAD

    @max_buffer_headers.setter
    def max_buffer_headers(self, number_of_fields_times_their_size: int) -> None:
        """Ignore what gunicorn computes: the bound does not depend on its other limits."""


def bound_heads() -> None:
    """Let gunicorn read every request of this process as a ``BoundedRequest``; it has no setting for that."""
    RequestParser.mesg_class = BoundedRequest
