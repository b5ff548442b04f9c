"""Who may open the console: users, the browsers they are logged in with, and the link that makes the first of them."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from tracker.core.account_rules import Role
from tracker.core.model import Micros
from tracker.core.times import DAY, SECOND
from tracker.store.tables import LoginRow, SetupRow, UserRow

LOGIN_LASTS: Micros = 14 * DAY
SETUP_LASTS: Micros = DAY
_SEEN_EVERY: Micros = 60 * SECOND


class NameTaken(ValueError):
    """There is a user of that name already."""


class LastOwner(ValueError):
    """Without this user nobody would be left who may change anything."""


class SetupIsOver(LookupError):
    """The link was used, is too old, or was never given out; or there is a user already."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may open the console: an ``owner`` changes things, a ``viewer`` looks."""

    id: str
    name: str
    role: Role
    created: Micros

    @property
    def owns(self) -> bool:
        return self.role == "owner"


@dataclass(frozen=True, slots=True)
class Login:
    """A browser that is logged in."""

    id: str
    user: User
    created: Micros
    seen: Micros
    browser: str
    network: str


def digest_of(token: str) -> str:
    """Return what is stored of a token; tokens have 256 bits of their own, so a plain hash is enough."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def anybody(conn: Connection) -> bool:
    """Return True once there is a user."""
    return conn.execute(select(UserRow.id).limit(1)).first() is not None


def offer_setup(conn: Connection, token: str, now: Micros) -> bool:
    """Make this token the only one that sets the house up; False where there is a user already."""
    if anybody(conn):
        return False
    conn.execute(delete(SetupRow))
    conn.execute(insert(SetupRow).values(hash=digest_of(token), created=now))
    return True


def sets_up(conn: Connection, token: str, now: Micros) -> bool:
    """Return True where a token may make the first user."""
    valid = select(SetupRow.hash).where(SetupRow.hash == digest_of(token), SetupRow.created > now - SETUP_LASTS)
    return conn.execute(valid).first() is not None and not anybody(conn)


def set_up(conn: Connection, token: str, user: User, password: str) -> None:
    """Store the first user and use the link up; SetupIsOver where somebody was faster or the link does not count."""
    if not sets_up(conn, token, user.created):
        raise SetupIsOver
    # Of two that come with the same link at once, the second waits here for the first and finds nothing.
    if conn.execute(delete(SetupRow).where(SetupRow.hash == digest_of(token))).rowcount != 1:
        raise SetupIsOver
    add(conn, user, password)


def add(conn: Connection, user: User, password: str) -> None:
    """Store a new user with the hash of a password; NameTaken where the name is somebody's."""
    if conn.execute(select(UserRow.id).where(UserRow.name == user.name)).first():
        raise NameTaken(f"There is a user {user.name!r} already.")
    row = {"id": user.id, "name": user.name, "role": user.role, "password": password}
    conn.execute(insert(UserRow).values(**row, created=user.created, updated=user.created))
    # A link for a first user is of no use to anybody any more.
    conn.execute(delete(SetupRow))


def users(conn: Connection) -> list[User]:
    """Return all users, the oldest first."""
    return [_user(row) for row in conn.execute(select(UserRow.__table__).order_by(UserRow.created, UserRow.id))]


def named(conn: Connection, name: str) -> tuple[User, str] | None:
    """Return the user of that name and the hash of its password, or None."""
    row = conn.execute(select(UserRow.__table__).where(UserRow.name == name)).first()
    return None if row is None else (_user(row), row.password)


def change_password(conn: Connection, user_id: str, password: str, now: Micros) -> None:
    """Store the hash of another password, and log the user out everywhere."""
    conn.execute(update(UserRow).where(UserRow.id == user_id).values(password=password, updated=now))
    conn.execute(delete(LoginRow).where(LoginRow.user_id == user_id))


def change_role(conn: Connection, user_id: str, role: Role, now: Micros) -> None:
    """Give a user another role; LastOwner where nobody would be left who may change anything."""
    if role != "owner":
        leave_an_owner(conn, user_id)
    conn.execute(update(UserRow).where(UserRow.id == user_id).values(role=role, updated=now))


def leave_an_owner(conn: Connection, user_id: str) -> None:
    """Raise LastOwner where no owner but this user is left."""
    # Held until the end of the transaction, so that two owners cannot remove each other at once.
    owners = select(UserRow.id).where(UserRow.role == "owner").order_by(UserRow.id).with_for_update()
    if set(conn.scalars(owners)) <= {user_id}:
        raise LastOwner("This is the only owner; make another one first.")


def log_in(conn: Connection, token: str, login: Login) -> None:
    """Store that a browser is logged in; only a hash of its token is kept. Logins that have expired go."""
    conn.execute(delete(LoginRow).where(LoginRow.created <= login.created - LOGIN_LASTS))
    row = {"id": digest_of(token), "user_id": login.user.id, "created": login.created, "seen": login.seen}
    conn.execute(insert(LoginRow).values(**row, browser=login.browser[:256], network=login.network[:64]))


def logged_in(conn: Connection, token: str, now: Micros) -> Login | None:
    """Return the login that a token stands for, or None where it was revoked or is too old."""
    found = _logins().where(LoginRow.id == digest_of(token), LoginRow.created > now - LOGIN_LASTS)
    row = conn.execute(found).first()
    return None if row is None else _login(row)


def roles_of(conn: Connection, login_ids: Collection[str], now: Micros) -> dict[str, Role]:
    """Return the role that each of the logins has by now, without those that were revoked or have become too old."""
    valid = LoginRow.id.in_(sorted(login_ids)), LoginRow.created > now - LOGIN_LASTS
    rows = conn.execute(select(LoginRow.id, UserRow.role).join(UserRow, UserRow.id == LoginRow.user_id).where(*valid))
    return {row.id: row.role for row in rows}


def seen(conn: Connection, login: Login, now: Micros) -> None:
    """Note that a login was used."""
    conn.execute(update(LoginRow).where(LoginRow.id == login.id).values(seen=now))


def seen_long_ago(login: Login, now: Micros) -> bool:
    """Return True where noting the use of a login is worth a write."""
    return not 0 <= now - login.seen < _SEEN_EVERY


def logins_of(conn: Connection, user_id: str, now: Micros) -> list[Login]:
    """Return where a user is logged in, the latest used first."""
    mine = _logins().where(LoginRow.user_id == user_id, LoginRow.created > now - LOGIN_LASTS)
    return [_login(row) for row in conn.execute(mine.order_by(LoginRow.seen.desc(), LoginRow.id))]


def log_out(conn: Connection, login_id: str, user_id: str) -> None:
    """End one login of a user."""
    conn.execute(delete(LoginRow).where(LoginRow.id == login_id, LoginRow.user_id == user_id))


def log_out_elsewhere(conn: Connection, login: Login) -> None:
    """End all logins of a user but this one."""
    conn.execute(delete(LoginRow).where(LoginRow.user_id == login.user.id, LoginRow.id != login.id))


def _logins() -> Any:
    columns = (LoginRow.id, LoginRow.user_id, LoginRow.created, LoginRow.seen, LoginRow.browser, LoginRow.network)
    who = (UserRow.name, UserRow.role, UserRow.created.label("since"))
    return select(*columns, *who).join(UserRow, UserRow.id == LoginRow.user_id)


def _login(row: Row[Any]) -> Login:
    user = User(row.user_id, row.name, row.role, row.since)
    return Login(row.id, user, row.created, row.seen, row.browser, row.network)


def _user(row: Row[Any]) -> User:
    return User(row.id, row.name, row.role, row.created)
