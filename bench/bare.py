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
SCRIPT = b"/" * 6000


def create_app() -> Flask:
    """Return the WSGI application."""
    app = Flask("bare", static_folder=None)

    @app.post("/track")
    def track() -> Response:
        request.get_json(force=True)
        return Response(ANSWER, mimetype="application/json")

    @app.get("/tracker")
    def tracker() -> Response:
        return Response(SCRIPT, mimetype="text/javascript")

    return app
