"""The body of a request: as long as its client has announced, or not there at all."""

from collections.abc import Mapping
from typing import Any, BinaryIO, cast

from werkzeug.wsgi import get_input_stream

from tracker.core.refusal import TooSlow
from tracker.ingest.decode import LATE, incomplete

WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})


def announced(environ: Mapping[str, Any]) -> int | None:
    """Return the length that a client says its body has; None where it says none, as with a chunked body."""
    given = environ.get("CONTENT_LENGTH")
    if not given or environ.get("HTTP_TRANSFER_ENCODING"):
        return None
    # The server has refused what is no number.
    return int(given) if given.isascii() and given.isdigit() else None


def body_of(environ: Mapping[str, Any]) -> BinaryIO:
    """Return the stream of a body that ends where the body does."""
    # A server that ends the stream by itself where the body ends, as gunicorn does, says so.
    ended = environ.get("wsgi.input_terminated")
    return cast("BinaryIO", environ["wsgi.input"] if ended else get_input_stream(cast("Any", environ)))


class WholeBody:
    """The stream of a body for Flask, which takes what there is for all of it: it fails where the rest is missing."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._stream = body_of(environ)
        self._left = announced(environ) or 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; Malformed where the body ends too early, TooSlow where it takes too long."""
        try:
            chunk = self._stream.read(size)
        except TimeoutError:
            raise TooSlow(LATE) from None
        except OSError:
            raise incomplete() from None
        self._left -= len(chunk)
        if self._left > 0 and size != 0 and (size < 0 or not chunk):
            raise incomplete()
        return chunk


def hold_whole(environ: dict[str, Any]) -> None:
    """Let what Flask reads of a request be its whole body or nothing."""
    if environ["REQUEST_METHOD"] not in WITHOUT_BODY:
        environ["wsgi.input"] = WholeBody(environ)
        environ["wsgi.input_terminated"] = True
