"""An answer before it is Flask's or WSGI's."""

from typing import NamedTuple

import orjson
from flask import Response

Header = tuple[str, str]
JSON: Header = ("Content-Type", "application/json")


class Answer(NamedTuple):
    """What goes back: the body as it is sent, the status, and all headers that are this answer's own."""

    body: bytes
    status: int = 200
    headers: tuple[Header, ...] = (JSON,)

    def response(self) -> Response:
        """Return the same as an answer of Flask's."""
        return Response(self.body, self.status, [*self.headers])


def json_answer(body: object, status: int = 200, *headers: Header) -> Answer:
    """Return a JSON answer; further headers come after its type."""
    return Answer(orjson.dumps(body), status, (JSON, *headers))
