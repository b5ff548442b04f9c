"""Who gets into the console: the login behind the cookie, the token against forged requests, the headers.

All of it is hung on the console's own blueprints, so that ``/track`` knows nothing of cookies and pays nothing.
"""

import hmac
import secrets
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Blueprint, Response, current_app, g, redirect, request, url_for
from flask import session as cookie
from werkzeug.exceptions import Forbidden, HTTPException
from werkzeug.wrappers import Response as BaseResponse

from tracker.core.own_address import is_loopback, public_host
from tracker.core.refusal import Refusal
from tracker.store import accounts
from tracker.store.accounts import Login, User
from tracker.store.engine import Connection, reading, transaction
from tracker.web.log import log
from tracker.web.notes import notes
from tracker.web.page import page
from tracker.web.services import services

Result = TypeVar("Result")
View = TypeVar("View", bound=Callable[..., Any])

FORM = 16 * 1024
"""Bytes of a form: reading one costs a thousand times as much as what is in it, before anybody has logged in."""
LONG_FORM = 256 * 1024
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_FORGED = "This form is from before you logged in, or from another site. Go back, reload the page, and send it again."
_NO_COOKIE = "Your browser sent no cookie along. Open the console at {}/ and allow it to keep one."
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # What a page shows is for who is logged in, and the next person at this computer may press "back".
    "Cache-Control": "no-store",
}


def guard(blueprint: Blueprint) -> Blueprint:
    """Put the rules of the console before and behind every view of a blueprint."""
    blueprint.before_request(_let_in)
    blueprint.after_request(_finish)
    blueprint.register_error_handler(HTTPException, _http_error)
    blueprint.register_error_handler(Refusal, _refused)
    blueprint.register_error_handler(Exception, _bug)
    return blueprint


def public(view: View) -> View:
    """Mark a view that is for who is not logged in; forged requests are refused all the same."""
    return marked(view, "public")


def own_affair(view: View) -> View:
    """Mark an unsafe view that viewers may use too, because it changes nothing but what is theirs."""
    return marked(view, "own_affair")


def for_owners(view: View) -> View:
    """Mark a page that only owners are shown, because all that it holds is a form that changes something."""
    return marked(view, "for_owners")


def long_form(view: View) -> View:
    """Mark a view whose form may be long, for who is logged in."""
    return marked(view, "long_form")


def marked(view: View, mark: str) -> View:
    """Mark a view; ``is_marked`` reads it."""
    setattr(view, f"console_{mark}", True)
    return view


def is_marked(view: Callable[..., Any], mark: str) -> bool:
    """Return whether a view carries a mark: ``public``, ``own_affair``, ``for_owners`` or ``asks``."""
    return getattr(view, f"console_{mark}", False) is True


def the_login() -> Login:
    """Return the login with which the current request was made."""
    return cast("Login", g.login)


def the_user() -> User:
    """Return who makes the current request."""
    return the_login().user


def csrf_token() -> str:
    """Return the token that every unsafe request of this browser must carry; another one after each login."""
    if "csrf" not in cookie:
        cookie["csrf"] = secrets.token_urlsafe(32)
    return str(cookie["csrf"])


def ask(question: Callable[[Connection], Result]) -> Result:
    """Return what a question finds, in a transaction that only reads."""
    return transaction(reading(services().engine), question)


def change(work: Callable[[Connection], Result]) -> Result:
    """Return what a change returned, once it is committed."""
    return transaction(services().engine, work)


def _let_in() -> BaseResponse | None:
    view = current_app.view_functions[str(request.endpoint)]
    unsafe = request.method not in SAFE
    g.login = _known_login()
    request.max_content_length = LONG_FORM if g.login and is_marked(view, "long_form") else FORM
    if unsafe and not _meant():
        raise Forbidden(_FORGED if "csrf" in cookie else _NO_COOKIE.format(services().settings.public_url))
    if is_marked(view, "public"):
        return None
    if g.login is None:
        return _to_the_door()
    if not may_use(the_user(), view, unsafe=unsafe):
        raise Forbidden("You may look at everything here; changing it is for owners.")
    return None


def may_use(user: User, view: Callable[..., Any], *, unsafe: bool) -> bool:
    """Return whether a user may use a view: owners all, viewers what changes nothing but what is theirs."""
    return user.owns or not (is_marked(view, "for_owners") or (unsafe and not is_marked(view, "own_affair")))


def _meant() -> bool:
    """Return True where an unsafe request comes from a page of ours."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    shown = request.headers.get("X-CSRF-Token") or request.form.get("csrf") or ""
    return hmac.compare_digest(shown.encode(), str(cookie.get("csrf", "")).encode()) and bool(shown)


def _known_login() -> Login | None:
    token = cookie.get("login")
    if not isinstance(token, str):
        return None
    now = services().clock()
    login = ask(lambda conn: accounts.logged_in(conn, token, now))
    if login is not None and accounts.seen_long_ago(login, now):
        change(lambda conn: accounts.seen(conn, login, now))
    return login


def _to_the_door() -> BaseResponse:
    cookie.pop("login", None)
    door = url_for("login.login")
    if request.method == "GET" and not request.headers.get("HX-Request"):
        wanted = request.root_path + request.full_path.rstrip("?")
        return redirect(url_for("login.login", next=wanted) if request.path != "/" else door)
    if request.headers.get("HX-Request"):
        # htmx follows a redirect by itself and would put the whole login page into a part of this one.
        return Response(status=401, headers={"HX-Redirect": door})
    return redirect(door, 303)


def _finish(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if current_app.config["SESSION_COOKIE_SECURE"] or is_loopback(public_host(services().settings.public_url)):
        # A page that opens the console in a window of its own keeps no hand on it. On plain http browsers ignore this,
        # and complain.
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return response


def _http_error(error: HTTPException) -> BaseResponse:
    if error.code is None or error.code < 400:
        return error.get_response()
    return page("error.html", error.code, title=error.name, detail=error.description)


def _refused(refusal: Refusal) -> BaseResponse:
    notes().refusal = type(refusal).__name__
    title = "Not now" if refusal.status == 503 else "Not here"
    return page("error.html", refusal.status, title=title, detail=refusal.detail)


def _bug(error: Exception) -> BaseResponse:
    # The trace goes to the log under the request's id; the page shows only that id.
    log("bug", request_id=notes().request_id, failure=error)
    detail = f"The log says what, under {notes().request_id}."
    return page("error.html", 500, title="Something went wrong on our side", detail=detail)
