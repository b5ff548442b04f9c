"""Routes answered from the WSGI environment alone: Flask's request around one costs as much as all that it does.

Such a route belongs to a blueprint like any other, by which Flask knows its methods and finds it where its path is
written in another way; both ways run the same function (docs/decisions/0015-direct-routes.md).
"""

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from flask import Blueprint, Flask, Response, request
from werkzeug.http import HTTP_STATUS_CODES

from tracker.core.attempts import detail_of, reason_of
from tracker.core.refusal import Refusal, TooMany
from tracker.web.answers import Answer
from tracker.web.bodies import hold_whole
from tracker.web.environs import Environ
from tracker.web.errors import answer_to
from tracker.web.limiting import admit
from tracker.web.notes import KEPT_IN, Notes, notes
from tracker.web.services import Services, services, services_of

Handler = Callable[[Services, Environ, Notes], Answer]
_CORK: int | None = getattr(socket, "TCP_CORK", None)
"""Linux's option that holds back what is written to a connection until it is taken away again."""
_LINES = {status: f"{status} {phrase.upper()}" for status, phrase in HTTP_STATUS_CODES.items()}


def direct(blueprint: Blueprint, method: str, path: str) -> Callable[[Handler], Handler]:
    """Make the decorated handler a route of the blueprint that ``install`` can put in front of Flask."""

    def registered(handler: Handler) -> Handler:
        def view() -> Response:
            # What the handler raises goes to Flask's error handlers, which make the same of it.
            return handler(services(), request.environ, notes()).response()

        view.direct = handler  # type: ignore[attr-defined]
        # What may be posted from elsewhere answers its preflights itself.
        options = None if method == "GET" else False
        blueprint.add_url_rule(path, handler.__name__, view, methods=[method], provide_automatic_options=options)
        return handler

    return registered


def install(app: Flask) -> None:
    """Answer the direct routes of this app, all of whose blueprints are registered, before Flask sees them."""
    found: dict[tuple[str, str], Handler] = {}
    for rule in app.url_map.iter_rules():
        if handler := getattr(app.view_functions[rule.endpoint], "direct", None):
            # A HEAD is answered by Flask, which knows what of the answer to leave out.
            found |= {(method, rule.rule): handler for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    parts, flask = services_of(app), app.wsgi_app

    def direct_or_flask(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        handler = found.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if handler is not None:
            answer = _answered(handler, parts, environ)
        elif (refusal := _too_many(parts, environ)) is not None:
            answer = answer_to(refusal, environ[KEPT_IN])
        else:
            hold_whole(environ)
            return flask(environ, start_response)
        # What was not modified has the length that the client knows.
        length = [] if answer.status == 304 else [("Content-Length", str(len(answer.body)))]
        start_response(_LINES[answer.status], [*answer.headers, *length])
        connection = environ.get("gunicorn.socket")
        return (answer.body,) if connection is None or not answer.body else _OnePacket(answer.body, connection)

    app.wsgi_app = direct_or_flask  # type: ignore[method-assign]


class _OnePacket:
    """A body whose head waits for it: gunicorn writes the two one after the other, and whoever reads wakes up twice."""

    __slots__ = ("_body", "_connection")

    def __init__(self, body: bytes, connection: socket.socket) -> None:
        self._body = body
        self._connection = connection
        self._hold(1)

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._body,))

    def close(self) -> None:
        """Let both go; a WSGI server calls this whatever came of the writing."""
        self._hold(0)

    def _hold(self, held: int) -> None:
        if _CORK is not None:
            # What is no TCP connection, or none any more, has nothing to hold back.
            with suppress(OSError):
                self._connection.setsockopt(socket.IPPROTO_TCP, _CORK, held)


def _answered(handler: Handler, parts: Services, environ: Environ) -> Answer:
    noted: Notes = environ[KEPT_IN]
    try:
        admit(parts, environ, noted)
        return handler(parts, environ, noted)
    except Exception as failure:
        if isinstance(failure, Refusal) and environ["PATH_INFO"] == "/track":
            _tell_who_waits(failure, parts, environ, noted)
        return answer_to(failure, noted)


def _too_many(parts: Services, environ: Environ) -> TooMany | None:
    try:
        admit(parts, environ, environ[KEPT_IN])
    except TooMany as refusal:
        return refusal
    return None


def _tell_who_waits(refusal: Refusal, parts: Services, environ: Environ, noted: Notes) -> None:
    source_id, origin = noted.source_id or noted.asked, environ.get("HTTP_ORIGIN")
    if reason := reason_of(refusal, parts.attempts.known(source_id), origin):
        parts.attempts.note(source_id, reason, origin, detail_of(refusal))
