"""The measure of all ratios: Flask that parses the same JSON and answers a constant, and serves a constant script."""

import orjson
from flask import Flask, Response, request

ANSWER = orjson.dumps(
    {
        "task": ["0"],
        "ux": [],
        "response": {},
        "events": [],
        "profile": {"id": "0"},
        "session": {"id": "0"},
        "errors": [],
        "warnings": [],
    }
)
SCRIPT, ETAG = b"/" * 10_000, '"1"'


def create_app() -> Flask:
    """Return the WSGI application."""
    app = Flask("bare", static_folder=None)

    @app.post("/track")
    def track() -> Response:
        request.get_json(force=True)
        return Response(ANSWER, mimetype="application/json")

    @app.get("/tracker")
    def tracker() -> Response:
        if request.headers.get("If-None-Match") == ETAG:
            return Response(status=304, headers={"ETag": ETAG})
        return Response(SCRIPT, mimetype="text/javascript", headers={"ETag": ETAG})

    return app
