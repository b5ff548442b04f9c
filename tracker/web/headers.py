"""What every answer carries, and who may read it from another origin."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from tracker.core.model import Source
from tracker.core.own_address import has_host_to_itself
from tracker.store.directory import Directory
from tracker.web.log import log
from tracker.web.notes import KEPT_IN, Notes
from tracker.web.services import Services, services_of

_TLS_ALONE = (("Strict-Transport-Security", "max-age=31536000"),)
"""A browser that has been here once never asks over plain http again, for a year from each answer."""
_CROSS_ORIGIN = frozenset({"/track", "/pass"})

Headers = list[tuple[str, str]]


def register(app: Flask) -> None:
    """Time, name and log every request of this app."""
    # As Flask's own documentation wraps an application.
    parts = services_of(app)
    always = _TLS_ALONE if has_host_to_itself(parts.settings.public_url) else ()
    app.wsgi_app = _finishing(parts, always, app.wsgi_app)  # type: ignore[method-assign]


def allows_origin(source: Source, origin: str | None) -> bool:
    """Return True where a page of that origin may post to this source; a source without origins takes any."""
    return source.enabled and (not source.origins or origin in source.origins)


def _finishing(
    parts: Services, always: tuple[tuple[str, str], ...], app: Callable[..., Iterable[bytes]]
) -> Callable[..., Iterable[bytes]]:
    """Return the WSGI application with its answers finished: one layer costs a fifth of what Flask's hooks do."""

    def finished(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started = time.perf_counter()
        noted = environ[KEPT_IN] = Notes(parts.new_id)

        def start(status: str, headers: Headers, *failure: Any) -> Any:
            _finish(parts, noted, environ, int(status[:3]), headers, time.perf_counter() - started, always)
            return start_response(status, headers, *failure)

        return app(environ, start)

    return finished


def _finish(
    parts: Services,
    noted: Notes,
    environ: dict[str, Any],
    status: int,
    headers: Headers,
    seconds: float,
    always: tuple[tuple[str, str], ...],
) -> None:
    # The path as Flask reads it: a slash too many in front counts for nothing.
    path, method = "/" + environ["PATH_INFO"].lstrip("/"), environ["REQUEST_METHOD"]
    headers += (("X-Content-Type-Options", "nosniff"), ("x-process-time", f"{seconds:.6f}"))
    # By its path, not by its endpoint: a refused method has none, and a cache may keep a 405.
    if path in _CROSS_ORIGIN:
        headers += (("Cache-Control", "no-store"), ("Vary", "Origin"))
        headers += _shared(parts.sources, environ.get("HTTP_ORIGIN"), method, status, noted.source_id)
    else:
        headers.append(("Access-Control-Expose-Headers", "x-process-time"))
        headers += always
        if status >= 400:
            _keep_no_refusal(headers)
    if path == "/track" and method == "POST":
        parts.metrics.answered(status, seconds, noted.events)
    log(
        "request",
        request_id=noted.request_id,
        method=method,
        path=noted.rule or path,
        status=status,
        ms=round(seconds * 1000, 2),
        source=noted.source_id,
        refusal=noted.refusal,
        cause=noted.cause,
    )


def _keep_no_refusal(headers: Headers) -> None:
    """Let no cache keep an answer that is a refusal: a file that is missing today may be there tomorrow."""
    headers[:] = [(name, value) for name, value in headers if name.lower() != "cache-control"]
    headers.append(("Cache-Control", "no-store"))


def _shared(sources: Directory, origin: str | None, method: str, status: int, source_id: str | None) -> Headers:
    """Return the headers that let an origin read this: that of the source, or, before it is known, of any enabled."""
    if origin is None or status == 401:
        return []
    if not (source_id or any(allows_origin(source, origin) for source in sources.last_seen())):
        return []
    headers = [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Expose-Headers", "x-process-time, retry-after"),
    ]
    if method == "OPTIONS":
        headers += [
            ("Access-Control-Allow-Methods", "POST"),
            ("Access-Control-Allow-Headers", "content-type, x-timestamp"),
            ("Access-Control-Max-Age", "3600"),
        ]
    return headers
