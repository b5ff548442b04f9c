"""What every answer carries, and who may read it from another origin."""

import time
from typing import Any, cast

from flask import Flask, Request, Response, g, request
from werkzeug.local import LocalProxy

from tracker.core.model import Source
from tracker.web.log import log
from tracker.web.services import services

_CROSS_ORIGIN = frozenset({"track.track", "track.fresh_pass", "track.preflight"})
_NEVER_KEPT = frozenset({"/track", "/pass"})


def register(app: Flask) -> None:
    """Time, name and log every request of this app."""
    app.before_request(_start)
    app.after_request(_finish)


def allows_origin(source: Source, origin: str | None) -> bool:
    """Return True where a page of that origin may post to this source; a source without origins takes any."""
    return source.enabled and (not source.origins or origin in source.origins)


def _start() -> None:
    g.started = time.perf_counter()


def request_id() -> str:
    """Return the id under which this request is found in the log; for a payload that was taken it is its task id."""
    if "request_id" not in g:
        g.request_id = services().new_id("request")
    return str(g.request_id)


def _finish(response: Response) -> Response:
    # Both are proxies that look up the current request at every access; this runs for every request.
    here: Request = _current(request)
    notes = _current(g)
    source_id = notes.get("source_id")
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    # By its path too: a refused method has no endpoint, and a cache may keep a 405.
    if here.endpoint in _CROSS_ORIGIN or here.path in _NEVER_KEPT:
        headers["Cache-Control"] = "no-store"
        headers["Vary"] = "Origin"
        _share(here, response, source_id)
    else:
        headers["Access-Control-Expose-Headers"] = "x-process-time"
    seconds = time.perf_counter() - notes.started
    headers["x-process-time"] = f"{seconds:.6f}"
    if here.path == "/track" and here.method == "POST":
        services().metrics.answered(response.status_code, seconds)
    log(
        "request",
        request_id=request_id(),
        method=here.method,
        path=here.path,
        status=response.status_code,
        ms=round(seconds * 1000, 2),
        source=source_id,
        refusal=notes.get("refusal"),
        cause=notes.get("cause"),
    )
    return response


def _current(proxy: object) -> Any:
    return cast("LocalProxy[Any]", proxy)._get_current_object()


def _share(here: Request, response: Response, source_id: str | None) -> None:
    """Echo the origin where the source allows it, or, before the source is known, where any enabled one does."""
    origin = here.environ.get("HTTP_ORIGIN")
    if origin is None or response.status_code == 401:
        return
    if not (source_id or any(allows_origin(source, origin) for source in services().sources.last_seen())):
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = "x-process-time, retry-after"
    if here.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "POST"
        response.headers["Access-Control-Allow-Headers"] = "content-type, x-timestamp"
        response.headers["Access-Control-Max-Age"] = "3600"
