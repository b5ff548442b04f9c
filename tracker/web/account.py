"""One's own password and logins, and, for owners, who else may come in."""

import secrets

from flask import Blueprint, Response, redirect, request, url_for
from flask import session as cookie
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response as BaseResponse

from tracker.core import account_rules
from tracker.ingest import passwords
from tracker.store import accounts
from tracker.store.accounts import LastOwner, NameTaken, User
from tracker.store.engine import Connection
from tracker.web.guard import ask, change, guard, own_affair, the_login, the_user
from tracker.web.login import checked
from tracker.web.page import page
from tracker.web.services import services

Texts = dict[str, str]
account_blueprint = guard(Blueprint("account", __name__, url_prefix="/account"))


@account_blueprint.get("")
def account() -> BaseResponse:
    """Show one's password form, one's logins and the users."""
    return _page()


@account_blueprint.post("/password")
@own_affair
def change_password() -> BaseResponse:
    """Change one's own password; every browser is logged out, this one too, so that it comes back with a new token."""
    me, now, new = the_user(), services().clock(), request.form.get("new", "")
    found = ask(lambda conn: accounts.named(conn, me.name))
    if found is None or not passwords.matches(request.form.get("current", ""), found[1]):
        return _page(422, problems={"current": "This is not your password."})
    try:
        account_rules.password(new, me.name)
    except ValueError as error:
        return _page(422, problems={"new": str(error)})
    password = passwords.hashed(new)
    change(lambda conn: accounts.change_password(conn, me.id, password, now))
    cookie.clear()
    return redirect(url_for("login.login"), 303)


@account_blueprint.post("/logins/<login_id>/end")
@own_affair
def end_login(login_id: str) -> BaseResponse:
    """End one of one's own logins."""
    me = the_user()
    change(lambda conn: accounts.log_out(conn, login_id, me.id))
    return redirect(url_for("account.account"), 303)


@account_blueprint.post("/logins/end")
@own_affair
def end_other_logins() -> BaseResponse:
    """End all of one's own logins but this one."""
    mine = the_login()
    change(lambda conn: accounts.log_out_elsewhere(conn, mine))
    return redirect(url_for("account.account"), 303)


@account_blueprint.post("/users")
def add_user() -> BaseResponse:
    """Make a further user."""
    given = request.form
    name, problems = checked(given.get("name", ""), given.get("password", ""))
    typed = {"name": given.get("name", ""), "role": given.get("role", "")}
    try:
        user = User(secrets.token_hex(16), name, account_rules.role(typed["role"]), services().clock())
        if not problems:
            password = passwords.hashed(given["password"])
            change(lambda conn: accounts.add(conn, user, password))
    except NameTaken as error:
        problems["name"] = str(error)
    except ValueError as error:
        problems["role"] = str(error)
    if problems:
        return _page(422, problems={f"user-{field}": text for field, text in problems.items()}, typed=typed)
    return redirect(url_for("account.account"), 303)


@account_blueprint.post("/users/<user_id>")
def change_user(user_id: str) -> BaseResponse:
    """Give a user another role, or remove it; the last owner stays."""
    wanted, now = request.form.get("role", ""), services().clock()
    if user_id not in {user.id for user in ask(accounts.users)}:
        raise NotFound("There is no such user.")

    def work(conn: Connection) -> None:
        if wanted == "remove":
            accounts.remove(conn, user_id)
        else:
            accounts.change_role(conn, user_id, account_rules.role(wanted), now)

    try:
        change(work)
    except LastOwner as error:
        return _page(422, problems={"users": str(error)})
    except ValueError as error:
        raise Forbidden(str(error)) from error
    return redirect(url_for("account.account"), 303)


def _page(
    status: int = 200, *, problems: dict[str, str] | None = None, typed: dict[str, str] | None = None
) -> Response:
    now = services().clock()
    return page(
        "account.html",
        status,
        problems=problems or {},
        typed=typed or {},
        login=the_login(),
        logins=ask(lambda conn: accounts.logins_of(conn, the_user().id, now)),
        users=ask(accounts.users),
        roles=account_rules.ROLES,
    )
