"""Which secret keys a database has been used with, and what in it is worth nothing without them."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from tracker.core.model import Micros
from tracker.store.tables import IdentityRow, SecretKeyMarkRow, SourceRow, TombstoneRow


@dataclass(frozen=True, slots=True)
class Depends:
    """How many rows depend on the secret key."""

    identities: int
    """Keys by which people are known, as keyed hashes."""
    tombstones: int
    """Erased ids, as keyed hashes."""
    sources: int
    """Sources, whose identify secrets are made from the key."""

    def __bool__(self) -> bool:
        return bool(self.identities or self.tombstones or self.sources)


def known(conn: Connection) -> set[str]:
    """Return the marks of all keys that a server has run with."""
    return set(conn.scalars(select(SecretKeyMarkRow.mark)))


def remember(conn: Connection, marks: Iterable[str], now: Micros) -> None:
    """Add the marks of keys that a server runs with from now on."""
    missing = set(marks) - known(conn)
    for mark in sorted(missing):
        # Where another worker was faster this fails, and the transaction starts over and finds the row.
        conn.execute(insert(SecretKeyMarkRow).values(mark=mark, first_used=now))


def replace(conn: Connection, marks: Iterable[str], now: Micros) -> None:
    """Forget all keys but these."""
    conn.execute(delete(SecretKeyMarkRow))
    remember(conn, marks, now)


def depends(conn: Connection) -> Depends:
    """Return how much depends on the key."""
    counts = (conn.scalar(select(func.count()).select_from(row)) or 0 for row in (IdentityRow, TombstoneRow, SourceRow))
    return Depends(*counts)
