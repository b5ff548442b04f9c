"""Serving below the path of ``PUBLIC_URL``, whether the proxy in front keeps that path or strips it."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from tracker.web.services import services_of

Application = Callable[..., Iterable[bytes]]


def register(app: Flask) -> None:
    """Mount the whole application, with all that is wrapped around it, below the public path where there is one."""
    if path := services_of(app).settings.path:
        # As Flask's own documentation wraps an application.
        app.wsgi_app = _below(path, app.wsgi_app)  # type: ignore[method-assign]


def _below(path: str, app: Application) -> Application:
    """Return a WSGI application that takes ``/path/x`` and ``/x`` for the same, and links to ``/path/x`` alone.

    Both may be asked for: a proxy that strips the path sends ``/x``, and so does a probe on this machine itself. No
    route of the collector begins with the path (``core.own_address.OWN_PATHS``), so that one is never the other.
    """
    below = f"{path}/"

    def mounted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = environ["PATH_INFO"]
        if asked == path or asked.startswith(below):
            environ["PATH_INFO"] = asked[len(path) :] or "/"
        environ["SCRIPT_NAME"] = path
        return app(environ, start_response)

    return mounted


def stays_below(path: str, wanted: str) -> bool:
    """Whether a browser that is sent to ``wanted`` stays on this host and below ``path``."""
    if not wanted.isprintable() or "\\" in wanted or wanted.startswith("//"):
        return False
    asked = wanted.partition("?")[0].partition("#")[0]
    # Browsers resolve dots before they ask, also where they are written as %2e.
    if ".." in asked.lower().replace("%2e", ".").split("/"):
        return False
    return asked.startswith(f"{path}/") or (bool(path) and asked == path)
