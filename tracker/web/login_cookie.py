"""The console's cookie: where it is sent, and that nothing outside the console reads or sets it."""

from typing import Any, cast

from flask import Flask, Request
from flask.sessions import NullSession, SecureCookieSession, SecureCookieSessionInterface

from tracker.settings import Settings
from tracker.store import accounts

_WITHOUT_COOKIES = frozenset(
    {"/track", "/pass", "/tracker", "/tracker/liliput.min.js", "/healthz", "/readyz", "/metrics"}
)


class _ConsoleCookie(SecureCookieSessionInterface):
    """Flask's signed cookie, for the console alone."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return cast("Any", NullSession()) if request.path in _WITHOUT_COOKIES else super().open_session(app, request)


def prepare(app: Flask, settings: Settings) -> None:
    """Set up the console's cookie: it holds the token of a login and is worth nothing once that is revoked."""
    over_tls = settings.public_url.startswith("https://")
    app.session_interface = _ConsoleCookie()
    app.secret_key = settings.secret_keys[0]
    app.config.update(
        SECRET_KEY_FALLBACKS=list(settings.secret_keys[1:]),
        SESSION_COOKIE_NAME=_cookie_name(over_tls, settings.path),
        SESSION_COOKIE_PATH=settings.path or "/",
        SESSION_COOKIE_SECURE=over_tls,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # Forms have limits of their own; the API's reader wants to see the one byte too many itself.
        MAX_CONTENT_LENGTH=settings.limits.body + 1,
        PERMANENT_SESSION_LIFETIME=accounts.LOGIN_LASTS // 1_000_000,
    )


def _cookie_name(over_tls: bool, path: str) -> str:
    """Return a name whose prefix makes browsers insist on TLS and, but below a path, on this very host.

    They refuse both prefixes on plain http, and ``__Host-`` with any path but ``/``.
    """
    if not over_tls:
        return "handoff"
    return "__Secure-handoff" if path else "__Host-handoff"
