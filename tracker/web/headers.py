"""What every answer carries, and who may read it from another origin."""

import time

from flask import Flask, Response, g, request

from tracker.core.model import Source
from tracker.web.log import log
from tracker.web.services import services

_CROSS_ORIGIN = ("track.track", "track.fresh_pass", "track.preflight")


def register(app: Flask) -> None:
    """Time, name and log every request of this app."""
    app.before_request(_start)
    app.after_request(_finish)


def allows_origin(source: Source, origin: str | None) -> bool:
    """Return True where a page of that origin may post to this source; a source without origins takes any."""
    return source.enabled and (not source.origins or origin in source.origins)


def _start() -> None:
    g.started = time.perf_counter()
    g.request_id = services().new_id("request")


def _finish(response: Response) -> Response:
    seconds = time.perf_counter() - g.started
    response.headers["x-process-time"] = f"{seconds:.6f}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    if request.endpoint in _CROSS_ORIGIN:
        response.headers["Cache-Control"] = "no-store"
        _share(response)
    log.info(
        "request",
        request_id=g.get("task", g.request_id),
        method=request.method,
        path=request.path,
        status=response.status_code,
        ms=round(seconds * 1000, 2),
        source=g.get("source_id"),
        refusal=g.get("refusal"),
    )
    return response


def _share(response: Response) -> None:
    """Echo the origin where the source allows it, or, before the source is known, where any enabled one does."""
    origin = request.headers.get("Origin")
    response.headers["Vary"] = "Origin"
    if origin is None or response.status_code == 401:
        return
    if not (g.get("source_id") or any(allows_origin(source, origin) for source in services().sources.last_seen())):
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = "x-process-time, retry-after"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "POST"
        response.headers["Access-Control-Allow-Headers"] = "content-type, x-timestamp"
        response.headers["Access-Control-Max-Age"] = "3600"
