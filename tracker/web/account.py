"""One's own password and logins, and, for owners, who else may come in."""

import secrets

from flask import Blueprint, Response, redirect, request, url_for
from flask import session as cookie
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response as BaseResponse

from tracker.core import account_rules
from tracker.core.account_rules import Role
from tracker.ingest import passwords
from tracker.store import accounts, removed_users
from tracker.store.accounts import LastOwner, NameTaken, User
from tracker.store.removed_users import NotRestorable
from tracker.web.asking import Question, asks
from tracker.web.credentials import TooManyTries, proven, refused
from tracker.web.guard import ask, change, guard, own_affair, the_login, the_user
from tracker.web.login import checked
from tracker.web.messages import Undo, say
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
    try:
        user = proven(me.name, request.form.get("current", ""))
    except TooManyTries as error:
        return refused(error, url_for("account.account"))
    if user is None:
        return _page(422, problems={"current": "This is not your password."})
    try:
        account_rules.password(new, me.name)
    except ValueError as error:
        return _page(422, problems={"new": str(error)})
    password = passwords.hashed(new)
    change(lambda conn: accounts.change_password(conn, me.id, password, now))
    cookie.clear()
    say("Your password is changed. Log in with the new one.")
    return redirect(url_for("login.login"), 303)


def _before_ending(login_id: str | None = None) -> Question:
    others = f"from {_network_of(login_id)}" if login_id else "everywhere but here"
    return Question(
        f"End your login{'' if login_id else 's'} {others}?",
        ("A browser logs in again. A program that has a token from there is refused and needs a new one.",),
        "End login" if login_id else "End all others",
        url_for("account.account"),
    )


@account_blueprint.post("/logins/<login_id>/end")
@own_affair
@asks(_before_ending)
def end_login(login_id: str) -> BaseResponse:
    """End one of one's own logins."""
    me = the_user()
    change(lambda conn: accounts.log_out(conn, login_id, me.id))
    say("The login is ended.")
    return redirect(url_for("account.account"), 303)


@account_blueprint.post("/logins/end")
@own_affair
@asks(_before_ending)
def end_other_logins() -> BaseResponse:
    """End all of one's own logins but this one."""
    mine = the_login()
    change(lambda conn: accounts.log_out_elsewhere(conn, mine))
    say("All your other logins are ended.")
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
    say(f"{name} is a user now, {a_role(user.role)}.")
    return redirect(url_for("account.account"), 303)


def _before_changing(user_id: str) -> Question | None:
    user, wanted = _user(user_id), request.form.get("role", "")
    if wanted not in ("remove", *account_rules.ROLES):
        return None
    effects: tuple[str, ...]
    if wanted == "remove":
        title, button = f"Remove {user.name}?", "Remove user"
        effects = (
            "Every login and API token of this user ends now; programs that use one are refused.",
            "For a day the user can be restored here; after that, only made anew.",
        )
    elif wanted == "owner":
        title, button = f"Make {user.name} an owner?", "Make owner"
        effects = ("An owner changes sources, erases people, and adds and removes users, you included.",)
    else:
        title, button = f"Make {user.name} a viewer?", "Make viewer"
        effects = ("A viewer changes nothing. Programs that use a token of this user are refused where they change.",)
    if user.id == the_user().id:
        effects += ("This is you: only another owner can undo it.",)
    return Question(title, effects, button, url_for("account.account"))


@account_blueprint.post("/users/<user_id>")
@asks(_before_changing)
def change_user(user_id: str) -> BaseResponse:
    """Give a user another role, or remove it; the last owner stays."""
    user, wanted, now = _user(user_id), request.form.get("role", ""), services().clock()
    try:
        if wanted == "remove":
            change(lambda conn: removed_users.remove(conn, user_id, now))
            say(f"{user.name} is removed.", Undo(url_for("account.restore_user", user_id=user_id)))
        else:
            role = account_rules.role(wanted)
            change(lambda conn: accounts.change_role(conn, user_id, role, now))
            undo = Undo(url_for("account.change_user", user_id=user_id), {"role": user.role, "sure": "yes"})
            say(f"{user.name} is {a_role(role)} now.", undo if role != user.role else None)
    except LastOwner as error:
        return _page(422, problems={"users": str(error)})
    except ValueError as error:
        raise Forbidden(str(error)) from error
    return redirect(url_for("account.account"), 303)


@account_blueprint.post("/users/<user_id>/restore")
def restore_user(user_id: str) -> BaseResponse:
    """Make a user that was removed within the last day a user again."""
    now = services().clock()
    try:
        name = change(lambda conn: removed_users.restore(conn, user_id, now))
    except (NotRestorable, NameTaken) as error:
        return _page(422, problems={"users": str(error)})
    say(f"{name} is a user again, and logs in with the password from before.")
    return redirect(url_for("account.account"), 303)


def a_role(role: Role) -> str:
    """Return a role with its article."""
    return {"owner": "an owner", "viewer": "a viewer"}[role]


def _user(user_id: str) -> User:
    for user in ask(accounts.users):
        if user.id == user_id:
            return user
    raise NotFound("There is no such user.")


def _network_of(login_id: str) -> str:
    now = services().clock()
    for login in ask(lambda conn: accounts.logins_of(conn, the_user().id, now)):
        if login.id == login_id:
            return login.network
    raise NotFound("There is no such login of yours.")


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
        removed=ask(lambda conn: removed_users.removed(conn, now)),
        roles=account_rules.ROLES,
    )
