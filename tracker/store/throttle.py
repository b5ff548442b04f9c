"""How often somebody may give a wrong password: counted in the database, so that every worker knows."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, Update, delete, insert, select, update

from tracker.core.model import Micros
from tracker.store.one_of import one_of
from tracker.store.tables import FailedLoginRow

WINDOW: Micros = 15 * 60 * 1_000_000


def spend(conn: Connection, limits: Mapping[str, int], now: Micros) -> int | None:
    """Count one try for each key, or return in how many seconds the next is allowed; ``limits`` is tries by key.

    It is counted before the password is looked at, so that many tries at once are not all the first.
    """
    rows = conn.execute(select(FailedLoginRow.__table__).where(one_of(FailedLoginRow.key, limits)))
    spent = [row for row in rows if row.failures >= limits[row.key] and now - row.since < WINDOW]
    over: list[Micros] = [row.since + WINDOW - now for row in spent]
    if over:
        return max(1, -(-max(over) // 1_000_000))
    # What is older than the window goes, so that the table stays small.
    conn.execute(delete(FailedLoginRow).where(FailedLoginRow.since <= now - WINDOW))
    for key in sorted(limits):
        if conn.execute(_counted(key, 1)).rowcount == 0:
            # Where another worker was faster this fails, and the transaction starts over and finds the row.
            conn.execute(insert(FailedLoginRow).values(key=key, failures=1, since=now))
    return None


def forgive(conn: Connection, own: str, shared: Collection[str]) -> None:
    """Forget the tries of the place that a user has logged in from, and the one try of all that it shares with others.

    What others have tried for the same name or from the same network stays counted.
    """
    conn.execute(delete(FailedLoginRow).where(FailedLoginRow.key == own))
    for key in sorted(shared):
        conn.execute(_counted(key, -1))


def lift(conn: Connection, account: str, places: str) -> bool:
    """Forget all tries for an account and those whose key begins like ``places``; returns whether there were any."""
    mine = (FailedLoginRow.key == account) | FailedLoginRow.key.startswith(places, autoescape=True)
    return conn.execute(delete(FailedLoginRow).where(mine)).rowcount > 0


def _counted(key: str, tries: int) -> Update:
    return update(FailedLoginRow).where(FailedLoginRow.key == key).values(failures=FailedLoginRow.failures + tries)
