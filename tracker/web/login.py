"""Getting in and out: the first user by a link that counts once, everybody else by name and password."""

import secrets

from flask import Blueprint, Response, redirect, request, url_for
from flask import session as cookie
from werkzeug.wrappers import Response as BaseResponse

from tracker.core import account_rules
from tracker.ingest import passwords
from tracker.store import accounts
from tracker.store.accounts import Login, SetupIsOver, User
from tracker.web.credentials import TooManyTries, network, proven, refused
from tracker.web.guard import ask, change, guard, own_affair, public, the_login
from tracker.web.known_devices import remember
from tracker.web.messages import say
from tracker.web.mount import stays_below
from tracker.web.page import page
from tracker.web.services import services

login_blueprint = guard(Blueprint("login", __name__))
_WRONG = "That name and password do not go together."


@login_blueprint.get("/login")
@public
def login() -> BaseResponse:
    """Show the door; who is logged in already is let through."""
    if "login" in cookie and ask(lambda conn: accounts.logged_in(conn, cookie["login"], services().clock())):
        return redirect(_inside(request.args.get("next", "")))
    return _door(name="")


@login_blueprint.post("/login")
@public
def log_in() -> BaseResponse:
    """Log somebody in, as a browser with a new token; wrong names and wrong passwords are told apart by nobody."""
    name = request.form.get("name", "").strip()
    try:
        user = proven(name, request.form.get("password", ""))
    except TooManyTries as error:
        return refused(error, url_for("login.login", next=request.form.get("next") or None))
    if user is None:
        return _door(403, name=name, problem=_WRONG)
    _enter(user)
    return remember(redirect(_inside(request.form.get("next", "")), 303), user)


@login_blueprint.post("/logout")
@own_affair
def log_out() -> BaseResponse:
    """End this login, here and in the database."""
    mine = the_login()
    change(lambda conn: accounts.log_out(conn, mine.id, mine.user.id))
    cookie.clear()
    say("You are logged out.")
    return redirect(url_for("login.login"), 303)


@login_blueprint.get("/setup")
@public
def setup() -> BaseResponse:
    """Ask for the name and password of the first user, where the link still counts."""
    token = request.args.get("token", "")
    if not ask(lambda conn: accounts.sets_up(conn, token, services().clock())):
        return page("setup_over.html", 404)
    return page("setup.html", setup_token=token, name="", problems={})


@login_blueprint.post("/setup")
@public
def set_up() -> BaseResponse:
    """Make the first user, an owner, use the link up, and log that user in."""
    token, given = request.form.get("token", ""), request.form
    name, problems = checked(given.get("name", ""), given.get("password", ""))
    if problems:
        return page("setup.html", 422, setup_token=token, name=given.get("name", ""), problems=problems)
    user = User(secrets.token_hex(16), name, "owner", services().clock())
    if not ask(lambda conn: accounts.sets_up(conn, token, user.created)):
        return page("setup_over.html", 404)
    password = passwords.hashed(given["password"])
    try:
        change(lambda conn: accounts.set_up(conn, token, user, password))
    except SetupIsOver:
        return page("setup_over.html", 404)
    _enter(user)
    return remember(redirect(url_for("overview.overview"), 303), user)


def checked(name: str, password: str) -> tuple[str, dict[str, str]]:
    """Return a new user's name as it is kept, and what is wrong with the name and the password, by field."""
    problems = {}
    try:
        name = account_rules.user_name(name)
    except ValueError as error:
        problems["name"] = str(error)
    try:
        account_rules.password(password, name)
    except ValueError as error:
        problems["password"] = str(error)
    return name, problems


def _enter(user: User) -> None:
    """Log a user in: whatever the cookie said before is forgotten, so that nobody can have put it there."""
    token, now = secrets.token_urlsafe(32), services().clock()
    browser = request.headers.get("User-Agent", "")
    entered = Login("", user, now, now, browser, network())
    change(lambda conn: accounts.log_in(conn, token, entered))
    cookie.clear()
    cookie["login"] = token
    cookie.permanent = True


def _door(status: int = 200, **values: str) -> Response:
    somebody = ask(accounts.anybody)
    return page("login.html", status, next=request.values.get("next", ""), somebody=somebody, **values)


def _inside(wanted: str) -> str:
    """Return the wanted path where it is one of this site, else the first page."""
    return wanted if stays_below(request.root_path, wanted) else url_for("overview.overview")
