"""Who may use the admin API: a bearer token, which is a login like a browser's, and no cookie at all."""

import secrets
from typing import cast

from flask import Blueprint, Response, current_app, g, request

from tracker.core.refusal import Refusal
from tracker.store import accounts
from tracker.store.accounts import Login, User
from tracker.web.credentials import network
from tracker.web.guard import FORM, SAFE, ask, change, is_marked
from tracker.web.notes import notes
from tracker.web.services import services

PREFIX = "handoff_"
"""What every token begins with, so that it is known where it leaks, and no cookie's token is taken for one."""
HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}


class NoToken(Refusal):
    """There is no bearer token, or it was revoked, or it is too old."""

    status = 401


class OwnersOnly(Refusal):
    """A viewer asked for a change."""

    status = 403


def api(blueprint: Blueprint) -> Blueprint:
    """Put the rules of the API before and behind every view of a blueprint."""
    blueprint.before_request(_let_in)
    blueprint.after_request(_finish)
    return blueprint


def new_token(user: User) -> str:
    """Return a token that stands for this user from now on; only its hash is kept."""
    token, now = PREFIX + secrets.token_urlsafe(32), services().clock()
    tool = f"API token for {request.headers.get('User-Agent', '') or 'an unknown tool'}"
    change(lambda conn: accounts.log_in(conn, token, Login("", user, now, now, tool, network())))
    return token


def the_caller() -> Login:
    """Return the login that the current request's token stands for."""
    return cast("Login", g.caller)


def _let_in() -> None:
    # A path may hold somebody's id, which is not for the log.
    notes().rule = str(request.url_rule)
    view = current_app.view_functions[str(request.endpoint)]
    if is_marked(view, "public"):
        request.max_content_length = FORM
        return
    g.caller = _known()
    if request.method not in SAFE and not (the_caller().user.owns or is_marked(view, "own_affair")):
        raise OwnersOnly("This token may look at everything; changing it is for owners.")


def _known() -> Login:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    now, token = services().clock(), token.strip()
    ours = scheme.lower() == "bearer" and token.startswith(PREFIX)
    login = ask(lambda conn: accounts.logged_in(conn, token, now)) if ours else None
    if login is None:
        raise NoToken("A bearer token is needed; POST /user/token gives one for a name and a password.")
    if accounts.seen_long_ago(login, now):
        change(lambda conn: accounts.seen(conn, login, now))
    return login


def _finish(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
