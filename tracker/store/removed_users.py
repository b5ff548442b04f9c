"""Removed users of the console: kept apart for a day, so that a removal can be undone, and of no use meanwhile."""

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from tracker.core.model import Micros
from tracker.core.times import DAY
from tracker.store.accounts import NameTaken, User, leave_an_owner
from tracker.store.tables import LoginRow, RemovedUserRow, UserRow

RESTORABLE: Micros = DAY


class NotRestorable(LookupError):
    """No user of that id was removed within the last day."""


def remove(conn: Connection, user_id: str, now: Micros) -> None:
    """Delete a user and its logins, and keep what restores it; LastOwner where no owner would be left."""
    leave_an_owner(conn, user_id)
    purge(conn, now)
    row = conn.execute(select(UserRow.__table__).where(UserRow.id == user_id)).first()
    conn.execute(delete(LoginRow).where(LoginRow.user_id == user_id))
    if row is not None:
        conn.execute(insert(RemovedUserRow).values(**_kept(row), removed=now))
        conn.execute(delete(UserRow).where(UserRow.id == user_id))


def removed(conn: Connection, now: Micros) -> list[User]:
    """Return the users that can be restored, the last removed first."""
    found = select(RemovedUserRow.__table__).where(RemovedUserRow.removed > now - RESTORABLE)
    rows = conn.execute(found.order_by(RemovedUserRow.removed.desc(), RemovedUserRow.id))
    return [User(row.id, row.name, row.role, row.created) for row in rows]


def restore(conn: Connection, user_id: str, now: Micros) -> str:
    """Make a removed user a user again, with its role and password but no login; returns its name.

    NotRestorable where it was not removed within a day, NameTaken where its name was given to another user since.
    """
    which = RemovedUserRow.id == user_id, RemovedUserRow.removed > now - RESTORABLE
    row = conn.execute(select(RemovedUserRow.__table__).where(*which).with_for_update()).first()
    if row is None:
        raise NotRestorable("This user cannot be restored: not removed, or longer than a day ago.")
    if conn.execute(select(UserRow.id).where(UserRow.name == row.name)).first():
        raise NameTaken(f"There is another user {row.name!r} by now.")
    conn.execute(delete(RemovedUserRow).where(RemovedUserRow.id == user_id))
    conn.execute(insert(UserRow).values(**_kept(row), updated=now))
    return str(row.name)


def purge(conn: Connection, now: Micros) -> int:
    """Delete the users that were removed longer than a day ago; returns how many."""
    return conn.execute(delete(RemovedUserRow).where(RemovedUserRow.removed <= now - RESTORABLE)).rowcount


def _kept(row: Row[Any]) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "role": row.role, "password": row.password, "created": row.created}
