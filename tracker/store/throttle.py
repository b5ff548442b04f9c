"""How often somebody may give a wrong password: counted in the database, so that every worker knows."""

from collections.abc import Mapping

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


def forgive(conn: Connection, account: str, network: str) -> None:
    """Forget the tries of an account that somebody has got into, and the one try that its network needed for it."""
    conn.execute(delete(FailedLoginRow).where(FailedLoginRow.key == account))
    conn.execute(_counted(network, -1))


def lift(conn: Connection, key: str) -> bool:
    """Forget all tries that were counted for a key; returns False where there were none."""
    return conn.execute(delete(FailedLoginRow).where(FailedLoginRow.key == key)).rowcount > 0


def _counted(key: str, tries: int) -> Update:
    return update(FailedLoginRow).where(FailedLoginRow.key == key).values(failures=FailedLoginRow.failures + tries)
